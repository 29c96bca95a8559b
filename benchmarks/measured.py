"""Rows of measurements: runs of charrnn, on a core each, what they ran on, and a file that grows.

A row is a JSON object on a line of its own. What is measured again gets another row, and the last
one counts.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import date
from importlib.metadata import version
from pathlib import Path
from queue import Queue
from typing import Any, TypeVar

ROOT = Path(__file__).resolve().parents[1]
Row = dict[str, Any]
T = TypeVar("T")


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


def charrnn(folder: Path | str, *words: str) -> bytes:
    """Run a command of this checkout, with its runs kept in a folder; return what it prints."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "CHARRNN_CHECKPOINTS": "checkpoints"}
    command = [sys.executable, "-m", "charrnn", *words]
    return subprocess.run(
        command, cwd=folder, env=environment, check=True, stdout=subprocess.PIPE
    ).stdout


def train(corpus: Path, minutes: float, seed: int, *flags: str) -> Row:
    """Run `charrnn train` as a user does; return the seconds from Enter to its end, steps, width,
    and both losses of its best checkpoint. What it had no time to measure is scored afterwards.
    """
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        train_in(folder, "a", corpus, minutes, seed, *flags)
        seconds = time.monotonic() - began
        facts = json.loads(charrnn(folder, "info", "a", "--json"))
        score = json.loads(charrnn(folder, "score", "--run", "a", "--json"))
    return {
        "seconds": round(seconds, 4),
        "carried": round(score["nats_per_char"], 4),
        "reset": round(score["nats_per_char_reset"], 4),
        "steps": facts["step"],
        "width": facts["hidden_size"],
    }


def train_in(
    folder: Path | str, name: str, corpus: Path, minutes: float, seed: int, *flags: str
) -> None:
    """Train a run that is kept in a folder.

    Without --max-val-chars 0, a short run on a slow machine would learn from a part of the
    validation split, to validate on less.
    """
    budget = ["--minutes", str(minutes), "--seed", str(seed), "--max-val-chars", "0"]
    charrnn(folder, "train", str(corpus.resolve()), "--run", name, *budget, "--quiet", *flags)


def side_by_side(jobs: Iterable[Callable[[], T]], num_at_once: int) -> Iterator[T]:
    """Do jobs, so many at once, each on a core of its own; yield what they return as they end.

    The jobs, which are threads here, start processes that stay on the core.
    """
    free: Queue[int] = Queue()
    for core in cores()[:num_at_once]:
        free.put(core)

    def stay_on_a_core() -> None:
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, {free.get()})  # of this thread, and of what it starts

    pool = ThreadPoolExecutor(num_at_once, initializer=stay_on_a_core)
    try:
        for job in as_completed([pool.submit(job) for job in jobs]):
            yield job.result()
    finally:
        pool.shutdown(cancel_futures=True)


def num_at_once(word: str) -> int:
    """Read the value of --side-by-side: at most a run for each core."""
    if not 1 <= int(word) <= len(cores()):
        raise argparse.ArgumentTypeError(f"there are {len(cores())} cores, one for each run")
    return int(word)


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
