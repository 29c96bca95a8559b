"""What a loss means: what simple models, and gzip and xz, make of the same validation split.

The simple models know how often strings of one, two or three characters came in the training
split; gzip and xz compress the validation split alone, without having seen any other text. A
`Yardstick` holds a run's losses against them and says in plain sentences where it stands.
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
_MAX_COUNTED = 2_000_000  # characters: the training split's last ones
_MAX_PREDICTED = 1_000_000  # the validation split's first ones
_MAX_COMPRESSED = 500_000  # of these; gzip and xz are slow
_SMALL_TABLE = 1 << 22
_AS_SHOWN = 0.005  # nats: losses that are nearer to each other are shown as the same
_NUM_RISING = 3  # validations, each worse than the one before


class Compressors:
    """How many bytes `gzip -9` and `xz` make of what they are fed.

    `xz -9` would take 700 MB, and differs only for texts of more than 8 MB.
    """

    def __init__(self) -> None:
        self._made: dict[str, Any] = {
            "gzip": zlib.compressobj(9, zlib.DEFLATED, 31),  # 31: with gzip's header
            "xz": lzma.LZMACompressor(preset=6),
        }
        self._num_bytes = dict.fromkeys(self._made, 0)

    def feed(self, data: bytes) -> None:
        """Compress so much more."""
        for name, compressor in self._made.items():
            self._num_bytes[name] += len(compressor.compress(data))

    def sizes(self) -> dict[str, int]:
        """Bytes by name, once all was fed."""
        return {
            name: self._num_bytes[name] + len(made.flush()) for name, made in self._made.items()
        }


def measure(text: Text, vocab: Vocab, *, share: float = 1.0) -> dict[str, float]:
    """Nats per character of the validation split, by name; nothing where there is none.

    Of a large text the last two million characters of the training split are counted, and the
    first million of the validation split predicted, so that it takes a second at most; of these
    numbers only a `share`, where there is less time.
    """
    max_counted, max_predicted, max_compressed = (
        round(share * most) for most in (_MAX_COUNTED, _MAX_PREDICTED, _MAX_COMPRESSED)
    )
    first, end = text.part("val")
    if first == end:
        return {}
    end = min(end, first + max_predicted)
    counted = text.ids[max(0, first - max_counted) : first].astype(np.int64)
    predicted = text.ids[first - 2 : end].astype(np.int64)
    probs = interpolated(counted, predicted, vocab_size=len(vocab))
    nats = {
        name: float(0 - np.log(prob_T).mean()) for name, prob_T in zip(NAMES, probs, strict=True)
    }
    return nats | _compressed(text.ids[first : min(end, first + max_compressed)], vocab)


def _compressed(ids: IntArray, vocab: Vocab) -> dict[str, float]:
    """Nats per character that gzip and xz need."""
    compressors = Compressors()
    compressors.feed(vocab.decode(ids.tolist()).encode("latin-1" if vocab.is_bytes else "utf-8"))
    return {name: size * 8 * math.log(2) / len(ids) for name, size in compressors.sizes().items()}


def interpolated(counted: Ints, predicted: Ints, *, vocab_size: int) -> list[Floats]:
    """The probabilities of `predicted[2:]` by their last zero, one and two characters, one array
    each, as the counts of another text give them.

    Interpolated Witten-Bell smoothing (Witten & Bell, 1991; equation 16 of Chen & Goodman, 1999):
    the more different characters came after a context, the more the shorter one has its say.

        p(c | h) = (count(h c) + kinds(h) p(c | h')) / (count(h) + kinds(h))

    h' is h without its first character; shorter than nothing is the uniform 1 / V.
    """
    found = []
    prob_T = np.full(len(predicted) - 2, 1 / vocab_size)
    for length in (1, 2, 3):
        keys, counts = _counted(_keys(counted, length, vocab_size), vocab_size**length)
        contexts, starts = np.unique(keys // vocab_size, return_index=True)
        totals = np.add.reduceat(counts, starts) if len(starts) else counts
        kinds = np.diff(np.append(starts, len(keys)))

        asked_T = _keys(predicted, length, vocab_size)[3 - length :]
        count_T = _looked_up(asked_T, keys, counts)
        total_T = _looked_up(asked_T // vocab_size, contexts, totals)
        kinds_T = _looked_up(asked_T // vocab_size, contexts, kinds)
        mixed_T = (count_T + kinds_T * prob_T) / np.maximum(total_T + kinds_T, 1)
        prob_T = np.where(total_T > 0, mixed_T, prob_T)
        found.append(prob_T)
    return found


def _keys(ids: Ints, length: int, vocab_size: int) -> Ints:
    """A number for each string of that length: its ids as digits."""
    keys = np.zeros(max(0, len(ids) - length + 1), np.int64)
    for k in range(length):
        keys = keys * vocab_size + ids[k : k + len(keys)]
    return keys


def _counted(keys: Ints, num_possible: int) -> tuple[Ints, Ints]:
    """The different keys in order, and how often each came."""
    if num_possible > _SMALL_TABLE:
        return np.unique(keys, return_counts=True)
    counts = np.bincount(keys, minlength=1)
    seen = np.flatnonzero(counts)
    return seen, counts[seen]


def _looked_up(asked: Ints, keys: Ints, values: Ints) -> Ints:
    """The value of each key that is asked for, 0 where there is none."""
    if not len(keys):
        return np.zeros_like(asked)
    places = np.minimum(np.searchsorted(keys, asked), len(keys) - 1)
    return np.where(keys[places] == asked, values[places], 0)


class Yardstick:
    """Baselines, and what there is to say of a run's losses beside them: each thing once."""

    def __init__(self, baselines: Mapping[str, float]) -> None:
        """`baselines` are nats per character by name; without any there is less to say."""
        self.baselines = dict(baselines)
        self._above = dict(baselines)  # those not yet beaten
        self._best = (math.inf, math.inf)  # validation loss, and the training loss with it
        self._since_best: list[float] = []  # validation losses, that one included
        self._has_warned = self._is_compared = False

    @classmethod
    def recalled(cls, lines: Iterable[Mapping[str, Any]]) -> "Yardstick":
        """As the lines of a run's metrics left it: what it has said it does not say again."""
        yardstick, loss = cls({}), None
        for line in lines:
            if "baselines" in line:
                yardstick = cls(line["baselines"])
            loss = line.get("loss", loss)
            if "val_loss" in line:
                yardstick.remarks(loss, line["val_loss"])
        return yardstick

    def meaning(self) -> str:
        """The baselines in a line, for the start of a run."""
        learned = {name: nats for name, nats in self.baselines.items() if name in NAMES}
        others = {name: nats for name, nats in self.baselines.items() if name not in NAMES}
        return (
            f"for comparison, nats per character: {_listed(learned)};"
            f" {_listed(others)} (validation text alone)"
        )

    def remarks(self, loss: float | None, val_loss: float) -> list[str]:
        """What to say after a validation, in sentences; mostly nothing.

        `loss` is the training's of late, None where it is not known yet.
        """
        return [
            *self._beaten(val_loss),
            *self._overfitting(math.nan if loss is None else loss, val_loss),
        ]

    def shortfall(self, val_loss: float) -> str:
        """Why a network with this validation loss cannot write anything like its text; an empty
        string where it can, or nothing is known.
        """
        bigram = self.baselines.get("bigram", math.inf)
        if val_loss < bigram + _AS_SHOWN or not math.isfinite(val_loss):
            return ""
        return f"its validation loss {val_loss:.2f} is above that of a bigram model, {bigram:.2f}"

    def _beaten(self, val_loss: float) -> list[str]:
        beaten = {name: nats for name, nats in self._above.items() if val_loss < nats}
        if not beaten:
            is_first, self._is_compared = not self._is_compared, True
            above = self._above == self.baselines and self._above and is_first
            return [f"val {val_loss:.2f} is still above {_listed(self._above)}"] if above else []
        self._is_compared = True
        self._above = {name: nats for name, nats in self._above.items() if name not in beaten}
        above = {name: nats for name, nats in self._above.items() if val_loss > nats + _AS_SHOWN}
        rest = f"; still above {_listed(above)}" if above else ""
        return [f"val {val_loss:.2f} beats {_listed(beaten)}{rest}"]

    def _overfitting(self, loss: float, val_loss: float) -> list[str]:
        """Said when the validation loss rises again and again while the training loss falls."""
        if val_loss < self._best[0]:
            self._best, self._since_best = (val_loss, loss), []
        self._since_best.append(val_loss)
        last = self._since_best[-_NUM_RISING - 1 :]
        rises = len(last) > _NUM_RISING and all(one < then for one, then in pairwise(last))
        if self._has_warned or not rises or not loss < self._best[1]:
            return []
        self._has_warned = True
        return [
            f"it is starting to memorise the text (overfitting): the validation loss rose from"
            f" {self._best[0]:.3f} to {val_loss:.3f} while the training loss fell to {loss:.3f};"
            " more --dropout, a smaller network or more text help (the best checkpoint is kept)"
        ]


def _listed(nats: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:.2f}" for name, value in nats.items())
