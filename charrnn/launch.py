"""Getting a sitting ready: from what a person asked for to a learner that can go on.

`new_run` reads and encodes the corpus, settles every number and makes the run's folder; `resumed`
puts a run together again from its checkpoint.
"""

import copy
import dataclasses
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from charrnn import budget as budgets
from charrnn import corpus, device, ngrams, plan, runs, sources
from charrnn.budget import Budget, Pace
from charrnn.checkpoint import Checkpoint, CorpusFacts, Progress
from charrnn.config import ModelConfig, TrainConfig
from charrnn.corpus import Reading, Survey
from charrnn.display import Quiet
from charrnn.errors import CheckpointError, CorpusError, UsageError
from charrnn.network import Network
from charrnn.runs import CORPUS_CACHE, Run
from charrnn.session import Sitting
from charrnn.training import Learner
from charrnn.vocab import IntArray, Vocab

_SECONDS_TO_SAVE = 0.2


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
    with _found(request.names) as found:
        surveyed = corpus.survey(
            found, request.reading, cache=CORPUS_CACHE, progress=screen.reading
        )
        vocab = _vocab(surveyed, request, parent)
        ids = corpus.encoded(
            found, request.reading, surveyed, vocab, cache=CORPUS_CACHE, progress=screen.reading
        )
    screen.end()
    for note in surveyed.notes:
        screen.say(note)
    wanted = TrainConfig.among(given)
    text = ids[: wanted.num_train(len(ids))]
    keys = _ngram_keys(given, text, wanted, parent)

    def planned_for(given: Mapping[str, Any], arithmetic: float | None = None) -> plan.Plan:
        return plan.make(
            given,
            num_train=len(text),
            num_val=wanted.num_before_test(len(ids)) - len(text),
            vocab_size=len(vocab),
            device=given["device"],
            ngram_rows=ngrams.num_rows(keys),
            arithmetic=arithmetic,
        )

    def learner(model: ModelConfig, config: TrainConfig) -> Learner:
        network = Network(model, len(vocab), keys, seed=config.seed)
        if parent is not None:
            network.load(parent.group("weights"))
        return Learner.new(network, config)

    screen.say(f"{_title(request.names)}: {len(ids):,} characters, {len(vocab):,} different")
    _say_unknown(vocab, surveyed, screen)
    if parent is not None:
        given = {**given, **parent.model.to_json()}
    seconds, pace, arithmetic = request.budget.seconds, None, None
    if seconds is not None:
        trial = planned_for(given)
        tried = learner(trial.model, trial.train)
        per_step = budgets.seconds_per_step(tried, text, trial.train, seconds=seconds)
        pace = _pace(tried, ids, trial.train, began=began, seconds=seconds)
        left = pace.deadline - pace.seconds_at_the_end - time.monotonic()
        chars = left / per_step * trial.train.batch_size * trial.train.seq_length
        arithmetic = max(0.0, chars) * plan.cost(trial.model, len(vocab))
    planned = planned_for(given, arithmetic)
    steps = request.budget.counted_steps(planned.train, len(text))
    if steps is None:
        chars_per_step = planned.train.batch_size * planned.train.seq_length
        assert arithmetic is not None
        steps = max(1, round(arithmetic / plan.cost(planned.model, len(vocab)) / chars_per_step))
    config = dataclasses.replace(planned.train, steps=steps)
    screen.say(planned.why)
    facts = CorpusFacts(
        request.names, request.reading.encoding, surveyed.sha256, surveyed.num_chars
    )
    newborn = learner(planned.model, config)
    run = runs.create(request.run_name, default=_title(request.names))
    screen.say(
        f"run {run.name}: {steps:,} steps;"
        f" to stop and go on later: Ctrl-C, charrnn resume {run.name}"
    )
    standing = Checkpoint(planned.model, config, vocab, facts, Progress())
    return Sitting(run, newborn, ids, standing, screen=screen, save_every=save_every, pace=pace)


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
    config = _moved(found.train, given, screen)
    device.prepare(config.device, config.threads)
    cache = run.folder.parent / CORPUS_CACHE.name
    ids = same_corpus(found, cache=cache, keep_corpus=keep_corpus, screen=screen)

    network = Network(found.model, len(found.vocab), found.ngram_keys())
    made = Learner.new(network, config)
    try:
        made.restore(found.arrays, step=found.progress.step)
    except (KeyError, ValueError) as error:
        raise CheckpointError(f"the run {run.name!r} lacks what resuming needs: {error}") from error
    pace = None
    if budget != Budget():
        num_train = config.num_train(len(ids))
        steps = budget.counted_steps(config, num_train)
        if steps is None:
            seconds = budget.seconds
            assert seconds is not None
            tried = copy.deepcopy(made)
            text = ids[:num_train]
            per_step = budgets.seconds_per_step(tried, text, config, seconds=seconds)
            pace = _pace(tried, ids, config, began=began, seconds=seconds)
            left = pace.deadline - pace.seconds_at_the_end - time.monotonic()
            steps = made.step + max(1, round(left / per_step))
        if steps <= found.progress.step and steps != config.steps:
            raise UsageError(
                f"the run {run.name!r} has already made {found.progress.step:,} steps",
                f"a new length must be greater, {steps:,} is not",
            )
        config = dataclasses.replace(config, steps=steps)
    screen.say(f"run {run.name}: going on after step {found.progress.step:,} of {config.steps:,}")
    standing = dataclasses.replace(found, train=config)
    return Sitting(run, made, ids, standing, screen=screen, save_every=save_every, pace=pace)


def _ngram_keys(
    given: Mapping[str, Any], text: IntArray, wanted: TrainConfig, parent: Checkpoint | None
) -> tuple[npt.NDArray[np.int64], ...]:
    """The n-grams with embeddings of their own: the parent's, or those of the text."""
    if parent is not None:
        return parent.ngram_keys()
    longest = ModelConfig.among(given).ngrams
    return ngrams.learn(text, longest=longest, min_count=wanted.ngram_min_count)


def _pace(
    learner: Learner, ids: IntArray, config: TrainConfig, *, began: float, seconds: float
) -> Pace:
    """A pace that leaves time for what comes after the last step: two validations and a save."""
    read = ids[: config.num_before_test(len(ids))]
    first = config.num_train(len(ids))
    validation = budgets.seconds_per_evaluation(learner, read, first=first)
    return Pace(began, began + seconds, 2 * validation + _SECONDS_TO_SAVE)


@contextmanager
def _found(names: Sequence[str]) -> Iterator[list[sources.Source]]:
    """The sources behind the names; a copy of standard input is removed in the end."""
    found = sources.find(names, spool_folder=CORPUS_CACHE)
    try:
        yield found
    finally:
        sources.discard_spooled(found)


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


def same_corpus(found: Checkpoint, *, cache: Path, keep_corpus: bool, screen: Quiet) -> IntArray:
    """The ids the run began with.

    The corpus is compared with what it was. Where it is gone (standard input always is), the
    encoded copy serves; where it changed, that takes `keep_corpus`. Raises `CorpusError`
    otherwise.
    """
    facts, vocab = found.corpus, found.vocab
    reading = Reading(facts.encoding, vocab.is_bytes)
    copy = corpus.recall_encoded(facts.sha256, vocab, facts.num_chars, cache=cache)
    if copy is not None and (keep_corpus or sources.STDIN in facts.names):
        return copy
    name = " ".join(facts.names)
    try:
        with _found(facts.names) as files:
            surveyed = corpus.survey(files, reading, cache=cache, progress=screen.reading)
            if surveyed.sha256 == facts.sha256:
                return corpus.encoded(
                    files, reading, surveyed, vocab, cache=cache, progress=screen.reading
                )
    except CorpusError as error:
        if copy is None:
            raise CorpusError(
                f"the run's corpus is gone: {error.message}", "put it back"
            ) from error
        screen.say(f"{error.message}: going on with the encoded copy of it")
        return copy
    hint = (
        "put the old text back" if copy is None else "--keep-corpus goes on with the text as it was"
    )
    raise CorpusError(f"the corpus {name} has changed since the run began", hint)


def _title(names: Sequence[str]) -> str:
    """A short name for a corpus, for its run and for messages."""
    if names[0] == sources.STDIN:
        return "stdin"
    return Path(names[0]).resolve().stem if names[0] != sources.SHAKESPEARE else names[0]
