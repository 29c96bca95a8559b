"""The commands `neurons` and `memory`: which units follow what, and how far back a model looks."""

import contextlib
import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from charrnn._text import Reporter, number_of, visible
from charrnn.cli.console.streams import note, print_json
from charrnn.cli.flags import inspect as flags
from charrnn.cli.flags import shared
from charrnn.errors import UsageError

if TYPE_CHECKING:
    from charrnn.analysis.context import LookBack
    from charrnn.analysis.neurons import Ranking
    from charrnn.generation.model import Model
    from charrnn.runs.checkpoint import Checkpoint


def neurons(
    run: shared.RunToRead = None,
    text: flags.Text = None,
    feature: flags.Feature = None,
    unit: flags.Unit = None,
    length: flags.Length = None,
    export: flags.Export = None,
    encoding: shared.Encoding = None,
    as_json: shared.Json = False,
) -> None:
    """Find units that follow something a person can name: quotes, the position in the line …

    r is the correlation of a unit's activity with the feature over the text; it is negative if the
    activity falls when the feature is on. The next columns are the mean activity with the feature
    on and off.
    """
    _require_feature_or_unit(feature, unit, export)
    from charrnn.cli import inputs
    from charrnn.generation.model import Model

    checkpoint = inputs.checkpoint_of(run)
    model = Model.of(checkpoint)
    num_chars = length or (20_000 if unit is None else 1000)
    read = _text_to_read(checkpoint, model, text, encoding, num_chars=num_chars)
    if unit is None:
        _show_ranking(model, read, feature, as_json=as_json)
    else:
        _show_unit(model, read, unit, export=export, as_json=as_json)


def _require_feature_or_unit(feature: str | None, unit: str | None, export: Path | None) -> None:
    """Raise `UsageError` for an unknown feature, or flags that do not go together."""
    from charrnn.analysis.text_features import FEATURES

    if feature is not None and feature not in FEATURES:
        raise UsageError(
            f"--feature {feature!r} is not known", f"choose one of {', '.join(FEATURES)}"
        )
    if feature is not None and unit is not None:
        raise UsageError("--feature and --unit were both given", "choose one")
    if export is not None and unit is None:
        raise UsageError("--export writes a text coloured by one unit", "name it: --unit h0.17")


def _text_to_read(
    checkpoint: "Checkpoint",
    model: "Model",
    file: str | None,
    encoding: str | None,
    *,
    num_chars: int,
) -> str:
    """Return the beginning of a file, or of the run's own validation split."""
    from charrnn.cli import inputs
    from charrnn.data.reload import beginning_of_split
    from charrnn.sources.input_text import config_for_input

    if file is not None:
        config = config_for_input(checkpoint.data, encoding)
        return inputs.read_known(model, [file], config, at_most=num_chars)
    return beginning_of_split(checkpoint.corpus_reference, "val", num_chars=num_chars)


def _show_ranking(model: "Model", text: str, feature: str | None, *, as_json: bool) -> None:
    """Print the best unit for each feature, or the best ten for one."""
    from charrnn.analysis.neurons import rank
    from charrnn.analysis.text_features import FEATURES
    from charrnn.cli.console.progress import ProgressBar

    asked = FEATURES if feature is None else {feature: FEATURES[feature]}
    with contextlib.closing(ProgressBar(len(text), what="reading", at_once=True)) as bar:
        ranking = rank(model, text, features=asked, progress=bar.so_far)
    if as_json:
        _print_ranking_as_json(ranking)
        return
    if ranking.left_out:
        names = ", ".join(ranking.left_out)
        note(f"features left out (hardly ever or nearly always on in this text): {names}")
    if not ranking.best:
        note("no feature is left to rank units by; try a longer text, or another")
        return
    _print_ranking(ranking, feature)


def _print_ranking(ranking: "Ranking", feature: str | None) -> None:
    from charrnn.analysis.text_features import FEATURES
    from charrnn.cli.console.tables import print_table

    what = "" if feature is None else f" for {feature}, {FEATURES[feature].description}"
    print(f"{ranking.num_units:,} units over {ranking.num_chars:,} characters{what}")
    rows = [
        [str(one.unit)]
        + [f"{number:+.2f}" for number in (one.correlation, one.mean_on, one.mean_off)]
        + ([name, FEATURES[name].description] if feature is None else [])
        for name, followers in ranking.best.items()
        for one in followers[: 1 if feature is None else None]
    ]
    columns = ["feature", "what it is"] if feature is None else []
    print_table(["unit", "r", "on", "off", *columns], rows, optional=[*columns[1:], "off"])


def _print_ranking_as_json(ranking: "Ranking") -> None:
    best = {
        name: [{**vars(one), "unit": str(one.unit), "score": one.score} for one in followers]
        for name, followers in ranking.best.items()
    }
    print_json({**vars(ranking), "best": best})


def _show_unit(
    model: "Model", text: str, typed: str, *, export: Path | None, as_json: bool
) -> None:
    """Draw a text coloured by the activity of one unit."""
    from charrnn.analysis.neurons import activity, unit_of
    from charrnn.plots import heatmap

    unit = unit_of(typed, model.config)
    if export is not None:
        heatmap.require_exportable(export)
    values = [round(value, 6) for value in activity(model, text, unit).tolist()]
    scale = heatmap.ColourScale(-1.0, 1.0, f"activity of {unit}", is_diverging=True)
    coloured = heatmap.Heatmap(f"unit {unit}", text, values, scale)
    if export is not None:
        heatmap.export(coloured, export)
        note(f"wrote {export}")
    if as_json:
        print_json({"unit": str(unit), "text": text, "values": values})
    elif export is None:
        heatmap.show(coloured)


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
    from charrnn.cli.console.drawn_charts import show_or_export
    from charrnn.plots import charts

    if export is not None:
        charts.require_exportable(export)
    names = run or [inputs.root().find(None).name]
    checkpoints = {name: inputs.checkpoint_of(name, task=None) for name in names}
    inputs.require_one_task(checkpoints.values())
    if (learned := next(iter(checkpoints.values())).schema.learned) not in ("text", "pairs"):
        raise UsageError(f"memory measures no models of {learned}", "name a run of text or pairs")
    if next(iter(checkpoints.values())).task == "seq2seq":
        from charrnn.cli.pairs import memory as pairs

        pairs.show_costs_of_length(
            checkpoints, files=on or [], num_pairs=places, export=export, as_json=as_json
        )
        return
    if on:
        raise UsageError("--on takes pairs, and this is a model of text", "leave it out")
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
