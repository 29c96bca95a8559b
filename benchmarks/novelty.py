"""How long does it take to find what a text copies from a corpus?

    python benchmarks/novelty.py [1 10 100] [--kinds words a ab] [--rounds 3]

For each size in megabytes and each kind of corpus, measures making the index and, in another
process, opening it and reporting on a text of 1,000 characters, a tenth of which is quoted. The
rival has the corpus in memory and searches every 30 characters of the text with Python's own
`bytes.find`; this is timed on some of them and scaled. All take turns, for ROUNDS rounds; the table
has medians and ranges. Reports and the rival are timed in processor seconds, which depend little on
other work on the machine.

"words" are drawn by Zipf's law from 50,000 random ones; "a" is one letter, "ab" two in turn (then
the whole text is a copy).
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

import measured
import numpy as np
from measured import shown

from charrnn.analysis.copying import LEAST_COPY, copy_report
from charrnn.data.text_index import TextIndex
from charrnn.data.vocab import Vocab, code_points

LENGTH = 1000  # of the text
NUM_TRIED = 20  # of its pieces, with the rival
ALPHABET = Vocab(tuple(map(ord, " abcdefghijklmnopqrstuvwxyz")))


def words(num_chars: int, seed: int) -> str:
    """Return random words in a random order, the k-th k times rarer than the first."""
    random = np.random.default_rng(0)
    letters = random.integers(97, 123, (50_000, 8))
    invented = ["".join(map(chr, row[: random.integers(2, 9)])) for row in letters]
    shares = 1 / np.arange(1, len(invented) + 1)
    random = np.random.default_rng(seed)
    drawn = random.choice(len(invented), size=num_chars // 3 + 1, p=shares / shares.sum())
    return " ".join(map(invented.__getitem__, drawn))[:num_chars]


def texts(kind: str, num_chars: int) -> tuple[str, str]:
    """Return a corpus, and a text to compare with it."""
    if kind != "words":
        corpus = (kind * num_chars)[:num_chars]
        return corpus, corpus[:LENGTH]
    corpus = words(num_chars, 1)
    quoted = corpus[num_chars // 2 :][: LENGTH // 10]
    return corpus, (words(LENGTH // 2, 2) + quoted + words(LENGTH, 3))[:LENGTH]


def in_another_process(order: str, folder: str) -> list[float]:
    printed = measured.python(folder, Path(__file__).resolve(), "--in", folder, order)
    return [float(word) for word in printed.split()]


def make(folder: Path) -> list[float]:
    """Make an index; return seconds, processor seconds of all threads, and peak memory in MB."""
    began = time.perf_counter()
    opened(folder)
    return [time.perf_counter() - began, time.process_time(), peak_megabytes()]


def ask(folder: Path) -> list[float]:
    """Return the milliseconds of a report, peak memory in MB, and the length of the longest copy.

    Memory includes the mapped pages that were read.
    """
    text = (folder / "text").read_text()
    began = time.process_time()
    copy = copy_report(opened(folder), text).longest_copy
    assert copy is not None
    return [1000 * (time.process_time() - began), peak_megabytes(), len(copy.text)]


def rival(folder: Path) -> list[float]:
    """Return the seconds of searching every 30 characters of the text."""
    corpus = np.load(folder / "ids.npy").tobytes()
    sought = encoded((folder / "text").read_text()).tobytes()
    num = len(sought) - LEAST_COPY + 1
    began = time.process_time()
    for k in range(NUM_TRIED):
        start = k * num // NUM_TRIED
        corpus.find(sought[start : start + LEAST_COPY])
    return [(time.process_time() - began) * num / NUM_TRIED]


def opened(folder: Path) -> TextIndex:
    ids = np.load(folder / "ids.npy", mmap_mode="r")
    return TextIndex.of(ids, ALPHABET, "0" * 64, cache=folder, progress=lambda done, total: None)


def encoded(text: str) -> np.ndarray:
    return ALPHABET.ids_of(code_points(text)).astype(ALPHABET.dtype)


def peak_megabytes() -> float:
    """Return the peak memory of this process; `resource` includes the one it was forked from."""
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 1024


def row(kind: str, megabytes: int, rounds: int) -> str:
    made, reported, found = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        corpus, text = texts(kind, megabytes * 1_000_000)
        np.save(Path(folder, "ids.npy"), encoded(corpus))
        Path(folder, "text").write_text(text)
        del corpus
        for _ in range(rounds):
            for index in Path(folder).glob("*-suffixes.npy"):
                index.unlink()
            made.append(in_another_process("make", folder))
            reported.append(in_another_process("ask", folder))
            found += in_another_process("rival", folder)
        (index,) = Path(folder).glob("*-suffixes.npy")
        size = index.stat().st_size / 1e6
    seconds, busy, peaks = zip(*made, strict=True)
    milliseconds, report_peaks, lengths = zip(*reported, strict=True)
    return (
        f"| {megabytes} MB, {kind} | {shown(seconds, 1)} | {shown(busy, 1)} | {max(peaks):.0f} |"
        f" {size:.0f} | {shown(milliseconds)} | {max(report_peaks):.0f} | {lengths[0]:.0f} |"
        f" {shown(found, 1)} |"
    )


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sizes", type=int, nargs="*", default=[1, 10, 100], help="in megabytes")
    parser.add_argument("--kinds", nargs="+", default=["words", "a", "ab"])
    parser.add_argument("--rounds", type=int, default=3)
    return parser.parse_args()


def main() -> None:
    given = arguments()
    print(f"{measured.heading('numpy', 'pydivsufsort')}\n")
    heads = "corpus|index made, s|processor s|peak MB|index, MB|report, ms|peak MB"
    heads += "|longest copy|bytes.find, s"
    print(f"| {heads.replace('|', ' | ')} |\n{'|---' * 9}|")
    for kind in given.kinds:
        for megabytes in given.sizes:
            print(row(kind, megabytes, given.rounds), flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--in"]:
        print(*{"make": make, "ask": ask, "rival": rival}[sys.argv[3]](Path(sys.argv[2])))
    else:
        main()
