"""The commands that look into a model: parse, call, render. Torch is imported by what they call."""

import dataclasses
import json
import math
from pathlib import Path

import typer

from charrnn import display
from charrnn import options as o
from charrnn.errors import UsageError


def add_to(app: typer.Typer) -> None:
    """Give these commands to the program."""
    app.command()(score)
    app.command()(plot)


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

    found, skipped = runs.find_to_speak(run)
    for error in skipped:
        display.note(f"{error.message}; scoring step {found.progress.step} instead")
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
