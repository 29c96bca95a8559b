"""What a model predicts for the next character, and how well it predicted the one that came.

Functions from logits to data; `model.Model` reads the text. Numpy only.

Shapes: V vocabulary, T time.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from charrnn._text import ProgressCallback, bits, ignore_progress, symbol
from charrnn.config import SampleConfig
from charrnn.data.vocab import IntArray, Vocab
from charrnn.generation.sampler import FloatArray, log_probabilities, probabilities
from charrnn.models.step_backend import Stepper

READ_AT_ONCE = 4096  # characters
_NUM_SHOWN = 5  # characters in the repr of a prediction


@dataclass(frozen=True)
class Chance:
    """A character and the probability that it comes next."""

    char: str
    prob: float


class Prediction(tuple[Chance, ...]):
    """The probability of every character, the likeliest first; they sum to 1."""

    def top(self, num: int) -> "Prediction":
        """Return the `num` likeliest characters."""
        return Prediction(self[:num])

    def prob(self, char: str) -> float:
        """Return the probability of one character; 0 if the model does not know it."""
        return next((chance.prob for chance in self if chance.char == char), 0.0)

    def __repr__(self) -> str:
        shown = [f"{symbol(one.char)} {100 * one.prob:.3g} %" for one in self[:_NUM_SHOWN]]
        others = [f"{len(self) - _NUM_SHOWN} others"] if len(self) > _NUM_SHOWN else []
        return f"Prediction({', '.join(shown + others)})"


@dataclass(frozen=True)
class Expectation:
    """A character that came, beside what the model predicted there."""

    char: str
    prob: float  # of this character
    rank: int  # among all characters; 1 is the likeliest
    bits: float  # -log2 prob: the surprise
    expected: str  # the likeliest character
    expected_prob: float


@dataclass(frozen=True)
class TextScore:
    """How well a model predicts a text."""

    num_chars: int
    nats_per_char: float  # the loss: the mean of -ln p
    num_unknown: int  # characters that are left out, or read as the unknown symbol

    @property
    def bits_per_char(self) -> float:
        """The loss in bits."""
        return bits(self.nats_per_char)

    @property
    def perplexity(self) -> float:
        """The exponential of the loss."""
        return math.exp(self.nats_per_char)


def prediction(logits_V: FloatArray, vocab: Vocab, *, temperature: float) -> Prediction:
    """Return the probability of every character, the likeliest first.

    Temperature 1 gives the model's own probabilities, 0 all to the likeliest character. The unknown
    symbol is listed too, though it is never drawn. Raises `SettingError` for the temperature.
    """
    prob_V = probabilities(logits_V, SampleConfig(temperature=temperature))
    order = np.argsort(-prob_V, kind="stable").tolist()
    return Prediction(Chance(vocab.char(i), float(prob_V[i])) for i in order)


def expectations(
    chunks: Iterable[FloatArray], targets_T: IntArray, char: Callable[[int], str]
) -> list[Expectation]:
    """Compare each target with its prediction; the chunks are logits_VT, one column a target.
    `char` spells an id.
    """
    compared: list[Expectation] = []
    for logits_VT in chunks:
        log_prob_VT = log_probabilities(logits_VT)[:, : len(targets_T) - len(compared)]
        T = log_prob_VT.shape[1]
        came_T, likeliest_T = targets_T[len(compared) :][:T], log_prob_VT.argmax(0)
        of_came_T = log_prob_VT[came_T, np.arange(T)]
        columns = (
            map(char, came_T.tolist()),
            np.exp(of_came_T).tolist(),
            ((log_prob_VT > of_came_T).sum(0) + 1).tolist(),
            (-of_came_T / np.log(2)).tolist(),
            map(char, likeliest_T.tolist()),
            np.exp(log_prob_VT.max(0)).tolist(),
        )
        compared += map(Expectation, *columns)
    return compared


def surprise(
    stepper: Stepper,
    before_T: IntArray,
    targets_T: IntArray,
    progress: ProgressCallback = ignore_progress,
) -> FloatArray:
    """Return -ln p of each target, shape (T,); `before_T` holds the ids before them."""
    nats_T = np.empty(len(targets_T))
    for t, logits_VT in enumerate(read(stepper, before_T, progress)):
        part = slice(t * READ_AT_ONCE, (t + 1) * READ_AT_ONCE)
        targets = targets_T[part]
        nats_T[part] = -log_probabilities(logits_VT)[targets, np.arange(len(targets))]
    return nats_T


def read(
    stepper: Stepper, ids_T: IntArray, progress: ProgressCallback = ignore_progress
) -> Iterator[FloatArray]:
    """Yield the logits_VT after each of the ids, `READ_AT_ONCE` of them in a chunk."""
    for t in range(0, len(ids_T), READ_AT_ONCE):
        yield stepper.read_all(ids_T[t : t + READ_AT_ONCE])
        progress(min(t + READ_AT_ONCE, len(ids_T)), len(ids_T))


def whole_characters(spelled: str, values_T: FloatArray) -> tuple[str, FloatArray]:
    """Decode a text of bytes (each spelled as the character of that code) and add up the values of
    each character's bytes. A byte that is not UTF-8 becomes U+FFFD.
    """
    text = spelled.encode("latin-1").decode("utf-8", "surrogateescape")
    lengths = [len(character.encode("utf-8", "surrogateescape")) for character in text]
    sums_T = np.add.reduceat(values_T, np.cumsum([0, *lengths[:-1]]))
    return "".join(
        "\N{REPLACEMENT CHARACTER}" if "\udc80" <= c <= "\udcff" else c for c in text
    ), sums_T
