"""Baselines for a run's losses: n-gram models, gzip and xz on the same validation split.

The n-gram models know how often strings of one, two or three characters occur in the training
split. gzip and xz compress the validation split alone and have seen no other text. A `Comparison`
holds these figures and describes a run's losses beside them in plain sentences.

Shapes: T predicted characters.
"""

import lzma
import math
import zlib
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from charrnn.data.batches import Text
from charrnn.data.vocab import IntArray, Vocab

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

NAMES = ("unigram", "bigram", "trigram")
MAX_COUNTED = 2_000_000  # characters: the last ones of the training split
MAX_PREDICTED = 1_000_000  # characters: the first ones of the validation split
_MAX_COMPRESSED = 500_000  # of these; gzip and xz are slow
SMALL_TABLE = 1 << 22  # keys that are counted in a table rather than by sorting
_ROUNDING = 0.005  # nats: losses that differ by less are shown as equal
_NUM_RISING = 3  # validations, each worse than the one before


class Compressors:
    """The number of bytes that `gzip -9` and `xz` need for a text that comes in chunks.

    `xz -9` would take 700 MB, and differs only for texts of more than 8 MB.
    """

    def __init__(self) -> None:
        self._made: dict[str, Any] = {
            "gzip": zlib.compressobj(9, zlib.DEFLATED, 31),  # 31: with gzip's header
            "xz": lzma.LZMACompressor(preset=6),
        }
        self._num_bytes = dict.fromkeys(self._made, 0)

    def add(self, chunk: bytes) -> None:
        """Compress the next chunk."""
        for name, compressor in self._made.items():
            self._num_bytes[name] += len(compressor.compress(chunk))

    def sizes(self) -> dict[str, int]:
        """Finish, and return the number of compressed bytes by name."""
        return {
            name: self._num_bytes[name] + len(made.flush()) for name, made in self._made.items()
        }


def measure(text: Text, vocab: Vocab, *, fraction: float = 1.0) -> dict[str, float]:
    """Return nats per character of the validation split by name; empty if there is no such split.

    From a large text only the last two million characters of the training split are counted and
    the first million of the validation split predicted, which takes a second at most. Where there
    is less time, `fraction` reduces these numbers.
    """
    max_counted, max_predicted, max_compressed = (
        round(fraction * limit) for limit in (MAX_COUNTED, MAX_PREDICTED, _MAX_COMPRESSED)
    )
    first, end = text.part("val")
    if first == end:
        return {}
    end = min(end, first + max_predicted)
    counted = text.ids[max(0, first - max_counted) : first].astype(np.int64)
    predicted = text.ids[first - 2 : end].astype(np.int64)
    probs = ngram_probabilities(counted, predicted, vocab_size=len(vocab))
    nats = {
        name: float(0 - np.log(prob_T).mean()) for name, prob_T in zip(NAMES, probs, strict=True)
    }
    return nats | _compressed(text.ids[first : min(end, first + max_compressed)], vocab)


def _compressed(ids: IntArray, vocab: Vocab) -> dict[str, float]:
    """Return the nats per character that gzip and xz need."""
    compressors = Compressors()
    compressors.add(vocab.decode(ids.tolist()).encode("latin-1" if vocab.is_bytes else "utf-8"))
    return {name: size * 8 * math.log(2) / len(ids) for name, size in compressors.sizes().items()}


def ngram_probabilities(counted: Ints, predicted: Ints, *, vocab_size: int) -> list[Floats]:
    """Return three (T,) arrays: the probabilities of `predicted[2:]` given the last zero, one and
    two characters, estimated from the n-gram counts of `counted`.

    Interpolated Witten-Bell smoothing (Witten & Bell, 1991; equation 16 of Chen & Goodman, 1999):
    the more distinct characters follow a context, the more weight the shorter context gets.

        p(c | h) = (count(h c) + distinct(h) p(c | h')) / (count(h) + distinct(h))

    h' is h without its first character; below the empty context stands the uniform 1 / V.
    """
    probs = []
    prob_T = np.full(len(predicted) - 2, 1 / vocab_size)
    for length in (1, 2, 3):
        keys, counts = _count(_keys(counted, length, vocab_size), vocab_size**length)
        contexts, starts = np.unique(keys // vocab_size, return_index=True)
        totals = np.add.reduceat(counts, starts) if len(starts) else counts
        distinct = np.diff(np.append(starts, len(keys)))

        key_T = _keys(predicted, length, vocab_size)[3 - length :]
        count_T = _look_up(key_T, keys, counts)
        total_T = _look_up(key_T // vocab_size, contexts, totals)
        distinct_T = _look_up(key_T // vocab_size, contexts, distinct)
        mixed_T = (count_T + distinct_T * prob_T) / np.maximum(total_T + distinct_T, 1)
        prob_T = np.where(total_T > 0, mixed_T, prob_T)
        probs.append(prob_T)
    return probs


def _keys(ids: Ints, length: int, vocab_size: int) -> Ints:
    """Return a number for each string of `length` ids, which are its digits to base V."""
    keys = np.zeros(max(0, len(ids) - length + 1), np.int64)
    for k in range(length):
        keys = keys * vocab_size + ids[k : k + len(keys)]
    return keys


def _count(keys: Ints, num_possible: int) -> tuple[Ints, Ints]:
    """Return the distinct keys in order, and how often each occurs."""
    if num_possible > SMALL_TABLE:
        return np.unique(keys, return_counts=True)
    counts = np.bincount(keys, minlength=1)
    distinct = np.flatnonzero(counts)
    return distinct, counts[distinct]


def _look_up(queries: Ints, keys: Ints, values: Ints) -> Ints:
    """Return the value of each key that is looked up, 0 for those that are missing."""
    if not len(keys):
        return np.zeros_like(queries)
    nearest = np.minimum(np.searchsorted(keys, queries), len(keys) - 1)
    return np.where(keys[nearest] == queries, values[nearest], 0)


class Comparison:
    """Describe a run's losses beside its baselines, each fact once."""

    def __init__(self, baselines: Mapping[str, float]) -> None:
        """`baselines` are nats per character by name; may be empty."""
        self.baselines = dict(baselines)
        self._unbeaten = dict(baselines)
        self._best = (math.inf, math.inf)  # validation loss, and the training loss with it
        self._since_best: list[float] = []  # validation losses, from the best one on
        self._has_warned = self._has_compared = False

    @classmethod
    def recalled(cls, lines: Iterable[Mapping[str, Any]]) -> "Comparison":
        """Rebuild the comparison from a run's metrics, so that a resumed run repeats nothing."""
        comparison, loss = cls({}), None
        for line in lines:
            if "baselines" in line:
                comparison = cls(line["baselines"])
            loss = line.get("loss", loss)
            if "val_loss" in line:
                comparison.remarks(loss, line["val_loss"])
        return comparison

    def summary(self) -> str:
        """Return the baselines in a line, for the start of a run."""
        learned = {name: nats for name, nats in self.baselines.items() if name in NAMES}
        others = {name: nats for name, nats in self.baselines.items() if name not in NAMES}
        return (
            f"for comparison, nats per character: {_listed(learned)};"
            f" {_listed(others)} (validation text alone)"
        )

    def remarks(self, loss: float | None, val_loss: float) -> list[str]:
        """Return sentences about a validation, mostly none.

        `loss` is the recent training loss, None if it is not known yet.
        """
        return [
            *self._beaten(val_loss),
            *self._overfitting(math.nan if loss is None else loss, val_loss),
        ]

    def shortfall(self, val_loss: float) -> str:
        """Return why a network with this validation loss cannot write text like its corpus; empty
        if it can, or if there are no baselines.
        """
        bigram = self.baselines.get("bigram", math.inf)
        if val_loss < bigram + _ROUNDING or not math.isfinite(val_loss):
            return ""
        return f"its validation loss {val_loss:.2f} is above that of a bigram model, {bigram:.2f}"

    def _beaten(self, val_loss: float) -> list[str]:
        is_first, self._has_compared = not self._has_compared, True
        beaten = {name: nats for name, nats in self._unbeaten.items() if val_loss < nats}
        if not beaten:
            if not (is_first and self._unbeaten):
                return []
            return [f"val {val_loss:.2f} is still above {_listed(self._unbeaten)}"]
        self._unbeaten = {n: nats for n, nats in self._unbeaten.items() if n not in beaten}
        above = {n: nats for n, nats in self._unbeaten.items() if val_loss > nats + _ROUNDING}
        rest = f"; still above {_listed(above)}" if above else ""
        return [f"val {val_loss:.2f} beats {_listed(beaten)}{rest}"]

    def _overfitting(self, loss: float, val_loss: float) -> list[str]:
        """Warn once, when the validation loss keeps rising while the training loss falls."""
        if val_loss < self._best[0]:
            self._best, self._since_best = (val_loss, loss), []
        self._since_best.append(val_loss)
        last = self._since_best[-_NUM_RISING - 1 :]
        rises = len(last) > _NUM_RISING and all(one < later for one, later in pairwise(last))
        if self._has_warned or not rises or not loss < self._best[1]:
            return []
        self._has_warned = True
        return [
            f"it is starting to memorise the text (overfitting): the validation loss rose from"
            f" {self._best[0]:.3f} to {val_loss:.3f} while the training loss fell to {loss:.3f};"
            " more dropout, a smaller network or more text help (the best checkpoint is kept)"
        ]


def _listed(nats: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:.2f}" for name, value in nats.items())
