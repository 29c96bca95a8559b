"""What a network is: its sizes, and the name and shape of every weight.

The numpy half needs nothing else. `ModelConfig` is a language model's; the others are those of
pairs, labels, texts in step and captions.
"""

from dataclasses import dataclass

from charrnn.cells import CELLS, cell_spec
from charrnn.config.setting import BY_CORPUS, Checked, Panel, setting

ATTENTIONS = ("dot", "none")
KERNEL_SIDE = 3  # pixels that a convolution reads in each direction
POSITION_SIZE = 16  # numbers that tell where in a picture a cell is


@dataclass(frozen=True)
class ModelConfig(Checked):
    """What the network is."""

    cell: str = setting(
        "lstm",
        help=f"{', '.join(CELLS[:-1])} or {CELLS[-1]}.",
        panel=Panel.NETWORK, choices=CELLS, is_chosen=True, shown_default="lstm",
    )  # fmt: skip
    hidden_size: int = setting(
        256,
        help="Hidden size: units per layer.",
        panel=Panel.NETWORK, low=1, high=65_536, aliases=("--rnn-size",),
        is_chosen=True, shown_default=BY_CORPUS,
    )  # fmt: skip
    num_layers: int = setting(
        1,
        help="Number of recurrent layers.",
        panel=Panel.NETWORK, low=1, high=64, is_chosen=True, shown_default="1",
    )  # fmt: skip
    # of a character, and of each n-gram
    embedding_size: int = setting(
        32,
        help="Embedding size.",
        panel=Panel.NETWORK, low=1, high=65_536, is_chosen=True, shown_default=BY_CORPUS,
    )  # fmt: skip
    ngrams: int = setting(
        4,
        help="Each step reads the last 1 to n characters; 1 is a plain recurrent network.",
        panel=Panel.NETWORK, low=1, high=16, is_chosen=True, shown_default="4; 5 with labels",
    )  # fmt: skip
    # what a step reads goes to the head as well, past the recurrence
    skip: bool = setting(
        True,
        help="Feed the embeddings to the output layer as well.",
        panel=Panel.NETWORK, flag="--skip/--no-skip", is_chosen=True,
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
        panel=Panel.PAIRS, low=1, high=64,
        is_chosen=True, shown_default="2; 1 with labels or in step",
    )  # fmt: skip
    decoder_layers: int = setting(
        2, help="Number of layers of the decoder.",
        panel=Panel.PAIRS, low=1, high=64, is_chosen=True, shown_default="2",
    )  # fmt: skip
    attention: str = setting(
        "dot",
        help="How the decoder looks at the source: dot, or none (it gets one state, and the source"
        " is read from its end).",
        panel=Panel.PAIRS, choices=ATTENTIONS,
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
        panel=Panel.PAIRS, flag="--causal", is_chosen=True,
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
