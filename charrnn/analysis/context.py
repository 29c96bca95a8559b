"""How far back a model looks: how far its gradients reach, and how much context it uses.

Both are curves over k, the number of characters back, at places drawn from a split of the corpus.

Reach: the mean of ‖∂loss_t/∂s_{t-k}‖, where loss_t is the loss of a single character and s_{t-k}
is the whole state k characters earlier: h of all layers and, in an LSTM or a CIFG, c. This is the
gradient of backpropagation through time. Each step back multiplies it by a Jacobian; if the
Jacobians shrink it, the gradient vanishes (Hochreiter, 1991; Bengio et al., 1994; Pascanu et al.,
2013, arXiv:1211.5063).

Context: the mean loss when the model has read the last k characters alone, starting from a zero
state, at the same places for every k (after Khandelwal et al., 2018, arXiv:1805.04623).

In a model of records, neither looks past the beginning of a record.

The gradients are torch's, in float64, since they may fall by a hundred orders of magnitude; the
context is measured in numpy.

Shapes: B places, V vocabulary, K distances.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from charrnn._text import ProgressCallback, ignore_progress
from charrnn.config import ModelConfig
from charrnn.data.batches import Text
from charrnn.data.vocab import IntArray
from charrnn.errors import CorpusError
from charrnn.generation.model import Model
from charrnn.generation.sampler import log_probabilities
from charrnn.models import ngrams
from charrnn.models.reference import State, Weights, initial_state, step

MAX_REACH = 200
MAX_CONTEXT = 512
_WARM_UP = 256  # characters read before the farthest state whose gradient is taken
NUMBERS_AT_ONCE = 1 << 14  # of the state; with gradients about 15 times as many are in memory
MIN_PLACES = 8  # a mean over fewer says little


@dataclass(frozen=True)
class Reach:
    """How far gradients reach."""

    lags: tuple[int, ...]  # k = 1, 2, 3 …
    norms: tuple[float, ...]  # mean ‖∂loss_t/∂s_{t-k}‖, of a loss in nats

    @property
    def halving(self) -> float | None:
        """Over how many characters the gradient halves, by a straight line fitted to log ‖·‖ over
        all k (least squares). None if it does not fall.
        """
        lags, norms = np.array(self.lags), np.array(self.norms)
        above = norms > 0
        if above.sum() < 2:
            return None
        slope = float(np.polyfit(lags[above], np.log2(norms[above]), 1)[0])
        return -1 / slope if slope < 0 else None


@dataclass(frozen=True)
class Context:
    """How much context is used."""

    lags: tuple[int, ...]  # k = 1, 2, 4 …
    losses: tuple[float, ...]  # mean nats per character with no more than k characters read

    def enough(self, tolerance: float = 0.01) -> int:
        """Return the least k beyond which the loss falls by less than `tolerance` nats."""
        return next(
            k for n, k in enumerate(self.lags) if self.losses[n] - min(self.losses[n:]) < tolerance
        )


@dataclass(frozen=True)
class Places:
    """Characters to predict, and the text before them."""

    ids: IntArray  # the whole text
    ends_B: npt.NDArray[np.int64]  # positions of the characters
    lengths_B: npt.NDArray[np.int64]  # number of characters that can be read before each

    @classmethod
    def drawn(cls, text: Text, split: str, num: int) -> "Places":
        """Return `num` random places of a split (all if it has fewer), the same every time.

        Raises `CorpusError` if there is no such split.
        """
        first, end = text.part(split)
        if first >= end:
            raise CorpusError(
                f"the run has no {split} split",
                f"train another run with {split}_fraction above 0",
                f"{split}_fraction",
            )
        random = np.random.default_rng(0)
        ends_B = first + np.sort(random.choice(end - first, min(num, end - first), replace=False))
        if text.starts is None:
            return cls(text.ids, ends_B, ends_B)
        starts_B = text.starts[np.searchsorted(text.starts, ends_B, side="right") - 1]
        return cls(text.ids, ends_B, ends_B - starts_B + 1)  # and the newline before a record

    def ids_B(self, k: int) -> npt.NDArray[np.int64]:
        """Return the characters k before those to predict; k = 0 gives these.

        Before the first record comes the last character of all, a newline as before any record.
        """
        return self.ids[(self.ends_B - k) % len(self.ids)].astype(np.int64)

    def parts(self, num: int) -> "list[Places]":
        """Split the places into parts of at most `num`."""
        return [
            Places(self.ids, self.ends_B[b : b + num], self.lengths_B[b : b + num])
            for b in range(0, len(self.ends_B), num)
        ]


@dataclass(frozen=True)
class LookBack:
    """How far back a model looks."""

    reach: Reach
    context: Context


def look_back(
    model: Model,
    text: Text,
    *,
    split: str = "val",
    num_places: int = 512,
    progress: ProgressCallback = ignore_progress,
) -> LookBack:
    """Measure both curves: the context at `num_places` of a split, the gradients at a quarter of
    them, since they take longer.

    Raises `CorpusError` if there is no such split.
    """
    fewer = Places.drawn(text, split, max(MIN_PLACES, num_places // 4))
    return LookBack(
        reach(model, fewer, progress),
        context(model, Places.drawn(text, split, num_places), progress),
    )


def context(model: Model, places: Places, progress: ProgressCallback = ignore_progress) -> Context:
    """Return the mean loss at the places after reading the last k = 1, 2, 4 … 512 characters."""
    farthest = min(MAX_CONTEXT, int(places.lengths_B.max()))
    lags = tuple(2**n for n in range(farthest.bit_length()))
    start = initial_state(model.config, 1)
    losses = []
    for k in lags:
        batch = model.backend.batch(start, len(places.ends_B))
        for t in range(k, 0, -1):
            batch.restart(np.flatnonzero(places.lengths_B == t).tolist())
            logits_VB = batch.step(places.ids_B(t))
            progress(2 * k - t, 2 * lags[-1] - 1)
        log_prob_VB = log_probabilities(logits_VB)
        losses.append(-float(log_prob_VB[places.ids_B(0), np.arange(len(places.ends_B))].mean()))
    return Context(lags, tuple(losses))


def reach(model: Model, places: Places, progress: ProgressCallback = ignore_progress) -> Reach:
    """Return the mean norm of the gradient of one character's loss with respect to the state
    k = 1, 2, 3 … 200 characters earlier.

    A place counts only for those k at which its record, or the text, had already begun.
    """
    farthest = max(1, min(MAX_REACH, int(places.lengths_B.max()) - 1))
    weights = _tensors(model.weights)
    size = model.config.num_layers * model.config.hidden_size
    parts = places.parts(max(1, NUMBERS_AT_ONCE // size))
    steps, num_steps = count(1), len(parts) * _num_steps(places, farthest)

    def tell() -> None:
        progress(next(steps), num_steps)

    norms = [_norms(model.config, weights, part, farthest, tell) for part in parts]
    is_there_KB = places.lengths_B > np.arange(1, farthest + 1)[:, None]
    num_K = is_there_KB.sum(1)
    kept_K = num_K >= min(MIN_PLACES, max(1, num_K[0]))
    sum_K = (np.concatenate(norms, 1) * is_there_KB).sum(1)
    means_K = sum_K[kept_K] / num_K[kept_K]
    return Reach(tuple((np.flatnonzero(kept_K) + 1).tolist()), tuple(means_K.tolist()))


def _num_steps(places: Places, farthest: int) -> int:
    """Return how many characters are read before those to predict."""
    return max(farthest, min(farthest + _WARM_UP, int(places.lengths_B.max())))


def _norms(
    config: ModelConfig,
    weights: Weights,
    places: Places,
    farthest: int,
    tell: Callable[[], None],
) -> npt.NDArray[np.float64]:
    """Return ‖∂loss/∂s‖ with respect to the state k = 1 … farthest characters before each place,
    (K, B).

    `tell` is called after each character.
    """
    state = _tensors(initial_state(config, len(places.ends_B)))
    carried: list[list[Tensor]] = []
    for t in range(_num_steps(places, farthest), 0, -1):
        with torch.set_grad_enabled(t <= farthest):
            state = _begun(state, torch.from_numpy(places.lengths_B > t))
            if t <= farthest:
                carried.append([part.requires_grad_() for layer in state.layers for part in layer])
            ids_B = torch.from_numpy(places.ids_B(t))
            logits_BV, state = step(config, weights, ids_B, state, torch)
        tell()
    loss = functional.cross_entropy(logits_BV, torch.from_numpy(places.ids_B(0)), reduction="sum")
    parts = [part for state_parts in carried for part in state_parts]
    gradients = torch.stack(torch.autograd.grad(loss, parts))
    norms_KB = gradients.square().sum(2).view(len(carried), -1, len(places.ends_B)).sum(1).sqrt()
    nearest_first_KB: npt.NDArray[np.float64] = norms_KB.flip(0).numpy()
    return nearest_first_KB


def _begun(state: State, is_read_B: Tensor) -> State:
    """Return the state, set to the initial one where nothing has been read yet."""
    layers = tuple(tuple(part * is_read_B[:, None] for part in layer) for layer in state.layers)
    return State(layers, torch.where(is_read_B, state.before_KB, ngrams.NOTHING))


def _tensors(arrays: Any) -> Any:
    """Copy nested tuples of arrays to torch, real numbers in float64."""
    if isinstance(arrays, tuple):
        parts = [_tensors(part) for part in arrays]
        return type(arrays)(*parts) if hasattr(arrays, "_fields") else tuple(parts)
    is_real = np.issubdtype(arrays.dtype, np.floating)
    return torch.tensor(arrays, dtype=torch.float64 if is_real else torch.int64)
