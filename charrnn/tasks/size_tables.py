"""What the choices of sizes share: tables by size or time, how much time there is, and what a step
of independent examples (pairs, texts with labels) takes.
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

# What a step takes besides the passes of its pairs, as multiply-adds of a forward pass: always, and
# for each G·I² of a matrix (G, I) with SOAP. Fits the time of steps of 128 to 256 units and batches
# of 16 to 64 pairs within 12 % (French pronunciation, one core).
_STEP_OVERHEAD, _SOAP_COST = 1.5e8, 1.2
_EVALUATION_SHARE = 1 / 30  # of the time
_EVALUATION_COST = 0.7  # of a validation pair, in training pairs
_LEAST_STEPS_BETWEEN = 50

_Row = TypeVar("_Row", bound=tuple[Any, ...])


def row(table: Sequence[_Row], number: float) -> _Row:
    """Return the first row whose first entry is at most `number`; the last row begins at 0."""
    return next(each for each in table if number >= each[0])


def time_for(epochs: float) -> str:
    """Return how many epochs there is time for, in two digits: it is only known roughly."""
    rounded = f"{epochs:.2g}" if epochs < 100 else f"{epochs:,.0f}"
    return f"enough time for {rounded} epoch{'' if rounded == '1' else 's'}"


def shared_batch(batch_size: int, *, num_train: int, num_ranks: int) -> int:
    """Return a batch of no more examples than there are, which processes can share evenly."""
    most = num_train // num_ranks * num_ranks or num_train
    return max(1, min(batch_size, most))


def steps_between_validations(num_val: int, *, batch_size: int, num_ranks: int) -> int:
    """Return how often to validate. One of the processes validates, the others wait."""
    num_steps = _EVALUATION_COST * num_val * num_ranks / batch_size
    return max(_LEAST_STEPS_BETWEEN, round(num_steps / _EVALUATION_SHARE))


def step_overhead(shapes: Mapping[str, tuple[int, ...]], optimizer: str) -> float:
    """Return what a step takes besides the passes of its examples, by the shapes of weights."""
    matrices = [
        shape
        for name, shape in shapes.items()
        if len(shape) == 2 and not name.endswith("embedding") and name != "head.weight"
    ]
    overhead = _STEP_OVERHEAD
    if optimizer == "soap":
        overhead += _SOAP_COST * sum(rows * columns**2 for rows, columns in matrices)
    return overhead


def reason(given: Mapping[str, Any], examples: str, device: str, epochs: float | None) -> str:
    """Return what decided the sizes: a number of "pairs", for instance, or the time for epochs."""
    if "hidden_size" in given:
        return "as given"
    if epochs is None:
        return f"for {examples} on {device}"
    return time_for(epochs)
