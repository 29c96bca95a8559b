"""How well a model expects a text: nats per character of files, or of a split of its own corpus."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from charrnn import device
from charrnn.adapt import evaluate_adapting
from charrnn.checkpoint import Checkpoint
from charrnn.display import Quiet
from charrnn.errors import CorpusError, UsageError
from charrnn.lanes import Text
from charrnn.model import Model
from charrnn.network import Network
from charrnn.reading import same_text
from charrnn.records import Records
from charrnn.training import validation_loss, validation_loss_reset
from charrnn.vocab import code_points


@dataclass(frozen=True)
class Score:
    """What a model made of a text."""

    num_chars: int
    nats_per_char: float  # the state carried from the first character to the last
    nats_per_char_reset: float  # the state zero every 256 characters
    num_unknown: int = 0  # characters the model never saw: left out


def score_files(found: Checkpoint, texts: list[bytes], *, adapt: bool) -> Score:
    """The score of texts, one after another, from a new start; of a model of records, each of
    theirs from a new one.

    Raises `UsageError` for a text that is not UTF-8 and `CorpusError` where none has a character
    that the model knows.
    """
    model = Model.of(found)
    ids = found.vocab.ids_of(code_points("".join(model.spelled(text) for text in texts)))
    known = ids[ids >= 0]
    start = np.array([model.start_id])
    if found.train.records != "none":
        records = Records.found(known, found.train.records, model.start_id)
        known = np.concatenate([start[:0], *records.arranged(known)])
        starts = records.starts + 1
    if not len(known):
        raise CorpusError("there is no character to score", "give a file with text")
    whole = np.concatenate([start, known])
    text = Text(whole, 1, len(whole), None if found.train.records == "none" else starts)
    return Score(*_score(found, text, "val", adapt=adapt), num_unknown=int((ids < 0).sum()))


def score_split(found: Checkpoint, split: str, *, cache: Path, adapt: bool) -> Score:
    """The score of the run's own validation or test split.

    Raises `CorpusError` where the corpus is gone or changed, or there is no such split.
    """
    text = same_text(found, cache=cache, keep_corpus=True, screen=Quiet())
    first, end = text.part(split)
    if first >= end:
        raise CorpusError(
            f"the run keeps no {split} split", f"it takes train --{split}-fraction to make one"
        )
    return Score(*_score(found, text, split, adapt=adapt))


def _score(found: Checkpoint, text: Text, split: str, *, adapt: bool) -> tuple[int, float, float]:
    """Characters scored, and their mean nats, carried and reset; of one that adapts, both are the
    one carried.
    """
    if adapt and text.starts is not None:
        raise UsageError("--adapt reads one text on", "a model of records has none: leave it out")
    device.prepare("cpu", device.default_threads())
    network = Network(found.model, len(found.vocab), found.ngram_keys())
    network.load(found.group("weights"))
    first, end = text.part(split)
    if adapt:
        loss = evaluate_adapting(network, text.ids[:end], first=first)
        return end - first, loss, loss
    carried = validation_loss(network, text, split)
    if text.starts is not None:  # each record starts from zero anyway
        return end - first, carried, carried
    return end - first, carried, validation_loss_reset(network, text, split)
