"""What `memory` shows of runs of pairs: what long sources cost."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from charrnn._text import visible
from charrnn.cli.console.drawn_charts import show_or_export
from charrnn.cli.console.streams import print_json
from charrnn.cli.pairs.score import own_pairs, scored

if TYPE_CHECKING:
    from charrnn.analysis.source_length import LengthGroup
    from charrnn.runs.checkpoint import Checkpoint

_NUM_PAIRS = 2000


def show_costs_of_length(
    checkpoints: Mapping[str, "Checkpoint"],
    *,
    num_pairs: int | None,
    export: Path | None,
    as_json: bool,
) -> None:
    """Draw loss and errors of runs against the length of the source, over the first pairs of each
    run's validation split.
    """
    groups = {
        name: _groups(name, checkpoint, num_pairs or _NUM_PAIRS)
        for name, checkpoint in checkpoints.items()
    }
    if as_json:
        print_json([{"run": name, "groups": [*map(asdict, each)]} for name, each in groups.items()])
        return
    from charrnn.analysis.source_length import charts

    show_or_export(charts(groups), export)
    for name, each in groups.items():
        for sentence in _sentences(each):
            print(visible(f"{name}: {sentence}"))


def _groups(name: str, checkpoint: "Checkpoint", num_pairs: int) -> "list[LengthGroup]":
    """Score pairs of a run, and group them by the length of their sources."""
    from charrnn.analysis.source_length import by_length
    from charrnn.generation.translation.translator import Translator

    translator = Translator.of([checkpoint])
    pairs = own_pairs(checkpoint, "val")[:num_pairs]
    every = scored(translator, pairs, what=f"translating: {name}")
    lengths = [len(translator.source.symbols(pair.source)) for pair in pairs]
    return by_length(lengths, every)


def _sentences(groups: "Sequence[LengthGroup]") -> Iterator[str]:
    """Return what the shortest and the longest sources cost."""
    for group in (groups[0], groups[-1])[: len(groups)]:
        yield (
            f"sources of {group.shortest}–{group.longest} symbols:"
            f" {group.nats_per_symbol:.4f} nats per symbol,"
            f" word error rate {100 * group.word_error_rate:.2f} % ({group.num_pairs:,} pairs)"
        )
