"""What `score` measures of a run of labels: how well it decides."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from charrnn._text import percent
from charrnn.cli.console.streams import note, print_json
from charrnn.cli.pairs.score import PairFiles, note_unknown, pairs_to_score

if TYPE_CHECKING:
    from charrnn.analysis.label_scores import LabelScore
    from charrnn.analysis.pair_scores import Pair
    from charrnn.generation.classification import Classifier
    from charrnn.plots.share_matrix import Matrix
    from charrnn.runs.checkpoint import Checkpoint

_NUM_WORST = 20
_NUM_CONFUSIONS = 5


@dataclass(frozen=True)
class Shown:
    """What is shown of a score besides its sum."""

    per_line: bool = False
    confusion: bool = False
    export: Path | None = None  # of the confusion
    as_json: bool = False


@dataclass(frozen=True)
class _Scored:
    """Pairs of a text and a label, and what a model makes of them."""

    pairs: "Sequence[Pair]"
    labels: tuple[str, ...]  # those that the model knows, then others
    numbers_N: "np.ndarray[Any, np.dtype[np.int64]]"  # of the labels
    log_prob_NC: "np.ndarray[Any, np.dtype[np.float64]]"


def score(checkpoints: "Sequence[Checkpoint]", files: PairFiles, shown: Shown) -> None:
    """Score files of texts with labels, or a split; print what was asked for."""
    if shown.export is not None:
        from charrnn.plots.drawing import require_exportable

        require_exportable(shown.export)
    from charrnn.analysis.label_scores import measure
    from charrnn.generation.classification import Classifier

    classifier = Classifier.of(checkpoints)
    scored = _scored(classifier, pairs_to_score(checkpoints, files, classifier.encode))
    if shown.per_line:
        _print_worst(scored, as_json=shown.as_json)
        return
    total = measure(scored.numbers_N, scored.log_prob_NC)
    if shown.as_json:
        print_json({**total.figures(), **_by_label(total, scored.labels)})
    else:
        note_unknown(classifier.unknown_in, scored.pairs)
        _print_score(total)
        if shown.confusion:
            _show_confusion(total, scored.labels)
    if shown.export is not None:
        _picture(total, scored.labels).save(shown.export)
        note(f"wrote {shown.export}")


def _scored(classifier: "Classifier", pairs: "Sequence[Pair]") -> _Scored:
    """Classify the texts, with a bar."""
    from charrnn.cli.console.progress import ProgressBar

    every = []
    with contextlib.closing(ProgressBar(len(pairs), what="classifying", at_once=True)) as bar:
        for log_prob_C in classifier.log_probabilities(pair.source for pair in pairs):
            every.append(log_prob_C)
            bar.advance()
    expected = [classifier.label_of(pair.reference) for pair in pairs]
    unknown = sorted(set(expected) - set(classifier.labels))
    labels = (*classifier.labels, *unknown)
    number_of = {label: number for number, label in enumerate(labels)}
    numbers_N = np.array([number_of[label] for label in expected])
    return _Scored(pairs, labels, numbers_N, np.array(every))


def _print_score(total: "LabelScore") -> None:
    """Print a score as a table."""
    from charrnn.cli.console.tables import print_table

    unknown = f" ({total.num_unknown:,} with a label that the model does not know)"
    rows = [
        ["texts", f"{total.num_texts:,}{unknown if total.num_unknown else ''}"],
        ["accuracy", f"{100 * total.accuracy:.2f} %"],
        ["macro F1", f"{100 * total.macro_f1:.2f} %"],
        ["log loss", f"{total.loss:.4f} nats per text"],
        ["calibration error", f"{100 * total.calibration_error:.2f} %"],
    ]
    print_table(["", ""], rows)


def _by_label(total: "LabelScore", labels: Sequence[str]) -> dict[str, Any]:
    """Return the figures of each label, and the confusion matrix, for scripts."""
    per_label = dict(zip(labels, total.per_label(), strict=True))
    known = labels[: total.confusion_KC.shape[1]]
    return {
        "labels": per_label,
        "confusion": {
            label: {other: count for other, count in zip(known, row, strict=True) if count}
            for label, row in zip(labels, total.confusion_KC.tolist(), strict=True)
        },
    }


def _picture(total: "LabelScore", labels: Sequence[str]) -> "Matrix":
    """Return the confusion matrix, the most frequent label first."""
    from charrnn.plots.confusion import confusion

    num_known = total.confusion_KC.shape[1]
    known, others = total.confusion_KC[:num_known], total.confusion_KC[num_known:]
    order = np.argsort(-known.sum(1), kind="stable")
    counts = np.concatenate([known[order], others])[:, order]
    names = [labels[i] for i in order.tolist()] + list(labels[num_known:])
    title = f"accuracy {percent(total.accuracy)}, macro F1 {percent(total.macro_f1)}"
    return confusion(names, counts.tolist(), title=title)


def _show_confusion(total: "LabelScore", labels: Sequence[str]) -> None:
    """Draw the confusion matrix on the terminal, and name what is confused most."""
    from charrnn.cli.console.tables import print_table
    from charrnn.plots import share_matrix

    print()
    share_matrix.show(_picture(total, labels))
    if rows := [*_confusions(total, labels)]:
        print()
        print_table(["label", "taken for", "texts"], rows)


def _confusions(total: "LabelScore", labels: Sequence[str]) -> Iterator[list[str]]:
    """Yield the confusions that happen most often."""
    counts_KC = total.confusion_KC.copy()
    np.fill_diagonal(counts_KC, 0)
    for place in np.argsort(-counts_KC.ravel(), kind="stable")[:_NUM_CONFUSIONS].tolist():
        label, other = divmod(place, counts_KC.shape[1])
        if count := int(counts_KC[label, other]):
            yield [labels[label], labels[other], f"{count:,}"]


def _print_worst(scored: _Scored, *, as_json: bool) -> None:
    """Print the texts whose label was least expected as a table, or all as lines of JSON."""
    chances_N = np.zeros(len(scored.pairs))
    is_known_N = scored.numbers_N < scored.log_prob_NC.shape[1]
    chances_N[is_known_N] = np.exp(scored.log_prob_NC[is_known_N, scored.numbers_N[is_known_N]])
    predicted_N = scored.log_prob_NC.argmax(1)
    order = np.argsort(chances_N, kind="stable").tolist()
    facts = (
        {
            **scored.pairs[n]._asdict(),
            "label": scored.labels[predicted_N[n]],
            "probability": float(np.exp(scored.log_prob_NC[n, predicted_N[n]])),
            "probability_of_reference": float(chances_N[n]),
        }
        for n in order
    )
    if as_json:
        for each in facts:
            print_json(each)
        return
    from charrnn.cli.console.tables import print_table

    rows = [
        [
            f"{each['number']:,}", each["source"], each["reference"], each["label"],
            percent(each["probability_of_reference"]),
        ]
        for each, _ in zip(facts, range(_NUM_WORST), strict=False)
    ]  # fmt: skip
    print_table(["number", "text", "label", "taken for", "probability"], rows, optional=["number"])
    if len(order) > _NUM_WORST:
        note(f"{_NUM_WORST} of {len(order):,} texts shown; --json prints all of them")
