"""The learning half of the tagger, in torch: texts in, logits for each of their symbols out.

The picture and the equations are in tagger_equations.py.

Shapes: B examples, S source symbols (padded), D what the encoder reads, M memory, C symbols of
targets.
"""

import torch
from torch import Tensor

from charrnn.config import TaggerConfig
from charrnn.models.encoders.encoder import Dropouts
from charrnn.models.encoders.text_encoder import TextEncoder


class TaggerNetwork(TextEncoder):
    """Embeddings, an encoder and a head."""

    config: TaggerConfig

    def forward(
        self,
        ids_SB: Tensor,
        lengths_B: Tensor,
        dropouts: Dropouts | None = None,
        dtype: torch.dtype | None = None,
    ) -> Tensor:
        """Return logits_SBC; those in the padding mean nothing. What follows a source within its
        column, and its length, is padding.

        The encoder computes in `dtype`, if one is given; the head in that of the weights.
        """
        x_SBD, h_SBM, _ = self.read(ids_SB, lengths_B, dropouts or Dropouts(), dtype)
        parts = [h_SBM, x_SBD] if self.config.skip else [h_SBM]
        logits_SBC: Tensor = self.head(torch.cat(parts, -1)[1:-1])
        return logits_SBC
