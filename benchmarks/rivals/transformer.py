"""A character transformer as Wu, Cotterell & Hulden train it (2021, "Applying the Transformer to
Character-level Transduction").

4 + 4 layers of 256 units that normalise first, 4 heads, 1,024 units between, dropout 0.3,
sinusoidal positions, label smoothing 0.1, Adam (0.9, 0.98) with gradients clipped to 1. Their rate
rises to 1e-3 in the first 4,000 of 20,000 steps and falls with the inverse square root; here it
rises in the first fifth of the time, for minutes of a CPU are fewer steps.

Shapes: B examples, S source and T target symbols, D model, V target vocabulary.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from .examples import Batch

RATE, WARM_UP = 1e-3, 0.2  # of the time
SMOOTHING = 0.1


class Transformer(nn.Module):
    def __init__(
        self, source_size: int, target_size: int, *, width: int = 256, num_layers: int = 4
    ) -> None:
        super().__init__()
        self.width = width
        self.source_embedding = nn.Embedding(source_size, width)
        self.target_embedding = nn.Embedding(target_size, width)
        for embedding in (self.source_embedding, self.target_embedding):
            nn.init.normal_(embedding.weight, 0, width**-0.5)
        self.dropout = nn.Dropout(0.3)
        self.layers = nn.Transformer(
            width, 4, num_layers, num_layers, 4 * width, dropout=0.3, norm_first=True
        )
        self.head = nn.Linear(width, target_size)

    def optimizer(self) -> torch.optim.Optimizer:
        return torch.optim.Adam(self.parameters(), lr=0.0, betas=(0.9, 0.98))

    def rate(self, step: int, done: float) -> float:
        return RATE * min(done / WARM_UP, math.sqrt(WARM_UP / max(done, WARM_UP)))

    def _embed(self, embedding: nn.Embedding, ids_TB: Tensor) -> Tensor:
        x_TBD = math.sqrt(self.width) * embedding(ids_TB)
        return self.dropout(x_TBD + positions(len(ids_TB), self.width)[:, None])

    def _encode(self, sources_SB: Tensor, lengths_B: Tensor) -> tuple[Tensor, Tensor]:
        is_padding_BS = torch.arange(len(sources_SB)) >= lengths_B[:, None]
        x_SBD = self._embed(self.source_embedding, sources_SB)
        return self.layers.encoder(x_SBD, src_key_padding_mask=is_padding_BS), is_padding_BS

    def _decode(self, ids_TB: Tensor, memory_SBD: Tensor, is_padding_BS: Tensor) -> Tensor:
        T = len(ids_TB)
        h_TBD = self.layers.decoder(
            self._embed(self.target_embedding, ids_TB),
            memory_SBD,
            tgt_mask=torch.ones(T, T, dtype=torch.bool).triu(1),
            tgt_is_causal=True,
            memory_key_padding_mask=is_padding_BS,
        )
        return self.head(h_TBD)

    def first_state(self, sources_SB: Tensor, lengths_B: Tensor) -> tuple[Tensor, ...]:
        """Return what is written so far (nothing), the memory and what is padding of it."""
        nothing_0B = sources_SB[:0]
        return nothing_0B, *self._encode(sources_SB, lengths_B)

    def step(self, ids_B: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Read the whole target again."""
        ids_TB = torch.cat([state[0], ids_B[None]])
        return self._decode(ids_TB, *state[1:])[-1], (ids_TB, *state[1:])

    def loss(self, batch: Batch) -> Tensor:
        memory = self._encode(batch.sources_SB, batch.lengths_B)
        logits_TBV = self._decode(batch.inputs_TB, *memory)
        return functional.cross_entropy(
            logits_TBV.flatten(0, 1), batch.targets_TB.flatten(), label_smoothing=SMOOTHING
        )


def positions(length: int, width: int) -> Tensor:
    """Return sines and cosines of geometrically growing wavelengths (Vaswani et al., 2017)."""
    rates_K = torch.exp(torch.arange(width // 2) * (-math.log(10_000) / (width // 2 - 1)))
    angles_TK = torch.arange(length)[:, None] * rates_K
    return torch.cat([angles_TK.sin(), angles_TK.cos()], -1)
