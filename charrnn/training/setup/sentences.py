"""Sentences about a run before its training starts."""

from charrnn._text import in_a_shell, number_of
from charrnn.runs.header import CheckpointHeader
from charrnn.training.budget import Budget

_FEW_EPOCHS = 0.5


def length_of(budget: Budget) -> str:
    """Return the length of a run in the unit of its budget: "300 steps", "3 minutes"."""
    if budget.steps is not None:
        return number_of(budget.steps, "step")
    number, unit = budget.epochs, "epoch"
    if number is None:
        is_short = budget.seconds < 60
        number, unit = budget.seconds / (1 if is_short else 60), "second" if is_short else "minute"
    return f"{number:g} {unit}{'' if number == 1 else 's'}"


def continuing(run_name: str, header: CheckpointHeader, budget: Budget) -> str:
    """Return where a run continues: after which step, and how long from there."""
    step, steps = header.position.step, header.train.steps
    if budget.minutes is not None:
        return f"run {run_name}: continuing after step {step:,}; training for {length_of(budget)}"
    if step < steps:
        return f"run {run_name}: continuing after step {step:,} of {steps:,}"
    return (
        f"run {run_name}: finished, all {steps:,} steps are done; train longer with:"
        f" charrnn resume {in_a_shell(run_name)} --minutes 5"
    )


def time_for(epochs: float, budget: Budget, *, learned: str) -> str:
    """Return how little of the text or the pairs there is time for; "" if it is half or more."""
    if epochs >= _FEW_EPOCHS:
        return ""
    minutes = number_of(round(budget.seconds / 60 / epochs), "minute")
    percent = f"{100 * epochs:.2g} %"
    it = "it" if learned == "text" else "them"
    return f"enough time for {percent} of the {learned}; all of {it} would take about {minutes}"
