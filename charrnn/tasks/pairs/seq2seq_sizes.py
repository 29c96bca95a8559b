"""The sizes of an encoder–decoder that a person did not give: by pairs, machine and budget.

Two numbers decide: how many target symbols there are to learn from, and how many epochs of them fit
into the time. Small networks and small batches learn most in minutes; after many epochs a network
memorises the pairs, unless dropout keeps it from that. Every choice can be overruled by its
setting.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from charrnn.config import EncoderDecoderConfig
from charrnn.tasks.example_sizes import EpochsOf, ExampleFacts, ExampleSizes
from charrnn.tasks.size_tables import row

# (target symbols to learn from, at least; hidden size; target symbols in a batch)
_SIZES = ((20_000_000, 384, 3000), (1_000_000, 256, 1500), (150_000, 192, 600), (0, 128, 450))
_WIDTHS = (512, 384, 256, 192, 128, 64)
_MANY_EPOCHS = 30  # where there is time for so many, the next wider network learns more
_MIN_BATCH, _MAX_BATCH = 4, 512  # pairs
# (epochs, at least; dropout)
_DROPOUTS = ((15, 0.3), (6, 0.2), (3, 0.1), (0, 0.0))
_RATES = {"soap": 0.6, "adamw": 0.3}


@dataclass(frozen=True, kw_only=True)
class Facts(ExampleFacts):
    """What a plan is made for. Lengths are means, in symbols."""

    source_length: float
    target_length: float  # the boundary included
    source_size: int  # ids of a source symbol
    target_size: int


class Seq2SeqSizes(ExampleSizes[EncoderDecoderConfig, Facts]):
    """The tables of an encoder–decoder."""

    examples = "pairs"
    model = EncoderDecoderConfig
    rates = _RATES
    dropouts = _DROPOUTS
    narrowest = _WIDTHS[-1]
    epochs_in_trial = 15

    def width(self, facts: Facts) -> int:
        """Return the width by the number of target symbols."""
        return _sizes(facts)[1]

    def batch_size(self, facts: Facts) -> int:
        """Return how many pairs have the target symbols of a batch."""
        return min(_MAX_BATCH, max(_MIN_BATCH, round(_sizes(facts)[2] / facts.target_length)))

    def network(
        self,
        given: Mapping[str, Any],
        facts: Facts,
        epochs_of: EpochsOf[EncoderDecoderConfig] | None,
    ) -> EncoderDecoderConfig:
        """Return the network: as wide as the pairs can teach, and as there is time for; wider where
        there is time for many epochs.
        """
        usual = self.width(facts)
        if epochs_of is None or "hidden_size" in given:
            return EncoderDecoderConfig.among({"hidden_size": usual, **given})
        for width in _WIDTHS[_WIDTHS.index(usual) - 1 :]:
            model = EncoderDecoderConfig.among({**given, "hidden_size": width})
            if epochs_of(model) >= (_MANY_EPOCHS if width > usual else self.few_epochs):
                break
        return model

    def num_layers(self, model: EncoderDecoderConfig) -> int:
        """Return the layers of the half that has more of them."""
        return max(model.encoder_layers, model.decoder_layers)

    def shapes(self, model: EncoderDecoderConfig, facts: Facts) -> Mapping[str, tuple[int, ...]]:
        """Return the shapes of the weights."""
        return model.weight_shapes(facts.source_size, facts.target_size)

    def cost(self, model: EncoderDecoderConfig, facts: Facts) -> float:
        """Return the multiply-adds for a pair; embeddings are looked up."""
        total = 0.0
        for name, shape in self.shapes(model, facts).items():
            if len(shape) == 2 and not name.endswith("embedding"):
                times = facts.source_length if name.startswith("encoder") else facts.target_length
                total += math.prod(shape) * (1 if name.startswith("bridge") else times)
        if model.attention != "none":
            total += 2 * model.memory_size * facts.source_length * facts.target_length
        return total

    def described(self, model: EncoderDecoderConfig, facts: Facts) -> str:
        """Return the sizes of the network in one line."""
        size = f"{sum(map(math.prod, self.shapes(model, facts).values())):,} parameters"
        attention = "no attention" if model.attention == "none" else f"{model.attention} attention"
        symbols = f"{facts.source_size - 1:,} source and {facts.target_size - 1:,} target symbols"
        return f"{symbols}; {model} ({size}), {attention}"


def _sizes(facts: Facts) -> tuple[int, int, int]:
    return row(_SIZES, facts.num_train * facts.target_length)


SIZES = Seq2SeqSizes()
