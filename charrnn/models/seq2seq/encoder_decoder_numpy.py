"""The encoder–decoder of equations.py laid out for speed, in numpy; tests hold it to that page.

As in models/step_numpy.py, examples are columns, and a layer's products with all that it reads are
one product of matrices where it is known beforehand. Beyond that:

- The memory is multiplied with the matrix of the attention once. A step compares the state with
  these *keys*.
- Several targets of one source are columns side by side, and share its memory.

Shapes: S source symbols (padded), B sources, K targets of each, N = B × K columns, of which the
targets of a source are neighbours; E embedding, M memory, H hidden, G = gates × H, V target
vocabulary.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from charrnn.cells import FloatArray, cell_spec
from charrnn.config import DecoderConfig, EncoderDecoderConfig
from charrnn.models.encoders.encoder_numpy import NumpyEncoder
from charrnn.models.encoders.picture_encoder_numpy import NumpyPictureEncoder
from charrnn.models.seq2seq.equations import SourceWeights, Weights
from charrnn.models.step_numpy import Recurrence, laid_out

IntArray = npt.NDArray[np.integer[Any]]


class NumpySourceEncoder:
    """The encoder of texts."""

    def __init__(self, config: EncoderDecoderConfig, weights: SourceWeights) -> None:
        self._embedding_RE = weights.embedding_RE
        self._encoder = NumpyEncoder(config, weights.layers)

    def read(self, ids_SB: IntArray, lengths_B: IntArray) -> tuple[FloatArray, IntArray]:
        """Return a vector for each symbol, (S, M, B), zero in the padding, and the lengths."""
        x_SEB = self._embedding_RE[ids_SB].transpose(0, 2, 1)
        return self._encoder.read(x_SEB, lengths_B), lengths_B


class NumpyEncoderDecoder:
    """The weights, laid out: made once, shared by all translations."""

    def __init__(
        self,
        config: DecoderConfig,
        weights: Weights,
        encoder: NumpySourceEncoder | NumpyPictureEncoder,
    ) -> None:
        self.config, self.cell = config, cell_spec(config.cell)
        self.encoder: Any = encoder
        self.bridge_weight = weights.bridge_weight
        self.bridge_bias = weights.bridge_bias[:, None]
        self.target_embedding_VE = weights.target_embedding_VE
        self.decoder = [laid_out(self.cell, layer) for layer in weights.decoder]
        self.query_HM: FloatArray | None = None
        if weights.attention_MH is not None:
            scale = np.float32(1 / math.sqrt(config.memory_size))
            self.query_HM = weights.attention_MH.T * scale
        self.head_weight = np.asfortranarray(weights.head_weight)
        self.head_bias_V1 = weights.head_bias_V[:, None]

    def start(
        self, sources: IntArray, lengths_B: IntArray, *, num_targets: int = 1
    ) -> "NumpyDecoder":
        """Read sources; return a decoder at the beginning of so many targets of each.

        What follows a source within its column is padding. Each has at least one symbol.
        """
        vectors_SMB, lengths_B = self.encoder.read(sources, lengths_B)
        if self.query_HM is None:
            pooled_MB, memory = vectors_SMB[0], None
        else:
            pooled_MB = vectors_SMB.sum(0) / lengths_B.astype(np.float32)
            memory = _Memory(vectors_SMB, self.query_HM, lengths_B)
        first = np.tanh(np.dot(self.bridge_weight, pooled_MB) + self.bridge_bias)
        parts = np.split(first.repeat(num_targets, 1), len(first) // self.config.hidden_size)
        num_arrays = len(self.cell.state)
        states = [parts[k : k + num_arrays] for k in range(0, len(parts), num_arrays)]
        return NumpyDecoder(self, memory, states, num_targets)


class _Memory:
    """What the encoder handed over, laid out for attention."""

    def __init__(self, vectors_SMB: FloatArray, query_HM: FloatArray, lengths_B: IntArray) -> None:
        self.vectors_BSM = np.ascontiguousarray(vectors_SMB.transpose(2, 0, 1))
        self.keys_BHS = np.matmul(query_HM, vectors_SMB.transpose(2, 1, 0))
        self.lengths_B = lengths_B
        self.padding_B1S: FloatArray | None = None  # what is added to scores
        S = len(vectors_SMB)
        if int(lengths_B.min()) < S:
            is_padding_B1S = np.arange(S) >= lengths_B[:, None, None]
            self.padding_B1S = np.where(is_padding_B1S, np.float32(-np.inf), np.float32(0))

    def attend(self, h_HN: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return context_MN and alignment_BKS."""
        B, H, _ = self.keys_BHS.shape
        h_BKH = h_HN.reshape(H, B, -1).transpose(1, 2, 0)
        alignment_BKS = np.matmul(h_BKH, self.keys_BHS)
        if self.padding_B1S is not None:
            alignment_BKS += self.padding_B1S
        alignment_BKS -= np.maximum.reduce(alignment_BKS, -1, keepdims=True)
        np.exp(alignment_BKS, alignment_BKS)
        alignment_BKS /= np.add.reduce(alignment_BKS, -1, keepdims=True)
        context_BKM = np.matmul(alignment_BKS, self.vectors_BSM)
        context_MN = context_BKM.transpose(2, 0, 1).reshape(-1, h_HN.shape[1])
        return context_MN, alignment_BKS

    def keep(self, sources: IntArray) -> None:
        """Drop all other sources, and the padding that none of those left needs."""
        self.lengths_B = self.lengths_B[sources]
        S = int(self.lengths_B.max())
        self.vectors_BSM = self.vectors_BSM[sources, :S]
        self.keys_BHS = self.keys_BHS[sources, :, :S]
        if self.padding_B1S is not None:
            self.padding_B1S = self.padding_B1S[sources, :, :S]


class NumpyDecoder:
    """Targets under way, each a column."""

    def __init__(
        self,
        network: NumpyEncoderDecoder,
        memory: _Memory | None,
        states: Sequence[Sequence[FloatArray]],
        num_targets: int,
    ) -> None:
        self._network, self._memory, self._num_targets = network, memory, num_targets
        self._set_states(states)

    def step(self, ids_N: IntArray) -> "tuple[FloatArray, FloatArray | None]":
        """Read one symbol of each target, first the boundary.

        Return logits_VN for the next one, and the alignment_BKS where there is attention.
        """
        network, x_DN = self._network, self._network.target_embedding_VE[ids_N].T
        context_MN = alignment_BKS = None
        for k, (layer, recurrence) in enumerate(zip(network.decoder, self._layers, strict=True)):
            if k == 1 and context_MN is not None:
                x_DN = np.concatenate((x_DN, context_MN))
            from_below_GN = np.dot(layer.weight_ih_GD, x_DN)
            from_below_GN += layer.bias_ih_G1
            recurrence.advance(from_below_GN)
            x_DN = recurrence.h_HB
            if k == 0 and self._memory is not None:
                context_MN, alignment_BKS = self._memory.attend(x_DN)
        if context_MN is not None:
            x_DN = np.concatenate((x_DN, context_MN))
        logits_VN: FloatArray = np.dot(network.head_weight, x_DN)
        logits_VN += network.head_bias_V1
        return logits_VN, alignment_BKS

    def rearrange(self, columns_N: IntArray) -> None:
        """Let each target go on from the state of another (or its own) of the same source."""
        for recurrence in self._layers:
            for part_HN in recurrence.state:
                part_HN[...] = part_HN[:, columns_N]

    def keep(self, sources: IntArray) -> None:
        """Drop all other sources, with their targets."""
        if self._memory is not None:
            self._memory.keep(sources)
        columns = (sources[:, None] * self._num_targets + np.arange(self._num_targets)).ravel()
        self._set_states(
            [[part[:, columns] for part in recurrence.state] for recurrence in self._layers]
        )

    def _set_states(self, states: Sequence[Sequence[FloatArray]]) -> None:
        cell = self._network.cell
        self._layers = [
            Recurrence(cell, layer, state)
            for layer, state in zip(self._network.decoder, states, strict=True)
        ]
