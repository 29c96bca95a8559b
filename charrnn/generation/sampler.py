"""From logits to characters, one stream at a time.

`choose` is pure: the same logits, uniform number and settings give the same character, for one
stream or for many side by side. `generate` yields the ids of one stream; `until_stop` ends a stream
of characters at a given text.

Shapes: V vocabulary, B streams. An array (V, B) may also be (V,): one stream.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import count
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from charrnn.config import SampleConfig
from charrnn.generation.top_k_top_p import passes_filters
from charrnn.models.compiled.step_c import CStepper
from charrnn.models.step_backend import Stepper
from charrnn.models.step_ensemble import log_softmax

FloatArray = npt.NDArray[np.floating[Any]]


class Constraint(Protocol):
    """Changes the logits of one stream by what it has drawn so far."""

    def apply(self, logits_V: FloatArray) -> None:
        """Lower the logits of unwanted characters in place; all to -inf ends the stream."""

    def read(self, i: int) -> None:
        """Note that this character was drawn."""


MakeConstraints = Callable[[], Sequence[Constraint]]  # called once for each stream

MAX_AT_ONCE = 32  # characters that are drawn in one call
_COLDEST = 1e-200  # a lower temperature would overflow, and only the argmax is left anyway


def probabilities(
    logits_VB: FloatArray, config: SampleConfig, position_B: Any = 0
) -> npt.NDArray[np.float64]:
    """Return the distributions to draw from, shape (V, B); each sums to 1.

    The filters see the model's own probabilities, in the order top-k, top-p, min-p; the temperature
    comes last and reshapes what is left (the order of llama.cpp). Temperature 0 is the argmax.
    `position_B` is the number of characters before, for a temperature that changes on the way.
    """
    weights_VB = _weights(np.array(logits_VB, np.float64), config, position_B)
    return np.asarray(weights_VB / weights_VB.sum(0), np.float64)


def choose(logits_VB: FloatArray, uniform_B: Any, config: SampleConfig, position_B: Any = 0) -> Any:
    """Return the ids, shape (B,), that uniform numbers in [0, 1) pick: the inverse of the
    cumulative distribution.
    """
    reached_VB = _weights(logits_VB.astype(np.float64), config, position_B).cumsum(0)
    if reached_VB.ndim == 1:
        return reached_VB.searchsorted(uniform_B * reached_VB[-1], side="right")
    return np.asarray((reached_VB <= uniform_B * reached_VB[-1]).sum(0))


def _weights(logits_VB: FloatArray, config: SampleConfig, position_B: Any) -> FloatArray:
    """Return probabilities that are not normalised. The logits are overwritten."""
    logits_VB -= logits_VB.max(0)
    temperature_B = config.temperature_at(position_B)
    if config.is_plain:  # the usual case, so it is quick
        logits_VB /= temperature_B
        return np.exp(logits_VB, logits_VB)
    weights_VB: FloatArray = np.exp(logits_VB / np.maximum(temperature_B, _COLDEST))
    if config.has_filters:
        weights_VB *= passes_filters(logits_VB, config)
    if config.temperature == 0 or config.final_temperature == 0:  # the first of equals
        coldest_VB = np.arange(len(logits_VB))[(...,) + (None,) * (logits_VB.ndim - 1)]
        coldest_VB = coldest_VB == logits_VB.argmax(0)
        weights_VB = np.where(np.equal(temperature_B, 0), coldest_VB, weights_VB)
    return weights_VB


def log_probabilities(logits_VB: FloatArray) -> npt.NDArray[np.float64]:
    """Return the model's own log probabilities, before filters and temperature, in nats."""
    return np.asarray(log_softmax(logits_VB.astype(np.float64)))


def random_numbers(seed: int, stream: int) -> np.random.Generator:
    """Return the random numbers of one stream: a function of (seed, stream) alone."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(stream,)))


def generate(
    stepper: Stepper,
    logits_V: FloatArray,
    *,
    sample: SampleConfig,
    stream: int = 0,
    unknown_id: int | None = None,
    constraints: Sequence[Constraint] = (),
) -> Iterator[int]:
    """Yield `sample.length` ids (-1: without end); each is fed back to draw the next.

    `logits_V` is the stepper's output after the prompt. `unknown_id` is never drawn. The stream
    ends early where the constraints leave no character.
    """
    random = random_numbers(sample.seed, stream)
    if isinstance(stepper, CStepper) and sample.is_plain and not constraints:
        yield from _drawn_in_turn(stepper, logits_V, random, sample, unknown_id=unknown_id)
        return
    for position in count() if sample.length < 0 else range(sample.length):
        if unknown_id is not None:
            logits_V[unknown_id] = -np.inf
        for constraint in constraints:
            constraint.apply(logits_V)
        if constraints and np.isneginf(logits_V).all():
            return
        i = int(choose(logits_V, random.random(), sample, position))
        for constraint in constraints:
            constraint.read(i)
        yield i
        if position + 1 != sample.length:
            logits_V = stepper.step(i)


def _drawn_in_turn(
    stepper: CStepper,
    logits_V: FloatArray,
    random: np.random.Generator,
    sample: SampleConfig,
    *,
    unknown_id: int | None,
) -> Iterator[int]:
    """Yield ids drawn in calls of 1, 2, 4, … up to `MAX_AT_ONCE`, so that the first come soon."""
    position, num = 0, 1
    while position != sample.length:
        num = min(2 * num, MAX_AT_ONCE) if position else 1
        if sample.length >= 0:
            num = min(num, sample.length - position)
        temperatures = sample.temperature_at(np.arange(position, position + num))
        ids_T, logits_V = stepper.draw(
            logits_V, temperatures, random.random(num), unknown_id=unknown_id
        )
        yield from ids_T.tolist()
        position += num


def until_stop(
    characters: Iterator[str], stops: Sequence[str], untils: Sequence[str] = ()
) -> Iterator[str]:
    """Yield characters until a stop text, which is left out, or one of `untils`, which is kept.

    Only characters that may be the beginning of a stop text are held back.
    """
    if not stops and not untils:
        yield from characters
        return
    num_last = max(map(len, untils), default=0)
    held = last = ""
    for character in characters:
        held += character
        if any(held.endswith(stop) for stop in stops):
            longest = max((stop for stop in stops if held.endswith(stop)), key=len)
            yield from held[: len(held) - len(longest)]
            return
        last = (last + character)[-num_last:] if num_last else ""
        if any(last.endswith(until) for until in untils):
            break
        num_safe = len(held) - _longest_beginning(held, stops)
        yield from held[:num_safe]
        held = held[num_safe:]
    yield from held


def _longest_beginning(text: str, stops: Sequence[str]) -> int:
    """Return how many of the last characters may be the beginning of a stop text."""
    longest = max((len(stop) for stop in stops), default=0)
    for size in range(min(len(text), longest - 1), 0, -1):
        if any(stop.startswith(text[-size:]) for stop in stops):
            return size
    return 0
