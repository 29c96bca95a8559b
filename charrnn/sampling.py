"""Speaking: logits → one character after another.

`choose` is pure: the same logits, number and settings give the same character. `generate` walks the
recurrence and yields ids; `until_stop` ends a stream of characters before a given text.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from charrnn.config import ModelConfig, SampleConfig
from charrnn.recurrence import State, Weights, step

FloatArray = npt.NDArray[np.floating[Any]]


def probabilities(logits_V: FloatArray, config: SampleConfig) -> npt.NDArray[np.float64]:
    """The distribution a character is drawn from, shape (V,), summing to 1.

    The filters see the model's own probabilities, in the order top-k, top-p, min-p; the temperature
    comes last and reshapes what is left (the order of llama.cpp). Temperature 0 leaves the argmax.
    """
    logits = np.asarray(logits_V, np.float64)
    weights = np.exp(logits - logits.max())
    if config.temperature == 0:
        return _normalised(np.arange(len(logits)) == logits.argmax())
    keep = np.ones(len(logits), bool)
    if config.top_k or config.top_p < 1:
        order = np.argsort(-logits, kind="stable")
        if config.top_k:
            keep[order[config.top_k :]] = False
        if config.top_p < 1:
            reached = np.cumsum(_normalised(weights * keep)[order])
            keep[order[np.searchsorted(reached, config.top_p) + 1 :]] = False
    if config.min_p > 0:
        keep &= weights >= config.min_p  # the most likely one's weight is 1
    with np.errstate(
        over="ignore"
    ):  # towards temperature 0 the losers' logits become -inf, rightly
        weights = np.exp((logits - logits.max()) / config.temperature)
    return _normalised(weights * keep)


def _normalised(weights: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    return np.asarray(weights / weights.sum(), np.float64)


def choose(logits_V: FloatArray, uniform: float, config: SampleConfig) -> int:
    """The id that a uniform number in [0, 1) picks, by inverting the cumulative distribution."""
    reached = np.cumsum(probabilities(logits_V, config))
    return int(np.searchsorted(reached, uniform * reached[-1], side="right"))


def random_numbers(seed: int, stream: int) -> np.random.Generator:
    """The draws of one stream: they depend on (seed, stream) and on nothing else."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(stream,)))


def read(
    config: ModelConfig, weights: Weights, ids: Sequence[int] | npt.NDArray[Any], state: State
) -> tuple[FloatArray, State]:
    """Read at least one character after the state: logits_V for the next one, and the new state."""
    for i in ids:
        logits_BV, state = step(config, weights, np.array([i]), state)
    return logits_BV[0], state


def generate(
    config: ModelConfig,
    weights: Weights,
    logits_V: FloatArray,
    state: State,
    *,
    sample: SampleConfig,
    stream: int = 0,
    never: int | None = None,
) -> Iterator[int]:
    """Yield `sample.length` ids, without end if it is -1, each fed back to draw the next.

    `logits_V` and `state` are what `read` made of the prompt; `never` is an id that is not drawn.
    """
    random = random_numbers(sample.seed, stream)
    num_left = sample.length
    while num_left != 0:
        if never is not None:
            logits_V = logits_V.copy()
            logits_V[never] = -np.inf
        i = choose(logits_V, random.random(), sample)
        yield i
        num_left -= 1
        if num_left != 0:
            logits_V, state = read(config, weights, (i,), state)


def until_stop(characters: Iterator[str], stops: Sequence[str]) -> Iterator[str]:
    """Pass characters on until any of the stop texts appears; that text itself is left out.

    Only characters that may yet turn out to begin a stop text are held back.
    """
    held = ""
    for character in characters:
        held += character
        if any(held.endswith(stop) for stop in stops):
            longest = max((stop for stop in stops if held.endswith(stop)), key=len)
            yield from held[: len(held) - len(longest)]
            return
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
