"""The search for a target: the likeliest symbol at each step, one drawn, or the best of a beam.

All targets of a batch take their steps together, and the sources whose targets have ended are
dropped.

Shapes: B sources, K targets of each, N = B × K columns, V target vocabulary, T steps so far.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from charrnn.config import SampleConfig
from charrnn.data.pairs.symbols import Ids
from charrnn.generation.sampler import FloatArray, choose
from charrnn.generation.translation.members import EnsembleDecoder
from charrnn.models.seq2seq.equations import BOUNDARY

_KEPT = 0.75  # of the sources: where no more of them have open targets, the others are dropped
_LENGTH_POWER = 0.6  # α of the length normalisation

# (log_prob_VN, which of all targets the columns are) → ids_N
Choose = Callable[[FloatArray, Ids], Ids]
OnStep = Callable[[], None]  # called after each step of all targets


def ignore_step() -> None:
    """An `OnStep` that does nothing."""


@dataclass(frozen=True)
class Hypothesis:
    """A target that ended, or was cut off."""

    ids: list[int]
    log_probability: float  # of its end, too, if it is complete
    is_complete: bool

    @property
    def score(self) -> float:
        """The log probability, normalised by length, without which short targets win.

        log P / ((5 + length) / 6)^0.6, the end counted as a symbol (Wu et al., 2016,
        arXiv:1609.08144, equation 14).
        """
        return self.log_probability / _length_penalty(len(self.ids) + self.is_complete)


def _length_penalty(length: int) -> float:
    return math.pow((5 + length) / 6, _LENGTH_POWER)


def likeliest(log_prob_VN: FloatArray, targets_N: Ids) -> Ids:
    """Choose the likeliest symbol of each target: a greedy search."""
    return np.asarray(log_prob_VN.argmax(0))


@dataclass(frozen=True)
class Draw:
    """Draws symbols. A target is a function of its own random numbers alone."""

    temperature: float
    random_numbers: Sequence[np.random.Generator]  # of each target

    def __call__(self, log_prob_VN: FloatArray, targets_N: Ids) -> Ids:
        """Draw a symbol for each target."""
        uniform_N = np.array([self.random_numbers[n].random() for n in targets_N.tolist()])
        drawn_N: Ids = choose(log_prob_VN, uniform_N, SampleConfig(temperature=self.temperature))
        return drawn_N


def symbols_of_one(
    decoder: EnsembleDecoder, limit: int, choose: Choose
) -> Iterator[tuple[int, float]]:
    """Yield the ids of one target as they are chosen, each with its log probability.

    The last one is the boundary, unless the target is cut off after `limit` symbols.
    """
    only_N, ids_N = np.array([0]), np.array([BOUNDARY])
    for t in range(limit + 1):
        log_prob_VN, _ = decoder.step(ids_N)
        ids_N = choose(log_prob_VN, only_N)
        i = int(ids_N[0])
        if i == BOUNDARY or t < limit:
            yield i, float(log_prob_VN[i, 0])
        if i == BOUNDARY:
            return


def single_paths(
    decoder: EnsembleDecoder,
    limits_B: Ids,
    choose: Choose,
    *,
    num_targets: int = 1,
    on_step: OnStep = ignore_step,
) -> list[list[Hypothesis]]:
    """Return so many targets of each source; each goes on with the symbol chosen for it."""
    if len(limits_B) == num_targets == 1:
        return [[_single_path(symbols_of_one(decoder, int(limits_B[0]), choose), on_step)]]
    paths = _SinglePaths(decoder, limits_B, num_targets)
    while paths.step(choose):
        paths.drop_ended()
        on_step()
    return paths.hypotheses()


def _single_path(steps: Iterator[tuple[int, float]], on_step: OnStep) -> Hypothesis:
    chosen = []
    for step in steps:
        chosen.append(step)
        on_step()
    ids, log_probabilities = zip(*chosen, strict=True)
    is_complete = ids[-1] == BOUNDARY
    return Hypothesis(
        list(ids[:-1] if is_complete else ids), sum(log_probabilities), is_complete=is_complete
    )


class _SinglePaths:
    """All targets of a batch, and which of them the decoder still has."""

    def __init__(self, decoder: EnsembleDecoder, limits_B: Ids, num_targets: int) -> None:
        self._decoder, self._num_targets = decoder, num_targets
        self._limits_N = limits_B.repeat(num_targets)
        num_columns = len(self._limits_N)
        self._targets_N = np.arange(num_columns)  # those that the decoder has
        self._ids_N = np.full(num_columns, BOUNDARY)
        self._chosen: list[Ids] = []  # at each step, for all targets
        self._lengths_N = np.full(num_columns, -1)  # of those that have ended
        self._log_probability_N = np.zeros(num_columns)
        self._is_complete_N = np.zeros(num_columns, bool)

    def step(self, choose: Choose) -> bool:
        """Choose a symbol for each target; return whether one is open."""
        log_prob_VN, _ = self._decoder.step(self._ids_N)
        targets_N, t = self._targets_N, len(self._chosen)
        self._ids_N = ids_N = choose(log_prob_VN, targets_N)
        is_open_N, is_end_N = self._lengths_N[targets_N] < 0, ids_N == BOUNDARY
        is_cut_N = ~is_end_N & (self._limits_N[targets_N] == t)
        nats_N = log_prob_VN[ids_N, np.arange(len(ids_N))]
        self._log_probability_N[targets_N] += np.where(is_open_N & ~is_cut_N, nats_N, 0)
        self._lengths_N[targets_N[is_open_N & (is_end_N | is_cut_N)]] = t
        self._is_complete_N[targets_N[is_open_N & is_end_N]] = True
        of_all_N = np.full(len(self._limits_N), BOUNDARY)
        of_all_N[targets_N] = ids_N
        self._chosen.append(of_all_N)
        return bool((self._lengths_N < 0).any())

    def drop_ended(self) -> None:
        """Drop the sources whose targets have all ended, where that saves enough."""
        by_source = -1, self._num_targets
        is_open_B = (self._lengths_N[self._targets_N] < 0).reshape(by_source).any(1)
        if is_open_B.mean() <= _KEPT:
            self._decoder.keep(np.flatnonzero(is_open_B))
            self._targets_N = self._targets_N.reshape(by_source)[is_open_B].ravel()
            self._ids_N = self._ids_N.reshape(by_source)[is_open_B].ravel()

    def hypotheses(self) -> list[list[Hypothesis]]:
        """Return the targets of each source."""
        ids_NT = np.array(self._chosen).T
        columns = zip(ids_NT, self._lengths_N, self._log_probability_N, self._is_complete_N,
                      strict=True)  # fmt: skip
        made = [
            Hypothesis(ids_T[:length].tolist(), float(nats), bool(is_complete))
            for ids_T, length, nats, is_complete in columns
        ]
        return [made[n : n + self._num_targets] for n in range(0, len(made), self._num_targets)]


def beam(
    decoder: EnsembleDecoder, limits_B: Ids, size: int, *, on_step: OnStep = ignore_step
) -> list[list[Hypothesis]]:
    """Return up to `size` targets of each source, the best score first, complete ones before those
    that were cut off. `decoder` has `size` targets of each.

    At each step the likeliest symbols of all targets of a source compete for `size` places. A
    target that ends on one of these is taken out and leaves its place to the next. The search is
    over when `size` have ended and none that is open has a better score than the best of them: a
    model that is sure of a long target puts hardly likely ends among the `size` best all the way.
    With one place this is the greedy search.
    """
    search = _Beam(decoder, limits_B, size)
    while search.step():
        search.drop_ended()
        on_step()
    return search.hypotheses()


class _Beam:
    """The open targets of each source, the likeliest first, and those that have ended."""

    def __init__(self, decoder: EnsembleDecoder, limits_B: Ids, size: int) -> None:
        self._decoder, self._limits_B, self._size = decoder, limits_B, size
        num_sources = len(limits_B)
        self._sources_B = np.arange(num_sources)  # those that the decoder has
        self._ended: list[list[Hypothesis]] = [[] for _ in range(num_sources)]
        self._best_score_B = np.full(num_sources, -np.inf)  # of those that ended, by source
        self._is_over_B = np.zeros(num_sources, bool)
        # all places begin alike, so only the first competes
        self._log_prob_BK = np.full((num_sources, size), -np.inf)
        self._log_prob_BK[:, 0] = 0
        self._ids_BKT = np.empty((num_sources, size, 0), np.int64)
        self._last_BK = np.full((num_sources, size), BOUNDARY)

    def step(self) -> bool:
        """Go on by one symbol; return whether a source has open targets."""
        log_prob_VN, _ = self._decoder.step(self._last_BK.ravel())
        totals_BC, parents_BC, ids_BC = self._candidates(log_prob_VN)
        is_end_BC = (ids_BC == BOUNDARY) & np.isfinite(totals_BC)
        is_taken_BC = is_end_BC & (np.arange(is_end_BC.shape[1]) < self._size)
        for b, c in np.argwhere(is_taken_BC).tolist():
            self._end(b, parents_BC[b, c], totals_BC[b, c], is_complete=True)
        is_last_B = self._limits_B[self._sources_B] == self._ids_BKT.shape[2]
        for b in np.flatnonzero(is_last_B).tolist():
            self._cut(b, parents_BC[b, is_taken_BC[b]])
        self._go_on(totals_BC, parents_BC, ids_BC)
        is_over_B = is_last_B | self._is_settled_B()
        self._log_prob_BK[is_over_B] = -np.inf
        self._is_over_B = (self._log_prob_BK == -np.inf).all(1)
        return not self._is_over_B.all()

    def _is_settled_B(self) -> npt.NDArray[np.bool_]:
        """Return for which sources enough have ended, the best of them better than any open one."""
        num_ended_B = np.array([len(self._ended[source]) for source in self._sources_B])
        if self._size == 1:
            return np.asarray(num_ended_B == 1)
        open_score_B = self._log_prob_BK[:, 0] / _length_penalty(self._ids_BKT.shape[2] + 1)
        is_better_B = self._best_score_B[self._sources_B] >= open_score_B
        return np.asarray((num_ended_B >= self._size) & is_better_B)

    def _candidates(self, log_prob_VN: FloatArray) -> tuple[FloatArray, Ids, Ids]:
        """Return the likeliest continuations of each source in order: their log probabilities, the
        places that they continue, and their symbols. Twice the beam leaves enough that do not end.
        """
        V, (B, K) = len(log_prob_VN), self._log_prob_BK.shape
        by_source_BKV = log_prob_VN.reshape(V, B, K).transpose(1, 2, 0)
        totals_BX = (self._log_prob_BK[:, :, None] + by_source_BKV).reshape(B, K * V)
        num = min(2 * K, K * V)
        best_BC = np.sort(np.argpartition(-totals_BX, num - 1, 1)[:, :num], 1)
        order_BC = np.argsort(-np.take_along_axis(totals_BX, best_BC, 1), 1, kind="stable")
        best_BC = np.take_along_axis(best_BC, order_BC, 1)
        return np.take_along_axis(totals_BX, best_BC, 1), best_BC // V, best_BC % V

    def _end(self, b: int, k: int, log_probability: float, *, is_complete: bool) -> None:
        ids = self._ids_BKT[b, k].tolist()
        ended, source = Hypothesis(ids, float(log_probability), is_complete), self._sources_B[b]
        self._ended[source].append(ended)
        self._best_score_B[source] = max(self._best_score_B[source], ended.score)

    def _cut(self, b: int, completed: Ids) -> None:
        """End the targets of a source that are as long as they may be, but for the completed."""
        for k in np.setdiff1d(np.flatnonzero(np.isfinite(self._log_prob_BK[b])), completed):
            self._end(b, k, self._log_prob_BK[b, k], is_complete=False)

    def _go_on(self, totals_BC: FloatArray, parents_BC: Ids, ids_BC: Ids) -> None:
        """Take the best candidates that do not end as the open targets."""
        K = self._size
        totals_BC = np.where(ids_BC == BOUNDARY, -np.inf, totals_BC)
        best_BK = np.argsort(ids_BC == BOUNDARY, 1, kind="stable")[:, :K]
        self._log_prob_BK = np.take_along_axis(totals_BC, best_BK, 1)
        self._last_BK = np.take_along_axis(ids_BC, best_BK, 1)
        parents_BK = np.take_along_axis(parents_BC, best_BK, 1)
        before_BKT = np.take_along_axis(self._ids_BKT, parents_BK[:, :, None], 1)
        self._ids_BKT = np.concatenate((before_BKT, self._last_BK[:, :, None]), 2)
        first_B1 = np.arange(0, self._last_BK.size, K)[:, None]
        self._decoder.rearrange((first_B1 + parents_BK).ravel())

    def drop_ended(self) -> None:
        """Drop the sources whose search is over, where that saves enough."""
        is_open_B = ~self._is_over_B
        if is_open_B.mean() <= _KEPT:
            self._decoder.keep(np.flatnonzero(is_open_B))
            self._sources_B = self._sources_B[is_open_B]
            self._log_prob_BK = self._log_prob_BK[is_open_B]
            self._last_BK, self._ids_BKT = self._last_BK[is_open_B], self._ids_BKT[is_open_B]

    def hypotheses(self) -> list[list[Hypothesis]]:
        """Return the targets of each source, the best first."""
        return [
            sorted(ended, key=lambda one: (not one.is_complete, -one.score))[: self._size]
            for ended in self._ended
        ]
