"""Older formats: what their files say, made into what the next format says, one format at a time.

So checkpoint.py reads the present format alone. docs/checkpoint-format.md tells what each format
brought. A migration may assume nothing about the values: the reader checks what comes out.
"""

from collections.abc import Callable, Mapping
from typing import Any

Facts = Mapping[str, Any]

FORMAT = 9


def upgraded(facts: Facts) -> Facts:
    """Return facts of any format up to the present one in the present one."""
    for number in range(facts["format"], FORMAT):
        facts = {**_MIGRATIONS[number](facts), "format": number + 1}
    return facts


def _from_format_1(facts: Facts) -> Facts:
    """charrnn 0.1 had a plain recurrence, trained with AdamW."""
    model = {"ngrams": 1, "skip": False}
    train = {"optimizer": "adamw", "ngram_min_count": 1, "weight_dropout": 0.0}
    return {
        **facts,
        "model": facts["model"] | model,
        "train": facts["train"] | train | {"test_fraction": 0.0},
    }


def _from_format_2(facts: Facts) -> Facts:
    """There were no records."""
    return {**facts, "train": facts["train"] | {"records": "none"}}


def _from_format_3(facts: Facts) -> Facts:
    """A run that diverged ended."""
    return {**facts, "progress": facts["progress"] | {"rollbacks": 0}}


def _from_format_4(facts: Facts) -> Facts:
    """One process computed everything in float32."""
    return {
        **facts,
        "train": facts["train"] | {"precision": "float32"},
        "progress": facts["progress"] | {"ranks": 1},
    }


def _from_format_5(facts: Facts) -> Facts:
    """The clock did not correct the schedule, and where files begin did not matter."""
    no_correction = {"schedule_step": 0, "schedule_done": 0.0}
    corpus: dict[str, Any] = {
        "errors": "strict",
        "column": None,
        "val_names": [],
        "files_sha256": "",
    }
    return {
        **facts,
        "train": facts["train"] | no_correction,
        "corpus": corpus | facts["corpus"],
    }


def _from_format_6(facts: Facts) -> Facts:
    """There was one task. Settings of the data and of the machine were among those of training and
    in the corpus; metrics were part of the progress; `max_vocab` was not kept.
    """
    vocab, train, corpus, progress = (
        facts[name] for name in ("vocab", "train", "corpus", "progress")
    )
    points = vocab["code_points"]
    of_train = _taken(train, "records", "val_fraction", "test_fraction", "max_val_chars")
    of_corpus = _taken(corpus, "encoding", "errors", "column")
    of_machine = _taken(train, "device", "precision", "threads")
    metrics = _taken(progress, "train_loss", "val_loss", "val_loss_reset")
    max_vocab = len(points) if -1 in points else max(8192, len(points))  # -1: it was reached
    of_vocab = {"is_bytes": vocab["bytes"] is True, "max_vocab": max_vocab}
    return {
        "task": "language_model",
        "model": facts["model"],
        "data": of_train | of_corpus | of_vocab,
        "train": _without(train, of_train, of_machine),
        "runtime": of_machine,
        "vocabs": {"text": vocab},
        "corpora": {"text": _without(corpus, of_corpus)},
        "position": _without(progress, metrics),
        "metrics": {name: value for name, value in metrics.items() if value is not None},
    }


def _from_format_7(facts: Facts) -> Facts:
    """The first embeddings of n-grams were drawn at random."""
    return {**facts, "train": facts["train"] | {"ngram_init": "random"}}


def _from_format_8(facts: Facts) -> Facts:
    """A run had no teachers."""
    untaught = {"teachers": [], "teacher_weight": 0.5, "teacher_sha256": []}
    return {**facts, "train": facts["train"] | untaught}


def _taken(values: Facts, *names: str) -> dict[str, Any]:
    return {name: values[name] for name in names}


def _without(values: Facts, *taken: Facts) -> dict[str, Any]:
    return {name: value for name, value in values.items() if not any(name in one for one in taken)}


_MIGRATIONS: dict[int, Callable[[Facts], Facts]] = {
    1: _from_format_1,
    2: _from_format_2,
    3: _from_format_3,
    4: _from_format_4,
    5: _from_format_5,
    6: _from_format_6,
    7: _from_format_7,
    8: _from_format_8,
}
