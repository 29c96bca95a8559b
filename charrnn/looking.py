"""The commands that look into a model: parse, call, render. Torch is imported by what they call."""

import dataclasses
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import typer

from charrnn import display, inside
from charrnn import options as o
from charrnn.errors import UsageError


def add_to(app: typer.Typer) -> None:
    """Give these commands to the program."""
    app.command()(score)
    app.command()(inside.neurons)
    app.command()(inside.memory)
    app.command()(predict)
    app.command()(plot)


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

    model = Model.of(speaking.checkpoint_of(run))
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

    found = speaking.checkpoint_of(run)
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


def plot(
    run: o.RunsToPlot = None,
    against: o.Against = "steps",
    in_bits: o.InBits = False,
    log: o.LogX = False,
    export: o.ExportChart = None,
    as_json: o.InfoJson = False,
) -> None:
    """Draw the losses of a run, or of several together, as they fell."""
    from charrnn import curves, losses, runs

    if against not in losses.AGAINST:
        raise UsageError(f"--against {against!r} is not known", "choose steps or minutes")
    found = [runs.find(name) for name in run] if run else [runs.find(None)]
    every = [losses.of(one) for one in found]
    if as_json:
        print(json.dumps([dataclasses.asdict(one) for one in every]))
        return
    unit, word = (math.log(2), "bits") if in_bits else (1.0, "nats")
    drawn = losses.chart(
        every, against=against, unit=unit, y_label=f"{word} per character", log=log
    )
    if export is None:
        curves.show(drawn)
    else:
        curves.export(drawn, Path(export))
        display.note(f"wrote {export}")
