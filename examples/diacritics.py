"""Diacritics, capitals and punctuation are put back into texts, learned from a text of your own.

    python examples/diacritics.py letters.txt
    charrnn train letters.tsv --in-step --minutes 5
    charrnn score letters-test.tsv
    charrnn translate "Prilis zlutoucky kun"

Writes letters.tsv and, of the last tenth of the text, letters-test.tsv. In each line stand a text
from which something was taken away, a tab, and the text, symbol for symbol of the same length:

    --diacritics    (the default) each letter without its marks, in any language: kun -> kůň
    --capitals      small letters: i met john -> I met John
    --punctuation   words alone. The space after a word becomes the mark that stood there:
                    "well i see " -> "Well,I see."; others than , . ; : ! ? are left out

A letter and what is taken away from it come from its decomposed form in Unicode (NFD). Several of
the three may be given. To read punctuation as people write it, with the spaces:

    charrnn translate --json "well i see " | python examples/diacritics.py --join
"""

import argparse
import json
import re
import sys
import textwrap
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path

TEST_SHARE = 10  # one part in so many
MARKS = ",.;:!?"
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+")


def base_letter(letter: str) -> str:
    """Return a letter without its marks; what has none as it is."""
    base, *marks = list(unicodedata.normalize("NFD", letter))
    return base if marks and all(map(unicodedata.combining, marks)) else letter


def small_letter(letter: str) -> str:
    """Return the small letter, if that is a single one."""
    small = letter.lower()
    return small if len(small) == 1 else letter


def marked_words(text: str) -> str:
    """Return the words of a text, after each the first mark that follows it, or a space."""
    marked = ""
    words = list(_WORD.finditer(text))
    for k, word in enumerate(words):
        end = words[k + 1].start() if k + 1 < len(words) else len(text)
        gap = text[word.end() : end]
        marked += word[0] + next((mark for mark in gap if mark in MARKS), " ")
    return marked


def pair(text: str, taken: Iterable[str]) -> tuple[str, str]:
    """Return a text without what is taken away, and with it: of equal length."""
    target = unicodedata.normalize("NFC", text)
    if "punctuation" in taken:
        target = marked_words(target)
    source = target
    if "punctuation" in taken:  # inside words there are none
        source = source.translate(dict.fromkeys(map(ord, MARKS), " "))
    if "diacritics" in taken:
        source = "".join(map(base_letter, source))
    if "capitals" in taken:
        source = "".join(map(small_letter, source))
    return source, target


def lines_of(text: str, *, longest: int, in_paragraphs: bool) -> Iterator[str]:
    """Yield the lines of a text, or paragraphs between blank lines; long ones in parts that end
    with a sentence where that is possible.
    """
    for line in text.split("\n\n") if in_paragraphs else text.splitlines():
        held = ""
        for sentence in _SENTENCE_END.split(" ".join(line.split())):
            if held and len(held) + len(sentence) >= longest:
                yield held
                held = ""
            *whole, sentence = textwrap.wrap(sentence, longest) or [""]
            if whole:
                yield from filter(None, [held, *whole])
                held = ""
            held = f"{held} {sentence}".strip()
        if held:
            yield held


def join(lines: Iterable[str]) -> Iterator[str]:
    """Yield texts of lines of JSON that `translate` writes, with a space after each mark that took
    the place of one.
    """
    for line in lines:
        made = json.loads(line)
        both = zip(made["source_symbols"], made["symbols"], strict=True)
        yield "".join(f"{new} " if old == " " != new else new for old, new in both).strip()


def write_pairs(path: Path, texts: Iterable[str], taken: Iterable[str]) -> None:
    """Write pairs, and tell how many symbols are right without any model."""
    pairs = [each for each in (pair(text, taken) for text in texts) if each[0].strip()]
    path.write_text("".join(f"{source}\t{target}\n" for source, target in pairs), "utf-8")
    both = [each for one in pairs for each in zip(*one, strict=True)]
    right = sum(old == new for old, new in both) / max(1, len(both))
    print(f"{path}: {len(pairs):,} pairs; {100 * right:.2f} % of the symbols need no change")


def main() -> None:
    """Write the pairs, or join what was made of some."""
    parser = argparse.ArgumentParser(description="Diacritics, capitals and punctuation.")
    parser.add_argument("texts", nargs="*", type=Path, help="texts to learn from, UTF-8")
    for taken in ("diacritics", "capitals", "punctuation"):
        parser.add_argument(f"--{taken}", action="store_true", help=f"take away {taken}")
    parser.add_argument("--test", type=Path, help="a text for the test, instead of the last tenth")
    parser.add_argument("--longest", type=int, default=200, help="characters of a line")
    parser.add_argument(
        "--paragraphs", action="store_true", help="join the lines between two blank ones"
    )
    parser.add_argument("--join", action="store_true", help="read JSON from standard input")
    given = parser.parse_args()
    if given.join:
        for text in join(sys.stdin):
            print(text)
        return
    if not given.texts:
        parser.error("name a text")
    chosen = [name for name in ("diacritics", "capitals", "punctuation") if vars(given)[name]]

    def lines(path: Path) -> list[str]:
        text = path.read_text("utf-8")
        return [*lines_of(text, longest=given.longest, in_paragraphs=given.paragraphs)]

    learned = [line for path in given.texts for line in lines(path)]
    first_of_test = len(learned) - len(learned) // TEST_SHARE
    if given.test is None:
        learned, tested = learned[:first_of_test], learned[first_of_test:]
    else:
        tested = lines(given.test)
    name = given.texts[0].stem
    write_pairs(Path(f"{name}.tsv"), learned, chosen or ["diacritics"])
    write_pairs(Path(f"{name}-test.tsv"), tested, chosen or ["diacritics"])


if __name__ == "__main__":
    main()
