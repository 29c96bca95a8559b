"""What can be said of a run: its corpus, its settings, what was measured.

The names are those that `charrnn info --json` prints.
"""

from collections.abc import Mapping
from typing import Any

from charrnn.config import RuntimeConfig, TrainConfig
from charrnn.data.pairs.symbols import AnyVocab, SymbolVocab
from charrnn.runs.checkpoint import Checkpoint
from charrnn.runs.header import CheckpointHeader
from charrnn.runs.run import Run
from charrnn.runs.schemas import OF_TEACHERS

Facts = dict[str, Any]
_OF_TEXT = ("records", "val_fraction", "test_fraction", "max_val_chars")  # settings that are shown
_MOST_SYMBOLS = 200  # of a vocabulary that are shown
_OF_A_CORPUS = ("corpus", "corpus_chars", "corpus_sha256", "num_pairs", "num_skipped")
OF_SPLITS = ("val_fraction", "test_fraction", "max_val_chars", "max_val_pairs")


def facts(run: Run, last: Checkpoint) -> Facts:
    """Return all facts about a run, under names that scripts can rely on.

    A copy to hand over has none about its corpus and its training.
    """
    best, unused = run.best_header(), last.schema.unused
    if not last.train.teachers:
        unused |= OF_TEACHERS
    best_metrics = {} if best is None else best.metrics
    facts_of_task = _pair_facts if "pairs" in last.corpora else _text_facts
    corpus, settings, metrics = facts_of_task(last, best_metrics)
    every = {
        "run": run.name,
        **corpus,
        **last.model.to_json(),
        "num_parameters": last.num_parameters,
        **{name: value for name, value in last.train.to_json().items() if name not in unused},
        **last.runtime.to_json(),
        **settings,
        "step": last.position.step,
        "elapsed_seconds": round(last.position.elapsed_seconds, 1),
        "train_loss": last.metrics.get("train_loss"),
        **metrics,
        "best_step": None if best is None else best.position.step,
        "weights_sha256": last.weights_sha256(),
    }
    if not last.speaks_only:
        return every
    measured = {"step", "elapsed_seconds", "train_loss", "best_step", *metrics}
    left_out = measured.union(TrainConfig.names(), RuntimeConfig.names(), _OF_A_CORPUS, OF_SPLITS)
    return {name: value for name, value in every.items() if name not in left_out}


def _text_facts(
    header: CheckpointHeader, best_metrics: Mapping[str, float]
) -> tuple[Facts, Facts, Facts]:
    """Return a run's text and vocabulary, the settings of its splits, and what they measured."""
    corpus, vocab, settings = header.corpus, header.vocab, header.data.to_json()
    return (
        {
            "corpus": " ".join(corpus.names),
            "corpus_chars": corpus.num_chars,
            "corpus_sha256": corpus.sha256,
            "corpus_encoding": header.data.encoding,
            **({"corpus_column": header.data.column} if header.data.column else {}),
            "vocab_size": len(vocab),
            "vocab": vocab.decode(range(min(len(vocab), _MOST_SYMBOLS))),
        },
        {name: settings[name] for name in _OF_TEXT},
        {name: best_metrics.get(name) for name in ("val_loss", "val_loss_reset")},
    )


def _pair_facts(
    header: CheckpointHeader, best_metrics: Mapping[str, float]
) -> tuple[Facts, Facts, Facts]:
    """Return a run's pairs and both vocabularies, the settings of its pairs that were given, and
    what was measured on the validation split.
    """
    pairs, settings = header.corpora["pairs"], header.data.to_json()
    sides = ("target",) if header.data.picture_side else ("source", "target")
    vocabs = {f"{side}_vocab": header.vocabs[side] for side in sides}
    return (
        {
            "corpus": " ".join(pairs.names),
            **({"target_corpus": " ".join(pairs.target_names)} if pairs.target_names else {}),
            "num_pairs": pairs.num_pairs,
            "num_skipped": pairs.num_skipped,
            "corpus_sha256": pairs.sha256,
            **{f"{name}_size": len(vocab) for name, vocab in vocabs.items()},
            **{name: _symbols(vocab) for name, vocab in vocabs.items()},
        },
        {
            name: value
            for name, value in settings.items()
            if value is not None and name not in header.schema.unused
        },
        {f"val_{name}": best_metrics.get(f"val_{name}") for name in header.schema.metrics},
    )


def _symbols(vocab: AnyVocab) -> str:
    """Return the first symbols of a vocabulary, with spaces or commas between texts."""
    if isinstance(vocab, SymbolVocab):
        return (", " if vocab.are_whole else " ").join(vocab.symbols[:_MOST_SYMBOLS])
    return vocab.decode(range(min(len(vocab), _MOST_SYMBOLS)))
