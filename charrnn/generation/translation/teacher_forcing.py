"""Given targets: how likely each is, and how it is aligned with its source.

The network reads the given symbols, not those that it would choose ("teacher forcing", Williams &
Zipser, 1989).

Shapes: S source symbols, T target symbols (padded, the end included), B sources, K targets of each,
N = B × K columns.
"""

from collections.abc import Sequence

import numpy as np

from charrnn.data.pairs.symbols import Ids
from charrnn.generation.sampler import FloatArray
from charrnn.generation.translation.members import EnsembleDecoder
from charrnn.models.seq2seq.equations import BOUNDARY


def log_probabilities(decoder: EnsembleDecoder, targets: Sequence[Ids]) -> FloatArray:
    """Return the log probability of each symbol and of the end of each target, (T, N).

    After the end it is zero.
    """
    targets_TN = padded(targets)
    columns = np.arange(len(targets))
    log_prob_TN = np.zeros(targets_TN.shape)
    read_N = np.full(len(targets), BOUNDARY)
    for t, ids_N in enumerate(targets_TN):
        log_prob_TN[t] = decoder.step(read_N)[0][ids_N, columns]
        read_N = ids_N
    ends_N = np.array([len(ids_T) for ids_T in targets])
    log_prob_TN[np.arange(len(targets_TN))[:, None] > ends_N] = 0
    return log_prob_TN


def alignments(decoder: EnsembleDecoder, targets: Sequence[Ids]) -> list[FloatArray] | None:
    """Return how much each symbol of each target looks at each of its source, (T, S), without the
    end of the target; None without attention. What follows a source is its padding.
    """
    read_TN = np.roll(padded(targets), 1, 0)  # the last symbol is a boundary
    alignment_TNS = np.zeros(0, np.float32)
    for t, ids_N in enumerate(read_TN):
        _, alignment_BKS = decoder.step(ids_N)
        if alignment_BKS is None:
            return None
        alignment_NS = alignment_BKS.reshape(len(targets), -1)
        if t == 0:
            alignment_TNS = np.empty((len(read_TN), *alignment_NS.shape), np.float32)
        alignment_TNS[t] = alignment_NS
    return [alignment_TNS[: len(ids_T), n] for n, ids_T in enumerate(targets)]


def padded(texts: Sequence[Ids]) -> Ids:
    """Return texts as columns, each followed by at least one boundary."""
    columns = np.full((max(map(len, texts)) + 1, len(texts)), BOUNDARY)
    for n, ids in enumerate(texts):
        columns[: len(ids), n] = ids
    return columns
