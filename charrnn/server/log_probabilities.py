"""How likely each character was, and which others were likely there: of a prompt, and of what is
drawn after it.

The probabilities are the model's own, before filters and temperature. Of a model of bytes each byte
is a character of its own.

Shapes: V vocabulary.
"""

import codecs
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from charrnn.data.vocab import code_points
from charrnn.generation.model import Model
from charrnn.generation.sampler import FloatArray, log_probabilities

Decode = Callable[..., str]  # bytes → the text that they complete


@dataclass(frozen=True)
class Token:
    """A character beside what else was likely there."""

    text: str  # what it adds to the text: "" for a byte that completes no character
    name: str  # what stands for it in an answer
    log_probability: float | None  # in nats; None for what the model does not know
    likeliest: dict[str, float] | None  # log probabilities by name


class Recorder:
    """A `sampler.Constraint` that forbids nothing: it notes each character that a stream draws."""

    def __init__(self, model: Model, num_likeliest: int) -> None:
        self._model, self._num_likeliest = model, num_likeliest
        self._log_prob_V: FloatArray = np.empty(0)
        self._decode = decoder(model)
        self._noted: deque[Token] = deque()

    def apply(self, logits_V: FloatArray) -> None:
        """Look at the logits."""
        self._log_prob_V = log_probabilities(logits_V)

    def read(self, i: int) -> None:
        """Note the character that was drawn."""
        name = _name(self._model, self._model.characters[i])
        text = self._decode(self._model.characters[i])
        likeliest = _likeliest(self._model, self._log_prob_V, self._num_likeliest, i)
        self._noted.append(Token(text, name, float(self._log_prob_V[i]), likeliest))

    def take(self) -> Token:
        """Return the first of those that were noted and not taken yet."""
        return self._noted.popleft()


def of_prompt(model: Model, spelled: str, num_likeliest: int) -> Iterator[Token]:
    """Yield a token for each character of a prompt in a model's characters."""
    read = [model.known(character) for character in spelled]
    if "".join(read) != model.known(spelled):  # some characters are read as one
        spelled = model.known(spelled)
        read = list(spelled)
    stepper, logits_V = model.read_prompt("")
    if model.records == "none":  # a prompt is read with nothing before it
        stepper = model.backend.stepper()
    decode = decoder(model)
    for character, known in zip(spelled, read, strict=True):
        nats, likeliest = 0.0, None
        for i in model.vocab.ids_of(code_points(known)).tolist():
            log_prob_V = log_probabilities(logits_V)
            nats += float(log_prob_V[i])
            likeliest = likeliest or _likeliest(model, log_prob_V, num_likeliest, i)
            logits_V = stepper.step(i)
        name = _name(model, character)
        yield Token(decode(character), name, nats if known else None, likeliest)


def decoder(model: Model) -> Decode:
    """Return what makes text of a model's characters, one after another: of a model of bytes what
    they complete. Called with "" and final=True it returns the rest.
    """
    if not model.vocab.is_bytes:
        return lambda character, final=False: character
    decode = codecs.getincrementaldecoder("utf-8")("replace").decode
    return lambda character, final=False: decode(character.encode("latin-1"), final)


def _likeliest(model: Model, log_prob_V: Any, num: int, drawn: int) -> dict[str, float]:
    """Return the log probabilities of the likeliest characters, and of the one that was drawn."""
    order = np.argsort(-log_prob_V, kind="stable")[:num].tolist()
    ids = [i for i in order if np.isfinite(log_prob_V[i])] + [drawn]
    return {_name(model, model.characters[i]): float(log_prob_V[i]) for i in ids}


def _name(model: Model, character: str) -> str:
    """Return what stands for a character: of bytes that are not ASCII, their number."""
    is_byte = model.vocab.is_bytes and not character.isascii()
    return f"bytes:\\x{ord(character):02x}" if is_byte else character
