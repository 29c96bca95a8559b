"""How fast does it classify: from Enter to the first answer, and ten thousand lines of a pipe?

    python benchmarks/classifying.py RUN surnames-train.tsv [--lines 10000] [--rounds 7]

RUN is a folder of a run of `charrnn train --labels`; of the file, what is before a tab is a text.
The commands take turns, after a turn that does not count; medians and ranges.

- one text: the seconds from the start of the process to its answer, and peak memory by then, of
  `charrnn classify` and of a Python that imports torch and does nothing;
- a pipe: the seconds of `charrnn classify -` for all lines.
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path

import measured

CHARRNN = [sys.executable, "-m", "charrnn"]
WITH_TORCH = "import torch, time; print(torch.zeros(1), flush=True); time.sleep(60)"


def piped(command: list[str], text: str) -> float:
    """Return the seconds until a command has answered each line."""
    began = time.perf_counter()
    done = subprocess.run(
        command,
        env=measured.environment(),
        input=text,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=True,
    )
    taken = time.perf_counter() - began
    assert done.stdout.count("\n") == text.count("\n")
    return taken


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("texts", type=Path)
    parser.add_argument("--lines", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=7)
    return parser.parse_args()


def main() -> None:
    given = arguments()
    texts = [line.partition("\t")[0] for line in given.texts.read_text("utf-8").splitlines()]
    lines = [texts[n % len(texts)] for n in range(given.lines)]
    run = ["--run", str(given.run.resolve())]
    starts = {
        "charrnn classify": [*CHARRNN, "classify", lines[0], *run],
        "import torch alone": [sys.executable, "-c", WITH_TORCH],
    }
    began: dict[str, list[tuple[float, float]]] = {name: [] for name in starts}
    taken = []
    for k in range(given.rounds + 1):
        for name, command in starts.items():
            if (one := measured.started(command)) and k > 0:
                began[name].append(one)
        if (all_of := piped([*CHARRNN, "classify", "-", *run], "\n".join(lines) + "\n")) and k > 0:
            taken.append(all_of)
    print(measured.heading("numpy"))
    print("\n| | seconds to the answer | peak MB |\n|---|---|---|")
    for name, results in began.items():
        seconds, megabytes = zip(*results, strict=True)
        print(f"| {name} | {measured.shown(seconds, 3)} | {max(megabytes):.0f} |")
    print(f"\n{given.lines:,} lines from a pipe: {measured.shown(taken, 2)} s")


if __name__ == "__main__":
    main()
