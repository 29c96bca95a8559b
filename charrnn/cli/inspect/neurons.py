"""The command `neurons`: which units follow what."""

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from charrnn.cli.console.streams import note, print_json
from charrnn.cli.flags import inspect as flags
from charrnn.cli.flags import shared
from charrnn.cli.flags.settings import flag_of
from charrnn.errors import UsageError

if TYPE_CHECKING:
    from charrnn.analysis.neurons.followers import Ranking
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
    labels: flags.Labels = None,
    label: flags.Label = None,
    source_column: flags.TextColumn = None,
    target_column: flags.LabelColumn = None,
    errors: flags.Errors = None,
) -> None:
    """Find units that follow something a person can name: quotes, the position in the line …

    r is the correlation of a unit's activity with the feature over the text; it is negative if the
    activity falls when the feature is on. The next columns are the mean activity with the feature
    on and off.

    With --labels: find units that tell labels of texts apart, such as good and bad reviews. Half of
    the texts choose the units; the figures are of the other half.
    """
    _require_meaning(feature, unit, export, labels)
    _require_labels(
        labels, text,
        label=label, source_column=source_column, target_column=target_column, errors=errors,
    )  # fmt: skip
    from charrnn.cli import inputs
    from charrnn.cli.inspect import label_neurons
    from charrnn.generation.model import Model

    checkpoint = inputs.checkpoint_of(run, instead="neurons looks into runs of a text: name one")
    model = Model.of(checkpoint)

    def read(num_chars: int) -> str:
        return _text_to_read(checkpoint, model, text, encoding, num_chars=length or num_chars)

    if labels:
        config = label_neurons.table_config(
            checkpoint.data, source_column, target_column, encoding=encoding, errors=errors
        )
        shown = label_neurons.Shown(label, text and read(1000), export, as_json)
        label_neurons.show(model, labels, config, shown, max_length=length)
    elif unit is None:
        _show_ranking(model, read(20_000), feature, as_json=as_json)
    else:
        _show_unit(model, read(1000), unit, export=export, as_json=as_json)


def _require_meaning(
    feature: str | None, unit: str | None, export: Path | None, labels: Sequence[str] | None
) -> None:
    """Raise `UsageError` for an unknown feature, or flags that do not go together."""
    from charrnn.analysis.neurons.text_features import FEATURES

    if feature is not None and feature not in FEATURES:
        raise UsageError(
            f"--feature {feature!r} is not known", f"choose one of {', '.join(FEATURES)}"
        )
    given = {"--feature": feature, "--unit": unit, "--labels": labels}
    both = [flag for flag, value in given.items() if value]
    if len(both) > 1:
        raise UsageError(f"{both[0]} and {both[1]} were both given", "choose one")
    if export is not None and unit is None and not labels:
        raise UsageError("--export writes a text coloured by one unit", "name it: --unit h0.17")


def _require_labels(labels: Sequence[str] | None, text: str | None, **given: str | None) -> None:
    """Raise `UsageError` for settings of texts with labels where there are none, or where two files
    are standard input.
    """
    for name, value in given.items():
        if value is not None and not labels:
            raise UsageError(
                f"{flag_of(name)} is about texts with labels", "name them: --labels FILE"
            )
    if text == "-" and "-" in (labels or ()):
        raise UsageError("standard input can be read only once", "name a file for --text")


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
    from charrnn.analysis.neurons.followers import rank
    from charrnn.analysis.neurons.text_features import FEATURES
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
    from charrnn.analysis.neurons.text_features import FEATURES
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
    from charrnn.analysis.neurons.activities import activity_of_characters
    from charrnn.analysis.neurons.units import unit_of
    from charrnn.plots import heatmap

    unit = unit_of(typed, model.config)
    if export is not None:
        heatmap.require_exportable(export)
    text, value_T = activity_of_characters(model, text, unit)
    values = [round(value, 6) for value in value_T.tolist()]
    scale = heatmap.ColourScale(-1.0, 1.0, f"activity of {unit}", is_diverging=True)
    coloured = heatmap.Heatmap(f"unit {unit}", text, values, scale)
    if export is not None:
        heatmap.export(coloured, export)
        note(f"wrote {export}")
    if as_json:
        print_json({"unit": str(unit), "text": text, "values": values})
    elif export is None:
        heatmap.show(coloured)
