"""The learning half of the classifier, in torch: texts in, logits of their labels out.

The picture and the equations are in classifier_equations.py.

Shapes: B examples, S source symbols (padded), N lengths of n-grams, D what the encoder reads, M
memory, C labels.
"""

import math

import torch
from torch import Tensor, nn

from charrnn.config import ClassifierConfig
from charrnn.models import ngrams
from charrnn.models.classifier.classifier_equations import with_boundaries
from charrnn.models.encoders.encoder import Dropouts, Encoder, is_source
from charrnn.models.layers import NamedWeights, initialise, tag_layer
from charrnn.models.tags import tag

_EMBEDDING_STD, _HEAD_STD = 0.3, 0.02


class ClassifierNetwork(NamedWeights):
    """Embeddings, an encoder, pooling and a head."""

    def __init__(
        self,
        config: ClassifierConfig,
        source_size: int,
        num_labels: int,
        ngram_keys: ngrams.Keys = (),
        *,
        seed: int = 0,
    ) -> None:
        """`ngram_keys` are those of `ngrams.learn`, one array for each length from 2."""
        super().__init__()
        assert len(ngram_keys) == config.ngrams - 1
        self.config = config
        for k, keys in enumerate(ngram_keys):
            self.register_buffer(f"ngram_keys_{k}", torch.from_numpy(keys), persistent=False)
        num_rows = ngrams.num_rows(ngram_keys) + source_size
        self.embedding = nn.Embedding(num_rows, config.embedding_size, sparse=True)
        self.encoder = Encoder(config)
        self.head = nn.Linear(config.pooled_size, num_labels)
        self._initialise(seed)

    @torch.no_grad()
    def _initialise(self, seed: int) -> None:
        """Draw the weights, layers as in `layers.initialise` and a head that is undecided; tag
        them.
        """
        generator = torch.Generator().manual_seed(seed)
        self.embedding.weight.normal_(0, _EMBEDDING_STD, generator=generator)
        tag(self.embedding.weight, "table")
        for layer in self.encoder.recurrent_layers:
            initialise(layer, self.config.cell, generator)
            tag_layer(layer)
        self.head.weight.normal_(0, _HEAD_STD, generator=generator)
        self.head.bias.zero_()

    @property
    def ngram_keys(self) -> tuple[Tensor, ...]:
        """The keys of the n-grams, on the network's device."""
        return tuple(self.buffers())

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
        dropouts = dropouts or Dropouts()
        ids_SB, lengths_B = with_boundaries(ids_SB, lengths_B, torch)
        before_KB = ids_SB.new_full((self.config.ngrams - 1, ids_SB.shape[1]), ngrams.NOTHING)
        rows_SBN = ngrams.rows(self.ngram_keys, ids_SB, before_KB, torch)
        x_SBD = dropouts.inputs(self.embedding(rows_SBN).flatten(2))
        h_SBM = self.encoder(x_SBD.to(dtype or x_SBD.dtype), lengths_B, dropouts).to(x_SBD.dtype)
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
