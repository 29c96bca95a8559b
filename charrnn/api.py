"""The library: train a run, continue it, and use its model.

import charrnn
run = charrnn.train("names.txt", records="lines", minutes=2)  # a progress bar, in a notebook too
for sample in run.model().samples(5, prompt="Ma", unique=True):
    print(sample)

A call leaves the process as it found it: the number of torch's threads, flushed denormals,
deterministic algorithms, random states, limits of BLAS, signal handlers, warning filters, the
working folder. While it trains, some of these are changed, and they belong to the whole process:
train in one thread at a time, and compute nothing else with torch meanwhile. Several processes may
train side by side. Models may be used in any thread; a cursor or an iterator by one at a time.

Nothing is printed but the bar. Warnings are Python's warnings, of the class `CharRNNWarning`; notes
go to the logger "charrnn", level INFO.
"""

import html
import logging
import math
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from pkgutil import resolve_name
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self, TypedDict, Unpack, overload

from charrnn._text import Reporter
from charrnn.config import require_known, with_keywords
from charrnn.errors import CharRNNWarning, CheckpointError, SettingError, UsageError
from charrnn.generation.ensemble import require_alike
from charrnn.generation.model import Model
from charrnn.runs import task_names
from charrnn.runs.checkpoint import Checkpoint
from charrnn.runs.header import CheckpointHeader
from charrnn.runs.history import Row
from charrnn.runs.root import Root
from charrnn.runs.run import Run as RunFolder
from charrnn.runs.run import used_instead

if TYPE_CHECKING:
    from charrnn.analysis.scoring import Score
    from charrnn.export.formats import Exported
    from charrnn.generation.classification import Classifier
    from charrnn.generation.translation.captioner import Captioner
    from charrnn.generation.translation.in_step import Tagger
    from charrnn.generation.translation.translator import Translator
    from charrnn.plots.charts import Chart
    from charrnn.training.callbacks.callback import Callback
    from charrnn.training.trainer import Trainer

RunNames = str | Path | Sequence[str | Path]  # of one run, or of several

_DEFAULT_ROOT = "checkpoints"
_MODELS = {  # of tasks other than a language model: what uses a run
    task_names.SEQ2SEQ: "charrnn.generation.translation.translator:Translator",
    task_names.CLASSIFY: "charrnn.generation.classification:Classifier",
    task_names.GIVEN: "charrnn.generation.translation.translator:Translator",
    task_names.TAG: "charrnn.generation.translation.in_step:Tagger",
    task_names.CAPTION: "charrnn.generation.translation.captioner:Captioner",
}
_log = logging.getLogger("charrnn")


class TrainSettings(TypedDict, total=False):
    """The keywords of `train` that are fields of a configuration (charrnn.config explains them)."""

    # ModelConfig
    cell: str
    hidden_size: int
    num_layers: int
    embedding_size: int
    ngrams: int
    skip: bool
    # EncoderDecoderConfig
    encoder_layers: int
    decoder_layers: int
    attention: str
    # TaggerConfig
    is_causal: bool
    # DataConfig
    records: str
    column: str | None
    is_bytes: bool
    encoding: str
    errors: str
    max_vocab: int
    val_fraction: float
    test_fraction: float
    max_val_chars: int
    # PairsConfig
    source_symbols: str
    target_symbols: str
    source_normalise: str
    target_normalise: str
    source_column: str | None
    target_column: str | None
    is_reversed: bool
    max_length: int
    max_val_pairs: int
    # CaptionsConfig
    image_size: int
    # TrainConfig
    steps: int
    batch_size: int
    seq_length: int
    learning_rate: float
    grad_clip: float
    weight_decay: float
    optimizer: str
    ngram_min_count: int
    ngram_init: str
    dropout: float
    weight_dropout: float
    state_reset: float
    eval_every: int
    seed: int
    teachers: tuple[str, ...]
    teacher_weight: float
    # RuntimeConfig
    device: str
    precision: str
    threads: int


@with_keywords(TrainSettings)
def train(
    *corpus: str | Path,
    pairs: bool = False,
    labels: bool = False,
    given: str | None = None,
    in_step: bool = False,
    images: str | Path | None = None,
    source: str | Path | Iterable[str | Path] = (),
    target: str | Path | Iterable[str | Path] = (),
    val: str | Path | Iterable[str | Path] = (),
    name: str | None = None,
    root: str | Path = _DEFAULT_ROOT,
    init_from: str | Path | None = None,
    epochs: float | None = None,
    minutes: float | None = None,
    allow_short: bool = False,
    sample_every: int | None = None,
    save_every: float = 30.0,
    callbacks: Sequence["Callback"] = (),
    progress: bool = True,
    **settings: Unpack[TrainSettings],
) -> "Run":
    """Train a new run on files or folders (or "shakespeare", the default), and return it.

    The length is `steps`, `epochs` or `minutes`; 3 minutes by default. What is not given is chosen
    by corpus and length, as by `charrnn train`; the same settings give the same weights.

    Arguments:
        corpus: what to learn; each file is read as `records`, `column`, `encoding`, … say
        pairs: learn to make targets of sources; each line has a source, a tab and a target
        labels: learn to label texts; each line has a text, a tab and a label
        given: "label": learn to write texts of a given label, from such lines; of a table, also the
            name of the labels' column
        in_step: learn a decision on each symbol of a source; each line has a source, a tab and a
            target of the same length
        images: the folder of pictures that are to be described; each line has the path of one, a
            tab and a caption
        source: files of sources, a line each, beside those of `target`
        target: files of their targets, line by line
        val: files to validate on, which are not part of the corpus
        name: the run's name, a folder in `root`; by default that of the corpus, with a number
        init_from: a run in `root`, or a checkpoint file, to start with the weights of
        allow_short: learn a corpus of less than 200 characters or 20 pairs, too
        sample_every: steps between recorded samples; 0 records none, None chooses
        save_every: seconds between checkpoints
        callbacks: objects that are called after steps and validations (`charrnn.Callback`)
        progress: show a bar on a terminal or in a notebook
        settings: fields of ModelConfig, DataConfig, TrainConfig and RuntimeConfig; for pairs those
            of EncoderDecoderConfig and PairsConfig in place of the first two, for labels those of
            ClassifierConfig and LabelsConfig, in step those of TaggerConfig and InStepConfig,
            for captions those of CaptionerConfig and CaptionsConfig

    Raises `SettingError` for a setting that is unknown or not allowed, `CorpusError`,
    `DivergedError`, `StorageError`. Ctrl-C saves the run and raises KeyboardInterrupt;
    `charrnn.Run().resume()` continues it exactly. A second Ctrl-C does not wait for the save.
    """
    began = time.monotonic()
    known = [*TrainSettings.__annotations__, *_ARGUMENTS]
    require_known(settings, known)
    if "teachers" in settings:
        settings["teachers"] = _names(settings["teachers"])  # a list of paths, or one, will do
    from charrnn.training.budget import Budget
    from charrnn.training.setup.request import Request, implied_settings, named_sources
    from charrnn.training.setup.session import Session
    from charrnn.training.setup.start import start_run

    folder = None if images is None else str(images)
    task, sources = named_sources(
        _names(corpus), pairs=pairs, labels=labels, given=given, in_step=in_step, images=folder,
        source=_names(source), target=_names(target), val=_names(val), allow_short=allow_short,
    )  # fmt: skip
    has_val = bool(sources.val_names)
    implied = implied_settings(settings, has_val=has_val, given=given, images=folder)
    budget = Budget(implied.pop("steps", None), epochs, minutes)
    request = Request(
        sources,
        Root(Path(root)),
        implied,
        budget,
        task,
        run_name=name,
        init_from=None if init_from is None else str(init_from),
    )
    _require_not_negative(sample_every=sample_every, save_every=save_every)
    reporter = _Progress(is_shown=progress)
    if not budget.is_counted:
        reporter.set_time_limit(began, budget.seconds)
    session = Session(reporter, _callbacks(reporter, sample_every, callbacks), save_every, began)

    def start(held: ExitStack) -> "Trainer":
        trainer = start_run(request, session)
        held.callback(trainer.run.remove_if_never_saved)
        held.enter_context(trainer.run.locked())
        return trainer

    return Run._of(_run_to_the_end(start, reporter))


def _names(files: str | Path | Iterable[str | Path]) -> tuple[str, ...]:
    return (str(files),) if isinstance(files, str | Path) else tuple(map(str, files))


@overload
def load(
    run: RunNames | None = None,
    *,
    task: Literal["language_model"],
    root: str | Path = _DEFAULT_ROOT,
    device: str = "cpu",
) -> Model: ...
@overload
def load(
    run: RunNames | None = None,
    *,
    task: Literal["seq2seq"],
    root: str | Path = _DEFAULT_ROOT,
    device: str = "cpu",
) -> "Translator": ...
@overload
def load(
    run: RunNames | None = None,
    *,
    task: Literal["classify"],
    root: str | Path = _DEFAULT_ROOT,
    device: str = "cpu",
) -> "Classifier": ...
@overload
def load(
    run: RunNames | None = None,
    *,
    task: Literal["tag"],
    root: str | Path = _DEFAULT_ROOT,
    device: str = "cpu",
) -> "Tagger": ...
@overload
def load(
    run: RunNames | None = None,
    *,
    task: Literal["caption"],
    root: str | Path = _DEFAULT_ROOT,
    device: str = "cpu",
) -> "Captioner": ...
@overload
def load(
    run: RunNames | None = None,
    *,
    task: None = None,
    root: str | Path = _DEFAULT_ROOT,
    device: str = "cpu",
) -> Any: ...
def load(
    run: RunNames | None = None,
    *,
    task: str | None = None,
    root: str | Path = _DEFAULT_ROOT,
    device: str = "cpu",
) -> Any:
    """Return the model of a run, its best checkpoint: a `Model`, of a run of pairs a `Translator`,
    of a run of labels a `Classifier`, of one of pairs in step a `Tagger`, of one of captions a
    `Captioner`. Of several runs, one whose probabilities are the mean of theirs.

    Arguments:
        run: a run's name in the folder `root`, its folder, or a checkpoint file; a list of these;
            None is the newest run
        task: what the run must have learned: "language_model" (a text), "seq2seq" (pairs),
            "classify" (labels), "tag" (pairs in step) or "caption" (pictures), which also tells a
            type checker what is returned; None takes any
        device: computes `Model.samples`: auto, cpu, cuda, cuda:N or mps; anything else is computed
            by the CPU

    Raises `CheckpointError` if there is no intact checkpoint, `UsageError` for a run of another
    task, or for runs that cannot be averaged, such as those with different vocabularies.
    """
    runs = Root(Path(root))
    if run is None:
        run = runs.find(None, tasks=() if task is None else (task,)).name
    names = [str(run)] if isinstance(run, str | Path) else list(map(str, run))
    if not names:
        raise UsageError("there is no run in an empty list", "name one or more")
    checkpoints = [_best(*runs.best_checkpoint(name)) for name in names]
    if task not in (None, checkpoints[0].task):
        learned = checkpoints[0].schema.learned
        raise UsageError(f"run {names[0]} is a model of {learned}", "leave out the task")
    return _model(checkpoints, " + ".join(names), device)


def _best(used: Checkpoint, damaged: Sequence[CheckpointError]) -> Checkpoint:
    """Return the checkpoint that is used, with a warning for each damaged one before it."""
    for error in damaged:
        warnings.warn(used_instead(used, error), CharRNNWarning, stacklevel=3)
    return used


def _model(checkpoints: Sequence[Checkpoint], name: str, device: str) -> Any:
    """Return the model in checkpoints of one task."""
    require_alike(checkpoints)
    if checkpoints[0].task in _MODELS:
        return resolve_name(_MODELS[checkpoints[0].task]).of(checkpoints, name)
    if device != "cpu":  # else torch is not needed
        from charrnn.models.device import resolve

        device = resolve(device)
    return replace(Model.ensemble(checkpoints, name), device=device)


class Run:
    """A run on disk: what `train` returns, or one found by name."""

    def __init__(self, name: str | Path | None = None, *, root: str | Path = _DEFAULT_ROOT) -> None:
        """Find a run: its name in the folder `root`, or its folder; None is the newest.

        Raises `CheckpointError` if there is none.
        """
        self._files = Root(Path(root)).find(None if name is None else str(name))

    @classmethod
    def _of(cls, files: RunFolder) -> Self:
        run = cls.__new__(cls)
        run._files = files
        return run

    @property
    def name(self) -> str:
        """Its name for `charrnn.load`, or its path if the name means another run."""
        return self._files.name

    @property
    def folder(self) -> Path:
        """The folder of its files."""
        return self._files.folder

    def model(self, *, device: str = "cpu") -> Any:
        """Return the model of the best checkpoint: a `Model`, of a run of pairs a `Translator`, of
        a run of labels a `Classifier`, of one of pairs in step a `Tagger`, of one of captions a
        `Captioner`. `device` as in `load`.
        """
        return _model([_best(*self._files.best_valid())], self.name, device)

    def header(self) -> CheckpointHeader:
        """Return the facts of the newest checkpoint: configurations, corpus, vocabulary, step."""
        return self._files.newest_header()

    def history(self) -> list[Row]:
        """Return what was recorded while it trained: losses, speed, samples; a row each."""
        return self._files.history()

    def plot(self, *, against: str = "steps", in_bits: bool = False) -> "Chart":
        """Return the chart of the losses, against "steps" or "minutes". A notebook shows it, its
        `save` writes a file. Raises `UsageError` if there are no losses yet.
        """
        from charrnn.analysis import losses

        if against not in losses.AGAINST:
            raise SettingError(
                f"against {against!r} is not known", "choose steps or minutes", "against"
            )
        unit, word = (math.log(2), "bits") if in_bits else (1.0, "nats")
        every, label = [losses.of(self._files)], f"{word} per {self.header().schema.symbol}"
        return losses.chart(every, against=against, unit=unit, y_label=label, log=False)

    def score(
        self,
        text: str | bytes | None = None,
        *,
        split: str = "val",
        adapt: bool = False,
        mix: str | None = None,
    ) -> "Score":
        """Measure how well the best checkpoint of a run of a text predicts another text; without
        one, the run's own validation or test split ("val", "test").

        `adapt` learns from what was scored (dynamic evaluation); `mix="ppm"` mixes the predictions
        with those of PPM-D, which counts the training split before. Raises `UsageError` for a run
        of another task, `SettingError` for one of records that is to learn, `CorpusError` where
        there is nothing to score.
        """
        from charrnn.analysis import scoring
        from charrnn.sources.input_text import InputText

        if split not in ("val", "test"):
            raise SettingError(f"split {split!r} is not known", "choose val or test", "split")
        checkpoint = _best(*self._files.best_valid())
        if checkpoint.task != task_names.LANGUAGE_MODEL:
            learned = checkpoint.schema.learned
            raise UsageError(
                f"run {self.name} is a model of {learned}", "score takes one of a text"
            )
        if text is None:
            return scoring.score_split([checkpoint], split, adapt=adapt, mix=mix)
        data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")
        config = replace(checkpoint.data, encoding="utf-8", column=None)
        files = [InputText("the text", [data], config)]
        reporter = _Progress(is_shown=False)
        return scoring.score_files([checkpoint], files, adapt=adapt, mix=mix, reporter=reporter)

    def export(self, file: str | Path, *, weights: str | None = None) -> "Exported":
        """Write the model of the best checkpoint as one file that speaks without charrnn; return
        what was written. Its ending decides: .html is a page for any browser.

        `weights` of a page are "int8" (a byte each, the default), "float16" or "float32". Raises
        `UsageError` for another ending, for a file that charrnn did not write, and for a model that
        cannot be written like that.
        """
        from charrnn.export import formats

        return formats.export(_best(*self._files.best_valid()), Path(file), weights=weights)

    def resume(
        self,
        *,
        steps: int | None = None,
        epochs: float | None = None,
        minutes: float | None = None,
        device: str | None = None,
        threads: int | None = None,
        keep_corpus: bool = False,
        sample_every: int | None = None,
        save_every: float = 30.0,
        callbacks: Sequence["Callback"] = (),
        progress: bool = True,
    ) -> Self:
        """Continue the run from its newest checkpoint, exactly; return it.

        `steps` and `epochs` give it a new length, counted from its start; `minutes` adds time.
        Another `device` or number of `threads` changes the last digits. `keep_corpus` goes on with
        the encoded copy where the text has changed. The rest is as in `train`; so is Ctrl-C.
        """
        began = time.monotonic()
        from charrnn.training.budget import Budget
        from charrnn.training.setup.request import ResumeRequest
        from charrnn.training.setup.resume import resume_run
        from charrnn.training.setup.session import Session

        moved = {"device": device, "threads": threads}
        settings = {name: value for name, value in moved.items() if value is not None}
        request = ResumeRequest(self._files, Budget(steps, epochs, minutes), settings, keep_corpus)
        _require_not_negative(sample_every=sample_every, save_every=save_every)
        reporter = _Progress(is_shown=progress)
        if minutes is not None:
            reporter.set_time_limit(began, request.budget.seconds)
        more = _callbacks(reporter, sample_every, callbacks)
        session = Session(reporter, more, save_every, began)

        def start(held: ExitStack) -> "Trainer":
            held.enter_context(self._files.locked())
            return resume_run(request, session)

        _run_to_the_end(start, reporter)
        return self

    def copy(self, to: str | Path) -> Path:
        """Write the best checkpoint without its training state and without a word about its text:
        a model to hand over. Return the path of the file.

        `to` is the name of a new run beside this one, or a FILE.safetensors, which replaces
        another copy. Raises `UsageError` if the name is in use.
        """
        from charrnn.runs.speaking_part import hand_over

        return hand_over(_best(*self._files.best_valid()), str(to), Root(self.folder.parent))

    def rename(self, name: str) -> "Run":
        """Give the run another name in its folder of runs; return it under that name.

        Raises `UsageError` if the name is in use, `LockedError` while the run is trained.
        """
        return type(self)._of(Root(self.folder.parent).rename(self._files, name))

    def remove(self) -> None:
        """Remove the run, with its encoded corpus if no other run needs that.

        Raises `LockedError` while the run is trained.
        """
        from charrnn.runs.removal import planned

        planned([self._files]).carry_out()

    def __repr__(self) -> str:
        return f"Run({self.name!r}, {self._state()})"

    def _state(self) -> str:
        """Network, steps and the best validation in a line."""
        header = self.header()
        best = header.schema.in_words(self._files.best_metrics())
        return ", ".join(filter(None, (str(header.model), header.progress, best)))

    def _repr_html_(self) -> str:
        """What a notebook shows: a picture of the losses, or why there is none."""
        caption = f"<div><b>{html.escape(self.name)}</b>: {html.escape(self._state())}</div>"
        try:
            return caption + self.plot().svg()
        except UsageError as error:
            return f"{caption}<div>{html.escape(str(error))}</div>"


_ARGUMENTS = frozenset(train.__annotations__) - {"corpus", "settings", "return"}


def _require_not_negative(**numbers: float | None) -> None:
    for name, number in numbers.items():
        if number is not None and not number >= 0:  # NaN neither
            raise SettingError(f"{name} {number} is negative", "it must be 0 or more", name)


def _callbacks(
    reporter: Reporter, sample_every: int | None, more: Sequence["Callback"]
) -> list["Callback"]:
    """Return the callbacks of every run, and those of the caller."""
    from charrnn.training.callbacks.baselines import Baselines
    from charrnn.training.callbacks.console import Console
    from charrnn.training.callbacks.samples import Samples

    return [Console(reporter), Baselines(), Samples(sample_every), *more]


def _run_to_the_end(start: Callable[[ExitStack], "Trainer"], reporter: Reporter) -> RunFolder:
    """Train until the last step, or until Ctrl-C; the settings of the process are restored."""
    from charrnn.models import device

    with device.settings_restored(), ExitStack() as held:
        held.callback(reporter.end_progress)
        trainer = start(held)
        with _Interrupts() as interrupts:
            for _ in trainer.steps(stop=lambda: interrupts.received):
                pass
    if trainer.received is not None:
        raise KeyboardInterrupt(f"the run {trainer.run.name!r} is saved; resume() continues it")
    return trainer.run


class _Interrupts:
    """Keeps the first Ctrl-C in `received`, so that a step ends before it; a second one interrupts
    at once. Only in the main thread, and only where Python's own handler would be called.
    """

    def __init__(self) -> None:
        self.received: int | None = None
        self._before: Any = None

    def __enter__(self) -> Self:
        is_main = threading.current_thread() is threading.main_thread()
        if is_main and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            self._before = signal.signal(signal.SIGINT, self._receive)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)

    def _receive(self, number: int, frame: FrameType | None) -> None:
        if self.received is not None:
            raise KeyboardInterrupt
        self.received = number


class _Progress(Reporter):
    """A bar by tqdm: in a notebook, or on stderr if that is a terminal."""

    def __init__(self, *, is_shown: bool) -> None:
        is_terminal = sys.stderr is not None and sys.stderr.isatty()
        self._is_shown = is_shown and (is_terminal or _is_notebook())
        self._bar: Any = None
        self._time_limit: tuple[float, float] | None = None  # began, in monotonic seconds; seconds
        self._losses: dict[str, str] = {}

    def show(self, sentence: str) -> None:
        """Log a sentence."""
        _log.info(sentence)

    def show_detail(self, sentence: str) -> None:
        """Log a sentence, level DEBUG."""
        _log.debug(sentence)

    def warn(self, sentence: str) -> None:
        """Warn as Python does."""
        warnings.warn(sentence, CharRNNWarning, stacklevel=2)

    def show_reading(self, done: int, total: int) -> None:
        """Move the bar of the corpus; it comes after half a second."""
        if self._bar is None:
            settings = {"unit": "B", "unit_scale": True, "leave": False, "delay": 0.5}
            self._bar = self._new_bar(total=total, desc="reading", **settings)
        self._bar.update(done - self._bar.n)

    def set_time_limit(self, began: float, seconds: float) -> None:
        """Count seconds instead of steps."""
        self._time_limit = began, seconds

    def start_training(self, step: int, steps: int) -> None:
        """Begin a bar of steps, or of seconds."""
        self.end_progress()
        if self._time_limit is None:
            self._bar = self._new_bar(total=steps, initial=step, unit="step")
        else:
            self._bar = self._new_bar(total=round(self._time_limit[1]), unit="s")

    def set_num_steps(self, steps: int) -> None:
        """Correct the length of the bar."""
        if self._time_limit is None:
            self._bar.total = steps

    def show_step(self, step: int) -> None:
        """Move the bar."""
        if self._time_limit is None:
            self._bar.update(step - self._bar.n)
        else:
            began, seconds = self._time_limit
            self._bar.update(int(min(time.monotonic() - began, seconds)) - self._bar.n)

    def show_metrics(self, metrics: Mapping[str, Any]) -> None:
        """Show the losses beside the bar."""
        for name in ("loss", "val_loss"):
            if isinstance(value := metrics.get(name), float):
                self._losses[name] = f"{value:.3f}"
        self._bar.set_postfix(self._losses, refresh=False)

    def end_progress(self) -> None:
        """Leave the bar as it is."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def _new_bar(self, **settings: Any) -> Any:
        with warnings.catch_warnings():  # that there are no widgets
            warnings.simplefilter("ignore")
            from tqdm.auto import tqdm

        if not self._is_shown:
            return tqdm(disable=True, **settings)
        has_widgets = any(base.__module__ == "tqdm.notebook" for base in tqdm.__mro__)
        if _is_notebook() and not has_widgets:
            return tqdm(file=_NotebookLine(), ncols=90, ascii=False, **settings)
        return tqdm(**settings)


class _NotebookLine:
    """A file for tqdm in a notebook without widgets: a line of text, replaced in place."""

    def __init__(self) -> None:
        self._display: Any = None

    def write(self, text: str) -> None:
        """Show the line, if there is anything in it."""
        shown = {"text/plain": text.strip("\r\n ")}
        if not shown["text/plain"]:
            return
        if self._display is None:
            display = import_module("IPython.display").display
            self._display = display(shown, raw=True, display_id=True)
        else:
            self._display.update(shown, raw=True)

    def flush(self) -> None:
        """Do nothing: a line is shown at once."""


def _is_notebook() -> bool:
    """Whether this is a notebook's kernel."""
    ipython = sys.modules.get("IPython")
    return ipython is not None and hasattr(ipython.get_ipython(), "kernel")
