"""How an exported page is asked and how it answers, for each task: its form, its vocabularies, and
what else its programs need to know.
"""

from collections.abc import Callable
from typing import Any

from charrnn._text import number_of
from charrnn.data.pairs.symbols import AnyVocab, Side, kind_of, learns_unknown, sides
from charrnn.data.vocab import UNKNOWN, Vocab
from charrnn.errors import UsageError
from charrnn.generation.model import Model
from charrnn.runs import task_names
from charrnn.runs.checkpoint import Checkpoint

Facts = dict[str, Any]
_NUM_CHARS, _NUM_RECORDS = 1000, 10  # that are written at first, as `charrnn sample` does
_UNKNOWN, _END = "\N{REPLACEMENT CHARACTER}", "end"  # names of the symbol that stands for none


def form_of(checkpoint: Checkpoint) -> Facts:
    """Return what the page's programs need to know of a task, ready for JSON.

    Raises `UsageError` for a task that no page can do.
    """
    if checkpoint.task not in _TASKS:
        raise UsageError(
            f"no page can do what a model of {checkpoint.schema.learned} does",
            f"use: {checkpoint.schema.command} {checkpoint.run_name}",
        )
    return _TASKS[checkpoint.task](checkpoint)


def what_it_does(checkpoint: Checkpoint) -> str:
    """Return what the model does, as the end of a sentence."""
    read = checkpoint.corpora.get("text")
    if read is not None:
        writes = "writes on" if checkpoint.data.records == "none" else "makes up more of their kind"
        has_read = f"has read {number_of(read.num_chars, 'character')} and "
        return f"{'' if checkpoint.speaks_only else has_read}{writes}"
    learned = f"has learned from {number_of(checkpoint.corpora['pairs'].num_pairs, 'example')} to "
    return f"{'can ' if checkpoint.speaks_only else learned}{_DOES[checkpoint.task]}"


def _of_text(checkpoint: Checkpoint) -> Facts:
    records = checkpoint.data.records
    is_text = records == "none"
    form = {
        "prompt": "Begin with",
        "verb": "Write",
        "temperature": 0.8,
        "length": _NUM_CHARS if is_text else _NUM_RECORDS,
        "length_label": "Characters" if is_text else "How many",
        "counts": "character" if is_text else "text",
        "has_lines": records != "lines",
    }
    return {
        "form": form,
        "vocabs": {"text": _vocab(checkpoint.vocab, _UNKNOWN)},
        "written": "text",  # the vocabulary of what is written
        "records": records,
        "start_id": Model.of(checkpoint).start_id,
        "goes_on": True,
    }


def _of_pairs(checkpoint: Checkpoint) -> Facts:
    form = {"prompt": "Source", "verb": "Translate", "temperature": 0, "length": None}
    pairs = checkpoint.corpora["pairs"]
    return {
        "form": form | {"counts": "symbol", "shows_source": True},
        "longest": [pairs.longest_source, pairs.longest_target],
        **_of_sides(checkpoint),
    }


def _of_given_labels(checkpoint: Checkpoint) -> Facts:
    source, _ = sides(checkpoint.data, checkpoint.vocabs)
    form = {
        "prompt": "Label",
        "choices": [source.symbol(i) for i in range(1, source.size)],
        "verb": "Write",
        "temperature": 0.8,
        "length": _NUM_RECORDS,
        "length_label": "How many",
        "counts": "text",
    }
    return _of_pairs(checkpoint) | {"form": form, "goes_on": True}


def _of_labels(checkpoint: Checkpoint) -> Facts:
    form = {"prompt": "Text", "verb": "Decide", "temperature": None, "length": None}
    return {"form": form | {"ranks": True}, "reads_ahead": False, **_of_sides(checkpoint)}


def _in_step(checkpoint: Checkpoint) -> Facts:
    form = {"prompt": "Text", "verb": "Translate", "temperature": None, "length": None}
    return {
        "form": form | {"counts": "symbol"},
        "reads_ahead": checkpoint.model.reads_ahead,
        "leaves_unknown": not learns_unknown(checkpoint.data, checkpoint.vocabs),
        **_of_sides(checkpoint),
    }


def _of_sides(checkpoint: Checkpoint) -> Facts:
    source, target = sides(checkpoint.data, checkpoint.vocabs)
    return {
        "vocabs": {"source": _side(source, _UNKNOWN), "target": _side(target, _END)},
        "written": "target",
        "directions": list(checkpoint.model.directions),
        "goes_on": False,
    }


def _side(side: Side, reserved: str) -> Facts:
    """Return the vocabulary of a side, whose first id stands for no symbol."""
    vocab = _vocab(side.vocab, reserved)
    return vocab | {"symbols": [None, *vocab["symbols"]], "normalise": side.normalisation}


def _vocab(vocab: AnyVocab, reserved: str) -> Facts:
    """Return symbols in the order of their ids, None for the one that is called `reserved`."""
    symbols: list[str | None]
    if isinstance(vocab, Vocab):
        symbols = [None if code == UNKNOWN else chr(code) for code in vocab.code_points]
    else:
        symbols = [*vocab.symbols]
    return {"kind": kind_of(vocab), "symbols": symbols, "normalise": "none", "reserved": reserved}


_TASKS: dict[str, Callable[[Checkpoint], Facts]] = {
    task_names.LANGUAGE_MODEL: _of_text,
    task_names.SEQ2SEQ: _of_pairs,
    task_names.GIVEN: _of_given_labels,
    task_names.CLASSIFY: _of_labels,
    task_names.TAG: _in_step,
}
_DOES = {
    task_names.SEQ2SEQ: "turn one text into another",
    task_names.GIVEN: "write texts of a label",
    task_names.CLASSIFY: "decide on the label of a text",
    task_names.TAG: "decide on each symbol of a text",
}
