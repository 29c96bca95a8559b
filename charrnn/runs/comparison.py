"""Runs beside each other: the settings that differ, and what was measured of each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from charrnn.runs.checkpoint import Checkpoint
from charrnn.runs.run import Run
from charrnn.runs.run_facts import Facts, facts

_PER_SECOND = "_per_second"
_IDENTITY = {"run", "weights_sha256", "vocab", "source_vocab", "target_vocab"}
_MEASURED = ("num_parameters", "step", "best_step", "elapsed_seconds", "train_loss")


@dataclass(frozen=True)
class Comparison:
    """For each name a value of each run, in the order of the runs; None where it has none."""

    settings: Mapping[str, list[Any]]  # those in which the runs differ, their corpora included
    measured: Mapping[str, list[Any]]  # sizes, losses, speed


def compared(runs: Sequence[Run], newest: Sequence[Checkpoint]) -> Comparison:
    """Compare runs of one task, whose newest valid checkpoints are given."""
    schema = newest[0].schema
    names = [*_MEASURED, *(f"val_{name}" for name in (*schema.metrics, *schema.final_metrics))]
    every = [facts(run, last) for run, last in zip(runs, newest, strict=True)]
    measured = [
        {**{name: each.get(name) for name in names}, **_speed(run), **_size(last.path)}
        for run, last, each in zip(runs, newest, every, strict=True)
    ]
    settings = _side_by_side(every)
    differing = [name for name, side in settings.items() if any(each != side[0] for each in side)]
    return Comparison(
        {name: settings[name] for name in differing if name not in _IDENTITY.union(names)},
        {
            name: side
            for name, side in _side_by_side(measured).items()
            if any(each is not None for each in side)
        },
    )


def _side_by_side(every: Sequence[Facts]) -> dict[str, list[Any]]:
    """Return the values of all runs by name, the names in the order in which they come."""
    names = dict.fromkeys(name for each in every for name in each)
    return {name: [each.get(name) for each in every] for name in names}


def _speed(run: Run) -> dict[str, int]:
    """Return the median of the speeds that were recorded; nothing where there is none."""
    recorded: dict[str, list[float]] = {}
    for row in run.history():
        for name, value in row.metrics.items():
            if name.endswith(_PER_SECOND):
                recorded.setdefault(name, []).append(value)
    return {name: round(median(values)) for name, values in recorded.items()}


def _size(path: Path | None) -> dict[str, int]:
    return {} if path is None else {"checkpoint_bytes": path.stat().st_size}
