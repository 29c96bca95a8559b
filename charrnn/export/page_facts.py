"""What an exported page is told of its run, besides the weights: how to read and write (page_forms)
and what it says of itself. Nothing of it says where the corpus was, or what it was called.
"""

from typing import Any

from charrnn._text import ProgressCallback, ignore_progress, valid_unicode
from charrnn.data.corpus import NAMES_IN_A_RUN
from charrnn.errors import CorpusError, UsageError
from charrnn.export import page_forms
from charrnn.export.measured_loss import MeasuredLoss, measured
from charrnn.runs import task_names
from charrnn.runs.checkpoint import Checkpoint

SPOKEN_CELLS = ("cifg", "gru", "lstm", "rnn")  # those of template/network.js
_COMMANDS = {  # that draw with a seed
    task_names.LANGUAGE_MODEL: "charrnn sample --seed",
    task_names.SEQ2SEQ: "charrnn translate --temp --seed",
    task_names.GIVEN: "charrnn sample --given --seed",
}


def facts_of(
    checkpoint: Checkpoint, weights: str, progress: ProgressCallback = ignore_progress
) -> dict[str, Any]:
    """Return plain values, ready for JSON. `progress` is of measuring the loss.

    Raises `UsageError` for a run that no page can speak.
    """
    form = page_forms.form_of(checkpoint)
    if checkpoint.model.cell not in SPOKEN_CELLS:
        raise UsageError(
            f"no page can compute a {checkpoint.model.cell} network",
            "write its equations in charrnn/export/template/network.js",
        )
    does = page_forms.what_it_does(checkpoint)
    return {
        "name": _name(checkpoint),
        "task": checkpoint.task,
        "about": f"A small recurrent network that {does}, here in your browser.",
        "details": _details(checkpoint, weights, progress),
        "model": checkpoint.model.to_json(),
        **form,
    }


def sentences(facts: dict[str, Any]) -> tuple[str, ...]:
    """Return what a person should know who has exported a page."""
    shown = dict(facts["details"])
    return (f"loss {shown['Loss']}", *([shown["Seeds"]] if "Seeds" in shown else []))


def _name(checkpoint: Checkpoint) -> str:
    """Return the name of the run, or of another file; never where it lies."""
    if checkpoint.path is None:
        return "a voice"
    is_in_a_run = checkpoint.path.name in NAMES_IN_A_RUN
    return checkpoint.run_name if is_in_a_run else valid_unicode(checkpoint.path.stem)


def _details(
    checkpoint: Checkpoint, weights: str, progress: ProgressCallback
) -> list[tuple[str, str]]:
    """Return what the page tells of itself, for people: label and text."""
    sizes = {name: vocab.size_in_words for name, vocab in checkpoint.vocabs.items()}
    knows = [size if name == "text" else f"{name} {size}" for name, size in sizes.items()]
    details = [
        ("Network", f"{checkpoint.model}; {checkpoint.num_parameters:,} numbers"),
        ("Knows", ", ".join(knows)),
        ("Trained", checkpoint.progress),
        ("Loss", _loss(checkpoint, weights, progress)),
    ]
    command = _COMMANDS.get(checkpoint.task)
    return details if command is None else [*details, ("Seeds", _about_seeds(weights, command))]


def _loss(checkpoint: Checkpoint, weights: str, progress: ProgressCallback) -> str:
    """Return the loss of the weights as they are written, and as they could be."""
    try:
        loss = measured(checkpoint, progress)
    except CorpusError:  # its message would tell where the corpus was
        return "not measured: no validation text was at hand when this page was made"
    return _in_words(loss, weights, checkpoint.schema.symbol)


def _in_words(loss: MeasuredLoss, weights: str, symbol: str) -> str:
    others = [f"{name} {nats:.4f}" for name, nats in loss.nats.items() if name != weights]
    here = f"{loss.nats[weights]:.4f} nats per {symbol} with {weights} weights"
    return f"{here} ({', '.join(others)}), over {loss.text}"


def _about_seeds(weights: str, command: str) -> str:
    if weights == "float32":
        return f"a seed writes the same text here and with {command}"
    return (
        f"weights are rounded to {weights}, so a seed writes another text than {command};"
        " exported with float32 weights it writes the same"
    )
