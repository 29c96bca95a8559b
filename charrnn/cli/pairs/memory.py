"""What `memory` shows of runs of pairs: what long sources cost."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from charrnn._text import visible
from charrnn.cli.console.drawn_charts import files_for, show_or_export
from charrnn.cli.console.streams import print_json
from charrnn.cli.pairs.score import PairFiles, pairs_to_score, scored
from charrnn.errors import UsageError

if TYPE_CHECKING:
    from charrnn.analysis.source_length import LengthGroup
    from charrnn.runs.checkpoint import Checkpoint

_NUM_PAIRS = 2000


def show_costs_of_length(
    checkpoints: Mapping[str, "Checkpoint"],
    *,
    files: Sequence[str],
    num_pairs: int | None,
    export: Path | None,
    as_json: bool,
) -> None:
    """Draw loss and errors of runs against the length of the source, over the first pairs of some
    files, or of each run's validation split.

    Raises `UsageError` for several runs on standard input, which can be read only once.
    """
    if "-" in files and len(checkpoints) > 1:
        raise UsageError("standard input can be read for one run only", "name a file of pairs")
    if export is not None:
        files_for(("loss", "errors"), export)  # what cannot be written is told before a long wait
    groups = {
        name: _groups(name, checkpoint, files, num_pairs or _NUM_PAIRS)
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


def _groups(
    name: str, checkpoint: "Checkpoint", files: Sequence[str], num_pairs: int
) -> "list[LengthGroup]":
    """Score pairs of a run, and group them by the length of their sources."""
    from charrnn.analysis.source_length import by_length
    from charrnn.generation.translation.translator import Translator

    translator = Translator.of([checkpoint])
    pairs = pairs_to_score([checkpoint], PairFiles(files), translator.encode)[:num_pairs]
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
