"""The learning half of the classifier, in torch: texts in, logits of their labels out.

The picture and the equations are in classifier_equations.py.

Shapes: B examples, S source symbols (padded), D what the encoder reads, M memory, C labels.
"""

import math

import torch
from torch import Tensor

from charrnn.config import ClassifierConfig
from charrnn.models.encoders.encoder import Dropouts, is_source
from charrnn.models.encoders.text_encoder import TextEncoder


class ClassifierNetwork(TextEncoder):
    """Embeddings, an encoder, pooling and a head."""

    config: ClassifierConfig

    def forward(
        self,
        ids_SB: Tensor,
        lengths_B: Tensor,
        dropouts: Dropouts | None = None,
        dtype: torch.dtype | None = None,
    ) -> Tensor:
        """Return logits_BC. What follows a source within its column, and its length, is padding.

        The encoder computes in `dtype`, if one is given; the head in that of the weights.
        """
        x_SBD, h_SBM, lengths_B = self.read(ids_SB, lengths_B, dropouts or Dropouts(), dtype)
        pooled = [*_mean_and_maximum(h_SBM, lengths_B), *self._last_states(h_SBM, lengths_B)]
        if self.config.skip:
            pooled += _mean_and_maximum(x_SBD, lengths_B)
        logits_BC: Tensor = self.head(torch.cat(pooled, -1))
        return logits_BC

    def _last_states(self, h_SBM: Tensor, lengths_B: Tensor) -> list[Tensor]:
        """Return h after each whole source, for each direction: (B, H)."""
        b = torch.arange(len(lengths_B), device=lengths_B.device)
        ways = zip(
            self.config.directions, torch.split(h_SBM, self.config.direction_size, -1), strict=True
        )
        return [h[0] if way == "backwards" else h[lengths_B - 1, b] for way, h in ways]


def _mean_and_maximum(x_SBD: Tensor, lengths_B: Tensor) -> list[Tensor]:
    """Return the mean of each number over a source, and its maximum, (B, D) each."""
    is_source_SB1 = is_source(len(x_SBD), lengths_B)[..., None]
    mean_BD = (x_SBD * is_source_SB1).sum(0) / lengths_B[:, None]
    return [mean_BD, x_SBD.masked_fill(~is_source_SB1, -math.inf).amax(0)]
