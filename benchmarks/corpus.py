"""How fast is a corpus encoded and trained on, and in how much memory, whatever its size?

    python benchmarks/corpus.py [1 100 2000] [--rounds 3]

Repeats a text to each size and measures, in a process each: encoding alone, on one core and on all;
`charrnn train --steps 100` the first time and a second time (when the corpus is encoded already);
and the way of the tutorials (read the whole text, dictionary, list comprehension, array), on as
much of the text as fits into memory that way. They take turns, for ROUNDS rounds; the table has
medians and ranges. Processor seconds are the sum over all processes; peak memory is that of the
largest. On a busy machine, compare processor seconds.
"""

import argparse
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import measured
from measured import shown

RIVAL = """
import sys, numpy as np
text = open(sys.argv[1], encoding="utf-8").read(int(sys.argv[2]))
id_of = {character: i for i, character in enumerate(sorted(set(text)))}
np.array([id_of[character] for character in text], dtype=np.uint16).tofile(sys.argv[1] + ".ids")
"""
ENCODE = """
import sys
from pathlib import Path
from charrnn.config import DataConfig
from charrnn.data.encoding.encode import encode_files
from charrnn.data.encoding.scan import scan_files
from charrnn.data.vocab import Vocab
from charrnn.sources import paths
if __name__ == "__main__":
    cache, nobody = Path("cache"), lambda done, total: None
    found = paths.find(sys.argv[1:], spool_folder=cache)
    known = scan_files(found, DataConfig(), cache=cache, progress=nobody)
    vocab = Vocab.from_counts(known.counts_array(), is_bytes=False, max_size=4096)
    encode_files(found, DataConfig(), known, vocab, cache=cache, progress=nobody)
"""
MOST_FOR_RIVAL = 200  # megabytes; it needs about 12 times that in memory


Figures = tuple[float, float, float]  # seconds of wall time and of processors, peak MB


def measure(command: list[str], folder: Path, *, cores: set[int]) -> Figures:
    """Run a command to its end on some cores."""
    began = time.monotonic()
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=measured.environment(),
        preexec_fn=lambda: os.sched_setaffinity(0, cores),
    )
    try:
        _, status, usage = os.wait4(process.pid, 0)
    except BaseException:
        process.kill()
        process.wait()
        raise
    process.returncode = os.waitstatus_to_exitcode(status)  # Popen does not wait for it again
    if process.returncode:
        raise SystemExit(f"failed: {' '.join(command)}")
    seconds = time.monotonic() - began
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def tile(path: Path, megabytes: int) -> None:
    """Write lines of random words, the same every time, repeated to the size."""
    draw = random.Random(0)
    words = ["".join(draw.choices("etaoinshrdlu", k=draw.randint(2, 9))) for _ in range(2000)]
    lines = (" ".join(draw.choices(words, k=9)).capitalize() + ".\n" for _ in range(20_000))
    block = "".join(lines).encode()[:1_000_000]
    with path.open("wb") as file:
        for _ in range(megabytes):
            file.write(block)


def round_of(megabytes: int, folder: Path) -> Iterator[tuple[str, int, Figures]]:
    """Yield name, megabytes and figures of each row, measured once."""
    python, cores = sys.executable, os.sched_getaffinity(0)
    encode = [python, "encode.py", "text.txt"]
    for some in ({max(cores)}, cores):
        shutil.rmtree(folder / "cache", ignore_errors=True)
        figures = measure(encode, folder, cores=some)
        yield f"encoding, cores: {len(some)}", megabytes, figures
    part = min(megabytes, MOST_FOR_RIVAL)
    rival = [python, "-c", RIVAL, "text.txt", str(part * 1_000_000)]
    yield "dictionary and list", part, measure(rival, folder, cores={max(cores)})
    for made in ("cache", "checkpoints"):
        shutil.rmtree(folder / made, ignore_errors=True)
    train = [python, "-m", "charrnn", "train", "text.txt", "--steps", "100"]
    train += ["--hidden-size", "64", "--threads", "1", "--quiet"]
    for name in ("training from nothing", "training again"):
        yield name, megabytes, measure(train, folder, cores=cores)


def benchmark(megabytes: int, rounds: int) -> None:
    """Print the rows of one size."""
    rows: dict[tuple[str, int], list[Figures]] = {}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        tile(folder / "text.txt", megabytes)
        (folder / "encode.py").write_text(ENCODE)
        for _ in range(rounds):
            for name, size, figures in round_of(megabytes, folder):
                rows.setdefault((name, size), []).append(figures)
    for (name, size), every in rows.items():
        seconds, processor, peaks = zip(*every, strict=True)
        rates = size / statistics.median(seconds), size / statistics.median(processor)
        print(
            f"| {size:,} MB, {name} | {shown(seconds, 1)} | {rates[0]:,.0f} | {rates[1]:,.0f} |"
            f" {max(peaks):,.0f} |",
            flush=True,
        )


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sizes", type=int, nargs="*", default=[1, 100, 2000], help="in megabytes")
    parser.add_argument("--rounds", type=int, default=3)
    return parser.parse_args()


def main() -> None:
    given = arguments()
    print(f"{measured.heading('numpy', 'torch')}\n")
    print("| | seconds | MB/s | MB per processor second | peak MB, largest process |")
    print("|---|---|---|---|---|")
    for megabytes in given.sizes:
        benchmark(megabytes, given.rounds)


if __name__ == "__main__":
    main()
