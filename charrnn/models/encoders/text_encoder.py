"""The learning half of networks that decide about a text, in torch: all but what the head reads.

The picture and the equations are in text_encoder_equations.py.

Shapes: B examples, S source symbols (padded), N lengths of n-grams, D what the encoder reads, M
memory.
"""

import torch
from torch import Tensor, nn

from charrnn.config import TextEncoderConfig
from charrnn.models import ngrams
from charrnn.models.encoders.encoder import Dropouts, Encoder
from charrnn.models.encoders.text_encoder_equations import ngram_rows, with_boundaries
from charrnn.models.layers import NgramNetwork


class TextEncoder(NgramNetwork):
    """Embeddings, an encoder, and a head that subclasses apply."""

    def __init__(
        self,
        config: TextEncoderConfig,
        source_size: int,
        num_choices: int,
        ngram_keys: ngrams.Keys = (),
        *,
        seed: int = 0,
    ) -> None:
        """`ngram_keys` are those of `ngrams.learn`, one array for each length from 2."""
        super().__init__(ngram_keys, source_size, config.embedding_size)
        assert len(ngram_keys) == config.ngrams - 1
        self.config = config
        self.encoder = Encoder(config)
        self.head = nn.Linear(config.head_input_size, num_choices)
        self.draw_weights(self.encoder.recurrent_layers, config.cell, seed)

    def read(
        self, ids_SB: Tensor, lengths_B: Tensor, dropouts: Dropouts, dtype: torch.dtype | None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return embeddings x_SBD and h_SBM of sources with their boundaries, and their lengths.

        The encoder computes in `dtype`, if one is given.
        """
        ids_SB, lengths_B = with_boundaries(ids_SB, lengths_B, torch)
        rows_SBN = ngram_rows(self.ngram_keys, ids_SB, torch, reads_ahead=self.config.reads_ahead)
        x_SBD = dropouts.inputs(self.embedding(rows_SBN).flatten(2))
        h_SBM = self.encoder(x_SBD.to(dtype or x_SBD.dtype), lengths_B, dropouts).to(x_SBD.dtype)
        return x_SBD, h_SBM, lengths_B
