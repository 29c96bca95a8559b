"""How well a model decides on labels: accuracy, macro F1, log loss, calibration, confusion.

Shapes: N texts, C labels that the model knows, K labels with those that it does not know after
them.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

NUM_BINS = 15  # of confidence: as many as Guo et al. have

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class LabelScore:
    """How well labels were predicted."""

    num_texts: int
    num_unknown: int  # texts with a label that the model does not know: wrong, without a loss
    accuracy: float
    macro_f1: float
    loss: float  # the log loss: nats per text
    calibration_error: float
    confusion_KC: Ints  # how many texts of each label were taken for each that the model knows

    def figures(self) -> dict[str, Any]:
        """Return the figures by names that scripts can rely on, without the confusion."""
        return {name: value for name, value in vars(self).items() if name != "confusion_KC"}

    def per_label(self) -> list[dict[str, Any]]:
        """Return count, precision, recall and F1 of each label, in the order of their ids."""
        right_K = _right(self.confusion_KC)
        counts_K, predicted_K = _counts(self.confusion_KC)
        return [
            {
                "num_texts": int(count),
                "precision": right / predicted if predicted else 0.0,
                "recall": right / count if count else 0.0,
                "f1": 2 * right / (count + predicted) if count + predicted else 0.0,
            }
            for right, count, predicted in zip(
                right_K.tolist(), counts_K.tolist(), predicted_K.tolist(), strict=True
            )
        ]


def measure(labels_N: Ints, log_prob_NC: Floats) -> LabelScore:
    """Compare labels with the probabilities that a model gave to each. There is one text at least.

    A label that the model does not know has a number of its own from C on.
    """
    num_known = log_prob_NC.shape[1]
    num_labels = max(num_known, int(labels_N.max()) + 1)
    predicted_N = log_prob_NC.argmax(1)
    confusion_KC = np.zeros((num_labels, num_known), np.int64)
    np.add.at(confusion_KC, (labels_N, predicted_N), 1)
    is_known_N = labels_N < num_known
    nats_N = -log_prob_NC[is_known_N, labels_N[is_known_N]]
    is_right_N = predicted_N == labels_N
    return LabelScore(
        num_texts=len(labels_N),
        num_unknown=int((~is_known_N).sum()),
        accuracy=float(is_right_N.mean()),
        macro_f1=macro_f1(confusion_KC),
        loss=float(nats_N.mean()) if len(nats_N) else float("nan"),
        calibration_error=calibration_error(np.exp(log_prob_NC.max(1)), is_right_N),
        confusion_KC=confusion_KC,
    )


def macro_f1(confusion_KC: Ints) -> float:
    """Return the mean F1 over the labels that occur, or were predicted: each counts alike.

    F1 = 2 · right / (texts of the label + texts that were taken for it)
    """
    counts_K, predicted_K = _counts(confusion_KC)
    occurs_K = counts_K + predicted_K > 0
    f1_K = 2 * _right(confusion_KC)[occurs_K] / (counts_K + predicted_K)[occurs_K]
    return float(f1_K.mean())


def calibration_error(confidence_N: Floats, is_right_N: npt.NDArray[np.bool_]) -> float:
    """Return the expected calibration error (Guo et al., 2017, arXiv:1706.04599): how far the
    confidence in the likeliest label is from the share of those that are right.

    The texts are divided by confidence into bins of equal width; Σ share of the bin · |difference|.
    """
    bins_N = np.minimum((confidence_N * NUM_BINS).astype(int), NUM_BINS - 1)
    differences = np.bincount(bins_N, confidence_N - is_right_N, minlength=NUM_BINS)
    return float(np.abs(differences).sum() / len(confidence_N))


def _counts(confusion_KC: Ints) -> tuple[Ints, Ints]:
    """Return how many texts have each label, and how many were taken for it."""
    counts_K = confusion_KC.sum(1)
    predicted_K = np.zeros_like(counts_K)
    predicted_K[: confusion_KC.shape[1]] = confusion_KC.sum(0)
    return counts_K, predicted_K


def _right(confusion_KC: Ints) -> Ints:
    right_K = np.zeros(len(confusion_KC), np.int64)
    num_known = confusion_KC.shape[1]
    right_K[:num_known] = confusion_KC.diagonal()
    return right_K
