"""The network of PyTorch's tutorial "Translation with a Sequence to Sequence Network and
Attention".

Reimplemented from its description: a GRU reads the source; a second GRU writes the target and
attends to the source additively (Bahdanau et al., 2015). 128 units, dropout 0.1 on embeddings, Adam
at a constant rate of 1e-3, always the true target as input, batches of 32: the later version of the
tutorial. The first learned one pair at a time, by SGD at 0.01, and had its own output as input
half of the time: of that, only the one pair at a time is tried here. Different from both: padding
is masked, a batch has pairs of like length, and the keys of attention are computed once for each
source.

Shapes: B examples, S source and T target symbols, H hidden, V target vocabulary.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from .examples import Batch

RATE = 1e-3


class Tutorial(nn.Module):
    def __init__(self, source_size: int, target_size: int, *, hidden_size: int = 128) -> None:
        super().__init__()
        self.source_embedding = nn.Embedding(source_size, hidden_size)
        self.target_embedding = nn.Embedding(target_size, hidden_size)
        self.dropout = nn.Dropout(0.1)
        self.encoder = nn.GRU(hidden_size, hidden_size)
        self.decoder = nn.GRUCell(2 * hidden_size, hidden_size)
        self.query = nn.Linear(hidden_size, hidden_size)
        self.key = nn.Linear(hidden_size, hidden_size)
        self.score = nn.Linear(hidden_size, 1)
        self.head = nn.Linear(hidden_size, target_size)

    def optimizer(self) -> torch.optim.Optimizer:
        return torch.optim.Adam(self.parameters(), lr=RATE)

    def rate(self, step: int, done: float) -> float:
        return RATE

    def first_state(self, sources_SB: Tensor, lengths_B: Tensor) -> tuple[Tensor, ...]:
        """Return the decoder's state, the memory, its keys and what is padding of it."""
        x_SBH = self.dropout(self.source_embedding(sources_SB))
        packed, last_1BH = self.encoder(
            pack_padded_sequence(x_SBH, lengths_B, enforce_sorted=False)
        )
        memory_SBH, _ = pad_packed_sequence(packed)
        is_padding_SB = torch.arange(len(memory_SBH))[:, None] >= lengths_B
        return last_1BH[0], memory_SBH, self.key(memory_SBH), is_padding_SB

    def step(self, ids_B: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...]]:
        h_BH, memory_SBH, keys_SBH, is_padding_SB = state
        scores_SB = self.score(torch.tanh(self.query(h_BH) + keys_SBH)).squeeze(-1)
        weights_SB = scores_SB.masked_fill(is_padding_SB, -torch.inf).softmax(0)
        context_BH = (weights_SB[..., None] * memory_SBH).sum(0)
        x_BH = self.dropout(self.target_embedding(ids_B))
        h_BH = self.decoder(torch.cat([x_BH, context_BH], -1), h_BH)
        return self.head(h_BH), (h_BH, *state[1:])

    def loss(self, batch: Batch) -> Tensor:
        state = self.first_state(batch.sources_SB, batch.lengths_B)
        logits = []
        for ids_B in batch.inputs_TB:
            logits_BV, state = self.step(ids_B, state)
            logits.append(logits_BV)
        return functional.cross_entropy(torch.cat(logits), batch.targets_TB.flatten())
