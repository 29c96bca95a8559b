"""Getting a sitting ready: from what a person asked for to a learner that can go on.

`new_run` reads and encodes the corpus, settles every number and makes the run's folder; `resumed`
puts a run together again from its checkpoint.
"""

import copy
import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from charrnn import budget as budgets
from charrnn import corpus, device, ngrams, plan, runs, sources
from charrnn.budget import Budget, Pace
from charrnn.checkpoint import Checkpoint, CorpusFacts, Progress
from charrnn.config import ModelConfig, TrainConfig
from charrnn.corpus import Reading, Survey
from charrnn.display import Quiet
from charrnn.errors import CheckpointError, CorpusError, UsageError
from charrnn.network import Network
from charrnn.ngrams import Keys
from charrnn.runs import CORPUS_CACHE, Run
from charrnn.session import Sitting
from charrnn.training import Learner
from charrnn.vocab import IntArray, Vocab


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
    surveyed, vocab, ids = _read(request, parent, screen)
    screen.say(f"{_title(request.names)}: {len(ids):,} characters, {len(vocab):,} different")
    _say_unknown(vocab, surveyed, screen)
    if parent is not None:
        given = {**given, **parent.model.to_json()}
    planned, keys, pace = _planned(request.budget, given, ids, vocab, parent, began=began)
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
        steps = budget.counted_steps(config, config.num_train(len(ids)))
        if steps is None:
            fitting, pace = budgets.measured(
                copy.deepcopy(made), ids, config, seconds=budget.seconds, began=began
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
    return Sitting(run, made, ids, standing, screen=screen, save_every=save_every, pace=pace)


def _read(
    request: Request, parent: Checkpoint | None, screen: Quiet
) -> tuple[Survey, Vocab, IntArray]:
    """The corpus: what is known of it, its alphabet, its ids."""
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
    return surveyed, vocab, ids


def _planned(
    budget: Budget,
    given: Mapping[str, Any],
    ids: IntArray,
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
    num_train = wanted.num_train(len(ids))
    if parent is not None:
        keys = parent.ngram_keys()
    else:
        longest = ModelConfig.among(given).ngrams
        keys = ngrams.learn(ids[:num_train], longest=longest, min_count=wanted.ngram_min_count)
    facts = plan.Facts(
        num_train=num_train,
        num_val=wanted.num_before_test(len(ids)) - num_train,
        vocab_size=len(vocab),
        ngram_rows=ngrams.num_rows(keys),
        device=given["device"],
    )
    planned, pace = plan.make(given, facts), None
    steps = budget.counted_steps(planned.train, num_train)
    if steps is None:
        tried = _newborn(planned, vocab, keys, parent)
        fitting, pace = budgets.measured(
            tried, ids, planned.train, seconds=budget.seconds, began=began
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
