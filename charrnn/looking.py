"""The commands that look into a model: parse, call, render. Torch is imported by what they call."""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import typer

from charrnn import display
from charrnn import options as o
from charrnn.errors import UsageError


def add_to(app: typer.Typer) -> None:
    """Give these commands to the program."""
    app.command()(score)
    app.command()(neurons)
    app.command()(predict)


def _to_read(run: str | None) -> Any:
    """The checkpoint that a run is looked into by: its best."""
    from charrnn import runs

    found, skipped = runs.find_to_speak(run)
    for error in skipped:
        display.note(f"{error.message}; reading step {found.progress.step} instead")
    return found


def predict(
    prompt: o.Ask = None,
    run: o.RunToScore = None,
    top: o.Top = 12,
    temp: o.PredictTemperature = None,
    steps: o.EachStep = False,
    as_json: o.InfoJson = False,
) -> None:
    """Show which character a run's best checkpoint expects next, and how likely each is.

    --steps looks back instead: at each character of the prompt, what was expected there, how likely
    the one that came was, its rank, and the surprise in bits.
    """
    if steps and temp is not None:
        raise UsageError("--temp has no say in --steps", "surprise is measured at temperature 1")
    from charrnn import speaking
    from charrnn.model import Model

    model = Model.of(_to_read(run))
    typed = speaking.prompt(prompt, None)
    read = model.spelled(typed)
    speaking.say_unknown(model, read)
    if steps:
        _show_expectations(model.expectations(typed), as_json=as_json)
        return
    chances = model.predict(typed, temperature=1.0 if temp is None else temp)
    if as_json:
        print(json.dumps([vars(chance) for chance in chances]))
        return
    shown = [(display.symbol(chance.char), chance.prob) for chance in chances[:top]]
    if others := chances[top:]:
        shown.append((f"{len(others)} others", sum(chance.prob for chance in others)))
    unknown = model.unknown(read)
    display.bars(_after("".join(c for c in read if c not in unknown), temp), shown)


def _after(prompt: str, temp: float | None) -> str:
    """What a prediction is of, in a line."""
    end = "".join(map(display.symbol, prompt[-40:]))
    where = f"after {'…' if len(prompt) > 40 else ''}{end}" if prompt else "at the beginning"
    return where if temp is None else f"{where}, at temperature {temp:g}"


def _show_expectations(found: Sequence[Any], *, as_json: bool) -> None:
    """A line for each character that came."""
    if as_json:
        print(json.dumps([vars(each) for each in found]))
        return
    rows = [
        [
            display.symbol(each.char),
            f"{100 * each.prob:6.2f} %",
            f"{each.rank:4,}",
            f"{each.bits:5.2f}",
            f"{display.symbol(each.expected)}  {100 * each.expected_prob:6.2f} %",
        ]
        for each in found
    ]
    display.table(["came", "probability", "rank", "bits", "expected"], rows)


def score(
    texts: o.Texts = None,
    run: o.RunToScore = None,
    split: o.Split = "val",
    adapt: o.Adapt = False,
    as_json: o.InfoJson = False,
) -> None:
    """Measure how well a run's best checkpoint expects a text, in nats per character."""
    if split not in ("val", "test"):
        raise UsageError(f"--split {split!r} is not known", "choose val or test")
    from charrnn import runs, scoring, speaking

    found = _to_read(run)
    if texts:
        read = [speaking.contents(text) for text in texts]
        measured = scoring.score_files(found, read, adapt=adapt)
    else:
        measured = scoring.score_split(found, split, cache=runs.CORPUS_CACHE, adapt=adapt)
    nats = measured.nats_per_char
    if as_json:
        figures = {**vars(measured), "bits_per_char": display.bits(nats), "adapted": adapt}
        print(json.dumps(figures | {"perplexity": math.exp(nats)}))
        return
    if measured.num_unknown:
        display.note(f"{measured.num_unknown:,} characters that the model never saw were left out")
    has_records = found.train.records != "none"
    how = "learning on the way" if adapt else "the state carried"
    how = "each record from a new start" if has_records else how
    print(
        f"{nats:.4f} nats ({display.bits(nats):.3f} bits) per character, {how},"
        f" over {measured.num_chars:,} characters"
    )
    if not adapt and not has_records:
        print(f"{measured.nats_per_char_reset:.4f} nats with the state reset every 256 characters")


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
    from charrnn import features
    from charrnn.model import Model

    if feature is not None and feature not in features.FEATURES:
        known = ", ".join(features.FEATURES)
        raise UsageError(f"--feature {feature!r} is not known", f"choose one of {known}")
    if feature is not None and unit is not None:
        raise UsageError("--feature and --unit were both given", "choose one")
    if export is not None and unit is None:
        raise UsageError("--export writes a text coloured by one unit", "say which: --unit h0.17")
    found = _to_read(run)
    model = Model.of(found)
    read = _text_to_read(found, model, text, length or (20_000 if unit is None else 1000))
    if unit is None:
        _show_ranking(model, read, feature, as_json=as_json)
    else:
        _show_unit(model, read, unit, export=export, as_json=as_json)


def _text_to_read(found: Any, model: Any, file: str | None, num_chars: int) -> str:
    """The beginning of a file, in characters that the model knows, or of its validation split."""
    from charrnn import reading, runs, speaking
    from charrnn.errors import CorpusError

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
