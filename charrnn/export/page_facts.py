"""What an exported page is told of its run, besides the weights: how to read and write text, and
what it says of itself.
"""

from typing import Any

from charrnn._text import number_of
from charrnn.data.corpus import NAMES_IN_A_RUN
from charrnn.data.pairs.symbols import AnyVocab, kind_of
from charrnn.data.vocab import UNKNOWN, Vocab
from charrnn.errors import CorpusError, UsageError
from charrnn.export.measured_loss import MeasuredLoss, measured
from charrnn.generation.model import Model
from charrnn.runs import task_names
from charrnn.runs.checkpoint import Checkpoint

SPOKEN_CELLS = ("cifg", "gru", "lstm", "rnn")  # those of template/network.js
_NUM_CHARS, _NUM_RECORDS = 1000, 10  # that are written at first, as `charrnn sample` does


def facts_of(checkpoint: Checkpoint, weights: str) -> dict[str, Any]:
    """Return plain values, ready for JSON.

    Raises `UsageError` for a run that no page can speak.
    """
    _require_spoken(checkpoint)
    return {
        "name": _name(checkpoint),
        "task": checkpoint.task,
        "about": _about(checkpoint),
        "details": _details(checkpoint, weights),
        "model": checkpoint.model.to_json(),
        **_of_text(checkpoint),
    }


def _name(checkpoint: Checkpoint) -> str:
    """Return the name of the run, or of another file; never where it lies."""
    if checkpoint.path is None:
        return "a voice"
    return checkpoint.run_name if checkpoint.path.name in NAMES_IN_A_RUN else checkpoint.path.stem


def sentences(facts: dict[str, Any]) -> tuple[str, ...]:
    """Return what a person should know who has exported a page."""
    shown = dict(facts["details"])
    return f"loss {shown['Loss']}", shown["Seeds"]


def _require_spoken(checkpoint: Checkpoint) -> None:
    """Raise `UsageError` for a task or a cell that the page has not got."""
    if checkpoint.task != task_names.LANGUAGE_MODEL:
        raise UsageError(
            f"no page can speak a model of {checkpoint.schema.learned}",
            f"use: {checkpoint.schema.command} {checkpoint.run_name}",
        )
    if checkpoint.model.cell not in SPOKEN_CELLS:
        raise UsageError(
            f"no page can speak a {checkpoint.model.cell} network",
            "write its equations in charrnn/export/template/network.js",
        )


def _of_text(checkpoint: Checkpoint) -> dict[str, Any]:
    """Return how a language model reads and writes."""
    records = checkpoint.data.records
    return {
        "records": records,
        "start_id": Model.of(checkpoint).start_id,
        "vocabs": {"text": _vocab(checkpoint.vocab)},
        "written": "text",  # the vocabulary of what is written
        "counts": "character" if records == "none" else "record",
        "length": _NUM_CHARS if records == "none" else _NUM_RECORDS,
        "goes_on": True,
    }


def _vocab(vocab: AnyVocab, *, normalise: str = "none", reserved: bool = False) -> dict[str, Any]:
    """Return a vocabulary: its symbols in the order of their ids, None for an unknown one."""
    if isinstance(vocab, Vocab):
        codes = vocab.code_points
        symbols = [None if code == UNKNOWN else chr(code) for code in codes]
    else:
        symbols = [*vocab.symbols]
    return {
        "kind": kind_of(vocab),
        "symbols": [None, *symbols] if reserved else symbols,
        "normalise": normalise,
    }


def _about(checkpoint: Checkpoint) -> str:
    read = f"has read {number_of(checkpoint.corpus.num_chars, 'character')} and "
    read = "" if checkpoint.speaks_only else read  # a copy does not tell
    writes = "writes on" if checkpoint.data.records == "none" else "makes up more of their kind"
    return f"A small recurrent network that {read}{writes}, here in your browser."


def _details(checkpoint: Checkpoint, weights: str) -> list[tuple[str, str]]:
    """Return what the page tells of itself, for people: label and text."""
    return [
        ("Network", f"{checkpoint.model}; {checkpoint.num_parameters:,} numbers"),
        ("Knows", checkpoint.vocab.size_in_words),
        ("Trained", checkpoint.progress),
        ("Loss", _loss(checkpoint, weights)),
        ("Seeds", _about_seeds(weights)),
    ]


def _loss(checkpoint: Checkpoint, weights: str) -> str:
    """Return the loss of the weights as they are written, and as they could be."""
    try:
        loss = measured(checkpoint)
    except CorpusError:  # its message would tell where the corpus was
        return "not measured: no validation text was at hand when this page was made"
    return _in_words(loss, weights, checkpoint.schema.symbol)


def _in_words(loss: MeasuredLoss, weights: str, symbol: str) -> str:
    others = [f"{name} {nats:.4f}" for name, nats in loss.nats.items() if name != weights]
    here = f"{loss.nats[weights]:.4f} nats per {symbol} with {weights} weights"
    return f"{here} ({', '.join(others)}), over {loss.text}"


def _about_seeds(weights: str) -> str:
    if weights == "float32":
        return "a seed writes the same text here and with charrnn sample --seed"
    return (
        f"weights are rounded to {weights}, so a seed writes another text than charrnn sample;"
        " exported with float32 weights it writes the same"
    )
