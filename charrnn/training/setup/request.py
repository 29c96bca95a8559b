"""What a caller asks for: a new run, or to continue one.

Imports no torch, so that a mistake in a request is found at once.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from charrnn.config import LABEL, DataConfig, RuntimeConfig, TrainConfig
from charrnn.errors import SettingError
from charrnn.runs import task_names
from charrnn.runs.restarts import Launch
from charrnn.runs.root import Root
from charrnn.runs.run import Run
from charrnn.runs.schemas import SCHEMAS, Schema
from charrnn.sources import paths
from charrnn.tasks.task import SourceNames
from charrnn.training.budget import Budget

_LINES = {  # of a file, by the flag that says what it is
    "given": "a text, a tab and a label",
    "labels": "a text, a tab and a label",
    "images": "the path of a picture, a tab and a caption",
}


def named_sources(
    corpus: Sequence[str],
    *,
    source: Sequence[str] = (),
    target: Sequence[str] = (),
    val: Sequence[str] = (),
    pairs: bool = False,
    labels: bool = False,
    given: str | None = None,
    in_step: bool = False,
    images: str | None = None,
    allow_short: bool = False,
) -> tuple[str, SourceNames]:
    """Return the task that files are for, and their names. `source` and `target` are files of
    pairs, line by line side by side; `given` says that labels are given, and texts learned;
    `images` is the folder of pictures that have captions in the files. Without any name, the text
    is Shakespeare's plays.

    Raises `SettingError` where the names contradict each other, or none is given for pairs, labels
    or captions.
    """
    if bool(source) != bool(target):
        one, other = ("source", "target") if source else ("target", "source")
        raise SettingError(f"{one} was given without {other}", "give both", one, other)
    if source and corpus:
        raise SettingError(
            f"{' '.join(corpus)} was given, and source and target too", "choose one",
            "source", "target",
        )  # fmt: skip
    flag = _one_of(
        pairs=pairs, in_step=in_step, given=given is not None, labels=labels,
        images=images is not None,
    )  # fmt: skip
    if source and not flag:
        flag = SCHEMAS[task_names.SEQ2SEQ].flag
    task = next(name for name, schema in SCHEMAS.items() if schema.flag == flag)
    if flag and not (source or corpus):
        line = _LINES.get(flag, "a source, a tab and a target")
        raise SettingError(
            f"{flag} was given without a file", f"name a file with {line} in each line", flag
        )
    names = tuple(source or corpus or (paths.SHAKESPEARE,))
    sources = SourceNames(names, tuple(val), allow_short, tuple(target))
    return task, sources


def _one_of(**flags: bool) -> str:
    """Return which of the flags that say what is learned is given, or an empty string. `given` may
    be explained by `labels`. Raises `SettingError` for two.
    """
    chosen = [flag for flag, is_given in flags.items() if is_given]
    if len(chosen) > 1 and chosen != ["given", "labels"]:
        one, other, *_ = chosen
        raise SettingError(f"{one} and {other} were both given", "choose one", one, other)
    return chosen[0] if chosen else ""


def implied_settings(
    settings: Mapping[str, Any],
    *,
    has_val: bool,
    given: str | None = None,
    images: str | None = None,
) -> dict[str, Any]:
    """Return the settings with those that others imply: a column is read as records, a validation
    text of its own needs no fraction of the corpus, of labels that are given the column may be
    named there, and the folder of pictures is one of them. Raises `SettingError`.
    """
    implied = dict(settings)
    if images is not None:
        implied["images"] = images
    if given is not None:
        _imply_column(implied, given)
    if implied.get("column") is not None and implied.get("records", "none") == "none":
        implied["records"] = "lines"
    if has_val:
        if implied.get("val_fraction", DataConfig.val_fraction) != DataConfig.val_fraction:
            raise SettingError(
                "val and val_fraction were both given", "choose one", "val", "val_fraction"
            )
        implied["val_fraction"] = 0.0
    return implied


def _imply_column(settings: dict[str, Any], given: str) -> None:
    """Add the column of the labels, if `given` names it. Raises `SettingError`."""
    texts, labels = settings.get("source_column"), settings.get("target_column")
    if given != LABEL and texts is None:
        raise SettingError(
            f"given {given} is not known",
            f"type {LABEL}; for a table, the column of labels, with source_column that of texts",
            "given", "source_column",
        )  # fmt: skip
    if given != LABEL and labels not in (None, given):
        raise SettingError(
            f"given {given} and target_column {labels} were both given", "choose one column",
            "given", "target_column",
        )  # fmt: skip
    if texts is not None and labels is None:
        settings["target_column"] = given


@dataclass(frozen=True)
class Request:
    """A new run. Raises `SettingError` for a setting that is out of range."""

    sources: SourceNames
    root: Root  # the folder for the run; also where `init_from` is looked for
    settings: Mapping[str, Any] = field(default_factory=dict)  # fields of the configurations
    budget: Budget = field(default_factory=Budget)
    task: str = task_names.LANGUAGE_MODEL
    run_name: str | None = None
    init_from: str | None = None  # a run, or a checkpoint, to start with the weights of
    launch: Launch | None = None  # by torchrun, which may start the command again

    def __post_init__(self) -> None:
        if self.task not in SCHEMAS:
            hint = f"choose one of {', '.join(SCHEMAS)}"
            raise SettingError(f"task {self.task!r} is not known", hint, "task")
        schema = SCHEMAS[self.task]
        _require_meaning(self.settings, schema)
        for kind in (schema.model, schema.data, TrainConfig, RuntimeConfig):
            kind.among(self.settings)
        if "teacher_weight" in self.settings and not self.teachers:
            raise SettingError(
                "teacher_weight was given without teachers", "name a run to learn from",
                "teacher_weight", "teachers",
            )  # fmt: skip

    @property
    def teachers(self) -> Sequence[str]:
        """The runs, or checkpoint files, to learn from beside the text, as they were named."""
        return TrainConfig.among(self.settings).teachers

    @property
    def data(self) -> Any:
        """How to read and split the corpus: the configuration of that type in the schema."""
        return SCHEMAS[self.task].data.among(self.settings)

    @property
    def seed(self) -> int:
        """The seed of every random draw."""
        return TrainConfig.among(self.settings).seed


def _require_meaning(settings: Iterable[str], schema: Schema) -> None:
    """Raise `SettingError` for a setting that means nothing to a task."""
    for name in settings:
        if name in schema.settings:
            continue
        others = [each.flag for each in SCHEMAS.values() if name in each.settings]
        if others and not schema.flag:
            *first, last = others
            listed = f"{', '.join(first)} or {last}" if first else last
            message, flags = f"{name} works only with {listed}", others
        else:
            message = f"{name} does not work with {schema.flag or schema.learned}"
            flags = [schema.flag]
        raise SettingError(message, "leave it out", name, *filter(None, flags))


@dataclass(frozen=True)
class ResumeRequest:
    """A run to continue from its newest checkpoint."""

    run: Run  # locked by the caller
    budget: Budget = field(default_factory=Budget)  # a new length; by default the run keeps its own
    settings: Mapping[str, Any] = field(default_factory=dict)  # another device, or threads
    keep_corpus: bool = False  # train on the encoded copy where the text has changed
