"""The commands that look at what a model carries along: its units, its memory. Parse, call, render;
what is heavy is imported inside.
"""

import json
from pathlib import Path
from typing import Any

from charrnn import display
from charrnn import options as o
from charrnn.errors import CorpusError, UsageError


def neurons(
    run: o.RunToRead = None,
    text: o.TextToRead = None,
    feature: o.FeatureName = None,
    unit: o.UnitName = None,
    length: o.NumRead = None,
    export: o.HeatFile = None,
    as_json: o.InfoJson = False,
) -> None:
    """Find the units that follow something a person can name: quotes, the place in the line …

    r is the correlation of a unit's activity with the feature over the text, below 0 where it
    falls when the feature is on; then come its mean activities with the feature on and off.
    """
    from charrnn import features, speaking
    from charrnn.model import Model

    if feature is not None and feature not in features.FEATURES:
        known = ", ".join(features.FEATURES)
        raise UsageError(f"--feature {feature!r} is not known", f"choose one of {known}")
    if feature is not None and unit is not None:
        raise UsageError("--feature and --unit were both given", "choose one")
    if export is not None and unit is None:
        raise UsageError("--export writes a text coloured by one unit", "say which: --unit h0.17")
    found = speaking.checkpoint_of(run)
    model = Model.of(found)
    read = _text_to_read(found, model, text, length or (20_000 if unit is None else 1000))
    if unit is None:
        _show_ranking(model, read, feature, as_json=as_json)
    else:
        _show_unit(model, read, unit, export=export, as_json=as_json)


def _text_to_read(found: Any, model: Any, file: str | None, num_chars: int) -> str:
    """The beginning of a file, in characters that the model knows, or of its validation split."""
    from charrnn import reading, runs, speaking

    if file is None:
        cache = runs.CORPUS_CACHE
        return reading.beginning_of_split(found, "val", num_chars=num_chars, cache=cache)
    spelled = model.spelled(speaking.contents(file))[:num_chars]
    never = set(model.unknown(spelled))
    read = "".join(char for char in spelled if char not in never)
    if len(read) < len(spelled):
        num = len(spelled) - len(read)
        display.note(f"{num:,} characters that the model never saw were left out")
    if not read:
        raise CorpusError("there is no character to read", "give a file with text")
    return read


def _show_ranking(model: Any, text: str, feature: str | None, *, as_json: bool) -> None:
    """The best unit for each feature, or the best ten for one."""
    from charrnn.features import FEATURES
    from charrnn.neurons import rank

    asked = FEATURES if feature is None else {feature: FEATURES[feature]}
    ranking = rank(model, text, features=asked)
    if as_json:
        best = {
            name: [{**vars(one), "unit": str(one.unit), "score": one.score} for one in followers]
            for name, followers in ranking.best.items()
        }
        print(json.dumps({**vars(ranking), "best": best}))
        return
    if ranking.left_out:
        display.note(f"hardly ever, or always, in this text: {', '.join(ranking.left_out)}")
    if not ranking.best:
        return
    what = "" if feature is None else f" for {feature}, {FEATURES[feature].says}"
    print(f"{ranking.num_units:,} units over {ranking.num_chars:,} characters{what}")
    rows = [
        [str(one.unit)]
        + [f"{number:+.2f}" for number in (one.correlation, one.mean_on, one.mean_off)]
        + ([name, FEATURES[name].says] if feature is None else [])
        for name, followers in ranking.best.items()
        for one in followers[: 1 if feature is None else None]
    ]
    columns = ["feature", "what it is"] if feature is None else []
    display.table(["unit", "r", "on", "off", *columns], rows)


def _show_unit(model: Any, text: str, typed: str, *, export: Path | None, as_json: bool) -> None:
    """A text coloured by what one unit does."""
    from charrnn import heat
    from charrnn.neurons import activity, unit_of

    unit = unit_of(typed, model.config)
    if export is not None:
        heat.require_exportable(export)
    values = [round(value, 6) for value in activity(model, text, unit).tolist()]
    how: Any = {"scale": (-1.0, 1.0), "diverging": True, "title": f"unit {unit}"}
    how["legend"] = f"activity of {unit}, from -1 to 1"
    if export is not None:
        heat.export(export, text, values, **how)
        display.note(f"written to {export}")
    if as_json:
        print(json.dumps({"unit": str(unit), "text": text, "values": values}))
    elif export is None:
        heat.show(text, values, **how)
