"""Rows of measurements: a run of charrnn, what it ran on, and a file of rows that grows.

A row is a JSON object on a line of its own. What is measured again gets another row, and the last
one counts.
"""

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
Row = dict[str, Any]


def circumstances() -> Row:
    """Return what a figure depends on besides its settings: machine, date, torch and commit."""
    return {
        "machine": machine(),
        "date": date.today().isoformat(),
        "torch": version("torch"),
        "commit": commit(),
    }


def machine() -> str:
    """Return the processor's name and the number of cores that this process may use."""
    name = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").exists():
        for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
            if line.startswith("model name"):
                name = line.partition(":")[2].strip()
                break
    num = len(cores())
    return f"{name}, {num} core{'s' if num > 1 else ''}"


def cores() -> list[int]:
    """Return the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def commit() -> str:
    """Return the commit of the code, with a + if code was changed since; without git "unknown"."""
    code = ["*.py", "*.c"]
    try:
        head = _git("rev-parse", "--short", "HEAD")
        return head + "+" * bool(_git("status", "--porcelain", "--", *code))
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _git(*words: str) -> str:
    command = ["git", "-C", str(ROOT), *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def train(corpus: Path, minutes: float, seed: int, *flags: str) -> Row:
    """Run `charrnn train` as a user does; return the seconds from Enter to its end, steps, width,
    and both losses of its best checkpoint.

    Without --max-val-chars 0, a short run on a slow machine would learn from a part of the
    validation split, to validate on less. What it had no time to measure is scored afterwards.
    """
    command = [sys.executable, "-m", "charrnn"]
    budget = ["--minutes", str(minutes), "--seed", str(seed), "--max-val-chars", "0"]
    with tempfile.TemporaryDirectory() as folder:

        def charrnn(*words: str) -> bytes:
            environment = {**os.environ, "PYTHONPATH": str(ROOT)}
            done = subprocess.run(
                [*command, *words], cwd=folder, env=environment, check=True, stdout=subprocess.PIPE
            )
            return done.stdout

        began = time.monotonic()
        charrnn("train", str(corpus.resolve()), *budget, "--run", "a", "--quiet", *flags)
        seconds = time.monotonic() - began
        facts = json.loads(charrnn("info", "a", "--json"))
        score = json.loads(charrnn("score", "--run", "a", "--json"))
    return {
        "seconds": round(seconds, 4),
        "carried": round(score["nats_per_char"], 4),
        "reset": round(score["nats_per_char_reset"], 4),
        "steps": facts["step"],
        "width": facts["hidden_size"],
    }


def read(path: Path | None) -> list[Row]:
    """Return the rows of a file; none if there is no file yet."""
    if path is None or not path.exists():
        return []
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def latest(rows: Iterable[Row], *keys: str) -> list[Row]:
    """Return the last row of each combination of values of these keys."""
    return list({tuple(row[key] for key in keys): row for row in rows}.values())


def noted(rows: Sequence[Row], key: str) -> str:
    """Return the values that rows have, for people: all of them, the range of dates."""
    values = sorted({row.get(key, "not noted") for row in rows})
    if key == "date" and len(values) > 1:
        return f"{values[0]} to {values[-1]}"
    return ", ".join(values)


def append(path: Path | None, row: Row) -> None:
    """Add a row to a file, if there is to be one."""
    if path is not None:
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
