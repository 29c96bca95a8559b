"""English sentences and their French translations, from a file that you download.

    wget https://www.manythings.org/anki/fra-eng.zip && unzip fra-eng.zip fra.txt
    python examples/english_french.py fra.txt
    charrnn train english-french.tsv --pairs --minutes 60
    charrnn translate "The cat is on the roof." --attention --beam 5
    charrnn score english-french-test.tsv

The sentences are by the contributors of Tatoeba (CC BY 2.0 France: name them where you publish
what you made of it). Each line of fra.txt is English, French and its authors, with tabs between.
The same page has some eighty other languages. Any file of such lines will do.

Sentences that are translated in several ways are many; so that the test is honest, all translations
of one English sentence are on the same side of the split. One in fifty goes to the test file.
"""

import argparse
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

TEST_SHARE = 50


def pairs(lines: Iterable[str], *, longest: int) -> Iterator[tuple[str, str]]:
    """Yield the first two columns, each pair once, without sentences that are too long."""
    seen: set[tuple[str, str]] = set()
    for line in lines:
        columns = [" ".join(column.split()) for column in line.split("\t")[:2]]
        if len(columns) == 2 and all(0 < len(column) <= longest for column in columns):
            pair = columns[0], columns[1]
            if pair not in seen:
                seen.add(pair)
                yield pair


def is_test(english: str) -> bool:
    """Whether a sentence is kept for the test."""
    return zlib.crc32(english.casefold().encode()) % TEST_SHARE == 0


def main() -> None:
    """Write both files."""
    parser = argparse.ArgumentParser(description="English sentences and French ones.")
    parser.add_argument("file", type=Path, help="fra.txt")
    parser.add_argument("--longest", type=int, default=80, help="characters of a sentence")
    given = parser.parse_args()
    sentences = list(pairs(given.file.open(encoding="utf-8"), longest=given.longest))
    for name, for_test in (("english-french.tsv", False), ("english-french-test.tsv", True)):
        chosen = [f"{en}\t{fr}\n" for en, fr in sentences if is_test(en) == for_test]
        Path(name).write_text("".join(chosen), encoding="utf-8")
        print(f"{name}: {len(chosen):,} pairs")


if __name__ == "__main__":
    main()
