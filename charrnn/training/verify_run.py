"""Verify a run: check its files, and repeat its last steps.

A digest shows that a file is as it was written. Steps that give the same numbers again show that
the machine still computes the same. Nothing is changed, and a trainer may run at the same time.
"""

import contextlib
import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from charrnn._text import ProgressCallback, Reporter, ignore_progress, number_of
from charrnn.data import corpus
from charrnn.errors import CheckpointError, CorpusError, TeacherError, UsageError
from charrnn.models import device
from charrnn.runs import checkpoint
from charrnn.runs.checkpoint import Checkpoint
from charrnn.runs.header import CheckpointHeader
from charrnn.runs.run import Run
from charrnn.tasks import teachers
from charrnn.tasks.task import Batches
from charrnn.training.loop import Report, TrainingState, train
from charrnn.training.setup.state import state_of
from charrnn.training.verify_corpus import Finding, encoded_corpus

ADVICE = (
    "sample and resume skip damaged files: put back a copy, or remove them; if it happens again,"
    " suspect the disk or the memory"
)


def checked(run: Run, *, at_most: int | None, progress: ProgressCallback) -> list[Finding]:
    """Check the files, then repeat the last steps, or `at_most` so many."""
    findings = list(files(run))
    if at_most == 0:
        return findings
    result = replay(run, at_most=at_most, progress=progress)
    if isinstance(result, str):
        return [*findings, Finding("replay", result)]
    steps = f"steps {result.first + 1:,} to {result.last:,} made again"
    if result.difference:
        problem = f"{steps}, and {result.difference}"
        return [*findings, Finding("replay", "another result", problem)]
    compared = f"{steps}: bit-identical ({number_of(result.num_compared, 'comparison')})"
    return [*findings, Finding("replay", compared)]


def files(run: Run) -> Iterator[Finding]:
    """Check every checkpoint against its digest, the metrics, and the encoded corpus.

    Raises `CheckpointError` if there is no checkpoint at all.
    """
    newest = None
    for path in run.checkpoints:
        try:
            intact = checkpoint.read(path)
        except CheckpointError as error:
            yield Finding(path.name, "damaged", error.message)
            continue
        newest = newest or intact
        what = intact.progress if intact.speaks_only else f"step {intact.position.step:,}"
        size = path.stat().st_size / 1e6
        yield Finding(path.name, f"{what}, {size:.1f} MB, the digest matches")
    if newest is not None and newest.speaks_only:
        return
    yield _metrics(run)
    if newest is not None:
        with corpus.folders_of(newest.path) as folders:
            yield encoded_corpus(newest, folders.cache)


def _metrics(run: Run) -> Finding:
    """Check that every line of metrics can be read; a crash may have cut the last one short."""
    lines = run.metrics.read_text(errors="replace").splitlines() if run.metrics.exists() else []
    bad = [number for number, line in enumerate(lines[:-1], start=1) if not _is_record(line)]
    problem = f"{run.metrics} cannot be read at line {bad[0]}" if bad else ""
    return Finding(run.metrics.name, f"{len(lines):,} lines", problem)


def _is_record(line: str) -> bool:
    try:
        return type(json.loads(line)["step"]) is int
    except (ValueError, LookupError, TypeError):
        return False


@dataclass(frozen=True)
class Replay:
    """Steps that were repeated, and the first difference ("" for none)."""

    first: int
    last: int
    num_compared: int = 0  # lines of metrics and checkpoints
    difference: str = ""


@device.settings_restored()
def replay(
    run: Run, *, at_most: int | None, progress: ProgressCallback = ignore_progress
) -> Replay | str:
    """Repeat the steps from the previous checkpoint to the last, or the first `at_most` of them,
    and compare with what was recorded, to the bit: gradient norms, and every array of a checkpoint.

    Returns a sentence instead if that is not possible: there is no earlier checkpoint, several
    processes made the steps, or the text, a teacher or the device is not available.
    """
    goals = _intact(run.last, run.best)  # first: a trainer may save meanwhile
    if goals and goals[0].speaks_only:
        return "a copy has no steps to repeat"
    starts = _intact(run.previous)
    if not starts or not goals or starts[0].position.step >= goals[0].position.step:
        return "there is no earlier checkpoint to go on from"
    start = starts[0]
    if start.position.ranks > 1:
        return f"{start.position.ranks} processes made the last steps: one alone rounds otherwise"
    # a best checkpoint of another rate may be of steps that a rollback gave up
    goals = goals[:1] + [goal for goal in goals[1:] if _has_same_settings(goal, start)]
    steps = goals[0].position.step - start.position.step
    steps = steps if at_most is None else min(steps, at_most)
    try:
        return _repeated(run, start, goals, steps=steps, progress=progress)
    except (CorpusError, TeacherError, UsageError) as error:
        return f"not made again: {error.message}"


def _has_same_settings(goal: CheckpointHeader, start: CheckpointHeader) -> bool:
    return (goal.train, goal.runtime) == (start.train, start.runtime)


def _repeated(
    run: Run,
    start: Checkpoint,
    goals: Sequence[Checkpoint],
    *,
    steps: int,
    progress: ProgressCallback,
) -> Replay:
    """Make the steps, up to the first difference from what was recorded.

    Raises `CorpusError` if the text is gone, `TeacherError` if a teacher is, `UsageError` if the
    device is.
    """
    grad_norms, first, num_compared = _grad_norms(run), start.position.step, 0
    state, batches = _restored(run, start)
    for report in itertools.islice(train(state, batches, start.train), steps):
        progress(report.step - first, steps)
        comparisons = list(_compared(report, state, goals, grad_norms))
        num_compared += len(comparisons)
        if any(comparisons):
            difference = f"step {report.step:,}: {next(filter(None, comparisons))}"
            return Replay(first, report.step, num_compared, difference)
    return Replay(first, first + steps, num_compared)


def _intact(*paths: Path) -> list[Checkpoint]:
    """Return the checkpoints that exist and are intact."""
    intact = []
    for path in paths:
        with contextlib.suppress(CheckpointError):
            intact.append(checkpoint.read(path))
    return intact


def _restored(run: Run, start: Checkpoint) -> tuple[TrainingState, Batches]:
    """Return the training state of a checkpoint of the run, and its batches."""
    config, runtime = start.train, start.runtime
    device.prepare(device.resolve(runtime.device), runtime.threads, precision=runtime.precision)
    state = state_of(start, teachers=teachers.found_again(run, start.train))
    dataset = state.task.dataset(start, keep_corpus=True, reporter=Reporter())
    return state, state.task.batches(dataset, config, device=runtime.device)


def _compared(
    report: Report,
    state: TrainingState,
    goals: Sequence[Checkpoint],
    grad_norms: Mapping[int, float],
) -> Iterator[str]:
    """Compare a step with what was recorded; yield the difference of each comparison, or ""."""
    for goal in goals:
        if goal.position.step == report.step:
            yield _difference(state, goal)
    if report.step in grad_norms:
        expected, grad_norm = grad_norms[report.step], float(report.grad_norm)
        difference = f"gradient norm {grad_norm!r}, recorded was {expected!r}"
        yield "" if grad_norm == expected else difference


def _difference(state: TrainingState, goal: Checkpoint) -> str:
    """Name the first array that differs from the checkpoint's, and by how much; "" for none."""
    for name, array in state.arrays().items():
        expected = goal.arrays.get(name)
        if expected is None or expected.shape != array.shape:
            return f"{name} is not in the checkpoint"
        if expected.tobytes() != array.tobytes():
            largest = np.abs(array.astype(np.float64) - expected).max()
            return f"{name} differs by up to {largest:.2g}"
    return ""


def _grad_norms(run: Run) -> dict[int, float]:
    """Return the recorded gradient norms by step."""
    rows = (row for row in run.history() if "grad_norm" in row.metrics)
    return {row.step: row.metrics["grad_norm"] for row in rows}
