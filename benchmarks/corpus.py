"""How fast, and in how much memory, a corpus of any size becomes ids and is trained on.

    python benchmarks/corpus.py [MEGABYTES ...]

Tiles a text to each size and measures, each in a process of its own: `charrnn train --steps 100`
from nothing, the same again (the corpus is known by then), and the way of the tutorials (read the
whole text, a dictionary, a list comprehension, an array), for sizes it can hold. charrnn's figures
are of whole commands: torch is started, and a hundred steps and a validation are made.
"""

import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RIVAL = """
import sys, numpy as np
text = open(sys.argv[1], encoding="utf-8").read()
id_of = {character: i for i, character in enumerate(sorted(set(text)))}
np.array([id_of[character] for character in text], dtype=np.uint16).tofile(sys.argv[1] + ".ids")
"""
LARGEST_FOR_RIVAL = 200  # megabytes; it needs some 12 times that in memory


def measured(command: list[str], folder: str) -> tuple[float, float]:
    """Seconds, and the largest resident set in MB, of one command."""
    began = time.monotonic()
    process = subprocess.Popen(command, cwd=folder)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)  # it need not be waited for again
    if process.returncode:
        raise SystemExit(f"failed: {' '.join(command)}")
    return time.monotonic() - began, usage.ru_maxrss / 1024


def tile(path: Path, megabytes: int) -> None:
    """A text of words in lines, the same every time, repeated to the size."""
    draw = random.Random(0)
    words = ["".join(draw.choices("etaoinshrdlu", k=draw.randint(2, 9))) for _ in range(2000)]
    lines = (" ".join(draw.choices(words, k=9)).capitalize() + ".\n" for _ in range(20_000))
    block = "".join(lines).encode()[:1_000_000]
    with path.open("wb") as file:
        for _ in range(megabytes):
            file.write(block)


def main() -> None:
    sizes = [int(size) for size in sys.argv[1:]] or [1, 100, 1000]
    print(f"{'':30}{'seconds':>10}{'peak MB':>10}")
    for megabytes in sizes:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "text.txt")
            tile(path, megabytes)
            train = [sys.executable, "-m", "charrnn", "train", "text.txt", "--steps", "100"]
            train += ["--hidden-size", "64", "--quiet"]
            rows = [("from nothing", train), ("again", train)]
            if megabytes <= LARGEST_FOR_RIVAL:
                rows.append(("dictionary and list", [sys.executable, "-c", RIVAL, "text.txt"]))
            for name, command in rows:
                seconds, peak = measured(command, folder)
                label = f"{megabytes} MB, {name}"
                print(f"{label:30}{seconds:10.1f}{peak:10.0f}", flush=True)


if __name__ == "__main__":
    main()
