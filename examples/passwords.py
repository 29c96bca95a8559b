"""Passwords as people choose them, to learn from: invented by the habits that leaks are known for.

    python examples/passwords.py 20000 > passwords.txt

A word, often with a capital, digits or a year after it, sometimes letters written as digits; walks
over the keyboard; and few that are random. Then docs/uses/lines.md.
"""

import random
import string
import sys

WORDS = """
summer winter dragon monkey shadow master flower princess sunshine football baseball
michael jennifer charlie jessica daniel andrew ashley thomas love lucky cookie banana chocolate
purple silver golden tiger eagle rocket london berlin paris qwerty welcome secret letmein
""".split()  # noqa: SIM905
WALKS = ["qwertyuiop", "asdfghjkl", "zxcvbnm", "1234567890", "1q2w3e4r5t", "qazwsxedc"]
ENDS = ["", "", "1", "12", "123", "1234", "!", "1!", "7", "69", "00"]
AS_DIGITS = str.maketrans("aeios", "43105")


def password(draw: random.Random) -> str:
    """One that somebody might choose."""
    kind = draw.random()
    if kind < 0.12:
        walk = draw.choice(WALKS)
        return walk[: draw.randint(5, len(walk))]
    if kind < 0.17:
        return "".join(draw.choices(string.ascii_letters + string.digits, k=draw.randint(8, 12)))
    word = draw.choice(WORDS) + (draw.choice(WORDS) if draw.random() < 0.15 else "")
    if draw.random() < 0.3:
        word = word.title()
    if draw.random() < 0.15:
        word = word.translate(AS_DIGITS)
    end = str(draw.randint(1960, 2025)) if draw.random() < 0.3 else draw.choice(ENDS)
    return word + end


if __name__ == "__main__":
    dice = random.Random(1)
    for _ in range(int(sys.argv[1])):
        print(password(dice))
