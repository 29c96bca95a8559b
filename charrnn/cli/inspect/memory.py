"""The command `memory`: how far back a model looks."""

import contextlib
import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from charrnn._text import Reporter, number_of, visible
from charrnn.cli.console.streams import print_json
from charrnn.cli.flags import inspect as flags
from charrnn.cli.flags import shared
from charrnn.errors import UsageError
from charrnn.runs import task_names

if TYPE_CHECKING:
    from charrnn.analysis.context import LookBack
    from charrnn.runs.checkpoint import Checkpoint


def memory(
    run: flags.Runs = None,
    compare: flags.Compare = False,
    places: flags.NumPlaces = None,
    on: flags.On = None,
    export: flags.ExportCharts = None,
    as_json: shared.Json = False,
) -> None:
    """Show how far back a model looks: how far gradients reach, and how much context it uses.

    The first chart is the norm of the gradient of one character's loss with respect to the state k
    characters earlier. The second is the loss after reading only the last k characters. Of a run of
    pairs the charts are loss and errors against the length of the source.
    """
    if compare and len(run or ()) < 2:
        raise UsageError("--compare takes two runs or more", "name them: --compare RUN RUN")
    from charrnn.cli import inputs
    from charrnn.cli.console.drawn_charts import files_for, show_or_export
    from charrnn.data.corpus import THE_RUN, require_told
    from charrnn.plots import charts

    if export is not None:
        charts.require_exportable(export)
    names = run or [inputs.root().find(None).name]
    checkpoints = {name: inputs.checkpoint_of(name, tasks=()) for name in names}
    inputs.require_one_task(checkpoints.values())
    if (learned := next(iter(checkpoints.values())).schema.learned) not in ("text", "pairs"):
        raise UsageError(f"memory measures no models of {learned}", "name a run of text or pairs")
    if next(iter(checkpoints.values())).task == task_names.SEQ2SEQ:
        from charrnn.cli.pairs import memory as pairs

        pairs.show_costs_of_length(
            checkpoints, files=on or [], num_pairs=places, export=export, as_json=as_json
        )
        return
    if on:
        raise UsageError("--on takes pairs, and this is a model of text", "leave it out")
    for checkpoint in checkpoints.values():
        require_told(checkpoint.corpus, hint=THE_RUN)
    if export is not None:
        files_for(("reach", "context"), export)  # what cannot be written is told before a long wait
    measured = {name: _measured(name, each, places or 512) for name, each in checkpoints.items()}
    if as_json:
        print_json([{"run": name, **_figures(each)} for name, each in measured.items()])
        return
    show_or_export(_charts(measured), export)
    for name, each in measured.items():
        for sentence in _sentences(each):
            print(visible(f"{name}: {sentence}"))


def _measured(run: str, checkpoint: "Checkpoint", num_places: int) -> "LookBack":
    """Measure how far back a checkpoint looks, with a bar."""
    from charrnn.cli.console.progress import ProgressBar

    with contextlib.closing(ProgressBar(1, what=f"looking back: {run}", at_once=True)) as bar:
        from charrnn import _cores
        from charrnn.analysis.context import look_back
        from charrnn.data.reload import reload_text
        from charrnn.generation.model import Model
        from charrnn.models import device

        device.prepare("cpu", _cores.num_cores())
        reference = checkpoint.corpus_reference
        text = reload_text(reference, keep_corpus=True, reporter=Reporter())
        return look_back(Model.of(checkpoint), text, num_places=num_places, progress=bar.so_far)


def _figures(look_back: "LookBack") -> dict[str, Any]:
    """Return both curves, and what they come to, for scripts."""
    figures = dataclasses.asdict(look_back)
    figures["reach"]["halving"] = look_back.reach.halving
    figures["context"]["enough"] = look_back.context.enough()
    return figures


def _charts(measured: Mapping[str, "LookBack"]) -> dict[str, Any]:
    """Return the two charts, with a curve for each run."""
    from charrnn.plots.charts import Chart, Curve

    return {
        "reach": Chart(
            "how far gradients reach",
            "k, characters back",
            "‖∂loss(t) / ∂state(t-k)‖",
            tuple(
                Curve(name, each.reach.lags, each.reach.norms) for name, each in measured.items()
            ),
            log_y=True,
        ),
        "context": Chart(
            "how much context is used",
            "k, characters read",
            "nats per character",
            tuple(
                Curve(name, each.context.lags, each.context.losses)
                for name, each in measured.items()
            ),
            log_x=True,
        ),
    }


def _sentences(look_back: "LookBack") -> tuple[str, str]:
    """Return what each of the two curves comes to."""
    halving, enough = look_back.reach.halving, look_back.context.enough()
    falls = f"halves every {halving:.1f} characters" if halving else "does not fall"
    k = f"k = {number_of(enough, 'character')}"
    uses = f"the loss falls by less than 0.01 nats beyond {k}"
    if enough == look_back.context.lags[-1]:
        uses = f"the loss still falls at {k}"
    return f"the gradient {falls}", uses
