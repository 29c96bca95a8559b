"""How well a model expects a text: nats per character of files, or of a split of its own corpus."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from charrnn import device
from charrnn.adapt import evaluate_adapting
from charrnn.checkpoint import Checkpoint
from charrnn.display import Quiet
from charrnn.errors import CorpusError
from charrnn.launch import same_corpus
from charrnn.model import Model
from charrnn.network import Network
from charrnn.training import evaluate, evaluate_reset
from charrnn.vocab import IntArray, code_points


@dataclass(frozen=True)
class Score:
    """What a model made of a text."""

    num_chars: int
    nats_per_char: float  # the state carried from the first character to the last
    nats_per_char_reset: float  # the state zero every 256 characters
    num_unknown: int = 0  # characters the model never saw: left out


def score_files(found: Checkpoint, texts: list[bytes], *, adapt: bool) -> Score:
    """The score of texts, one after another, from a new start.

    Raises `UsageError` for a text that is not UTF-8 and `CorpusError` where none has a character
    that the model knows.
    """
    model = Model.of(found)
    ids = found.vocab.ids_of(code_points("".join(model.spelled(text) for text in texts)))
    known = ids[ids >= 0]
    if not len(known):
        raise CorpusError("there is no character to score", "give a file with text")
    score = _score(found, np.concatenate([[model.start_id], known]), first=1, adapt=adapt)
    return Score(*score, num_unknown=int((ids < 0).sum()))


def score_split(found: Checkpoint, split: str, *, cache: Path, adapt: bool) -> Score:
    """The score of the run's own validation or test split.

    Raises `CorpusError` where the corpus is gone or changed, or there is no such split.
    """
    ids = same_corpus(found, cache=cache, keep_corpus=True, screen=Quiet())
    first, end = found.train.num_train(len(ids)), found.train.num_before_test(len(ids))
    if split == "test":
        first, end = end, len(ids)
    if first >= end:
        raise CorpusError(
            f"the run keeps no {split} split", f"it takes train --{split}-fraction to make one"
        )
    return Score(*_score(found, ids[:end], first=first, adapt=adapt))


def _score(
    found: Checkpoint, ids: IntArray, *, first: int, adapt: bool
) -> tuple[int, float, float]:
    """Characters scored, and their mean nats, carried and reset; of one that adapts, both are the
    one carried.
    """
    device.prepare("cpu", device.default_threads())
    network = Network(found.model, len(found.vocab), found.ngram_keys())
    network.load(found.group("weights"))
    if adapt:
        loss = evaluate_adapting(network, ids, first=first)
        return len(ids) - first, loss, loss
    carried = evaluate(network, ids, first=first)
    return len(ids) - first, carried, evaluate_reset(network, ids, first=first)
