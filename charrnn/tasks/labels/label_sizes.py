"""The sizes of a classifier that a person did not give: by texts, machine and budget.

A text teaches one decision, however long it is, so networks are small; what they read of a text are
n-grams besides characters, of which there are many more than texts. Dropout is strong for that
reason, and stronger where texts are long: what is left still has what decides. Every choice can be
overruled by its setting. What was measured: benchmarks/README.md, tasks.py.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from charrnn.config import ClassifierConfig
from charrnn.tasks.example_sizes import ExampleFacts, ExampleSizes
from charrnn.tasks.size_tables import row

# (texts to learn from, at least; hidden size; texts in a batch)
_SIZES = (
    (1_000_000, 256, 256), (100_000, 192, 128), (10_000, 128, 64), (5_000, 64, 64), (0, 64, 32)
)  # fmt: skip
# (epochs, at least; dropout, of long texts and of short ones; of recurrent weights, of long texts)
_DROPOUTS = ((6, 0.7, 0.5, 0.5), (3, 0.5, 0.4, 0.3), (1, 0.3, 0.3, 0.0), (0, 0.1, 0.1, 0.0))
_LONG = 50  # symbols
NGRAM_MIN_COUNT = 2  # a rare n-gram tells much; of one that occurs once, nothing is learned
_MAX_SYMBOLS = 8000  # in a batch, about
_RATES = {"soap": 0.6, "adamw": 0.4}


@dataclass(frozen=True, kw_only=True)
class Facts(ExampleFacts):
    """What a plan is made for."""

    length: float  # symbols of a text, in the mean
    source_size: int  # ids of a symbol
    num_labels: int
    ngram_rows: int


class LabelSizes(ExampleSizes[ClassifierConfig, Facts]):
    """The tables of a classifier."""

    examples = "texts"
    model = ClassifierConfig
    rates = _RATES
    narrowest = 32
    epochs_in_trial = 6

    def width(self, facts: Facts) -> int:
        """Return the width by the number of texts."""
        return row(_SIZES, facts.num_train)[1]

    def batch_size(self, facts: Facts) -> int:
        """Return how many texts are in a batch, fewer if they are long."""
        return min(row(_SIZES, facts.num_train)[2], max(4, int(_MAX_SYMBOLS / facts.length)))

    def by_epochs(self, facts: Facts, epochs: float) -> dict[str, Any]:
        """Return the dropout, and the count that n-grams need, which does not depend on epochs."""
        _, of_long, of_short, recurrent = row(_DROPOUTS, epochs)
        dropouts = {"dropout": of_short, "weight_dropout": 0.0}
        if facts.length >= _LONG:
            dropouts = {"dropout": of_long, "weight_dropout": recurrent}
        return {**dropouts, "ngram_min_count": NGRAM_MIN_COUNT}

    def num_layers(self, model: ClassifierConfig) -> int:
        """Return the layers of the encoder."""
        return model.encoder_layers

    def shapes(self, model: ClassifierConfig, facts: Facts) -> Mapping[str, tuple[int, ...]]:
        """Return the shapes of the weights."""
        return model.weight_shapes(facts.source_size, facts.num_labels, facts.ngram_rows)

    def cost(self, model: ClassifierConfig, facts: Facts) -> float:
        """Return the multiply-adds for a text; embeddings are looked up."""
        shapes = self.shapes(model, facts)
        total = float(math.prod(shapes["head.weight"]))
        for name, shape in shapes.items():
            if len(shape) == 2 and name.startswith("encoder"):
                total += math.prod(shape) * (facts.length + 2)
        return total

    def described(self, model: ClassifierConfig, facts: Facts) -> str:
        """Return the sizes of the network in one line."""
        size = f"{sum(map(math.prod, self.shapes(model, facts).values())):,} parameters"
        ngrams = f", n-grams up to {model.ngrams}" if model.ngrams > 1 else ""
        return f"{model} ({size}){ngrams}"


SIZES = LabelSizes()
