"""Set up a trainer: from what a person asked for, or from a checkpoint.

`new_run` reads and encodes the corpus, settles every number and makes the run's folder; `resumed`
puts a run together again from its checkpoint. Of several processes the first does one of these,
and the others have `joined` it.
"""

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from charrnn import _cores
from charrnn._text import Reporter, number_of
from charrnn.config import DataConfig, ModelConfig, RuntimeConfig, TrainConfig
from charrnn.data import splits
from charrnn.data.batches import Text
from charrnn.data.corpus import CACHE
from charrnn.data.dataset import Corpus, read_corpus
from charrnn.data.reload import reload_text
from charrnn.data.vocab import Vocab
from charrnn.errors import CheckpointError, CorpusError, UsageError
from charrnn.models import device, ngrams
from charrnn.models.ngrams import Keys
from charrnn.runs import restarts
from charrnn.runs.checkpoint import Checkpoint
from charrnn.runs.header import CheckpointHeader, Position
from charrnn.runs.root import Root
from charrnn.runs.run import Run
from charrnn.sources import paths
from charrnn.sources.file_types import uncompressed_name
from charrnn.tasks.registry import TASKS
from charrnn.training import autosize, handover
from charrnn.training import budget as budgets
from charrnn.training.autosize import Budget
from charrnn.training.callbacks.callback import Callback
from charrnn.training.clock import Clock, Pace
from charrnn.training.distributed import ALONE, Group
from charrnn.training.loop import TrainingState
from charrnn.training.threads import ThreadChooser, candidates
from charrnn.training.trainer import Trainer

_LEAST_CHARS, _FEW_CHARS = 200, 10_000
_LEAST_VALIDATION = 2000  # characters
_FEW_EPOCHS = 0.5  # below it a run is told that it will not see all of its text


@dataclass(frozen=True)
class Request:
    """What was asked for; `given` holds those fields of the configuration that were typed."""

    names: tuple[str, ...]
    given: Mapping[str, Any]
    budget: Budget
    root: Root  # where the run goes, and where `init_from` is looked for
    run_name: str | None = None
    init_from: str | None = None
    val_names: tuple[str, ...] = ()  # of a validation text that is not part of the corpus
    allows_short: bool = False  # a text of a few characters too
    launch: restarts.Launch | None = None  # by torchrun, which may start the command again

    def __post_init__(self) -> None:
        # a bad number is refused before a long reading
        for kind in (ModelConfig, DataConfig, TrainConfig, RuntimeConfig):
            kind.among(self.given)

    @property
    def data(self) -> DataConfig:
        """How the corpus is read, as it was asked for."""
        return DataConfig.among(self.given)


def new_run(
    request: Request,
    *,
    reporter: Reporter,
    save_every: float,
    callbacks: Sequence[Callback] = (),
    began: float,
    group: Group = ALONE,
) -> Trainer:
    """A new run, its folder made; the budget's minutes count from `began`, in monotonic seconds."""
    request.root.require_free(request.run_name)  # before a long reading
    given = {"device": "auto", **request.given}
    given["device"] = device.resolve(given["device"])
    threads = _threads_to_try(given, group, reporter)
    given["threads"] = threads[0]
    _require_shareable(given.get("batch_size", 0), given["device"], group)
    _prepare(RuntimeConfig.among(given), group)
    parent, corpora = _parent(request, given), request.root.for_new_runs / CACHE
    text = read_corpus(
        request.names,
        request.data,
        val_names=request.val_names,
        base_vocab=None if parent is None else parent.vocab,
        cache=corpora,
        reporter=reporter,
    )
    vocab, data = text.vocab, request.data

    @cache
    def arranged(data: DataConfig) -> Text:
        return text.split(data, seed=TrainConfig.among(given).seed)

    _require_enough(arranged(data), request)
    reporter.show(_counted(request, arranged(data)))
    _say_validated(request, text, arranged(data), data, reporter)
    _say_unknown(text, reporter)
    if parent is not None:
        given = {**given, **parent.model.to_json()}
    settled = _settled(
        request.budget, given, arranged, vocab, parent,
        threads=threads, began=began, group=group, reporter=reporter,
    )  # fmt: skip
    planned = settled.planned
    _require_shareable(planned.train.batch_size, given["device"], group)
    if planned.shrunk:
        reporter.show(planned.shrunk)
    reporter.show_detail(f"{len(vocab):,} distinct characters; {planned.why}")
    newborn = _newborn(planned, settled.runtime, vocab, settled.keys, parent, group)
    run = request.root.create(request.run_name, default=_title(request.names))
    if request.launch is not None:
        restarts.note(run, request.launch)
    reporter.show(f"Ctrl-C saves and stops; continue with: charrnn resume {run.name}")
    header = CheckpointHeader(
        task=newborn.task.name,
        model=planned.model,
        data=settled.data,
        train=planned.train,
        runtime=settled.runtime,
        vocabs={"text": vocab},
        corpora={"text": text.facts},
        position=Position(ranks=group.num_ranks),
    )
    standing = Checkpoint.of(header, newborn.task.arrays(newborn.module))
    handover.invite(group, run, standing)
    return Trainer(
        run, newborn, settled.text, standing,
        callbacks=callbacks, save_every=save_every, clock=_clock(settled.pace, settled.chooser),
    )  # fmt: skip


def resumed(
    run: Run,
    budget: Budget,
    *,
    given: Mapping[str, Any],
    keep_corpus: bool,
    reporter: Reporter,
    save_every: float,
    callbacks: Sequence[Callback] = (),
    began: float,
    group: Group = ALONE,
) -> Trainer:
    """A run as its newest valid checkpoint left it. The caller holds the run's lock.

    `given` may move it to another device or number of threads, and then says that the trajectory
    is no longer the same to the bit. A budget gives the run a new length: steps and epochs count
    from the run's birth, minutes from now.
    """
    found, skipped = run.newest_valid()
    for error in skipped:
        reporter.warn(f"{error.message}; going on from step {found.position.step} instead")
    if skipped:
        kept = run.set_aside_damaged()
        reporter.show(f"what is left of the last checkpoint is kept as {kept}")
    config, runtime = found.train, _moved(found, given, reporter, group)
    _prepare(runtime, group)
    text = reload_text(found.corpus_reference, keep_corpus=keep_corpus, reporter=reporter)

    before = found
    found = dataclasses.replace(found, runtime=runtime)
    made, pace, chooser = restored(found, config, group), None, None
    if budget != Budget():
        steps, pace = _new_length(budget, found, text, config, began=began, group=group)
        if pace is not None and "threads" not in given:
            threads = _threads_to_try({"device": runtime.device}, group, reporter)
            chooser = ThreadChooser(threads) if len(threads) > 1 else None
        if steps <= made.step and steps != config.steps:
            raise UsageError(
                f"the run {run.name!r} has already made {made.step:,} steps",
                f"a new length must be greater, {steps:,} is not",
            )
        config = dataclasses.replace(config, steps=steps, schedule_step=0, schedule_done=0.0)
    if budget.minutes is not None:
        at = f"going on after step {found.position.step:,}; training for {_length(budget)}"
    elif found.position.step < config.steps:
        at = f"going on after step {found.position.step:,} of {config.steps:,}"
    else:
        at = f"all {config.steps:,} steps are made; for more: charrnn resume {run.name} --minutes 5"
    reporter.show(f"run {run.name}: {at}")
    position = dataclasses.replace(found.position, ranks=group.num_ranks)
    standing = dataclasses.replace(found, train=config, position=position)
    settings = (config, runtime, position)
    if skipped or settings != (before.train, before.runtime, before.position):
        run.save(standing)  # before a step is made by it
    handover.invite(group, run, standing)
    return Trainer(
        run, made, text, standing,
        callbacks=callbacks, save_every=save_every, clock=_clock(pace, chooser),
    )  # fmt: skip


def _clock(pace: Pace | None, chooser: ThreadChooser | None) -> Clock | None:
    return None if pace is None else Clock(pace, chooser)


def _new_length(
    budget: Budget,
    found: Checkpoint,
    text: Text,
    config: TrainConfig,
    *,
    began: float,
    group: Group,
) -> tuple[int, Pace | None]:
    """How many steps a resumed run comes to, from its birth, and the pace to keep if that follows
    from time: then another state is tried, with the lanes that one process has.
    """
    steps = budget.counted_steps(text.lanes(config).steps_per_epoch)
    if steps is not None:
        return steps, None
    tried = dataclasses.replace(restored(found, config, group), group=ALONE)
    share = _share(config, group.num_ranks)
    trial = budgets.run_trial(
        tried, text, share, seconds=budget.seconds, began=began, threads=[found.runtime.threads]
    )
    return found.position.step + trial.steps, trial.pace


def joined(group: Group) -> Trainer:
    """The run to which the first process has invited this one: what it makes of its lanes goes to
    the first, which keeps it and speaks for all.
    """
    run, standing = handover.accepted(group)
    config, standing = standing.train, dataclasses.replace(standing, path=run.last)
    _prepare(standing.runtime, group)
    reporter = Reporter()
    with group.first_of_each_machine_first():  # the corpus is encoded once on each
        text = reload_text(standing.corpus_reference, keep_corpus=True, reporter=reporter)
    if standing.group("optimizer"):  # else a new run, of which the weights are handed on
        made = restored(standing, config, group)
    else:
        made = built(standing, config, group)
        made.module.load(standing.group("weights"))
    return Trainer(run, made, text, standing, save_every=math.inf)


def restored(start: Checkpoint, config: TrainConfig, group: Group = ALONE) -> TrainingState:
    """Return the training state that a checkpoint holds, on its device.

    Raises `CheckpointError` for a checkpoint that holds a model to sample from and no more.
    """
    state = built(start, config, group)
    try:
        state.restore(start.arrays, step=start.position.step)
    except (KeyError, ValueError) as error:
        raise CheckpointError(
            f"the checkpoint lacks what resuming needs: {error}",
            "train --init-from begins a new run with its weights",
        ) from error
    return state


def built(start: Checkpoint, config: TrainConfig, group: Group = ALONE) -> TrainingState:
    """Return a new training state for what a checkpoint describes, its weights not yet loaded."""
    task = TASKS[start.task]
    module = task.build(start.model, start.vocabs, start.arrays, seed=config.seed)
    return TrainingState.new(task, module, config, runtime=start.runtime, group=group)


@dataclass(frozen=True)
class _Settled:
    """Everything that a new run begins with, and how it keeps its time."""

    planned: autosize.Plan
    keys: Keys  # the n-grams with an embedding of their own
    data: DataConfig
    runtime: RuntimeConfig
    text: Text
    pace: Pace | None = None
    chooser: ThreadChooser | None = None


def _settled(
    budget: Budget,
    given: Mapping[str, Any],
    arranged: Callable[[DataConfig], Text],
    vocab: Vocab,
    parent: Checkpoint | None,
    *,
    threads: Sequence[int],
    began: float,
    group: Group,
    reporter: Reporter,
) -> _Settled:
    """Choose all that was not given: the sizes, the n-grams, the number of steps.

    `arranged` makes the text in its order of learning. For a budget of time see `_timed`.
    """
    data, runtime = DataConfig.among(given), RuntimeConfig.among(given)
    text = arranged(data)
    if parent is not None:
        keys = ngrams.keys_in(parent.arrays, longest=parent.model.ngrams)
    else:
        longest = ModelConfig.among(given).ngrams
        keys = ngrams.learn(
            text.ids[: text.num_train],
            longest=longest,
            min_count=TrainConfig.among(given).ngram_min_count,
        )
    facts = autosize.Facts(
        num_train=text.num_train,
        num_val=text.num_before_test - text.num_train,
        vocab_size=len(vocab),
        ngram_rows=ngrams.num_rows(keys),
        device=given["device"],
        record_lengths=None if text.starts is None else np.diff(text.starts_of("train")),
        num_ranks=group.num_ranks,
    )
    settled = _Settled(autosize.make(given, facts), keys, data, runtime, text)
    steps = budget.counted_steps(text.lanes(settled.planned.train).steps_per_epoch)
    if steps is not None:
        return dataclasses.replace(settled, planned=_with(settled.planned, steps=steps))
    newborn = partial(_newborn, vocab=vocab, keys=keys, parent=parent)
    settled = _timed(
        budget, given, settled, facts, newborn,
        threads=threads, began=began, group=group, reporter=reporter,
    )  # fmt: skip
    if settled.data != data:
        settled = dataclasses.replace(settled, text=arranged(settled.data))
    return settled


def _timed(
    budget: Budget,
    given: Mapping[str, Any],
    settled: _Settled,
    facts: autosize.Facts,
    newborn: Callable[[autosize.Plan, RuntimeConfig], TrainingState],
    *,
    threads: Sequence[int],
    began: float,
    group: Group,
    reporter: Reporter,
) -> _Settled:
    """Choose sizes, threads and steps by what this machine does in a trial.

    The network of a plan without a time is tried, and then the one that there is time for; of
    several processes, on the lanes that one of them will have.
    """

    def tried(planned: autosize.Plan) -> budgets.Trial:
        trial = _with(planned, batch_size=_share(planned.train, group.num_ranks).batch_size)
        return budgets.run_trial(
            newborn(trial, settled.runtime), settled.text, trial.train,
            seconds=budget.seconds, began=began, threads=threads,
        )  # fmt: skip

    trial = tried(settled.planned)
    arithmetic = trial.steps * autosize.cost_of_step(settled.planned, facts)
    planned = autosize.make(given, facts, arithmetic=arithmetic)
    if planned.model != settled.planned.model:
        trial = tried(planned)
    planned = _with(planned, steps=trial.steps)
    runtime = dataclasses.replace(settled.runtime, threads=trial.threads)
    num_val = facts.num_val
    data = settled.data
    if data.max_val_chars == DataConfig.max_val_chars:  # nobody chose it
        num_val = max(_LEAST_VALIDATION, int(trial.affordable_validation * num_val))
    if num_val < facts.num_val:
        data = dataclasses.replace(data, max_val_chars=num_val)
        reporter.show(
            f"validating on {num_val:,} of {facts.num_val:,} characters, to take little of the time"
        )
    if trial.affordable_validation < 1:
        affordable = trial.affordable_validation * facts.num_val
        trial.pace.validation *= min(num_val, facts.num_val) / affordable
    if trial.threads < threads[0]:
        reporter.show_detail(
            f"computing with {number_of(trial.threads, 'thread')}: faster than {threads[0]}"
        )
    epochs = trial.steps / settled.text.lanes(planned.train).steps_per_epoch
    if epochs < _FEW_EPOCHS:
        minutes = budget.seconds / 60 / epochs
        reporter.show(
            f"there is time to read {100 * epochs:.2g} % of the text; to read all of it once takes"
            f" about {minutes:,.0f} minutes"
        )
    chooser = ThreadChooser(threads) if len(threads) > 1 else None
    return dataclasses.replace(
        settled,
        planned=planned,
        data=data,
        runtime=runtime,
        pace=trial.pace,
        chooser=chooser,
    )


def _with(planned: autosize.Plan, **changes: Any) -> autosize.Plan:
    """A plan with some numbers of its training changed."""
    return dataclasses.replace(planned, train=dataclasses.replace(planned.train, **changes))


def _prepare(runtime: RuntimeConfig, group: Group) -> None:
    """Set up the device of this process."""
    device.prepare(
        runtime.device, runtime.threads, precision=runtime.precision, local_rank=group.local_rank
    )


def _share(config: TrainConfig, num_ranks: int) -> TrainConfig:
    """A configuration of those lanes that each process has."""
    return dataclasses.replace(config, batch_size=max(1, config.batch_size // num_ranks))


def _threads_to_try(given: Mapping[str, Any], group: Group, reporter: Reporter) -> list[int]:
    """The numbers of threads that a run of minutes may compute with, the greatest first."""
    most = max(1, _cores.num_cores() // group.num_local)
    if "threads" in given:
        return [_limited(given["threads"], most, reporter)]
    is_chosen = given["device"] == "cpu" and group.num_ranks == 1
    return candidates(most) if is_chosen else [most]


def _limited(threads: int, most: int, reporter: Reporter) -> int:
    """No more threads than cores: they would wait for each other."""
    if threads > most:
        cores_here = number_of(most, "core")
        reporter.warn(
            f"--threads {threads} is limited to the {cores_here} that this process may use"
        )
    return min(threads, most)


def _require_shareable(batch_size: int, device_name: str, group: Group) -> None:
    """Raise `UsageError` where lanes cannot be shared out evenly, or one GPU is named for all."""
    if group.num_local > 1 and device_name.startswith("cuda:"):
        raise UsageError(
            f"--device {device_name} is one GPU for {group.num_local} processes",
            "--device cuda gives each one of its own",
        )
    if batch_size % group.num_ranks:
        raise UsageError(
            f"--batch-size {batch_size} is not to be shared out among {group.num_ranks} processes",
            f"give a multiple of {group.num_ranks}, or torchrun another number of processes",
        )


def _newborn(
    planned: autosize.Plan,
    runtime: RuntimeConfig,
    vocab: Vocab,
    keys: Keys,
    parent: Checkpoint | None,
    group: Group = ALONE,
) -> TrainingState:
    """A training state at step 0, its weights drawn at random or the parent's."""
    num_parameters = planned.model.num_parameters(len(vocab), ngrams.num_rows(keys))
    device.require_memory(num_parameters, runtime.device)
    task = TASKS["language_model"]
    constants = {f"ngrams.{length}": its_keys for length, its_keys in enumerate(keys, start=2)}
    module = task.build(planned.model, {"text": vocab}, constants, seed=planned.train.seed)
    if parent is not None:
        module.load(parent.group("weights"))
    return TrainingState.new(task, module, planned.train, runtime=runtime, group=group)


def _parent(request: Request, given: Mapping[str, Any]) -> Checkpoint | None:
    """The checkpoint to start from, if one was named and fits what else was given."""
    if request.init_from is None:
        return None
    parent, _ = request.root.best_checkpoint(request.init_from)
    for name, value in parent.model.to_json().items():
        if given.get(name, value) != value:
            flag = "--" + name.replace("_", "-")
            raise UsageError(
                f"{flag} {given[name]} does not fit: {request.init_from} has {value}",
                f"leave {flag} out",
            )
    if parent.vocab.is_bytes != request.data.is_bytes:
        kind = "bytes" if parent.vocab.is_bytes else "characters"
        raise UsageError(
            f"--init-from {request.init_from} is a model of {kind}", "use --bytes for both or none"
        )
    return parent


def _require_enough(text: Text, request: Request) -> None:
    """Raise `CorpusError` for a text of a few characters."""
    if len(text.ids) < _LEAST_CHARS and not request.allows_short:
        raise CorpusError(
            f"the corpus holds {number_of(len(text.ids), 'character')}, too few to learn from",
            f"give it {_FEW_CHARS:,} or more; --allow-short learns them all the same",
        )


def _say_validated(
    request: Request, corpus: Corpus, text: Text, data: DataConfig, reporter: Reporter
) -> None:
    """What the validation split is made of, where that is not simply the end of one file."""
    first, end = text.part("val")
    files = corpus.encoded.files
    assert files is not None
    if request.val_names:
        reporter.show(
            f"validation split: {end - first:,} characters of {' '.join(request.val_names)}"
        )
    elif first == end and data.val_fraction:
        reporter.warn(
            "the text is too short to keep a validation split: what is learned by heart is not"
            " told from what is understood"
        )
    elif text.starts is None and len(files.begins) > 1:
        num_groups = len(list(splits.grouped(files, data, len(text.ids))))
        small = "" if num_groups == len(files.begins) else ", small ones taken together"
        reporter.show(
            f"validation split: {end - first:,} characters, a part of each of the"
            f" {len(files.begins)} files{small}"
        )


def _say_unknown(corpus: Corpus, reporter: Reporter) -> None:
    """How much of the corpus became the unknown symbol, if any of it did."""
    num_characters, share = corpus.folded
    if num_characters:
        reporter.show(
            f"{num_characters:,} rare characters ({100 * share:.2g} % of the text) became one"
            f" unknown symbol, never generated: --max-vocab is {corpus.config.max_vocab:,}"
        )


def _moved(
    found: CheckpointHeader, given: Mapping[str, Any], reporter: Reporter, group: Group
) -> RuntimeConfig:
    """Return the device and threads of this machine; warn where they differ from the run's."""
    train, config = found.train, found.runtime
    _require_shareable(train.batch_size, given.get("device", config.device), group)
    moved = dataclasses.replace(config, **given)
    most = max(1, _cores.num_cores() // group.num_local)
    moved = dataclasses.replace(moved, threads=_limited(moved.threads, most, reporter))
    try:
        moved = dataclasses.replace(moved, device=device.resolve(moved.device))
    except UsageError:
        if "device" in given:
            raise
        moved = dataclasses.replace(moved, device="cpu")  # its GPU is not here
    changes = {
        name: (getattr(config, name), getattr(moved, name)) for name in ("device", "threads")
    }
    changes["processes"] = found.position.ranks, group.num_ranks
    is_other_kind = config.device.partition(":")[0] != moved.device.partition(":")[0]
    draws_anew = is_other_kind and (train.dropout or train.weight_dropout)
    for name, (before, now) in changes.items():
        if before != now:
            is_drawn_anew = name == "device" and draws_anew
            it_is = (
                "dropout differs from here on"
                if is_drawn_anew
                else "results may differ in the last digits"
            )
            reporter.warn(f"the run began with {name} {before}, now {now}: {it_is}")
    return moved


def _counted(request: Request, text: Text) -> str:
    """What is learned and how long it takes, in a sentence; a text of --val is not part of it."""
    first, end = text.part("val") if request.val_names else (0, 0)
    num_chars = len(text.ids) - (end - first)
    records = ""
    if text.starts is not None:
        num_val = len(text.starts_of("val")) - 1 if request.val_names else 0
        records = f"{number_of(len(text.starts) - 1 - num_val, 'record')}, "
    sizes = ((_FEW_CHARS, ", a very small text, soon known by heart"), (100_000, ", a small text"))
    size = next((words for below, words in sizes if num_chars < below), "")
    chars = number_of(num_chars, "character")
    return (
        f"{_title(request.names)}: {records}{chars}{size}; training for {_length(request.budget)}"
    )


def _length(budget: Budget) -> str:
    """How long a run is, as it was asked for."""
    if budget.steps is not None:
        return number_of(budget.steps, "step")
    number, unit = budget.epochs, "epoch"
    if number is None:
        is_short = budget.seconds < 60
        number, unit = budget.seconds / (1 if is_short else 60), "second" if is_short else "minute"
    return f"{number:g} {unit}{'' if number == 1 else 's'}"


def _title(names: Sequence[str]) -> str:
    """A short name for a corpus, for its run and for messages."""
    if paths.can_be_read_once(names[0]):
        return "stdin"
    if names[0] == paths.SHAKESPEARE:
        return names[0]
    return Path(uncompressed_name(names[0])).resolve().stem
