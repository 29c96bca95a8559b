"""Getting a sitting ready: from what a person asked for to a learner that can go on.

`new_run` reads and encodes the corpus, settles every number and makes the run's folder; `resumed`
puts a run together again from its checkpoint.
"""

import copy
import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from charrnn import budget as budgets
from charrnn import device, ngrams, plan, reading, runs, sources
from charrnn.budget import Budget, Pace
from charrnn.checkpoint import Checkpoint, CorpusFacts, Progress
from charrnn.config import ModelConfig, TrainConfig
from charrnn.corpus import Reading, Survey
from charrnn.display import Quiet
from charrnn.errors import CheckpointError, UsageError
from charrnn.lanes import Text
from charrnn.network import Network
from charrnn.ngrams import Keys
from charrnn.runs import CORPUS_CACHE, Run
from charrnn.session import Sitting
from charrnn.training import Learner
from charrnn.vocab import Vocab


@dataclass(frozen=True)
class Request:
    """What was asked for; `given` holds those fields of the configuration that were typed."""

    names: tuple[str, ...]
    reading: Reading
    max_vocab: int
    given: Mapping[str, Any]
    budget: Budget
    run_name: str | None = None
    init_from: str | None = None

    def __post_init__(self) -> None:
        for kind in (ModelConfig, TrainConfig):  # a bad number is refused before a long reading
            kind.among(self.given)


def new_run(request: Request, *, screen: Quiet, save_every: float, began: float) -> Sitting:
    """A new run, its folder made; the budget's minutes count from `began`, in monotonic seconds."""
    runs.require_free(request.run_name)  # before a long reading
    given = {"device": "auto", "threads": device.default_threads(), **request.given}
    given["device"] = device.resolve(given["device"])
    device.prepare(given["device"], given["threads"])
    parent = _parent(request, given)
    surveyed, vocab, ids = reading.read(
        request.names,
        request.reading,
        lambda surveyed: _vocab(surveyed, request, parent),
        cache=CORPUS_CACHE,
        screen=screen,
    )
    config = TrainConfig.among(given)
    text = reading.arranged(ids, config, vocab, surveyed.sha256, cache=CORPUS_CACHE)
    screen.say(_counted(request.names, text, vocab))
    _say_unknown(vocab, surveyed, screen)
    if parent is not None:
        given = {**given, **parent.model.to_json()}
    planned, keys, pace = _planned(request.budget, given, text, vocab, parent, began=began)
    screen.say(planned.why)
    newborn = _newborn(planned, vocab, keys, parent)
    facts = CorpusFacts(
        request.names, request.reading.encoding, surveyed.sha256, surveyed.num_chars
    )
    run = runs.create(request.run_name, default=_title(request.names))
    screen.say(
        f"run {run.name}: {planned.train.steps:,} steps;"
        f" to stop and go on later: Ctrl-C, charrnn resume {run.name}"
    )
    standing = Checkpoint(planned.model, planned.train, vocab, facts, Progress())
    return Sitting(run, newborn, text, standing, screen=screen, save_every=save_every, pace=pace)


def resumed(
    run: Run,
    budget: Budget,
    *,
    given: Mapping[str, Any],
    keep_corpus: bool,
    screen: Quiet,
    save_every: float,
    began: float,
) -> Sitting:
    """A run as its newest valid checkpoint left it. The caller holds the run's lock.

    `given` may move it to another device or number of threads, and then says that the trajectory
    is no longer the same to the bit. A budget gives the run a new length: steps and epochs count
    from the run's birth, minutes from now.
    """
    found, skipped = run.newest_valid()
    for error in skipped:
        screen.warn(f"{error.message}; going on from step {found.progress.step} instead")
    if skipped:
        kept = run.set_aside_damaged()
        screen.say(f"what is left of the last checkpoint is kept as {kept}")
    config = _moved(found.train, given, screen)
    device.prepare(config.device, config.threads)
    cache = run.folder.parent / CORPUS_CACHE.name
    text = reading.same_text(found, cache=cache, keep_corpus=keep_corpus, screen=screen)

    made = learner_at(found, config)
    pace = None
    if budget != Budget():
        steps = budget.counted_steps(text.lanes(config).steps_per_epoch)
        if steps is None:
            fitting, pace = budgets.measured(
                copy.deepcopy(made), text, config, seconds=budget.seconds, began=began
            )
            steps = made.step + fitting
        if steps <= found.progress.step and steps != config.steps:
            raise UsageError(
                f"the run {run.name!r} has already made {found.progress.step:,} steps",
                f"a new length must be greater, {steps:,} is not",
            )
        config = dataclasses.replace(config, steps=steps)
    screen.say(f"run {run.name}: going on after step {found.progress.step:,} of {config.steps:,}")
    standing = dataclasses.replace(found, train=config)
    if skipped or config != found.train:
        run.save(standing)  # before a step is made by it
    return Sitting(run, made, text, standing, screen=screen, save_every=save_every, pace=pace)


def learner_at(found: Checkpoint, config: TrainConfig) -> Learner:
    """The learner that a checkpoint holds, on the configuration's device.

    Raises `CheckpointError` for one that holds a model to speak with and no more.
    """
    learner = Learner.new(Network(found.model, len(found.vocab), found.ngram_keys()), config)
    try:
        learner.restore(found.arrays, step=found.progress.step)
    except (KeyError, ValueError) as error:
        raise CheckpointError(
            f"the checkpoint lacks what resuming needs: {error}",
            "train --init-from begins a new run with its weights",
        ) from error
    return learner


def _planned(
    budget: Budget,
    given: Mapping[str, Any],
    text: Text,
    vocab: Vocab,
    parent: Checkpoint | None,
    *,
    began: float,
) -> tuple[plan.Plan, Keys, Pace | None]:
    """All that was not given: the sizes, the n-grams with an embedding of their own, the number of
    steps; and the pace to keep, where the budget is one of time.

    For a budget of time, the network of a plan without one is tried, to measure the machine.
    """
    wanted = TrainConfig.among(given)
    if parent is not None:
        keys = parent.ngram_keys()
    else:
        longest = ModelConfig.among(given).ngrams
        keys = ngrams.learn(
            text.ids[: text.num_train], longest=longest, min_count=wanted.ngram_min_count
        )
    facts = plan.Facts(
        num_train=text.num_train,
        num_val=text.num_before_test - text.num_train,
        vocab_size=len(vocab),
        ngram_rows=ngrams.num_rows(keys),
        device=given["device"],
        record_lengths=None if text.starts is None else np.diff(text.starts_of("train")),
    )
    planned, pace = plan.make(given, facts), None
    steps = budget.counted_steps(text.lanes(planned.train).steps_per_epoch)
    if steps is None:
        tried = _newborn(planned, vocab, keys, parent)
        fitting, pace = budgets.measured(
            tried, text, planned.train, seconds=budget.seconds, began=began
        )
        arithmetic = fitting * plan.cost_of_step(planned, facts)
        planned = plan.make(given, facts, arithmetic=arithmetic)
        steps = max(1, round(arithmetic / plan.cost_of_step(planned, facts)))
    train = dataclasses.replace(planned.train, steps=steps)
    return dataclasses.replace(planned, train=train), keys, pace


def _newborn(planned: plan.Plan, vocab: Vocab, keys: Keys, parent: Checkpoint | None) -> Learner:
    """A learner at step 0, its weights drawn at random or the parent's."""
    network = Network(planned.model, len(vocab), keys, seed=planned.train.seed)
    if parent is not None:
        network.load(parent.group("weights"))
    return Learner.new(network, planned.train)


def _parent(request: Request, given: Mapping[str, Any]) -> Checkpoint | None:
    """The checkpoint to start from, if one was named and fits what else was given."""
    if request.init_from is None:
        return None
    parent, _ = runs.find_to_speak(request.init_from)
    for name, value in parent.model.to_json().items():
        if given.get(name, value) != value:
            flag = "--" + name.replace("_", "-")
            raise UsageError(
                f"{flag} {given[name]} does not fit: {request.init_from} has {value}",
                f"leave {flag} out",
            )
    if parent.vocab.is_bytes != request.reading.is_bytes:
        kind = "bytes" if parent.vocab.is_bytes else "characters"
        raise UsageError(
            f"--init-from {request.init_from} is a model of {kind}", "use --bytes for both or none"
        )
    return parent


def _vocab(surveyed: Survey, request: Request, parent: Checkpoint | None) -> Vocab:
    counts = surveyed.counts_array()
    if parent is not None:
        return parent.vocab.extended(counts)
    return Vocab.from_counts(counts, is_bytes=request.reading.is_bytes, max_size=request.max_vocab)


def _say_unknown(vocab: Vocab, surveyed: Survey, screen: Quiet) -> None:
    """How much of the corpus became the unknown symbol, if any of it did."""
    folded = set(surveyed.counts) - set(vocab.code_points)
    if folded:
        share = 100 * sum(surveyed.counts[code] for code in folded) / surveyed.num_chars
        screen.say(
            f"{len(folded):,} rare characters ({share:.2g} % of the text) became one unknown"
            f" symbol, never generated: --max-vocab is {len(vocab):,}"
        )


def _moved(config: TrainConfig, given: Mapping[str, Any], screen: Quiet) -> TrainConfig:
    """The configuration on the device and threads of this sitting."""
    moved = dataclasses.replace(config, **given)
    try:
        moved = dataclasses.replace(moved, device=device.resolve(moved.device))
    except UsageError:
        if "device" in given:
            raise
        moved = dataclasses.replace(moved, device="cpu")  # its GPU is not here
    for name in ("device", "threads"):
        before, now = getattr(config, name), getattr(moved, name)
        if before != now:
            screen.warn(
                f"the run began with {name} {before}, now {now}: equal, but not to the last bit"
            )
    return moved


def _counted(names: Sequence[str], text: Text, vocab: Vocab) -> str:
    """How long the text is, in a line."""
    records = "" if text.starts is None else f"{len(text.starts) - 1:,} records, "
    return f"{_title(names)}: {records}{len(text.ids):,} characters, {len(vocab):,} different"


def _title(names: Sequence[str]) -> str:
    """A short name for a corpus, for its run and for messages."""
    if names[0] == sources.STDIN:
        return "stdin"
    return Path(names[0]).resolve().stem if names[0] != sources.SHAKESPEARE else names[0]
