"""The sizes of a captioner that a person did not give: by captions, pictures, machine and budget.

A picture is read once for each caption, which takes about as long as to read the caption. Every
choice can be overruled by its setting.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from charrnn.config import CaptionerConfig
from charrnn.tasks.example_sizes import ExampleFacts, ExampleSizes
from charrnn.tasks.size_tables import row

# (symbols of captions to learn from, at least; hidden size; captions in a batch)
_SIZES = ((20_000_000, 384, 64), (1_000_000, 256, 64), (0, 128, 32))
# (epochs, at least; dropout)
_DROPOUTS = ((15, 0.3), (3, 0.2), (0, 0.0))
_RATES = {"soap": 0.3, "adamw": 0.15}


@dataclass(frozen=True, kw_only=True)
class Facts(ExampleFacts):
    """What a plan is made for."""

    image_size: int  # pixels in each direction
    target_length: float  # symbols of a caption, the boundary included, in the mean
    target_size: int  # ids of a symbol


class CaptionSizes(ExampleSizes[CaptionerConfig, Facts]):
    """The tables of a captioner."""

    examples = "captions"
    model = CaptionerConfig
    rates = _RATES
    dropouts = _DROPOUTS
    narrowest = 64
    epochs_in_trial = 15

    def width(self, facts: Facts) -> int:
        """Return the width by the number of symbols."""
        return _sizes(facts)[1]

    def batch_size(self, facts: Facts) -> int:
        """Return how many captions are in a batch."""
        return _sizes(facts)[2]

    def num_layers(self, model: CaptionerConfig) -> int:
        """Return the layers of the decoder."""
        return model.decoder_layers

    def shapes(self, model: CaptionerConfig, facts: Facts) -> Mapping[str, tuple[int, ...]]:
        """Return the shapes of the weights."""
        return model.weight_shapes(facts.target_size)

    def cost(self, model: CaptionerConfig, facts: Facts) -> float:
        """Return the multiply-adds of the forward pass for a picture and its caption."""
        shapes = self.shapes(model, facts)
        side, total = facts.image_size, 0.0
        for k in range(model.encoder_layers):
            side = -(-side // 2)
            total += side**2 * math.prod(shapes[f"encoder.{k}.weight"])
        total += side**2 * math.prod(shapes["encoder.memory.weight"])
        total += math.prod(shapes["bridge.weight"])
        per_symbol = sum(
            math.prod(shape)
            for name, shape in shapes.items()
            if len(shape) == 2 and name.startswith(("decoder", "attention", "head"))
        )
        attention = 2 * side**2 * model.memory_size
        return total + facts.target_length * (per_symbol + attention)

    def described(self, model: CaptionerConfig, facts: Facts) -> str:
        """Return the sizes of the network in one line."""
        num_parameters = sum(map(math.prod, self.shapes(model, facts).values()))
        side = model.grid_side(facts.image_size)
        return (
            f"{facts.target_size - 1:,} target symbols; {model} ({num_parameters:,} parameters), a"
            f" grid of {side} × {side} cells"
        )


def _sizes(facts: Facts) -> tuple[int, int, int]:
    return row(_SIZES, facts.num_train * facts.target_length)


SIZES = CaptionSizes()
