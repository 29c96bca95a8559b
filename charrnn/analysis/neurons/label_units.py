"""How well the units of a language model tell apart the labels of texts, which it never learned.

The sentiment neuron of Radford, Jozefowicz & Sutskever, 2017 (arXiv:1704.01444), for any model and
any labels: each unit alone, ranked by AUC (auc.py), and a logistic probe on all of them (probe.py).

A text is taken as the mean activity of each unit over its characters. On short reviews this told
more than the state after the last character, which mostly says how the text ends: in a probe 62 %
of the labels were right instead of 52 %, and the best AUC was 0.58 instead of 0.54.

One half of the texts chooses units, signs, thresholds and the strength of the probe; all figures
are of the other half. The best of hundreds of units looks good by chance where it is chosen: how
good, shuffled labels tell.

Shapes: N texts, C labels, U units.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from charrnn._text import ProgressCallback, ignore_progress
from charrnn.analysis import label_scores
from charrnn.analysis.neurons import auc, probe
from charrnn.analysis.neurons.activities import mean_activities
from charrnn.analysis.neurons.labelled_texts import (
    Ints,
    LabelledText,
    LabelledTexts,
    drawn,
    labelled,
)
from charrnn.analysis.neurons.units import Unit, units
from charrnn.errors import CorpusError
from charrnn.generation.model import Model
from charrnn.models.step_numpy import blas

MAX_TEXTS = 20_000
MAX_LENGTH = 2000  # characters that are read of a text
_MAX_NUMBERS = 1 << 23  # mean activities in memory
_NUM_SHUFFLES = 20


@dataclass(frozen=True)
class LabelUnit:
    """How well one unit tells the texts of one label from the others."""

    label: str
    unit: Unit
    is_higher: bool  # in texts of the label; else it is lower there
    chosen_auc: float  # on the half that it was chosen by, where it is 0.5 or more
    auc: float  # on the other half
    auc_interval: tuple[float, float]  # of 95 %
    threshold: float  # between texts of the label and others, as chosen
    accuracy: float  # of the threshold, on the other half
    majority: float  # accuracy of always guessing what is commoner, the label or the others


@dataclass(frozen=True)
class ProbeScore:
    """How well all units together tell the labels apart, on the half that was not learned from."""

    strength: float  # of the penalty
    accuracy: float
    macro_f1: float
    loss: float  # nats per text
    commonest: str  # the label with the most texts where the probe was fitted
    majority: float  # accuracy of always guessing it
    majority_loss: float  # of always giving each label its share


@dataclass(frozen=True)
class LabelRanking:
    """The units that tell each label from the others, and the probe."""

    num_units: int
    counts: Mapping[str, int]  # texts of each label, sorted
    num_reported: int  # texts of the half that all figures are of
    rare: tuple[str, ...]  # labels with too few texts, which were left out
    num_unknown: int  # characters that the model does not know, which were left out
    num_empty: int  # texts without any other character, which were left out
    num_cut: int  # texts of which only the beginning was read
    best: Mapping[str, tuple[LabelUnit, ...]]  # for each label, by the AUC on the half that chose
    chance_auc: Mapping[str, float]  # the highest `chosen_auc` of any unit in 20 shuffles of labels
    probe: ProbeScore
    reported: tuple[LabelledText, ...]  # texts of the half that chose nothing

    @property
    def clearest(self) -> str:
        """The label whose best unit is farthest above chance where it was chosen; of two labels the
        one in whose texts that unit is higher.
        """

        def clearness(label: str) -> tuple[float, bool]:
            best = self.best[label][0]
            return round(best.chosen_auc - self.chance_auc[label], 9), best.is_higher

        return max(self.best, key=clearness)

    def is_beyond_chance(self, label: str) -> bool:
        """Whether the best unit of a label tells more than the best one does by chance."""
        best = self.best[label][0]
        return best.chosen_auc > self.chance_auc[label] and best.auc_interval[0] > 0.5

    def figures(self) -> dict[str, Any]:
        """Return all but the texts as plain values, for scripts."""
        return {
            **{name: value for name, value in vars(self).items() if name != "reported"},
            "best": {
                label: [{**vars(one), "unit": str(one.unit)} for one in best]
                for label, best in self.best.items()
            },
            "probe": vars(self.probe),
        }


def rank_by_labels(
    model: Model,
    pairs: Iterable[tuple[str, str]],
    *,
    num_best: int = 10,
    max_length: int = MAX_LENGTH,
    progress: ProgressCallback = ignore_progress,
) -> LabelRanking:
    """Rank the `num_best` units for each label by (text, label) pairs, and fit a probe.

    Of many pairs 20,000 are drawn at random, of a network with more than 400 units fewer. Raises
    `CorpusError` where there are not two labels with ten texts, `UsageError` for an ensemble.
    """
    every, known = units(model.config), _KnownTexts(model, max_length)
    some = drawn(known.of(pairs), min(MAX_TEXTS, _MAX_NUMBERS // len(every)))
    if known.num_empty and not some:
        raise CorpusError(
            "the model knows no character of these texts", "give it texts in its own characters"
        )
    texts = labelled(some)
    mean_NU = np.empty((len(texts.texts), len(every)), np.float32)
    for n, mean_U in enumerate(mean_activities(model, texts.texts)):
        mean_NU[n] = mean_U
        progress(n + 1, len(mean_NU))
    halves = _Halves(texts, mean_NU)
    with blas().limit(limits=1, user_api="blas"):  # small products are slowed down by more threads
        return LabelRanking(
            num_units=len(every),
            counts=dict(zip(texts.labels, texts.counts_C.tolist(), strict=True)),
            num_reported=len(halves.reported_texts),
            rare=texts.rare,
            num_unknown=known.num_unknown,
            num_empty=known.num_empty,
            num_cut=known.num_cut,
            best={label: halves.best(label, every, num_best) for label in texts.labels},
            chance_auc=dict(zip(texts.labels, halves.chance_auc_C().tolist(), strict=True)),
            probe=halves.probe_score(),
            reported=halves.reported_texts,
        )


class _KnownTexts:
    """The beginnings of texts in the characters that a model knows; what is left out is counted."""

    def __init__(self, model: Model, max_length: int) -> None:
        self._model, self._max_length = model, max_length
        self.num_unknown = self.num_empty = self.num_cut = 0

    def of(self, pairs: Iterable[tuple[str, str]]) -> Iterator[LabelledText]:
        """Yield those of texts with labels."""
        for text, label in pairs:
            spelled = self._model.spelled(text)
            known = self._model.known(spelled)
            if known != spelled:
                self.num_unknown += sum(map(spelled.count, self._model.unknown(spelled)))
            self.num_empty += not known
            self.num_cut += len(known) > self._max_length
            if known:
                yield LabelledText(known[: self._max_length], label)


class _Halves:
    """The mean activities of labelled texts: those that choose, and those that are reported."""

    def __init__(self, texts: LabelledTexts, mean_NU: npt.NDArray[np.float32]) -> None:
        chooses_N = texts.is_choosing_N
        self._labels = texts.labels
        self._choosing_NU, self._reported_NU = mean_NU[chooses_N], mean_NU[~chooses_N]
        self._choosing_label_N = texts.label_N[chooses_N]
        self._reported_label_N = texts.label_N[~chooses_N]
        self._fold_N = texts.fold_N[chooses_N]
        self.reported_texts = tuple(
            LabelledText(texts.texts[n], texts.labels[texts.label_N[n]])
            for n in np.flatnonzero(~chooses_N).tolist()
        )
        self._rank_NU = auc.midranks(self._choosing_NU)
        self._chosen_auc_CU = self._aucs(self._choosing_label_N)

    def _aucs(self, label_N: Ints) -> auc.Floats:
        """Return the AUC of each unit for each label, (C, U), if the texts that choose have these
        labels.
        """
        is_of_label_CN: auc.Flags = np.arange(len(self._labels))[:, None] == label_N
        return auc.aucs(self._rank_NU, is_of_label_CN)

    def best(self, label: str, every: Sequence[Unit], num_best: int) -> tuple[LabelUnit, ...]:
        """Return the units that tell a label best from the others, where they are chosen."""
        c = self._labels.index(label)
        order = np.argsort(-np.abs(self._chosen_auc_CU[c] - 0.5), kind="stable")
        return tuple(self._measured(c, u, every[u]) for u in order[:num_best].tolist())

    def _measured(self, c: int, u: int, unit: Unit) -> LabelUnit:
        """Choose sign and threshold of a unit for a label; measure it on the other half."""
        chosen_auc, is_chosen_by_N = float(self._chosen_auc_CU[c, u]), self._choosing_label_N == c
        sign = 1 if chosen_auc >= 0.5 else -1
        threshold = auc.best_threshold(sign * self._choosing_NU[:, u], is_chosen_by_N)
        is_commoner = is_chosen_by_N.mean() > 0.5
        x_N = sign * self._reported_NU[:, u].astype(float)
        is_of_label_N = self._reported_label_N == c
        reported_auc = float(auc.aucs(auc.midranks(x_N[:, None]), is_of_label_N[None])[0, 0])
        num = int(is_of_label_N.sum())
        return LabelUnit(
            label=self._labels[c],
            unit=unit,
            is_higher=sign > 0,
            chosen_auc=max(chosen_auc, 1 - chosen_auc),
            auc=reported_auc,
            auc_interval=auc.interval(reported_auc, num, len(x_N) - num),
            threshold=sign * threshold,
            accuracy=float(((x_N > threshold) == is_of_label_N).mean()),
            majority=float((is_of_label_N == is_commoner).mean()),
        )

    def chance_auc_C(self) -> auc.Floats:
        """Return for each label the highest AUC that a unit has where it is chosen by shuffled
        labels.
        """
        random, highest_C = np.random.default_rng(0), np.zeros(len(self._labels))
        for _ in range(_NUM_SHUFFLES):
            auc_CU = self._aucs(random.permutation(self._choosing_label_N))
            highest_C = np.maximum(highest_C, np.abs(auc_CU - 0.5).max(1) + 0.5)
        return highest_C

    def probe_score(self) -> ProbeScore:
        """Fit a probe on the half that chooses; measure it on the other."""
        num_labels, label_N = len(self._labels), self._reported_label_N
        fitted = probe.fit_chosen(
            self._choosing_NU, self._choosing_label_N, self._fold_N, num_labels=num_labels
        )
        score = label_scores.measure(label_N, fitted.log_probabilities(self._reported_NU))
        share_C = np.bincount(self._choosing_label_N) / len(self._choosing_label_N)
        return ProbeScore(
            strength=fitted.strength,
            accuracy=score.accuracy,
            macro_f1=score.macro_f1,
            loss=score.loss,
            commonest=self._labels[share_C.argmax()],
            majority=float((label_N == share_C.argmax()).mean()),
            majority_loss=float(-np.log(share_C)[label_N].mean()),
        )
