"""Whether the files of a run are what was written, and whether its steps can be made again.

A digest tells that a file is as it was written; making the last steps again tells that the machine
still computes what it computed. It changes nothing, and may run beside a trainer.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from charrnn._text import number_of
from charrnn.cli.console import Quiet
from charrnn.config import TrainConfig
from charrnn.data import encode, workspace
from charrnn.data.dataset import same_text
from charrnn.data.vocab import IntArray, Vocab
from charrnn.errors import CheckpointError, CorpusError, UsageError
from charrnn.models import device
from charrnn.runs import checkpoint
from charrnn.runs.checkpoint import Checkpoint
from charrnn.runs.folder import Run
from charrnn.training import setup
from charrnn.training.loop import Learner, train
from charrnn.training.prefetch import Feed

ADVICE = (
    "sample and resume pass over what is damaged: put back a copy, or remove it; what repeats is"
    " a sign of a bad disk or memory"
)
_CHARS_AT_ONCE = 1 << 22


Progress = Callable[[int, int], None]  # steps made, steps to make


@dataclass(frozen=True)
class Finding:
    """What became of one thing that was looked at; `problem` is empty where all is well."""

    what: str
    found: str
    problem: str = ""


def checked(run: Run, *, at_most: int | None, progress: Progress) -> list[Finding]:
    """All there is to find: the files, then the steps made again (see `files` and `replay`)."""
    findings = list(files(run))
    if at_most == 0:
        return findings
    again = replay(run, at_most=at_most, progress=progress)
    if isinstance(again, str):
        return [*findings, Finding("replay", again)]
    steps = f"steps {again.first + 1:,} to {again.last:,} made again"
    if again.difference:
        problem = f"{steps}, and {again.difference}"
        return [*findings, Finding("replay", "another result", problem)]
    compared = f"{steps}: bit-identical ({number_of(again.num_compared, 'comparison')})"
    return [*findings, Finding("replay", compared)]


def files(run: Run) -> Iterator[Finding]:
    """Every checkpoint, read and compared with its digest; the metrics; the encoded corpus.

    Raises `CheckpointError` where there is no checkpoint at all.
    """
    facts = None
    for path in run.checkpoints:
        try:
            found = checkpoint.read(path)
        except CheckpointError as error:
            yield Finding(path.name, "damaged", error.message)
            continue
        facts = facts or found
        size = path.stat().st_size / 1e6
        yield Finding(path.name, f"step {found.progress.step:,}, {size:.1f} MB, the digest matches")
    yield _metrics(run)
    if facts is not None:
        with workspace.of(facts.path) as its:
            yield _encoded_corpus(facts, its.cache)


def _metrics(run: Run) -> Finding:
    """Whether every line of figures can be read; the last may have been cut short by a crash."""
    lines = run.metrics.read_text(errors="replace").splitlines() if run.metrics.exists() else []
    bad = [number for number, line in enumerate(lines[:-1], start=1) if not _is_record(line)]
    problem = f"{run.metrics} cannot be read at line {bad[0]}" if bad else ""
    return Finding(run.metrics.name, f"{len(lines):,} lines", problem)


def _is_record(line: str) -> bool:
    try:
        return type(json.loads(line)["step"]) is int
    except (ValueError, LookupError, TypeError):
        return False


def _encoded_corpus(facts: Checkpoint, cache: Path) -> Finding:
    """Whether the ids that the run reads spell the text it began with."""
    what = "encoded corpus"
    ids = encode.recall_encoded(
        facts.corpus.sha256, facts.vocab, facts.corpus.num_chars, cache=cache
    )
    if ids is None:
        return Finding(what, "not there: it is made again when it is needed")
    if facts.vocab.unknown_id is not None:
        return Finding(what, "there; with an unknown symbol in it, it cannot be compared")
    if _sha256(ids, facts.vocab) != facts.corpus.sha256:
        path = encode.ids_path(facts.corpus.sha256, facts.vocab, cache)
        return Finding(what, "damaged", f"{path} is not the text that the run began with")
    return Finding(what, f"{len(ids):,} characters, the digest matches")


def _sha256(ids: IntArray, vocab: Vocab) -> str:
    """The digest of the text that these ids spell, as corpus.py counts it; "" where an id spells
    nothing.
    """
    codes = np.array(vocab.code_points, "<u4")
    digest = hashlib.sha256()
    for start in range(0, len(ids), _CHARS_AT_ONCE):
        part = ids[start : start + _CHARS_AT_ONCE]
        if int(part.max()) >= len(codes):
            return ""
        if vocab.is_bytes:
            digest.update(codes[part].astype(np.uint8).tobytes())
        else:
            digest.update(codes[part].tobytes().decode("utf-32-le").encode())
    return digest.hexdigest()


@dataclass(frozen=True)
class Replay:
    """Steps that were made again, and the first thing that came out otherwise."""

    first: int
    last: int
    num_compared: int = 0  # lines of figures and checkpoints
    difference: str = ""


def replay(
    run: Run, *, at_most: int | None, progress: Progress = lambda done, total: None
) -> Replay | str:
    """Make the steps from the previous checkpoint to the last again, or `at_most` so many of them,
    and compare with what was recorded, to the bit: the figures, and every array of a checkpoint.

    A sentence instead where there is no earlier checkpoint to go on from, several processes made
    the steps, or the text or the device is gone.
    """
    goals = _whole(run.last, run.best)  # first: a trainer may save meanwhile
    starts = _whole(run.previous)
    if not starts or not goals or starts[0].progress.step >= goals[0].progress.step:
        return "there is no earlier checkpoint to go on from"
    start = starts[0]
    if start.progress.ranks > 1:
        return f"{start.progress.ranks} processes made the last steps: one alone rounds otherwise"
    first, last = start.progress.step, goals[0].progress.step
    if at_most is not None:
        last = min(last, first + at_most)
    # a best checkpoint of another rate may be of steps that were given up
    goals = goals[:1] + [goal for goal in goals[1:] if goal.train == start.train]
    recorded = _grad_norms(run)
    num_compared = 0
    try:
        learner, feed = _ready(start)
    except (CorpusError, UsageError) as error:
        return f"not made again: {error.message}"
    for grad_norm in _again(learner, feed, start.train, last=last):
        progress(learner.step - first, last - first)
        reached = [goal for goal in goals if goal.progress.step == learner.step]
        differences = [_difference(learner, goal) for goal in reached]
        if learner.step in recorded:
            wanted = recorded[learner.step]
            said = f"gradient norm {grad_norm!r}, recorded was {wanted!r}"
            differences.append("" if grad_norm == wanted else said)
        num_compared += len(differences)
        if any(differences):
            said = next(filter(None, differences))
            return Replay(first, learner.step, num_compared, f"step {learner.step:,}: {said}")
    return Replay(first, last, num_compared)


def _whole(*paths: Path) -> list[Checkpoint]:
    """Those checkpoints that are there and whole."""
    found = []
    for path in paths:
        try:
            found.append(checkpoint.read(path))
        except CheckpointError:
            continue
    return found


def _ready(start: Checkpoint) -> tuple[Learner, Feed]:
    """The learner of a checkpoint and what it reads.

    Raises `CorpusError` where the text is gone, `UsageError` where the device is.
    """
    config = start.train
    device.prepare(device.resolve(config.device), config.threads, precision=config.precision)
    text = same_text(start, keep_corpus=True, screen=Quiet())
    return setup.learner_at(start, config), Feed(text.lanes(config), config.device)


def _again(learner: Learner, feed: Feed, config: TrainConfig, *, last: int) -> Iterator[float]:
    """The norm of the gradient of each step from where the learner is to `last`."""
    for report in train(learner, feed, config):
        yield float(report.grad_norm)
        if report.step == last:
            return


def _difference(learner: Learner, goal: Checkpoint) -> str:
    """The first array in which a learner and a checkpoint differ, and by how much; else nothing."""
    for name, array in learner.arrays().items():
        wanted = goal.arrays.get(name)
        if wanted is None or wanted.shape != array.shape:
            return f"{name} is not in the checkpoint"
        if wanted.tobytes() != array.tobytes():
            largest = np.abs(array.astype(np.float64) - wanted).max()
            return f"{name} differs by up to {largest:.2g}"
    return ""


def _grad_norms(run: Run) -> dict[int, float]:
    """The recorded norm of the gradient, by step."""
    lines = (line for line in run.recorded() if type(line.get("step")) is int)
    return {line["step"]: line["grad_norm"] for line in lines if "grad_norm" in line}
