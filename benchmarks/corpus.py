"""How fast is a corpus encoded and trained on, and in how much memory, whatever its size?

    python benchmarks/corpus.py [MEGABYTES ...]

Repeats a text to each size and measures, in a process each: encoding alone, on one core and on all;
`charrnn train --steps 100` the first time and a second time (when the corpus is encoded already);
and the way of the tutorials (read the whole text, dictionary, list comprehension, array), on as
much of the text as fits into memory that way. Processor seconds are the sum over all processes;
peak memory is that of the largest. On a busy machine, compare processor seconds.
"""

import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

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


def measure(command: list[str], folder: Path, *, cores: set[int]) -> tuple[float, float, float]:
    """Return seconds of wall time and of processors, and the largest resident set in MB."""
    began = time.monotonic()
    process = subprocess.Popen(
        command, cwd=folder, preexec_fn=lambda: os.sched_setaffinity(0, cores)
    )
    _, status, usage = os.wait4(process.pid, 0)
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


def report(name: str, megabytes: int, figures: tuple[float, float, float]) -> None:
    seconds, processor, peak = figures
    rates = f"{megabytes / seconds:10.0f}{megabytes / processor:16.0f}"
    print(f"{f'{megabytes} MB, {name}':45}{seconds:10.1f}{rates}{peak:10.0f}", flush=True)


def benchmark(megabytes: int, folder: Path) -> None:
    """Print the rows of one size."""
    tile(folder / "text.txt", megabytes)
    python, cores = sys.executable, os.sched_getaffinity(0)
    (folder / "encode.py").write_text(ENCODE)
    encode = [python, "encode.py", "text.txt"]
    for some in ({max(cores)}, cores):
        shutil.rmtree(folder / "cache", ignore_errors=True)
        report(f"encoding, cores: {len(some)}", megabytes, measure(encode, folder, cores=some))
    part = min(megabytes, MOST_FOR_RIVAL)
    rival = [python, "-c", RIVAL, "text.txt", str(part * 1_000_000)]
    report("dictionary and list", part, measure(rival, folder, cores={max(cores)}))
    shutil.rmtree(folder / "cache")
    train = [python, "-m", "charrnn", "train", "text.txt", "--steps", "100"]
    train += ["--hidden-size", "64", "--threads", "1", "--quiet"]
    for name in ("training from nothing", "training again"):
        report(name, megabytes, measure(train, folder, cores=cores))


def main() -> None:
    sizes = [int(size) for size in sys.argv[1:]] or [1, 100, 2000]
    heads = f"{'seconds':>10}{'MB/s':>10}{'MB/processor-s':>16}{'peak MB':>10}"
    print(f"{'':45}{heads}")
    for megabytes in sizes:
        with tempfile.TemporaryDirectory() as folder:
            benchmark(megabytes, Path(folder))


if __name__ == "__main__":
    main()
