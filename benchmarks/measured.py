"""What the scripts share: runs of charrnn, on a core each, and rows of measurements in a file that
grows, with what they ran on.

A row is a JSON object on a line of its own. What is measured again gets another row, and the last
one counts.
"""

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from datetime import date
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from queue import Queue
from typing import Any, TypeVar

ROOT = Path(__file__).resolve().parents[1]
Row = dict[str, Any]
T = TypeVar("T")


def heading(*packages: str) -> str:
    """Return what a script prints first: date, machine, and versions of Python and packages."""
    versions = [f"{name} {version(name)}" for name in packages]
    python = f"Python {platform.python_version()}"
    return ", ".join([date.today().isoformat(), machine(), python, *versions])


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


def environment() -> dict[str, str]:
    """Return an environment in which Python imports this checkout, and charrnn keeps its runs in
    the working folder, whatever CHARRNN_CHECKPOINTS names.
    """
    return {**os.environ, "PYTHONPATH": str(ROOT), "CHARRNN_CHECKPOINTS": "checkpoints"}


def python(folder: Path | str, *words: object) -> bytes:
    """Run Python in a folder; return what it prints."""
    command = [sys.executable, *map(str, words)]
    return subprocess.run(
        command, cwd=folder, env=environment(), check=True, stdout=subprocess.PIPE
    ).stdout


def charrnn(folder: Path | str, *words: object) -> bytes:
    """Run a command of this checkout, with its runs kept in a folder; return what it prints."""
    return python(folder, "-m", "charrnn", *words)


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


def train_to_end(folder: Path, name: str, *words: object) -> float:
    """Train a run that is kept in a folder; return the seconds from Enter to its end.

    It gets its name when it has ended: what an interrupted call leaves is removed by the next one.
    """
    if (folder / "checkpoints" / name).exists():
        raise SystemExit(f"{folder} has a run {name} already: remove it, or name another folder")
    unfinished = f"unfinished-{name}"
    shutil.rmtree(folder / "checkpoints" / unfinished, ignore_errors=True)
    began = time.monotonic()
    charrnn(folder, "train", *words, "--run", unfinished, "--quiet")
    seconds = time.monotonic() - began
    charrnn(folder, "rename", unfinished, name)
    return seconds


def curve(folder: Path, name: str, metric: str) -> list[Row]:
    """Return an error rate of a run at each validation, in per cent, by seconds of training."""
    path = folder / "checkpoints" / name / "metrics.jsonl"
    return [
        {
            "seconds": row["elapsed_seconds"],
            "steps": row["step"],
            metric: 100 * row[f"val_{metric}"],
        }
        for row in read(path)
        if f"val_{metric}" in row
    ]


def started(command: Sequence[str]) -> tuple[float, float]:
    """Return the seconds to the first byte of output, and peak memory by then in MB."""
    began = time.perf_counter()
    process = subprocess.Popen(
        command,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdout is not None
    try:
        is_output = process.stdout.read(1)
        seconds = time.perf_counter() - began
        assert is_output, command
        status = Path(f"/proc/{process.pid}/status").read_text()  # it goes with the process
    finally:
        process.stdout.close()
        process.kill()
        process.wait()
    return seconds, int(status.split("VmHWM:")[1].split()[0]) / 1024


def side_by_side(jobs: Iterable[Callable[[], T]], num_at_once: int | None) -> Iterator[T]:
    """Do jobs, so many at once, each on a core of its own; yield what they return as they end.
    None: one after another, on all cores.

    The jobs, which are threads here, start processes that stay on the core.
    """
    if num_at_once is None:
        yield from (job() for job in jobs)
        return
    free: Queue[int] = Queue()
    for core in cores()[:num_at_once]:
        free.put(core)

    def stay_on_a_core() -> None:
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, {free.get()})  # of this thread, and of what it starts

    pool, waiting = ThreadPoolExecutor(num_at_once, initializer=stay_on_a_core), iter(jobs)
    running = {pool.submit(job) for job in islice(waiting, num_at_once)}
    try:
        while running:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            results = [job.result() for job in done]  # after an error no further job begins
            running |= {pool.submit(job) for job in islice(waiting, len(done))}
            yield from results
    finally:
        pool.shutdown()


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

    def of(row: Row) -> tuple[Any, ...]:
        values = (row[key] for key in keys)
        return tuple(tuple(value) if isinstance(value, list) else value for value in values)

    return list({of(row): row for row in rows}.values())


def noted(rows: Sequence[Row], key: str) -> str:
    """Return the values that rows have, for people: all of them, the range of dates."""
    values = sorted({row.get(key, "not noted") for row in rows})
    if key == "date" and len(values) > 1:
        return f"{values[0]} to {values[-1]}"
    return ", ".join(values)


def shown(values: Sequence[float], digits: int = 0, *, scale: float = 1.0) -> str:
    """Return the median, and the range if there are several values."""
    low, middle, high = (
        f"{scale * value:,.{digits}f}"
        for value in (min(values), statistics.median(values), max(values))
    )
    return f"{middle} ({low}–{high})" if len(values) > 1 else middle


def mean_of_seeds(values: Sequence[float], digits: int) -> str:
    """Return the mean, and half the range if there are several values."""
    spread = f" ± {(max(values) - min(values)) / 2:.{digits}f}" if len(values) > 1 else ""
    return f"{statistics.mean(values):.{digits}f}{spread}"


def collected(rows: list[Row], more: Iterable[Row], path: Path | None) -> list[Row]:
    """Return rows with more of them, each kept in a file and shown as soon as it is measured."""
    rows = list(rows)
    for row in more:
        rows.append(row)
        append(path, row)
        print(json.dumps(row), file=sys.stderr, flush=True)
    return rows


def append(path: Path | None, row: Row) -> None:
    """Add a row to a file, if there is to be one."""
    if path is not None:
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
