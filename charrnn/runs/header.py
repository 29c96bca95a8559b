"""The header of a checkpoint: all that it says besides its arrays; typed, and as JSON.

Every value of the JSON object is checked, for it may come from a stranger.
docs/checkpoint-format.md describes the fields.
"""

import dataclasses
import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from charrnn._text import valid_unicode
from charrnn.config import RuntimeConfig, TrainConfig
from charrnn.data.corpus import NAMES_IN_A_RUN, CorpusFacts, CorpusReference
from charrnn.data.vocab import Vocab
from charrnn.errors import CheckpointError, NewerError
from charrnn.runs.migrations import FORMAT, upgraded
from charrnn.runs.safetensors_file import Shape
from charrnn.runs.schemas import SCHEMAS, Schema


@dataclass(frozen=True)
class Position:
    """How far a run has come."""

    step: int = 0
    elapsed_seconds: float = 0.0  # of training, since the run began
    rollbacks: int = 0  # returns to an earlier checkpoint after divergence, at half the rate each
    ranks: int = 1  # processes that make the next step together

    def to_json(self) -> dict[str, Any]:
        """Return plain values, ready for `json.dumps`."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, values: Any) -> "Position":
        """Return the position with these values. Raises ValueError if one is not valid."""
        _require_names("position", values, [spec.name for spec in dataclasses.fields(cls)])
        position = cls(**values)
        for name, least in (("step", 0), ("rollbacks", 0), ("ranks", 1)):
            if type(values[name]) is not int or values[name] < least:
                raise ValueError(f"its {name} cannot be {values[name]!r}")
        _require_finite(position.elapsed_seconds)
        return position


@dataclass(frozen=True, kw_only=True, repr=False)
class CheckpointHeader:
    """A run at one step, without its arrays: quick to read at any size.

    The types of the configurations, vocabularies and corpora are those of the task's schema; `Any`
    stands for them.
    """

    task: str  # its name in the registry
    model: Any  # ModelConfig, of a language model
    data: Any  # DataConfig, of one text
    train: TrainConfig
    runtime: RuntimeConfig
    vocabs: Mapping[str, Any]  # by what they spell: "text", …
    corpora: Mapping[str, Any]
    position: Position
    metrics: Mapping[str, float] = field(default_factory=dict)  # of these weights: "val_loss", …
    shapes: Mapping[str, Shape] = field(default_factory=dict, compare=False)  # of the arrays
    path: Path | None = field(default=None, compare=False)  # of the file that it was read from

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.model}, {self.progress})"

    @property
    def speaks_only(self) -> bool:
        """Whether it was copied without what training needs and tells: see speaking_part.py."""
        return all(facts.is_left_out for facts in self.corpora.values())

    @property
    def progress(self) -> str:
        """How far the run has come, in words."""
        if self.speaks_only:
            return "a copy without training state"
        return f"step {self.position.step:,} of {self.train.steps:,}"

    @property
    def corpus_names(self) -> tuple[str, ...]:
        """The names of what was learned, as typed; none if they were left out."""
        told = (facts for facts in self.corpora.values() if not facts.is_left_out)
        return tuple(name for facts in told for name in facts.names)

    @property
    def run_name(self) -> str:
        """The name of its run, for people; of another file, its path. Any page can hold it."""
        if self.path is None:
            return ""
        is_in_a_run = self.path.name in NAMES_IN_A_RUN
        return valid_unicode(self.path.parent.name if is_in_a_run else str(self.path))

    @property
    def schema(self) -> Schema:
        """What a checkpoint of this task must hold."""
        return SCHEMAS[self.task]

    @property
    def vocab(self) -> Vocab:
        """The vocabulary of a task that has one text."""
        vocab: Vocab = self.vocabs["text"]
        return vocab

    @property
    def corpus(self) -> CorpusFacts:
        """The corpus of a task that has one text."""
        corpus: CorpusFacts = self.corpora["text"]
        return corpus

    @property
    def corpus_reference(self) -> CorpusReference:
        """What it takes to read the run's corpus again."""
        return CorpusReference(self.corpus, self.vocab, self.data, self.train.seed, self.path)

    @property
    def num_parameters(self) -> int:
        """How many numbers the network learned."""
        shapes = self.shapes.items()
        return sum(math.prod(shape) for name, shape in shapes if name.startswith("weights."))

    def to_json(self) -> dict[str, Any]:
        """Return plain values, ready for `json.dumps`. Metrics that are not finite are left out."""
        return {
            "format": FORMAT,
            "needs": self.schema.needs,
            "task": self.task,
            "model": self.model.to_json(),
            "data": self.data.to_json(),
            "train": self.train.to_json(),
            "runtime": self.runtime.to_json(),
            "vocabs": {name: vocab.to_json() for name, vocab in self.vocabs.items()},
            "corpora": {name: corpus.to_json() for name, corpus in self.corpora.items()},
            "position": self.position.to_json(),
            "metrics": {
                k: float(value) for k, value in self.metrics.items() if math.isfinite(value)
            },
        }

    @classmethod
    def from_json(cls, values: Any, path: Path) -> "CheckpointHeader":
        """Return the header that these values of any format describe; errors name the path.

        Raises `CheckpointError` for what only a newer charrnn knows; LookupError, TypeError,
        ValueError, AttributeError or a `CharRNNError` for what is not valid.
        """
        _require_known_format(values, path)
        values = upgraded(values)
        schema = _known_schema(values, path)
        header = cls(
            task=values["task"],
            model=schema.model.from_json(values["model"]),
            data=schema.data.from_json(values["data"]),
            train=TrainConfig.from_json(values["train"]),
            runtime=RuntimeConfig.from_json(values["runtime"]),
            vocabs=_each("vocabularies", schema.vocabs, values["vocabs"]),
            corpora=_each("corpora", schema.corpora, values["corpora"]),
            position=Position.from_json(values["position"]),
            metrics=_finite(values["metrics"]),
        )
        if contradiction := schema.contradiction(header.data, header.vocabs):
            raise ValueError(contradiction)
        return header


def _require_known_format(values: Any, path: Path) -> None:
    number = values["format"]
    if type(number) is not int or number < 1:
        raise ValueError(f"format {number!r}")
    if number > FORMAT:
        raise NewerError(
            f"{path} was written by a newer charrnn: it has format {number}, this one knows up to"
            f" {FORMAT}",
            _upgrade_to(values),
        )


def _known_schema(values: Mapping[str, Any], path: Path) -> Schema:
    task = values["task"]
    if task not in SCHEMAS:
        raise CheckpointError(
            f"{path} is of the task {str(task)[:40]!r}, which this charrnn does not know",
            _upgrade_to(values),
        )
    return SCHEMAS[task]


def _upgrade_to(values: Mapping[str, Any]) -> str:
    needs = str(values.get("needs", "a newer one"))[:20]
    return f"it needs charrnn {needs}: pip install --upgrade charrnn"


def _each(what: str, types: Mapping[str, Any], values: Any) -> dict[str, Any]:
    _require_names(what, values, types)
    return {name: kind.from_json(values[name]) for name, kind in types.items()}


def _require_names(what: str, values: Any, names: Any) -> None:
    if values.keys() != set(names):
        raise ValueError(f"its {what} are not {', '.join(names)}")


def _finite(metrics: Any) -> dict[str, float]:
    for number in metrics.values():
        _require_finite(number)
    return dict(metrics)


def _require_finite(number: Any) -> None:
    if type(number) not in (int, float) or not abs(number) <= sys.float_info.max:
        raise ValueError("a time or a metric is not a finite number")
