"""Numbers in English words and in German words, a small language to translate.

    python examples/number_words.py 10000 > numbers.tsv
    python examples/number_words.py 1000 --held-out > test.tsv
    charrnn train numbers.tsv --pairs --minutes 1
    charrnn score test.tsv

English says "ninety-seven", German "siebenundneunzig", seven and ninety: the order changes within a
word. Numbers that can be divided by seven are held out: only `--held-out` writes them.
"""

import argparse
import random

ENGLISH = """
zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen
sixteen seventeen eighteen nineteen
""".split()  # noqa: SIM905
ENGLISH_TENS = "- - twenty thirty forty fifty sixty seventy eighty ninety".split()  # noqa: SIM905
GERMAN = """
null ein zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn
sechzehn siebzehn achtzehn neunzehn
""".split()  # noqa: SIM905
GERMAN_TENS = "- - zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig".split()  # noqa: SIM905


def english(n: int) -> str:
    """A number from 1 to 999,999 in English."""
    if n < 20:
        return ENGLISH[n]
    if n < 100:
        tens, ones = divmod(n, 10)
        return ENGLISH_TENS[tens] + (f"-{ENGLISH[ones]}" if ones else "")
    size, word = (1000, "thousand") if n >= 1000 else (100, "hundred")
    many, rest = divmod(n, size)
    return f"{english(many)} {word}" + (f" {english(rest)}" if rest else "")


def german(n: int) -> str:
    """A number from 1 to 999,999 in German: one word."""
    return _german(n) + ("s" if n % 100 == 1 else "")  # "eins" at the end, "ein" before a word


def _german(n: int) -> str:
    if n < 20:
        return GERMAN[n] if n else ""
    if n < 100:
        tens, ones = divmod(n, 10)
        return (f"{GERMAN[ones]}und" if ones else "") + GERMAN_TENS[tens]
    size, word = (1000, "tausend") if n >= 1000 else (100, "hundert")
    many, rest = divmod(n, size)
    return _german(many) + word + _german(rest)


def numbers(num: int, *, most_digits: int, held_out: bool) -> list[int]:
    """Draw distinct numbers, short ones as often as long ones while there are enough of them."""
    draw, drawn = random.Random(1), dict[int, None]()
    while len(drawn) < num:
        digits = draw.randint(1, most_digits)
        n = draw.randint(10 ** (digits - 1), 10**digits - 1)
        if (n % 7 == 0) == held_out:
            drawn[n] = None
    return list(drawn)


def main() -> None:
    """Write pairs: English, a tab, German."""
    parser = argparse.ArgumentParser(description="Numbers in English and in German words.")
    parser.add_argument("num", type=int, help="how many")
    parser.add_argument("--most-digits", type=int, default=6, choices=range(1, 7))
    parser.add_argument("--held-out", action="store_true", help="those that are never learned")
    given = parser.parse_args()
    num_sevenths = (10**given.most_digits - 1) // 7
    most = num_sevenths if given.held_out else 10**given.most_digits - 1 - num_sevenths
    if given.num > most:
        parser.error(f"at most {most:,} are possible")
    for n in numbers(given.num, most_digits=given.most_digits, held_out=given.held_out):
        print(f"{english(n)}\t{german(n)}")


if __name__ == "__main__":
    main()
