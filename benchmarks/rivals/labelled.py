"""Texts with labels as the rivals read them: a part to learn from, a part that chooses, and dev,
which is scored once.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from charrnn.analysis import label_scores

from . import tab_separated

VAL_FRACTION = 0.1  # of the texts, drawn by seed: as many as charrnn keeps by default

LogProbabilities = Callable[[Sequence[str]], np.ndarray]  # (N, C) of texts, in the order of labels


@dataclass(frozen=True)
class Labelled:
    """Texts, and the number of the label of each."""

    texts: list[str]
    labels_N: np.ndarray

    def score(self, log_probabilities: LogProbabilities) -> dict[str, float]:
        """Return accuracy, its complement and macro F1 in per cent, and nats per text."""
        score = label_scores.measure(self.labels_N, log_probabilities(self.texts))
        return {
            "accuracy": 100 * score.accuracy,
            "error_rate": 100 * (1 - score.accuracy),
            "macro_f1": 100 * score.macro_f1,
            "loss": score.loss,
        }


@dataclass(frozen=True)
class Data:
    labels: list[str]
    train: Labelled  # without those held out
    val: Labelled  # held out
    dev: Labelled

    @property
    def characters(self) -> list[str]:
        return sorted({c for text in self.train.texts for c in text})


def read(train: Path, dev: Path, *, seed: int) -> Data:
    """Read files of lines: text TAB label. No text is in train and in val."""
    rows, dev_rows = tab_separated(train), tab_separated(dev)
    labels = sorted({label for _, label in rows})
    texts = sorted({text for text, _ in rows})
    order = np.random.default_rng(seed).permutation(len(texts))
    held_out = {texts[n] for n in order[: round(VAL_FRACTION * len(texts))]}

    def of(rows: list[tuple[str, str]]) -> Labelled:
        numbers = np.array([labels.index(label) for _, label in rows])
        return Labelled([text for text, _ in rows], numbers)

    learned = [row for row in rows if row[0] not in held_out]
    return Data(labels, of(learned), of([row for row in rows if row[0] in held_out]), of(dev_rows))


def arguments(description: str) -> argparse.ArgumentParser:
    """Return the arguments that every rival has."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("train", type=Path)
    parser.add_argument("dev", type=Path)
    parser.add_argument("--minutes", type=float, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1, help="of those that can use them")
    return parser
