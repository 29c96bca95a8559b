"""The sizes of a tagger that a person did not give: by symbols, machine and budget.

Every symbol teaches a decision, so there is much to learn from; n-grams tell most decisions, and
the recurrence the rest. Every choice can be overruled by its setting.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from charrnn.config import TaggerConfig
from charrnn.tasks.example_sizes import ExampleFacts, ExampleSizes
from charrnn.tasks.size_tables import row

# (target symbols to learn from, at least; hidden size; symbols in a batch)
_SIZES = ((20_000_000, 384, 4000), (1_000_000, 256, 2000), (150_000, 192, 1000), (0, 128, 500))
_MAX_BATCH = 512  # pairs
# (epochs, at least; dropout)
_DROPOUTS = ((30, 0.4), (10, 0.3), (4, 0.2), (1, 0.1), (0, 0.0))
_RATES = {"soap": 0.6, "adamw": 0.4}


@dataclass(frozen=True, kw_only=True)
class Facts(ExampleFacts):
    """What a plan is made for."""

    length: float  # symbols of a source, in the mean
    source_size: int  # ids of a symbol
    target_size: int  # symbols of targets
    ngram_rows: int


class TagSizes(ExampleSizes[TaggerConfig, Facts]):
    """The tables of a tagger."""

    examples = "pairs"
    model = TaggerConfig
    rates = _RATES
    dropouts = _DROPOUTS
    narrowest = 64
    epochs_in_trial = 4

    def width(self, facts: Facts) -> int:
        """Return the width by the number of symbols."""
        return _sizes(facts)[1]

    def batch_size(self, facts: Facts) -> int:
        """Return how many pairs have the symbols of a batch."""
        return min(_MAX_BATCH, max(1, round(_sizes(facts)[2] / facts.length)))

    def num_layers(self, model: TaggerConfig) -> int:
        """Return the layers of the encoder."""
        return model.encoder_layers

    def shapes(self, model: TaggerConfig, facts: Facts) -> Mapping[str, tuple[int, ...]]:
        """Return the shapes of the weights."""
        return model.weight_shapes(facts.source_size, facts.target_size, facts.ngram_rows)

    def cost(self, model: TaggerConfig, facts: Facts) -> float:
        """Return the multiply-adds for a pair; embeddings are looked up."""
        matrices = [
            math.prod(shape)
            for name, shape in self.shapes(model, facts).items()
            if len(shape) == 2 and name != "embedding"
        ]
        return sum(matrices) * (facts.length + 2)

    def described(self, model: TaggerConfig, facts: Facts) -> str:
        """Return the sizes of the network in one line."""
        size = f"{sum(map(math.prod, self.shapes(model, facts).values())):,} parameters"
        symbols = f"{facts.source_size - 1:,} source and {facts.target_size:,} target symbols"
        causal = ", causal" if model.is_causal else ""
        ngrams = f", n-grams up to {model.ngrams}" if model.ngrams > 1 else ""
        return f"{symbols}; {model}{causal} ({size}){ngrams}"


def _sizes(facts: Facts) -> tuple[int, int, int]:
    return row(_SIZES, facts.num_train * facts.length)


SIZES = TagSizes()
