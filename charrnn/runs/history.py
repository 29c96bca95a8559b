"""How a run learned to write: the samples among its metrics, with the losses of the same steps."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from charrnn.errors import UsageError
from charrnn.runs.run import Run

MOST_SHOWN = 12


@dataclass(frozen=True)
class Moment:
    """What a run wrote after a step. Losses are in nats per character."""

    step: int
    elapsed_seconds: float  # of training, in all
    sample: str
    loss: float | None  # the mean over the last steps before; None at first
    val_loss: float | None  # None where this step was not validated


def of(run: Run) -> list[Moment]:
    """The moments of a run, in order. Raises `UsageError` where it has no samples."""
    found = []
    loss = validated = val_loss = None
    for line in run.recorded():
        loss = line.get("loss", loss)
        if "val_loss" in line:
            validated, val_loss = line.get("step"), line["val_loss"]
        match line:
            case {"step": int(step), "elapsed_seconds": int() | float() as seconds,
                  "sample": str(sample)}:  # fmt: skip
                of_step = val_loss if validated == step else None
                found.append(Moment(step, float(seconds), sample, loss, of_step))
    if not found:
        raise UsageError(
            f"the run {run.name!r} kept no samples",
            f"type: charrnn resume {run.name} --minutes 5, without --sample-every 0",
        )
    return found


def thinned(moments: Sequence[Moment], most: int = MOST_SHOWN) -> list[Moment]:
    """So many of them at most: the first ones close together, the last one always."""
    places = {round(len(moments) ** (k / (most - 1))) - 1 for k in range(most)}
    missing = (place for place in range(len(moments)) if place not in places)
    places |= set(islice(missing, most - len(places)))
    return [moments[place] for place in sorted(places)]
