"""What a model expects of the next character, and how it took the one that came: logits → data.

Numpy only. It knows nothing of networks, files or screens; `model.Model` reads the text.

Shapes: V vocabulary, T time.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from charrnn.config import SampleConfig
from charrnn.data.vocab import IntArray, Vocab
from charrnn.generation.sampler import FloatArray, log_probabilities, probabilities
from charrnn.models.step_numpy import Progress, Stepper

READ_AT_ONCE = 4096  # characters


@dataclass(frozen=True)
class Chance:
    """A character and how likely it is to come next."""

    char: str
    prob: float


@dataclass(frozen=True)
class Expectation:
    """A character that came, and what the model had thought of it."""

    char: str
    prob: float  # that it would come
    rank: int  # among all characters; 1 is the likeliest
    bits: float  # -log2 prob: how surprised the model was
    expected: str  # the likeliest character
    expected_prob: float


def chances(logits_V: FloatArray, vocab: Vocab, *, temperature: float) -> tuple[Chance, ...]:
    """The whole alphabet, the likeliest character first; the probabilities sum to 1.

    Temperature 1 is what the model believes, 0 leaves the likeliest alone. The unknown symbol, of
    which a sample never hears, has its share. Raises `UsageError` where the temperature cannot be.
    """
    prob_V = probabilities(logits_V, SampleConfig(temperature=temperature))
    order = np.argsort(-prob_V, kind="stable").tolist()
    return tuple(Chance(vocab.char(i), float(prob_V[i])) for i in order)


def expectations(
    pieces: Iterable[FloatArray], targets_T: IntArray, vocab: Vocab
) -> list[Expectation]:
    """How each of the targets was taken, given pieces of the logits_VT they were guessed from."""
    found: list[Expectation] = []
    for logits_VT in pieces:
        log_prob_VT = log_probabilities(logits_VT)[:, : len(targets_T) - len(found)]
        T = log_prob_VT.shape[1]
        came_T, likeliest_T = targets_T[len(found) : len(found) + T], log_prob_VT.argmax(0)
        of_came_T = log_prob_VT[came_T, np.arange(T)]
        columns = (
            map(vocab.char, came_T.tolist()),
            np.exp(of_came_T).tolist(),
            ((log_prob_VT > of_came_T).sum(0) + 1).tolist(),
            (-of_came_T / np.log(2)).tolist(),
            map(vocab.char, likeliest_T.tolist()),
            np.exp(log_prob_VT.max(0)).tolist(),
        )
        found += map(Expectation, *columns)
    return found


def surprise(stepper: Stepper, before_T: IntArray, targets_T: IntArray) -> FloatArray:
    """-ln p of each target, shape (T,), where the stepper reads before it what stands there in
    `before_T`.
    """
    nats_T = np.empty(len(targets_T))
    for t, logits_VT in enumerate(read(stepper, before_T)):
        part = slice(t * READ_AT_ONCE, (t + 1) * READ_AT_ONCE)
        targets = targets_T[part]
        nats_T[part] = -log_probabilities(logits_VT)[targets, np.arange(len(targets))]
    return nats_T


def read(
    stepper: Stepper, ids_T: IntArray, progress: Progress = lambda done, total: None
) -> Iterator[FloatArray]:
    """logits_VT for what follows each of the ids, `READ_AT_ONCE` in a piece."""
    for t in range(0, len(ids_T), READ_AT_ONCE):
        yield stepper.read_all(ids_T[t : t + READ_AT_ONCE])
        progress(min(t + READ_AT_ONCE, len(ids_T)), len(ids_T))


def whole_characters(spelled: str, values_T: FloatArray) -> tuple[str, FloatArray]:
    """A text of bytes, spelled as the characters of those codes, and a value for each, as text
    decoded from UTF-8 and the sum for each character; a byte that is in none becomes U+FFFD.
    """
    text = spelled.encode("latin-1").decode("utf-8", "surrogateescape")
    lengths = [len(character.encode("utf-8", "surrogateescape")) for character in text]
    sums_T = np.add.reduceat(values_T, np.cumsum([0, *lengths[:-1]]))
    return "".join(
        "\N{REPLACEMENT CHARACTER}" if "\udc80" <= c <= "\udcff" else c for c in text
    ), sums_T
