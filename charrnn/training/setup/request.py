"""What a caller asks for: a new run, or to continue one.

Imports no torch, so that a mistake in a request is found at once.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from charrnn.config import DataConfig, RuntimeConfig, TrainConfig
from charrnn.errors import SettingError
from charrnn.runs.restarts import Launch
from charrnn.runs.root import Root
from charrnn.runs.run import Run
from charrnn.runs.schemas import SCHEMAS, Schema
from charrnn.sources import paths
from charrnn.tasks.task import SourceNames
from charrnn.training.budget import Budget

LANGUAGE_MODEL, SEQ2SEQ, CLASSIFY = "language_model", "seq2seq", "classify"


def named_sources(
    corpus: Sequence[str],
    *,
    source: Sequence[str] = (),
    target: Sequence[str] = (),
    val: Sequence[str] = (),
    pairs: bool = False,
    labels: bool = False,
    allow_short: bool = False,
) -> tuple[str, SourceNames]:
    """Return the task that files are for, and their names. `source` and `target` are files of
    pairs, line by line side by side. Without any name, the text is Shakespeare's plays.

    Raises `SettingError` where the names contradict each other, or none is given for pairs or
    labels.
    """
    if pairs and labels:
        raise SettingError("pairs and labels were both given", "choose one", "pairs", "labels")
    if bool(source) != bool(target):
        one, other = ("source", "target") if source else ("target", "source")
        raise SettingError(f"{one} was given without {other}", "give both", one, other)
    if source and corpus:
        raise SettingError(
            f"{' '.join(corpus)} was given, and source and target too", "choose one",
            "source", "target",
        )  # fmt: skip
    task = CLASSIFY if labels else SEQ2SEQ if pairs or source else LANGUAGE_MODEL
    if task != LANGUAGE_MODEL and not (source or corpus):
        line = "a text, a tab and a label" if labels else "a source, a tab and a target"
        given = SCHEMAS[task].learned
        raise SettingError(
            f"{given} was given without a file", f"name a file with {line} in each line", given
        )
    names = tuple(source or corpus or (paths.SHAKESPEARE,))
    sources = SourceNames(names, tuple(val), allow_short, tuple(target))
    return task, sources


def implied_settings(settings: Mapping[str, Any], *, has_val: bool) -> dict[str, Any]:
    """Return the settings with those that others imply: a column is read as records, and a
    validation text of its own needs no fraction of the corpus. Raises `SettingError`.
    """
    implied = dict(settings)
    if implied.get("column") is not None and implied.get("records", "none") == "none":
        implied["records"] = "lines"
    if has_val:
        if implied.get("val_fraction", DataConfig.val_fraction) != DataConfig.val_fraction:
            raise SettingError(
                "val and val_fraction were both given", "choose one", "val", "val_fraction"
            )
        implied["val_fraction"] = 0.0
    return implied


@dataclass(frozen=True)
class Request:
    """A new run. Raises `SettingError` for a setting that is out of range."""

    sources: SourceNames
    root: Root  # the folder for the run; also where `init_from` is looked for
    settings: Mapping[str, Any] = field(default_factory=dict)  # fields of the configurations
    budget: Budget = field(default_factory=Budget)
    task: str = LANGUAGE_MODEL
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
        others = [each.learned for each in SCHEMAS.values() if name in each.settings]
        if others and schema is SCHEMAS[LANGUAGE_MODEL]:
            message, learned = f"{name} works only with {' or '.join(others)}", others
        else:
            message, learned = f"{name} does not work with {schema.learned}", [schema.learned]
        raise SettingError(message, "leave it out", name, *learned)


@dataclass(frozen=True)
class ResumeRequest:
    """A run to continue from its newest checkpoint."""

    run: Run  # locked by the caller
    budget: Budget = field(default_factory=Budget)  # a new length; by default the run keeps its own
    settings: Mapping[str, Any] = field(default_factory=dict)  # another device, or threads
    keep_corpus: bool = False  # train on the encoded copy where the text has changed
