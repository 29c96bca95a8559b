"""The numbers that decide a run: frozen, checked once, and the same after a trip through JSON.

Three groups: `ModelConfig` says what the network is (the numpy half needs nothing else),
`TrainConfig` fixes the trajectory together with corpus, seed and machine, `SampleConfig` says how a
character is drawn. Every field of the first two has a flag of the same name in `charrnn train`.
"""

import dataclasses
import types
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Self, get_args, get_type_hints

from charrnn.errors import UsageError

CELLS = ("cifg", "lstm", "gru", "rnn")
NUM_GATES = {"cifg": 3, "lstm": 4, "gru": 3, "rnn": 1}
OPTIMIZERS = ("soap", "adamw")
RECORDS = ("none", "lines", "blank")
PRECISIONS = ("float32", "tf32", "bf16")


def _bounded(default: Any, low: float, high: float) -> Any:
    """A numeric field with its allowed range, both ends included."""
    return field(default=default, metadata={"low": low, "high": high})


class _Checked:
    """Shared by the three groups: type and range checks on construction, and JSON both ways."""

    def __post_init__(self) -> None:
        hints = get_type_hints(type(self))
        for spec in dataclasses.fields(self):  # type: ignore[arg-type]
            _check(spec.name, getattr(self, spec.name), hints[spec.name], spec.metadata)

    def to_json(self) -> dict[str, Any]:
        """Plain values, ready for `json.dumps`."""
        return dataclasses.asdict(self)  # type: ignore[call-overload, no-any-return]

    @classmethod
    def among(cls, values: Mapping[str, Any]) -> Self:
        """Made of those values that are its fields, and defaults for the rest."""
        names = [spec.name for spec in dataclasses.fields(cls)]  # type: ignore[arg-type]
        return cls(**{name: values[name] for name in names if name in values})

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """The inverse of `to_json`. Raises `UsageError` for missing or impossible values."""
        names = {spec.name for spec in dataclasses.fields(cls)}  # type: ignore[arg-type]
        if set(values) != names:
            wrong = ", ".join(sorted(set(values) ^ names))
            raise UsageError(f"{cls.__name__} has missing or unknown fields: {wrong}")
        return cls(**values)


def _check(name: str, value: Any, hint: Any, limits: Mapping[str, Any]) -> None:
    """Raise `UsageError` unless `value` has the hinted type and lies within the limits."""
    flag = "--" + name.replace("_", "-")
    allowed = get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    if value is None and type(None) in allowed:
        return
    number = isinstance(value, int) and not isinstance(value, bool)
    fits = any(
        (kind is float and (number or isinstance(value, float)))
        or (kind is int and number)
        or (kind not in (int, float) and isinstance(value, getattr(kind, "__origin__", kind)))
        for kind in allowed
    )
    if not fits:
        raise UsageError(f"{flag} cannot be {value!r}", "see: charrnn train --help")
    low, high = limits.get("low"), limits.get("high")
    if low is not None and high is not None and not low <= value <= high:  # NaN fails too
        raise UsageError(f"{flag} {value} is out of range", f"it must be from {low} to {high}")
    choices = limits.get("choices")
    if choices and value not in choices:
        raise UsageError(f"{flag} {value!r} is not known", f"choose one of {', '.join(choices)}")


@dataclass(frozen=True)
class ModelConfig(_Checked):
    """What the network is."""

    cell: str = field(default="lstm", metadata={"choices": CELLS})
    hidden_size: int = _bounded(256, 1, 65_536)
    num_layers: int = _bounded(1, 1, 64)
    embedding_size: int = _bounded(32, 1, 65_536)  # of a character, and of each n-gram
    ngrams: int = _bounded(4, 1, 16)  # a step reads the last 1 … n characters; 1 is the textbook's
    skip: bool = True  # what a step reads goes to the head as well, past the recurrence

    def __str__(self) -> str:
        return f"{self.cell} {self.num_layers}×{self.hidden_size}"

    @property
    def num_gates(self) -> int:
        """Blocks of `hidden_size` rows in each layer's matrices: lstm 4, cifg and gru 3, rnn 1."""
        return NUM_GATES[self.cell]

    @property
    def input_size(self) -> int:
        """Numbers that a step reads: one embedding for each length of n-gram, side by side."""
        return self.ngrams * self.embedding_size

    def weight_shapes(self, vocab_size: int, ngram_rows: int = 0) -> dict[str, tuple[int, ...]]:
        """Every weight's name and shape, in the order of the data's way through the network.

        `ngram_rows` counts the embeddings besides those of the characters (`ngrams.num_rows`).
        """
        gate_rows = self.num_gates * self.hidden_size
        shapes: dict[str, tuple[int, ...]] = {
            "embedding": (ngram_rows + vocab_size, self.embedding_size)
        }
        for k in range(self.num_layers):
            input_size = self.input_size if k == 0 else self.hidden_size
            shapes[f"layers.{k}.weight_ih"] = (gate_rows, input_size)
            shapes[f"layers.{k}.weight_hh"] = (gate_rows, self.hidden_size)
            shapes[f"layers.{k}.bias_ih"] = (gate_rows,)
            shapes[f"layers.{k}.bias_hh"] = (gate_rows,)
        return shapes | {
            "head.weight": (vocab_size, self.hidden_size + self.skip * self.input_size),
            "head.bias": (vocab_size,),
        }

    def num_parameters(self, vocab_size: int, ngram_rows: int = 0) -> int:
        """How many numbers the network learns."""
        total = 0
        for shape in self.weight_shapes(vocab_size, ngram_rows).values():
            total += shape[0] * (shape[1] if len(shape) == 2 else 1)
        return total


@dataclass(frozen=True)
class TrainConfig(_Checked):
    """What decides the trajectory, besides the corpus."""

    steps: int = _bounded(4000, 1, 2**48)
    batch_size: int = _bounded(32, 1, 65_536)  # lanes
    seq_length: int = _bounded(48, 1, 65_536)  # characters per window of truncated backpropagation
    learning_rate: float = _bounded(1.2e-2, 0.0, 10.0)  # the highest; see training.learning_rate
    grad_clip: float = _bounded(1.0, 0.0, 1e9)  # largest norm of the whole gradient; 0 is no limit
    weight_decay: float = _bounded(0.0, 0.0, 10.0)  # decoupled, on matrices only
    optimizer: str = field(default="soap", metadata={"choices": OPTIMIZERS})
    records: str = field(default="none", metadata={"choices": RECORDS})  # texts of their own
    ngram_min_count: int = _bounded(6, 1, 2**48)  # rarer n-grams have no embedding of their own
    dropout: float = _bounded(0.0, 0.0, 0.95)  # of what the layers read and give
    weight_dropout: float = _bounded(0.0, 0.0, 0.95)  # of the recurrent matrices
    state_reset: float = _bounded(0.05, 0.0, 1.0)  # chance that a lane's state starts from zero
    val_fraction: float = _bounded(0.1, 0.0, 0.9)  # the tail of the corpus, but for the test split
    test_fraction: float = _bounded(0.0, 0.0, 0.9)  # the very end, scored once when all is over
    max_val_chars: int = _bounded(1_000_000, 0, 2**48)  # no more than this of it; 0 is no limit
    eval_every: int = _bounded(1000, 1, 2**48)  # steps between validations
    seed: int = _bounded(1, 0, 2**63 - 1)
    device: str = "cpu"
    precision: str = field(default="float32", metadata={"choices": PRECISIONS})  # of products
    threads: int = _bounded(1, 1, 4096)
    # Where the clock has corrected the schedule: see training.schedule_share.
    schedule_step: int = _bounded(0, 0, 2**48)
    schedule_done: float = _bounded(0.0, 0.0, 1.0)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.val_fraction + self.test_fraction > 0.99:
            raise UsageError(
                f"--val-fraction {self.val_fraction} and --test-fraction {self.test_fraction} leave"
                " nothing to learn from",
                "let them be 0.99 together at most",
            )

    def num_train(self, num_chars: int) -> int:
        """Where in a corpus the validation split begins; it ends where the test split begins.

        Two characters at least are left to learn from. `max_val_chars` bounds the split, for
        validating on more costs time and tells no more.
        """
        before_test = self.num_before_test(num_chars)
        num_train = max(
            int(num_chars * (1 - self.val_fraction - self.test_fraction)), min(before_test, 2)
        )
        if self.max_val_chars:
            num_train = max(num_train, before_test - self.max_val_chars)
        return min(num_train, before_test)

    def num_before_test(self, num_chars: int) -> int:
        """Where in a corpus the test split begins: it is the tail; without one, the end."""
        return max(int(num_chars * (1 - self.test_fraction)), min(num_chars, 2))


@dataclass(frozen=True)
class SampleConfig(_Checked):
    """How a character is drawn; the filters apply in the order top_k, top_p, min_p."""

    temperature: float = _bounded(0.8, 0.0, 100.0)  # 0 takes the most likely character
    final_temperature: float | None = _bounded(None, 0.0, 100.0)  # of the last character
    length: int = _bounded(1000, -1, 2**62)  # characters; -1 is without end
    top_k: int = _bounded(0, 0, 2**31)  # keep the k most likely; 0 keeps all
    top_p: float = _bounded(1.0, 0.0, 1.0)  # keep the fewest whose probabilities reach p
    min_p: float = _bounded(0.0, 0.0, 1.0)  # drop what is below p times the most likely one
    repeat_penalty: float = _bounded(0.0, 0.0, 1000.0)  # nats; see steering.RepeatPenalty
    seed: int = _bounded(0, 0, 2**63 - 1)
    stop: tuple[str, ...] = ()  # end before any of these texts
    until: tuple[str, ...] = ()  # end after any of these

    def __post_init__(self) -> None:
        super().__post_init__()
        if "" in self.stop:
            raise UsageError("--stop '' is empty", "give it a text to end before")
        if "" in self.until:
            raise UsageError("--until '' is empty", "give it a text to end after")
        if self.final_temperature is not None and self.length < 2:
            raise UsageError(
                f"--length {self.length} has no way to go from one temperature to another",
                "give a ramp a length of at least 2",
            )

    @cached_property
    def has_filters(self) -> bool:
        """Whether some characters are not to be drawn at all."""
        return self.top_k > 0 or self.top_p < 1 or self.min_p > 0

    @cached_property
    def is_plain(self) -> bool:
        """Whether a softmax does it: no filter, and no temperature that numbers overflow at."""
        lowest = min(self.temperature, self.final_temperature or self.temperature)
        return not self.has_filters and lowest > 1e-3 and self.final_temperature != 0

    def temperature_at(self, position: Any) -> Any:
        """The temperature of a character, or of several, by how many came before: it changes in
        equal steps from the first character to the last of `length`.
        """
        if self.final_temperature is None:
            return self.temperature
        share = position / (self.length - 1)
        return self.temperature * (1 - share) + self.final_temperature * share
