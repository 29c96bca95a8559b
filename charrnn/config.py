"""The settings of a run: frozen dataclasses, checked once, with a JSON round trip.

`ModelConfig` says what the network is (the numpy half needs nothing else), `DataConfig` how files
become a corpus and its splits (for pairs: `EncoderDecoderConfig`, `PairsConfig`), `TrainConfig`
what decides the trajectory on that corpus, `RuntimeConfig` what computes it, `SampleConfig` how a
character is drawn, `TranslateConfig` how a target is searched.

A setting is declared once, as a field: default, help, range, other spellings of its flag. The
checks here and the flags of the command line (cli/flags/settings.py) follow from it.
"""

import dataclasses
import inspect
import types
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Self, TypeVar, get_args, get_type_hints

from charrnn.cells import CELLS, cell_spec
from charrnn.errors import SettingError, UsageError

ATTENTIONS = ("dot", "none")
SYMBOLS = ("characters", "spaces", "whole")
NORMALISATIONS = ("none", "nfc", "nfd", "nfkc", "nfkd")
OPTIMIZERS = ("soap", "adamw")
RECORDS = ("none", "lines", "blank")
ERRORS = ("strict", "replace", "skip")
PRECISIONS = ("float32", "tf32", "bf16")
KERNEL_SIDE = 3  # pixels that a convolution reads in each direction
POSITION_SIZE = 16  # numbers that tell where in a picture a cell is
LABEL = "label"  # what a text is learned for, whatever a table calls its column

_NETWORK, _LEARNING, _LENGTH = "Network", "Learning", "How long"
_CORPUS, _MACHINE, _DRAWING = "Corpus", "Run and display", "How a character is drawn"
_PAIRS = "Pairs"
_BY_CORPUS = "by corpus"

_Function = TypeVar("_Function", bound=Callable[..., Any])


@dataclass(frozen=True)
class Setting:
    """What a field's metadata says of it, besides its default."""

    help: str = ""  # of its flag; a setting without help has no flag of its own
    panel: str = ""  # the heading of the flag's help
    low: float | None = None  # the allowed range, both ends included
    high: float | None = None
    choices: tuple[str, ...] = ()
    flag: str = ""  # where it is not the field's name
    aliases: tuple[str, ...] = ()  # other spellings of the flag
    metavar: str | None = None
    typed: type | None = None  # the type of the flag, where it takes more than the setting
    is_chosen: bool = False  # a run chooses the value unless it is given
    shown_default: str | None = None  # in help, where the default is not a plain value


def setting(default: Any, **details: Any) -> Any:
    """A dataclass field with a default and the details of a `Setting`."""
    return field(default=default, metadata={"setting": Setting(**details)})


def setting_of(spec: dataclasses.Field[Any]) -> Setting:
    """What a field's metadata says of it."""
    declared: Setting = spec.metadata["setting"]
    return declared


class Checked:
    """Base of the settings: type and range checks on construction, and JSON both ways."""

    def __post_init__(self) -> None:
        hints = get_type_hints(type(self))
        for spec in dataclasses.fields(self):  # type: ignore[arg-type]
            _check(spec.name, getattr(self, spec.name), hints[spec.name], setting_of(spec))

    def to_json(self) -> dict[str, Any]:
        """Plain values, ready for `json.dumps`."""
        return dataclasses.asdict(self)  # type: ignore[call-overload, no-any-return]

    @classmethod
    def names(cls) -> frozenset[str]:
        """The names of the settings."""
        return frozenset(spec.name for spec in dataclasses.fields(cls))  # type: ignore[arg-type]

    @classmethod
    def among(cls, values: Mapping[str, Any]) -> Self:
        """Take those values that are settings of this class, and defaults for the rest."""
        return cls(**{name: value for name, value in values.items() if name in cls.names()})

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """The inverse of `to_json`. Raises `UsageError` for missing or impossible values."""
        if set(values) != cls.names():
            wrong = ", ".join(sorted(set(values) ^ cls.names()))
            raise UsageError(f"{cls.__name__} has missing or unknown fields: {wrong}")
        return cls(**values)


class _NotGiven:
    """Stands for a default that is chosen later."""

    def __repr__(self) -> str:
        return "..."


_NOT_GIVEN = _NotGiven()


def with_keywords(settings: type) -> Callable[[_Function], _Function]:
    """Show the keys of a TypedDict as keywords of a function that takes them as `**settings`, in
    help() and in the completion of a notebook.
    """

    def decorated(function: _Function) -> _Function:
        signature = inspect.signature(function)
        *others, _ = signature.parameters.values()
        kind = inspect.Parameter.KEYWORD_ONLY
        keys = [
            inspect.Parameter(name, kind, default=_NOT_GIVEN, annotation=annotation)
            for name, annotation in settings.__annotations__.items()
        ]
        function.__signature__ = signature.replace(parameters=[*others, *keys])  # type: ignore[attr-defined]
        return function

    return decorated


def require_known(names: Iterable[str], known: Iterable[str]) -> None:
    """Raise `SettingError` for a name that is not one of the known settings."""
    known = sorted(known)
    for name in names:
        if name not in known:
            from difflib import get_close_matches  # here, for it takes time and is rarely needed

            close = get_close_matches(name, known, 1)
            hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(known)}"
            raise SettingError(f"there is no setting {name!r}", hint, name)


def _check(name: str, value: Any, hint: Any, allowed: Setting) -> None:
    """Raise `SettingError` unless `value` has the hinted type and is in the allowed range."""
    kinds = get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    if value is None and type(None) in kinds:
        return
    if not any(_is_of_kind(value, kind) for kind in kinds):
        raise SettingError(f"{name} cannot be {value!r}", f"it must be {_described(kinds)}", name)
    low, high = allowed.low, allowed.high
    if low is not None and high is not None and not low <= value <= high:  # NaN fails too
        hint = f"it must be from {low} to {high}"
        raise SettingError(f"{name} {value} is out of range", hint, name)
    if allowed.choices and value not in allowed.choices:
        hint = f"choose one of {', '.join(allowed.choices)}"
        raise SettingError(f"{name} {value!r} is not known", hint, name)


def _is_of_kind(value: Any, kind: Any) -> bool:
    """Whether a value has that type; an integer is a float too, and a bool is no number."""
    if kind in (int, float):
        return isinstance(value, int | kind) and not isinstance(value, bool)
    return isinstance(value, getattr(kind, "__origin__", kind))


def _described(kinds: tuple[Any, ...]) -> str:
    words = {int: "a whole number", float: "a number", bool: "True or False", str: "a text"}
    return " or ".join(words.get(kind, "texts") for kind in kinds if kind is not type(None))


@dataclass(frozen=True)
class ModelConfig(Checked):
    """What the network is."""

    cell: str = setting(
        "lstm",
        help=f"{', '.join(CELLS[:-1])} or {CELLS[-1]}.",
        panel=_NETWORK, choices=CELLS, is_chosen=True, shown_default="lstm",
    )  # fmt: skip
    hidden_size: int = setting(
        256,
        help="Hidden size: units per layer.",
        panel=_NETWORK, low=1, high=65_536, aliases=("--rnn-size",),
        is_chosen=True, shown_default=_BY_CORPUS,
    )  # fmt: skip
    num_layers: int = setting(
        1,
        help="Number of recurrent layers.",
        panel=_NETWORK, low=1, high=64, is_chosen=True, shown_default="1",
    )  # fmt: skip
    # of a character, and of each n-gram
    embedding_size: int = setting(
        32,
        help="Embedding size.",
        panel=_NETWORK, low=1, high=65_536, is_chosen=True, shown_default=_BY_CORPUS,
    )  # fmt: skip
    ngrams: int = setting(
        4,
        help="Each step reads the last 1 to n characters; 1 is a plain recurrent network.",
        panel=_NETWORK, low=1, high=16, is_chosen=True, shown_default="4; 5 with labels",
    )  # fmt: skip
    # what a step reads goes to the head as well, past the recurrence
    skip: bool = setting(
        True,
        help="Feed the embeddings to the output layer as well.",
        panel=_NETWORK, flag="--skip/--no-skip", is_chosen=True,
        shown_default="unless --ngrams 1",
    )  # fmt: skip

    def __str__(self) -> str:
        return f"{self.cell} {self.num_layers}×{self.hidden_size}"

    @property
    def num_gates(self) -> int:
        """How many blocks of `hidden_size` rows each layer's matrices have."""
        return len(cell_spec(self.cell).gates)

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


class EncoderConfig(Checked):
    """Base of the networks with an encoder (models.encoders): its sizes, and what its weights are.

    An encoder has recurrent layers that read a source in one direction or in both.
    """

    cell: str
    hidden_size: int
    embedding_size: int
    encoder_layers: int

    @property
    def directions(self) -> tuple[str, ...]:
        """The ways in which each layer reads the source."""
        return ("forwards", "backwards")

    @property
    def input_size(self) -> int:
        """Numbers that the lowest layer reads for each source symbol."""
        return self.embedding_size

    @property
    def direction_size(self) -> int:
        """Units of a layer in each direction."""
        return -(-self.hidden_size // len(self.directions))

    @property
    def memory_size(self) -> int:
        """Numbers that the encoder hands over for each source symbol."""
        return self.direction_size * len(self.directions)

    def encoder_shapes(self) -> dict[str, tuple[int, ...]]:
        """The name and shape of each weight of the encoder."""
        shapes: dict[str, tuple[int, ...]] = {}
        for k in range(self.encoder_layers):
            input_size = self.input_size if k == 0 else self.memory_size
            for direction in self.directions:
                name = f"encoder.{k}.{direction}"
                shapes |= _layer_shapes(self.cell, name, input_size, self.direction_size)
        return shapes


class DecoderConfig(Checked):
    """Base of the networks with a decoder (models.seq2seq): its sizes, and what its weights are.

    A decoder writes a target, and looks at the memory that an encoder hands over.
    """

    cell: str
    hidden_size: int
    embedding_size: int
    decoder_layers: int

    @property
    def memory_size(self) -> int:
        """Numbers in each vector of the memory."""
        raise NotImplementedError

    @property
    def has_attention(self) -> bool:
        """Whether the decoder looks at the memory; without, it gets only its first states."""
        return True

    def decoder_input_size(self, k: int) -> int:
        """Numbers that a layer of the decoder reads: the context comes in above the lowest."""
        if k == 0:
            return self.embedding_size
        return self.hidden_size + (self.memory_size if k == 1 and self.has_attention else 0)

    def decoder_shapes(self, target_size: int) -> dict[str, tuple[int, ...]]:
        """The name and shape of each weight of the decoder, by the size of its vocabulary."""
        num_states = self.decoder_layers * len(cell_spec(self.cell).state)
        shapes: dict[str, tuple[int, ...]] = {
            "bridge.weight": (num_states * self.hidden_size, self.memory_size),
            "bridge.bias": (num_states * self.hidden_size,),
            "target_embedding": (target_size, self.embedding_size),
        }
        for k in range(self.decoder_layers):
            name, input_size = f"decoder.{k}", self.decoder_input_size(k)
            shapes |= _layer_shapes(self.cell, name, input_size, self.hidden_size)
        read_by_head = self.hidden_size
        if self.has_attention:
            shapes["attention.weight"] = self.memory_size, self.hidden_size
            read_by_head += self.memory_size
        return shapes | {"head.weight": (target_size, read_by_head), "head.bias": (target_size,)}


def _layer_shapes(
    cell: str, name: str, input_size: int, hidden_size: int
) -> dict[str, tuple[int, ...]]:
    """The name and shape of each weight of a recurrent layer."""
    num_rows = len(cell_spec(cell).gates) * hidden_size
    return {
        f"{name}.weight_ih": (num_rows, input_size),
        f"{name}.weight_hh": (num_rows, hidden_size),
        f"{name}.bias_ih": (num_rows,),
        f"{name}.bias_hh": (num_rows,),
    }


@dataclass(frozen=True)
class EncoderDecoderConfig(EncoderConfig, DecoderConfig):
    """What an encoder and a decoder are that are trained together (models.seq2seq)."""

    cell: str = setting("lstm", choices=CELLS)
    hidden_size: int = setting(128, low=1, high=65_536)
    embedding_size: int = setting(32, low=1, high=65_536)  # of a source and of a target symbol
    encoder_layers: int = setting(
        2, help="Number of layers of the encoder.",
        panel=_PAIRS, low=1, high=64, is_chosen=True, shown_default="2; 1 with labels or in step",
    )  # fmt: skip
    decoder_layers: int = setting(
        2, help="Number of layers of the decoder.",
        panel=_PAIRS, low=1, high=64, is_chosen=True, shown_default="2",
    )  # fmt: skip
    attention: str = setting(
        "dot",
        help="How the decoder looks at the source: dot, or none (it gets one state, and the source"
        " is read from its end).",
        panel=_PAIRS, choices=ATTENTIONS,
    )  # fmt: skip

    def __str__(self) -> str:
        return f"{self.cell} {self.encoder_layers}+{self.decoder_layers}×{self.hidden_size}"

    @property
    def directions(self) -> tuple[str, ...]:
        """The ways in which each layer of the encoder reads the source."""
        return super().directions if self.has_attention else ("backwards",)

    @property
    def has_attention(self) -> bool:
        """Whether the decoder looks at the source; without, it gets one state."""
        return self.attention != "none"

    def weight_shapes(self, source_size: int, target_size: int) -> dict[str, tuple[int, ...]]:
        """Every weight's name and shape, by the sizes of both vocabularies."""
        return {
            "source_embedding": (source_size, self.embedding_size),
            **self.encoder_shapes(),
            **self.decoder_shapes(target_size),
        }


@dataclass(frozen=True)
class CaptionerConfig(DecoderConfig):
    """What a network is that describes pictures (models.encoders.picture_encoder, models.seq2seq).

    Each layer of its encoder is a convolution that halves the picture.
    """

    cell: str = setting("lstm", choices=CELLS)
    hidden_size: int = setting(128, low=1, high=65_536)
    embedding_size: int = setting(32, low=1, high=65_536)  # of a target symbol
    encoder_layers: int = setting(3, low=1, high=8)
    decoder_layers: int = setting(2, low=1, high=64)

    def __str__(self) -> str:
        return f"{self.cell} {self.encoder_layers}+{self.decoder_layers}×{self.hidden_size}"

    @property
    def memory_size(self) -> int:
        """Numbers that the encoder hands over for each cell of its grid."""
        return self.hidden_size

    @property
    def channels(self) -> tuple[int, ...]:
        """Channels that each layer of the encoder gives: twice as many as the one before."""
        halvings = range(self.encoder_layers - 1, -1, -1)
        return tuple(max(1, self.hidden_size >> num) for num in halvings)

    def grid_side(self, image_size: int) -> int:
        """Cells in each direction of the grid that the encoder makes of a picture."""
        for _ in range(self.encoder_layers):
            image_size = -(-image_size // 2)
        return image_size

    def encoder_shapes(self) -> dict[str, tuple[int, ...]]:
        """The name and shape of each weight of the encoder."""
        shapes: dict[str, tuple[int, ...]] = {}
        for k, (before, after) in enumerate(zip((3, *self.channels), self.channels, strict=False)):
            shapes[f"encoder.{k}.weight"] = after, before * KERNEL_SIDE**2
            shapes[f"encoder.{k}.bias"] = (after,)
        read_by_memory = self.channels[-1] + POSITION_SIZE
        return shapes | {
            "encoder.memory.weight": (self.memory_size, read_by_memory),
            "encoder.memory.bias": (self.memory_size,),
        }

    def weight_shapes(self, target_size: int) -> dict[str, tuple[int, ...]]:
        """Every weight's name and shape, by the size of the vocabulary."""
        return {**self.encoder_shapes(), **self.decoder_shapes(target_size)}


class TextEncoderConfig(EncoderConfig):
    """Base of the networks that read a text with its n-grams and decide by a head
    (models.encoders.text_encoder).
    """

    ngrams: int
    skip: bool

    def __str__(self) -> str:
        return f"{self.cell} {self.encoder_layers}×{self.hidden_size}"

    @property
    def reads_ahead(self) -> bool:
        """Whether n-grams that begin with a symbol are read, beside those that end with it."""
        return False

    @property
    def input_size(self) -> int:
        """Numbers that are read for each symbol: an embedding of it and of each n-gram."""
        num_longer = (self.ngrams - 1) * (2 if self.reads_ahead else 1)
        return (1 + num_longer) * self.embedding_size

    @property
    def head_input_size(self) -> int:
        """Numbers that the head reads for a decision."""
        raise NotImplementedError

    def weight_shapes(
        self, source_size: int, num_choices: int, ngram_rows: int = 0
    ) -> dict[str, tuple[int, ...]]:
        """Every weight's name and shape. A decision is among `num_choices`; `ngram_rows` counts the
        embeddings besides those of the characters (`ngrams.num_rows`).
        """
        return {
            "embedding": (ngram_rows + source_size, self.embedding_size),
            **self.encoder_shapes(),
            "head.weight": (num_choices, self.head_input_size),
            "head.bias": (num_choices,),
        }


@dataclass(frozen=True)
class ClassifierConfig(TextEncoderConfig):
    """What a network is that reads a text and decides on a label (models.classifier)."""

    cell: str = setting("lstm", choices=CELLS)
    hidden_size: int = setting(128, low=1, high=65_536)
    embedding_size: int = setting(16, low=1, high=65_536)  # of a character, and of each n-gram
    encoder_layers: int = setting(1, low=1, high=64)
    ngrams: int = setting(5, low=1, high=16)
    skip: bool = setting(True)  # embeddings go to the head as well, past the recurrence

    @property
    def head_input_size(self) -> int:
        """Numbers that the head reads: mean, maximum and last states; of embeddings no last."""
        return 3 * self.memory_size + self.skip * 2 * self.input_size


@dataclass(frozen=True)
class TaggerConfig(TextEncoderConfig):
    """What a network is that decides on each symbol of a text (models.tagger)."""

    cell: str = setting("lstm", choices=CELLS)
    hidden_size: int = setting(128, low=1, high=65_536)
    embedding_size: int = setting(16, low=1, high=65_536)  # of a symbol, and of each n-gram
    encoder_layers: int = setting(1, low=1, high=64)
    ngrams: int = setting(4, low=1, high=16)
    skip: bool = setting(True)
    is_causal: bool = setting(
        False,
        help="With --in-step: decide on a symbol before the next one is read, as in a stream.",
        panel=_PAIRS, flag="--causal", is_chosen=True,
    )  # fmt: skip

    @property
    def directions(self) -> tuple[str, ...]:
        """The ways in which each layer reads the source."""
        return ("forwards",) if self.is_causal else super().directions

    @property
    def reads_ahead(self) -> bool:
        """Whether n-grams that begin with a symbol are read, beside those that end with it."""
        return not self.is_causal

    @property
    def head_input_size(self) -> int:
        """Numbers that the head reads for the decision on a symbol."""
        return self.memory_size + self.skip * self.input_size


@dataclass(frozen=True)
class DataConfig(Checked):
    """How files become a corpus, and which parts of it are kept for validation and test."""

    records: str = setting(
        "none",
        help="Train on many short texts: lines (one per line) or blank (between blank lines).",
        panel=_CORPUS, choices=RECORDS, shown_default="none",
    )  # fmt: skip
    column: str | None = setting(
        None,
        help="Read one column of a CSV, TSV or JSON lines file, each cell a record; a number if"
        " there is no header.",
        panel=_CORPUS, metavar="NAME",
    )  # fmt: skip
    is_bytes: bool = setting(
        False, help="Model raw bytes, of any file.", panel=_CORPUS, flag="--bytes"
    )
    encoding: str = setting("utf-8", help="Encoding of the files.", panel=_CORPUS)
    errors: str = setting(
        "strict",
        help="What to do with bytes that are not in the encoding: strict (stop), replace (with �)"
        " or skip (leave out the line or record).",
        panel=_CORPUS, choices=ERRORS,
    )  # fmt: skip
    max_vocab: int = setting(
        8192,
        help="Largest vocabulary; rarer characters become one unknown symbol.",
        panel=_CORPUS, low=2, high=2**31,
    )  # fmt: skip
    # the tail of the corpus, but for the test split
    val_fraction: float = setting(
        0.1,
        help="Fraction of each file, at its end, kept for validation.",
        panel=_CORPUS, low=0.0, high=0.9,
    )  # fmt: skip
    # the very end
    test_fraction: float = setting(
        0.0,
        help="Fraction of each file, at its very end, kept for a final score.",
        panel=_CORPUS, low=0.0, high=0.9,
    )  # fmt: skip
    max_val_chars: int = setting(
        1_000_000,
        help="Validate on at most this many characters; 0 for no limit.",
        panel=_CORPUS, low=0, high=2**48,
    )  # fmt: skip

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.column is not None and self.is_bytes:
            raise SettingError(
                "column and is_bytes were both given", "choose one", "column", "is_bytes"
            )
        _require_training_split(self.val_fraction, self.test_fraction)

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
class PairsConfig(Checked):
    """How files become pairs of a source and a target, and which are kept for validation and test.

    A length is in symbols of a side, after normalisation.
    """

    source_symbols: str = setting(
        "characters",
        help="What a source is made of: characters, symbols with spaces between them, or one symbol"
        " that is the whole text.",
        panel=_PAIRS, choices=SYMBOLS,
    )  # fmt: skip
    target_symbols: str = setting(
        "characters",
        help="What a target is made of: characters, spaces or whole.",
        panel=_PAIRS, choices=SYMBOLS,
    )  # fmt: skip
    source_normalise: str = setting(
        "none",
        help="Unicode form of the sources: none, nfc, nfd, nfkc or nfkd.",
        panel=_PAIRS, choices=NORMALISATIONS,
    )  # fmt: skip
    target_normalise: str = setting(
        "none",
        help="Unicode form of the targets; what is written is composed again.",
        panel=_PAIRS, choices=NORMALISATIONS,
    )  # fmt: skip
    source_column: str | None = setting(
        None, help="Column of the sources in a CSV, TSV or JSON lines file.",
        panel=_PAIRS, metavar="NAME",
    )  # fmt: skip
    target_column: str | None = setting(
        None, help="Column of the targets.", panel=_PAIRS, metavar="NAME"
    )
    is_reversed: bool = setting(
        False, help="Learn from targets to sources.", panel=_PAIRS, flag="--reverse"
    )
    max_length: int = setting(
        1000,
        help="Longest source or target, in symbols; a longer one is a bad line.",
        panel=_PAIRS, low=1, high=2**20, is_chosen=True, shown_default="1000; 10000 with labels",
    )  # fmt: skip
    max_val_pairs: int = setting(
        10_000,
        help="Validate on at most this many pairs; 0 for no limit.",
        panel=_PAIRS, low=0, high=2**31,
    )  # fmt: skip
    is_bytes: bool = setting(False, panel=_CORPUS, flag="--bytes")
    encoding: str = setting("utf-8", panel=_CORPUS)
    # strict: a bad line is an error; skip: it is left out; replace: only its bytes are replaced
    errors: str = setting("strict", panel=_CORPUS, choices=ERRORS)
    max_vocab: int = setting(8192, panel=_CORPUS, low=2, high=2**31)  # of each side
    val_fraction: float = setting(0.1, panel=_CORPUS, low=0.0, high=0.9)
    test_fraction: float = setting(0.0, panel=_CORPUS, low=0.0, high=0.9)

    def __post_init__(self) -> None:
        super().__post_init__()
        if (self.source_column is None) != (self.target_column is None):
            given, other = "source_column", "target_column"
            if self.source_column is None:
                given, other = other, given
            raise SettingError(
                f"{given} was given without {other}", "name both columns", given, other
            )
        _require_training_split(self.val_fraction, self.test_fraction)

    @property
    def are_labelled(self) -> bool:
        """Whether pairs are texts with labels: what comes second in a file is one symbol."""
        return (self.source_symbols if self.is_reversed else self.target_symbols) == "whole"

    @property
    def are_in_step(self) -> bool:
        """Whether each symbol of a source has one of the target: both are of one length."""
        return False

    @property
    def picture_side(self) -> int:
        """Pixels in each direction, where sources are paths of pictures; 0 where they are texts."""
        return 0


@dataclass(frozen=True)
class LabelsConfig(PairsConfig):
    """How files become pairs of a text and a label."""

    target_symbols: str = setting("whole", choices=("whole",))
    max_length: int = setting(10_000, low=1, high=2**20)


@dataclass(frozen=True)
class InStepConfig(PairsConfig):
    """How files become pairs of a source and a target with a symbol for each of the source."""

    source_symbols: str = setting("characters", choices=("characters", "spaces"))
    target_symbols: str = setting("characters", choices=("characters", "spaces"))

    @property
    def are_in_step(self) -> bool:
        """Whether each symbol of a source has one of the target: both are of one length."""
        return True


@dataclass(frozen=True)
class GivenConfig(PairsConfig):
    """How files become pairs of a label and a text, which is written when the label is given."""

    source_symbols: str = setting("whole", choices=("whole",))
    is_reversed: bool = setting(True, choices=(True,))


@dataclass(frozen=True)
class CaptionsConfig(PairsConfig):
    """How files become pairs of a picture and its caption. A source is the path of a picture."""

    source_symbols: str = setting("bytes", choices=("bytes",))
    target_symbols: str = setting("characters", choices=("characters", "spaces"))
    source_normalise: str = setting("none", choices=("none",))
    is_reversed: bool = setting(False, choices=(False,))
    images: str = setting(".")  # the folder that paths are in
    image_size: int = setting(
        64,
        help="With --images: pixels of a picture in each direction.",
        panel=_PAIRS, low=1, high=1024,
    )  # fmt: skip

    @property
    def picture_side(self) -> int:
        """Pixels of a picture in each direction."""
        return self.image_size


def _require_training_split(val_fraction: float, test_fraction: float) -> None:
    """Raise `SettingError` where validation and test leave nothing to train on."""
    if val_fraction + test_fraction > 0.99:
        raise SettingError(
            f"val_fraction {val_fraction} and test_fraction {test_fraction} leave nothing to train"
            " on",
            "their sum must be at most 0.99",
            "val_fraction",
            "test_fraction",
        )


@dataclass(frozen=True)
class TrainConfig(Checked):
    """What decides the trajectory, besides the corpus."""

    steps: int = setting(
        4000,
        help="Number of optimiser steps.",
        panel=_LENGTH, low=1, high=2**48, is_chosen=True,
    )  # fmt: skip
    batch_size: int = setting(
        32,
        help="Batch size: sequences read side by side.",
        panel=_LEARNING, low=1, high=65_536, is_chosen=True, shown_default=_BY_CORPUS,
    )  # fmt: skip
    seq_length: int = setting(
        48,
        help="Sequence length: how many characters gradients reach back.",
        panel=_LEARNING, low=1, high=65_536, is_chosen=True, shown_default=_BY_CORPUS,
    )  # fmt: skip
    learning_rate: float = setting(
        1.2e-2,
        help="Peak learning rate.",
        panel=_LEARNING, low=0.0, high=10.0, aliases=("--lr",),
        is_chosen=True, shown_default=_BY_CORPUS,
    )  # fmt: skip
    grad_clip: float = setting(
        1.0,
        help="Gradient clipping: largest gradient norm; 0 for no limit.",
        panel=_LEARNING, low=0.0, high=1e9,
    )  # fmt: skip
    weight_decay: float = setting(
        0.0, help="Weight decay on matrices.", panel=_LEARNING, low=0.0, high=10.0
    )
    optimizer: str = setting("soap", help="soap or adamw.", panel=_LEARNING, choices=OPTIMIZERS)
    ngram_min_count: int = setting(
        6,
        help="N-grams that are less frequent share one embedding.",
        panel=_NETWORK, low=1, high=2**48, is_chosen=True, shown_default="6; 2 with labels",
    )  # fmt: skip
    dropout: float = setting(
        0.0,
        help="Dropout probability on embeddings and layer outputs.",
        panel=_LEARNING, low=0.0, high=0.95, is_chosen=True, shown_default=_BY_CORPUS,
    )  # fmt: skip
    weight_dropout: float = setting(
        0.0,
        help="Dropout probability on the recurrent weights.",
        panel=_LEARNING, low=0.0, high=0.95, is_chosen=True, shown_default=_BY_CORPUS,
    )  # fmt: skip
    state_reset: float = setting(
        0.05,
        help="Probability of a zero state at the start of a sequence.",
        panel=_LEARNING, low=0.0, high=1.0,
    )  # fmt: skip
    eval_every: int = setting(
        1000,
        help="Steps between validations.",
        panel=_LEARNING, low=1, high=2**48, is_chosen=True, shown_default=_BY_CORPUS,
    )  # fmt: skip
    seed: int = setting(1, help="Random seed.", panel=_LEARNING, low=0, high=2**63 - 1)
    # Where the clock has corrected the schedule: see training/schedule.py.
    schedule_step: int = setting(0, low=0, high=2**48)
    schedule_done: float = setting(0.0, low=0.0, high=1.0)


@dataclass(frozen=True)
class RuntimeConfig(Checked):
    """The machine's part: what computes, with which numbers."""

    device: str = setting(
        "cpu", help="auto, cpu, cuda, cuda:N or mps.", panel=_MACHINE, is_chosen=True
    )
    precision: str = setting(
        "float32",
        help="float32; on a GPU also tf32 or bf16 (faster, less precise).",
        panel=_MACHINE, choices=PRECISIONS,
    )  # fmt: skip
    threads: int = setting(
        1,
        help="CPU threads; by default the fastest number, up to all cores.",
        panel=_MACHINE, low=1, high=4096, is_chosen=True,
    )  # fmt: skip


CPU = RuntimeConfig()


@dataclass(frozen=True)
class SampleConfig(Checked):
    """How a character is drawn; the filters apply in the order top_k, top_p, min_p."""

    temperature: float = setting(
        0.8,
        help="Sampling temperature; 0 is greedy; 0.5:1.1 ramps up.",
        panel=_DRAWING, low=0.0, high=100.0, typed=str,
        flag="--temp", aliases=("--temperature", "-t"),
    )  # fmt: skip
    # of the last character of a ramp
    final_temperature: float | None = setting(None, low=0.0, high=100.0, flag="--temp")
    length: int = setting(
        1000,
        help="Number of characters; -1 never stops.",
        panel=_DRAWING, low=-1, high=2**62, aliases=("-n",),
        is_chosen=True, shown_default="1000; 10000 for a record",
    )  # fmt: skip
    top_k: int = setting(
        0,
        help="Draw from the k likeliest characters; 0 for all.",
        panel=_DRAWING,
        low=0,
        high=2**31,
    )
    top_p: float = setting(
        1.0,
        help="Draw from the likeliest characters that together reach probability p.",
        panel=_DRAWING,
        low=0.0,
        high=1.0,
    )
    min_p: float = setting(
        0.0,
        help="Draw only characters at least p times as likely as the likeliest.",
        panel=_DRAWING, low=0.0, high=1.0,
    )  # fmt: skip
    # see constraints.RepeatPenalty
    repeat_penalty: float = setting(
        0.0,
        help="Penalty against loops, in nats: for each character, past the fifth, of a passage that"
        " would be repeated.",
        panel=_DRAWING, low=0.0, high=1000.0,
    )  # fmt: skip
    seed: int = setting(
        0,
        help="Random seed; the same seed writes the same text.",
        panel=_DRAWING, low=0, high=2**63 - 1, aliases=("-s",), is_chosen=True,
    )  # fmt: skip
    stop: tuple[str, ...] = setting((), help="End before this text; repeatable.", panel=_DRAWING)
    until: tuple[str, ...] = setting((), help="End after this text; repeatable.", panel=_DRAWING)

    def __post_init__(self) -> None:
        super().__post_init__()
        if "" in self.stop:
            raise SettingError("stop '' is empty", "give it a text to end before", "stop")
        if "" in self.until:
            raise SettingError("until '' is empty", "give it a text to end after", "until")
        if self.final_temperature is not None and self.length < 2:
            raise SettingError(
                f"length {self.length} is too short for a temperature ramp",
                "a ramp needs a length of at least 2",
                "length",
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


@dataclass(frozen=True)
class TranslateConfig(Checked):
    """How the target of a source is searched: greedily, in a beam, or drawn."""

    beam: int = setting(
        1,
        help="Beam size: unfinished translations that are kept at each step; 1 is greedy.",
        low=1, high=1024,
    )  # fmt: skip
    num: int = setting(
        1,
        help="Number of translations of each text, the best first; the beam has at least this"
        " size.",
        low=1, high=1024,
    )  # fmt: skip
    temperature: float = setting(
        0.0,
        help="Draw each symbol at this temperature; 0 takes the likeliest.",
        low=0.0, high=100.0, flag="--temp", aliases=("--temperature", "-t"),
    )  # fmt: skip
    seed: int = setting(
        0,
        help="Random seed; the same seed draws the same translations.",
        low=0, high=2**63 - 1, aliases=("-s",), is_chosen=True,
    )  # fmt: skip
    max_length: int | None = setting(
        None,
        help="Longest translation, in symbols; a longer one is cut off.",
        low=1, high=2**20, is_chosen=True, shown_default="by the length of the text",
    )  # fmt: skip

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.beam > 1 and self.temperature > 0:
            raise SettingError(
                "beam and temperature were both given", "choose one", "beam", "temperature"
            )

    @property
    def beam_size(self) -> int:
        """The size of the beam: wide enough for all the translations asked for."""
        return max(self.beam, self.num)


@dataclass(frozen=True)
class CaptionConfig(TranslateConfig):
    """How the caption of a picture is searched: greedily, in a beam, or drawn."""

    beam: int = setting(
        1,
        help="Beam size: unfinished captions that are kept at each step; 1 is greedy.",
        low=1, high=1024,
    )  # fmt: skip
    num: int = setting(
        1,
        help="Number of captions of each picture, the best first; the beam has at least this size.",
        low=1, high=1024,
    )  # fmt: skip
    seed: int = setting(
        0,
        help="Random seed; the same seed draws the same captions.",
        low=0, high=2**63 - 1, aliases=("-s",), is_chosen=True,
    )  # fmt: skip
    max_length: int | None = setting(
        None,
        help="Longest caption, in symbols; a longer one is cut off.",
        low=1, high=2**20, is_chosen=True, shown_default="by the longest one learned",
    )  # fmt: skip
