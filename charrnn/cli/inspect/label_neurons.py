"""What `neurons` shows with --labels: units that tell the labels of texts apart."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from charrnn._text import number_of, percent, some, visible
from charrnn.cli.console.streams import note, print_json
from charrnn.errors import UsageError

if TYPE_CHECKING:
    from charrnn.analysis.neurons.label_units import LabelRanking, LabelUnit, ProbeScore
    from charrnn.config import DataConfig, LabelsConfig
    from charrnn.generation.model import Model
    from charrnn.plots.heatmap import Heatmap

_MAX_COUNTS = 6  # labels of which the number of texts is told
_NUM_TEXTS = 3  # that are coloured: of the label, and of others
_LONGEST_TEXT = 300  # characters, if there are enough texts that are not longer


@dataclass(frozen=True)
class Shown:
    """What is shown."""

    label: str | None  # one label; None: all
    text: str | None  # is coloured; None: some of the texts with labels
    export: Path | None
    as_json: bool


def table_config(
    data: "DataConfig",
    source_column: str | None,
    target_column: str | None,
    *,
    encoding: str | None,
    errors: str | None,
) -> "LabelsConfig":
    """How to read files of texts with labels for the model of a corpus."""
    from charrnn.config import LabelsConfig
    from charrnn.sources.input_text import config_for_input

    return LabelsConfig(
        source_column=source_column,
        target_column=target_column,
        encoding=config_for_input(data, encoding).encoding,
        errors=errors or "strict",
    )


def show(
    model: "Model",
    files: Sequence[str],
    config: "LabelsConfig",
    shown: Shown,
    *,
    max_length: int | None,
) -> None:
    """Rank the units by files of texts with labels; print tables, and a text that is coloured."""
    from charrnn.plots import heatmap

    if shown.export is not None:
        heatmap.require_exportable(shown.export)
    ranking = _ranking(model, files, config, max_length)
    label = _label(ranking, shown.label)
    if shown.as_json:
        print_json(ranking.figures())
    else:
        _print_ranking(ranking, label, all_labels=shown.label is None and len(ranking.counts) > 2)
    coloured = _coloured(model, ranking, label, shown.text)
    if shown.export is not None:
        heatmap.export(coloured, shown.export)
        note(f"wrote {shown.export}")
    elif not shown.as_json:
        print()
        heatmap.show(coloured)


def _ranking(
    model: "Model", files: Sequence[str], config: "LabelsConfig", max_length: int | None
) -> "LabelRanking":
    """Read the texts, with a bar, and rank the units; tell what was left out."""
    from charrnn.analysis.neurons.label_units import MAX_LENGTH, rank_by_labels
    from charrnn.cli.console.progress import ProgressBar
    from charrnn.cli.pairs.score import Notes
    from charrnn.data.corpus import temporary_folder
    from charrnn.data.pairs.reading.table import read_table

    max_length = max_length or MAX_LENGTH
    with (
        temporary_folder() as folder,
        contextlib.closing(ProgressBar(1, what="reading", at_once=True)) as bar,
    ):
        rows = read_table(files, config, spool_folder=folder, reporter=Notes())
        pairs = ((row.source, row.target) for row in rows)
        ranking = rank_by_labels(model, pairs, max_length=max_length, progress=bar.so_far)
    _note_left_out(ranking, max_length)
    return ranking


def _note_left_out(ranking: "LabelRanking", max_length: int) -> None:
    from charrnn.analysis.neurons.labelled_texts import MIN_TEXTS
    from charrnn.cli import inputs

    inputs.note_num_unknown(ranking.num_unknown)
    if ranking.num_empty:
        note(f"left out {number_of(ranking.num_empty, 'text')} without any other character")
    if ranking.num_cut:
        texts = number_of(ranking.num_cut, "text")
        note(f"read only the first {max_length:,} characters of {texts}; --length N reads more")
    if ranking.rare:
        labels = number_of(len(ranking.rare), "label")
        note(f"left out {labels} with fewer than {MIN_TEXTS} distinct texts: {some(ranking.rare)}")


def _label(ranking: "LabelRanking", typed: str | None) -> str:
    """Return the label that was asked for, or the one that a unit tells best."""
    if typed is None:
        return ranking.clearest
    label = " ".join(typed.split())
    if label not in ranking.best:
        raise UsageError(
            f"--label {typed!r} is not a label of these texts",
            f"choose one of {some(ranking.best, 10)}",
        )
    return label


def _print_ranking(ranking: "LabelRanking", label: str, *, all_labels: bool) -> None:
    """Print the best units for a label, or the best one for each label, and the probe."""
    counts = [f"{each} {num:,}" for each, num in ranking.counts.items()]
    num_texts = sum(ranking.counts.values())
    print(visible(f"{number_of(num_texts, 'distinct text')}: {some(counts, _MAX_COUNTS)}"))
    print(
        f"one half chooses among {ranking.num_units:,} units; the figures are of the other"
        f" {ranking.num_reported:,} texts"
    )
    if all_labels:
        _print_labels(ranking)
    else:
        _print_units(ranking, label)
        print(visible(_about_chance(ranking, label)))
    _print_probe(ranking.probe)


def _print_units(ranking: "LabelRanking", label: str) -> None:
    from charrnn.cli.console.tables import print_table

    rows = [
        [
            str(one.unit), _higher_in(ranking, one), f"{one.auc:.3f}", _interval(one),
            percent(one.accuracy), f"{one.chosen_auc:.3f}",
        ]
        for one in ranking.best[label]
    ]  # fmt: skip
    columns = ["unit", "higher in", "AUC", "95 % interval", "accuracy", "AUC where chosen"]
    print_table(columns, rows, optional=[columns[5], columns[3]])


def _print_labels(ranking: "LabelRanking") -> None:
    from charrnn.cli.console.tables import print_table

    rows = [
        [
            label, str(best.unit), "higher" if best.is_higher else "lower",
            f"{best.auc:.3f}", _interval(best), f"{best.chosen_auc:.3f}",
            f"{ranking.chance_auc[label]:.3f}", percent(best.accuracy), percent(best.majority),
        ]
        for label, (best, *_) in ranking.best.items()
    ]  # fmt: skip
    columns = [
        "label", "unit", "in its texts", "AUC", "95 % interval", "AUC where chosen", "by chance",
        "accuracy", "of guessing",
    ]  # fmt: skip
    print_table(columns, rows, optional=[columns[4], columns[8], columns[7]])
    told = [label for label in ranking.best if ranking.is_beyond_chance(label)]
    print(visible(f"labels that one unit tells better than chance: {some(told, 10) or 'none'}"))


def _print_probe(probe: "ProbeScore") -> None:
    from charrnn.cli.console.tables import print_table

    rows = [
        ["a logistic probe on all units", percent(probe.accuracy), f"{probe.loss:.3f}"],
        [f"always {probe.commonest!r}", percent(probe.majority), f"{probe.majority_loss:.3f}"],
    ]
    print_table(["all labels", "accuracy", "log loss"], rows)


def _interval(one: "LabelUnit") -> str:
    low, high = one.auc_interval
    return f"{low:.3f}–{high:.3f}"


def _higher_in(ranking: "LabelRanking", one: "LabelUnit") -> str:
    """Return the label whose texts have the higher activity."""
    return one.label if one.is_higher else _others(ranking, one.label)


def _others(ranking: "LabelRanking", label: str) -> str:
    """Return what the texts without a label are called."""
    others = [each for each in ranking.best if each != label]
    return others[0] if len(others) == 1 else "others"


def _about_chance(ranking: "LabelRanking", label: str) -> str:
    """Return what the best unit is worth beside the best one of shuffled labels."""
    best, chance = ranking.best[label][0], ranking.chance_auc[label]
    verdict = f"{best.unit} is more than chance"
    if not ranking.is_beyond_chance(label):
        verdict = f"{best.unit} may be chance"
    return (
        f"with shuffled labels the best unit has an AUC of up to {chance:.3f} where it is chosen:"
        f" {verdict}"
    )


def _coloured(model: "Model", ranking: "LabelRanking", label: str, text: str | None) -> "Heatmap":
    """Return a text, or some of the half that is reported, coloured by the best unit for a label.

    The plain shade is the threshold of that unit.
    """
    from charrnn.analysis.neurons.activities import activity_of_characters
    from charrnn.plots.heatmap import ColourScale, Heatmap

    best = ranking.best[label][0]
    whole, values = "", list[float]()
    for before, part, after in [("", text, "")] if text else _examples(ranking, label):
        characters, value_T = activity_of_characters(model, part, best.unit)
        whole += before + characters + after
        values += [best.threshold] * len(before)
        values += value_T.tolist() + [best.threshold] * len(after)
    spread = max(abs(value - best.threshold) for value in values) or 1.0
    scale = ColourScale(
        best.threshold - spread,
        best.threshold + spread,
        f"activity of {best.unit}; above {best.threshold:.2g}: {_higher_in(ranking, best)}",
        is_diverging=True,
    )
    return Heatmap(f"unit {best.unit}, AUC {best.auc:.3f} for {label}", whole, values, scale)


def _examples(ranking: "LabelRanking", label: str) -> Iterator[tuple[str, str, str]]:
    """Yield some texts of a label and some of others, with what stands before and after each."""
    for are_of_label in (True, False):
        texts = [each for each in ranking.reported if (each.label == label) == are_of_label]
        texts.sort(key=lambda each: len(each.text) > _LONGEST_TEXT)
        for each in texts[:_NUM_TEXTS]:
            is_cut = len(each.text) > _LONGEST_TEXT
            yield f"{each.label}: ", each.text[:_LONGEST_TEXT], "…\n" if is_cut else "\n"
