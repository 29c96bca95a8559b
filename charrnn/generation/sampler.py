"""Speaking: logits → one character after another.

`choose` is pure: the same logits, number and settings give the same character, for one stream or
for many side by side. `generate` walks one stream and yields ids; `until_stop` ends a stream of
characters before a given text.

Shapes: V vocabulary, B streams; what is (V, B) may be (V,) and give one number for one stream.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import count
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from charrnn.config import SampleConfig
from charrnn.models.step_numpy import Stepper

FloatArray = npt.NDArray[np.floating[Any]]


class Steering(Protocol):
    """What keeps one stream from saying something, by what it has said."""

    def steer(self, logits_V: FloatArray) -> None:
        """Lower the logits of what is not to come next; if it must not go on, all to -inf."""

    def read(self, i: int) -> None:
        """This character was drawn."""


Steerings = Callable[[], Sequence[Steering]]  # new ones for a new stream


_COLDEST = 1e-200  # below it only the likeliest character is left, but numbers overflow


def probabilities(
    logits_VB: FloatArray, config: SampleConfig, position_B: Any = 0
) -> npt.NDArray[np.float64]:
    """The distributions that characters are drawn from, shape (V, B), each summing to 1.

    The filters see the model's own probabilities, in the order top-k, top-p, min-p; the temperature
    comes last and reshapes what is left (the order of llama.cpp). Temperature 0 leaves the argmax.
    `position_B` is how many characters came before, where the temperature changes on the way.
    """
    weights_VB = _weights(np.array(logits_VB, np.float64), config, position_B)
    return np.asarray(weights_VB / weights_VB.sum(0), np.float64)


def choose(logits_VB: FloatArray, uniform_B: Any, config: SampleConfig, position_B: Any = 0) -> Any:
    """The ids, shape (B,), that uniform numbers in [0, 1) pick, by inverting the cumulative
    distribution.
    """
    reached_VB = _weights(logits_VB.astype(np.float64), config, position_B).cumsum(0)
    if reached_VB.ndim == 1:
        return reached_VB.searchsorted(uniform_B * reached_VB[-1], side="right")
    return np.asarray((reached_VB <= uniform_B * reached_VB[-1]).sum(0))


def _weights(logits_VB: FloatArray, config: SampleConfig, position_B: Any) -> FloatArray:
    """What the probabilities are proportional to; the logits are used up."""
    logits_VB -= logits_VB.max(0)
    temperature_B = config.temperature_at(position_B)
    if config.is_plain:  # for the most part of all characters, so it has to be quick
        logits_VB /= temperature_B
        return np.exp(logits_VB, logits_VB)
    weights_VB: FloatArray = np.exp(logits_VB / np.maximum(temperature_B, _COLDEST))
    if config.has_filters:
        weights_VB *= _kept(logits_VB, config)
    if config.temperature == 0 or config.final_temperature == 0:  # of equals the first
        coldest_VB = np.arange(len(logits_VB))[(...,) + (None,) * (logits_VB.ndim - 1)]
        coldest_VB = coldest_VB == logits_VB.argmax(0)
        weights_VB = np.where(np.equal(temperature_B, 0), coldest_VB, weights_VB)
    return weights_VB


def _kept(logits_VB: FloatArray, config: SampleConfig) -> npt.NDArray[np.bool_]:
    """Which characters the filters leave; the likeliest one's logit is 0."""
    order_VB = np.argsort(-logits_VB, axis=0, kind="stable")
    sorted_VB = np.exp(np.take_along_axis(logits_VB, order_VB, 0))
    keep_VB = np.ones(sorted_VB.shape, bool)
    if config.top_k:
        keep_VB[config.top_k :] = False
    if config.top_p < 1:
        reached_VB = np.cumsum(sorted_VB * keep_VB, 0)
        keep_VB[1:] &= reached_VB[:-1] < config.top_p * reached_VB[-1]
    keep_VB &= sorted_VB >= config.min_p
    kept_VB = np.empty_like(keep_VB)
    np.put_along_axis(kept_VB, order_VB, keep_VB, 0)
    return kept_VB


def log_probabilities(logits_VB: FloatArray) -> npt.NDArray[np.float64]:
    """The model's own, before any control, in nats."""
    logits_VB = np.asarray(logits_VB, np.float64)
    logits_VB = logits_VB - logits_VB.max(0)
    return np.asarray(logits_VB - np.log(np.exp(logits_VB).sum(0)))


def random_numbers(seed: int, stream: int) -> np.random.Generator:
    """The draws of one stream: they depend on (seed, stream) and on nothing else."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(stream,)))


def generate(
    stepper: Stepper,
    logits_V: FloatArray,
    *,
    sample: SampleConfig,
    stream: int = 0,
    never: int | None = None,
    steerings: Sequence[Steering] = (),
) -> Iterator[int]:
    """Yield `sample.length` ids, without end if it is -1, each fed back to draw the next.

    `logits_V` is what the stepper made of the prompt; `never` is an id that is not drawn. Where
    the steerings leave nothing to draw it ends.
    """
    random = random_numbers(sample.seed, stream)
    for position in count() if sample.length < 0 else range(sample.length):
        if never is not None:
            logits_V[never] = -np.inf
        for steering in steerings:
            steering.steer(logits_V)
        if steerings and np.isneginf(logits_V).all():
            return
        i = int(choose(logits_V, random.random(), sample, position))
        for steering in steerings:
            steering.read(i)
        yield i
        if position + 1 != sample.length:
            logits_V = stepper.step(i)


def until_stop(
    characters: Iterator[str], stops: Sequence[str], untils: Sequence[str] = ()
) -> Iterator[str]:
    """Pass characters on until any of the stop texts appears, which is left out, or any of the
    `untils`, which is not.

    Only characters that may yet turn out to begin a stop text are held back.
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
    """How many of the text's last characters could be the beginning of a stop text."""
    longest = max((len(stop) for stop in stops), default=0)
    for size in range(min(len(text), longest - 1), 0, -1):
        if any(stop.startswith(text[-size:]) for stop in stops):
            return size
    return 0
