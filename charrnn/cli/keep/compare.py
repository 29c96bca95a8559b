"""The command `compare`: runs side by side."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from charrnn.cli.console.streams import note, print_json
from charrnn.cli.flags import runs as flags
from charrnn.cli.flags import shared
from charrnn.cli.keep.fact_words import HIDDEN, label, shown
from charrnn.errors import CorpusError, UsageError

if TYPE_CHECKING:
    from charrnn.runs.checkpoint import Checkpoint
    from charrnn.runs.comparison import Comparison

_SAMPLE_LENGTH = 300
_SHOWN_OF_DIGEST = 12


def compare(
    runs: flags.RunsToCompare, seed: flags.SampleSeed = 0, as_json: shared.Json = False
) -> None:
    """Show runs side by side: the settings that differ, losses, speed, size, and samples."""
    from charrnn.cli import inputs
    from charrnn.cli.console.tables import print_side_by_side
    from charrnn.runs.comparison import compared

    if len(runs) < 2:
        raise UsageError(f"{runs[0]} alone cannot be compared", "name two runs or more")
    root = inputs.root()
    found = [root.find(name) for name in runs]
    newest, best = zip(*map(inputs.newest_and_best, found), strict=True)
    inputs.require_one_task(newest)
    names = [run.name for run in found]
    comparison, samples = compared(found, newest), _samples(best, seed)
    if as_json:
        print_json({"runs": names, **vars(comparison), "seed": seed, "samples": samples})
        return
    _print(names, comparison)
    if samples is not None:
        print_side_by_side(names, samples)


def _samples(best: "Sequence[Checkpoint]", seed: int) -> list[str] | None:
    """Return what each run writes at one seed; of pairs, what each makes of the same sources, or
    None where they are lost.
    """
    if "pairs" in best[0].corpora:
        from charrnn.cli.pairs.info import examples

        try:
            return ["\n".join(examples(each, like=best[0])) for each in best]
        except CorpusError as error:
            note(f"no example: {error.message}")
            return None
    from charrnn.generation.model import Model

    return [Model.of(each).glimpse(_SAMPLE_LENGTH, seed=seed) for each in best]


def _print(names: Sequence[str], comparison: "Comparison") -> None:
    from charrnn.cli.console.figures import size
    from charrnn.cli.console.tables import print_table

    ways: dict[str, Callable[[Any], str]] = {
        "checkpoint_bytes": size,
        "corpus_sha256": lambda digest: f"{digest[:_SHOWN_OF_DIGEST]}…",
        **dict.fromkeys(("train_loss", "val_loss", "val_loss_reset"), "{:.4f}".format),
    }
    rows = [
        [
            label(name.removesuffix("_bytes")),
            *("–" if each is None else ways.get(name, shown)(each) for each in values),
        ]
        for group in (comparison.settings, comparison.measured)
        for name, values in group.items()
        if name not in HIDDEN
    ]
    print_table(["", *names], rows)
