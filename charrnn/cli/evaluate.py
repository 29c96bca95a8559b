"""The commands that look into a model: parse, call, render. Torch is imported by what they call."""

import contextlib
import dataclasses
import json
import math
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
import typer.core

from charrnn._text import bits, number_of, symbol
from charrnn.cli import inspect
from charrnn.cli.console.streams import note
from charrnn.cli.flags import evaluate as flags
from charrnn.cli.flags import runs as runs_flags
from charrnn.cli.flags import shared
from charrnn.errors import UsageError

if TYPE_CHECKING:
    from charrnn.cli.console.progress import ProgressBar
    from charrnn.config import DataConfig

_MOST_COLOURED = 100_000  # characters


def add_to(app: typer.Typer) -> None:
    """Give these commands to the program."""
    app.command(cls=_Predict)(predict)
    app.command()(score)
    app.command()(inspect.neurons)
    app.command()(inspect.memory)
    app.command()(plot)
    app.command()(history)


class _Predict(typer.core.TyperCommand):
    """Tells how to type a text that begins with a dash."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """See click."""
        typed = next((arg for arg in args if re.match("-[^-].", arg)), None)
        try:
            return super().parse_args(ctx, args)
        except typer.TyperException as error:
            if typed is None:
                raise
            raise UsageError(
                error.format_message().rstrip("."),
                f"a text that begins with - comes after --: charrnn predict -- {typed}",
            ) from error


def predict(
    prompt: flags.Prompt = None,
    run: shared.RunOption = None,
    top: flags.Top = 12,
    temp: flags.Temperature = None,
    steps: flags.EachStep = False,
    encoding: shared.Encoding = None,
    as_json: shared.Json = False,
) -> None:
    """Show which character a run's best checkpoint expects next, and how likely each is.

    --steps looks back instead: at each character of the prompt, what was expected there, how likely
    the one that came was, its rank, and the surprise in bits.
    """
    if steps and temp is not None:
        raise UsageError("--temp has no say in --steps", "surprise is measured at temperature 1")
    from charrnn.cli import inputs, prompts
    from charrnn.cli.console.tables import print_bars

    found = inputs.checkpoint_of(run)
    model = inputs.model_of(found)
    file = "-" if prompt == "-" else None
    typed = prompts.read(
        None if file else prompt, file, found, encoding=encoding, asking="charrnn predict -"
    )
    read = model.spelled(typed)
    prompts.note_unknown(model, read)
    if prompt and run is None and inputs.root().has(prompt):
        also = f"{prompt} is also a run; to ask that one: charrnn predict --run {prompt} TEXT"
        note(also)
    if steps:
        _show_expectations(model.expectations(typed), as_json=as_json)
        return
    chances = model.predict(typed, temperature=1.0 if temp is None else temp)
    if as_json:
        print(json.dumps([vars(chance) for chance in chances]))
        return
    shown = [(symbol(chance.char), chance.prob) for chance in chances[:top]]
    if others := chances[top:]:
        shown.append((f"{len(others)} others", sum(chance.prob for chance in others)))
    print_bars(_after(model.known(read), temp), shown)


def _after(prompt: str, temp: float | None) -> str:
    """What a prediction is of, in a line."""
    end = "".join(map(symbol, prompt[-40:]))
    where = f"after {'…' if len(prompt) > 40 else ''}{end}" if prompt else "at the beginning"
    return where if temp is None else f"{where}, at temperature {temp:g}"


def _show_expectations(found: Sequence[Any], *, as_json: bool) -> None:
    """A line for each character that came."""
    if as_json:
        print(json.dumps([vars(each) for each in found]))
        return
    from charrnn.cli.console.tables import print_table

    rows = [
        [
            symbol(each.char),
            f"{100 * each.prob:6.2f} %",
            f"{each.rank:4,}",
            f"{each.bits:5.2f}",
            f"{symbol(each.expected)}  {100 * each.expected_prob:6.2f} %",
        ]
        for each in found
    ]
    columns = ["came", "probability", "rank", "bits", "expected"]
    print_table(columns, rows, may_go=["expected", "rank"])


def score(
    texts: flags.Texts = None,
    run: shared.RunOption = None,
    split: flags.Split = None,
    adapt: flags.Adapt = False,
    per_line: flags.PerLine = False,
    heatmap: flags.HeatMap = False,
    export: flags.Export = None,
    encoding: shared.Encoding = None,
    as_json: shared.Json = False,
) -> None:
    """Measure how well a run's best checkpoint expects a text, in nats per character.

    Beside it: how many bytes the model would make of the text as a compressor, and gzip and xz do.
    """
    if split not in (None, "val", "test"):
        raise UsageError(f"--split {split!r} is not known", "choose val or test")
    in_colours = heatmap or export is not None
    colours = ("--heatmap" if heatmap else "--export", in_colours)
    _require_one(("--adapt", adapt), ("--per-line", per_line), colours)
    _require_one(("--json", as_json), colours)
    _require_one(("--split", split is not None), ("FILE", bool(texts)))
    from charrnn.cli import inputs
    from charrnn.sources.input_text import config_for_input

    names = texts or []
    if not names and (per_line or in_colours):
        raise UsageError("there is no text to look at", "name a FILE, or - for standard input")
    if not names and split is None:
        inputs.note_unread("charrnn score -")
    found = inputs.checkpoint_of(run)
    config = config_for_input(found.data, encoding)
    if in_colours:
        _colour(found, names, config, heatmap=heatmap, export=export)
        return
    with contextlib.closing(_bar(names, hidden=per_line and sys.stdout.isatty())) as bar:
        files = [inputs.open_file(name, config, count_bytes=bar.advance) for name in names]
        from charrnn.analysis import scoring  # after what may be wrong: it takes seconds

        if per_line:
            for scored in scoring.score_lines(found, files):
                print(json.dumps(vars(scored)))
            return
        if files:
            measured = scoring.score_files(found, files, adapt=adapt)
        else:
            measured = scoring.score_split(found, split or "val", adapt=adapt)
    if as_json:
        print(json.dumps({**measured.figures(), "adapted": adapt}))
    else:
        has_symbol = found.vocab.unknown_id is not None
        inputs.note_num_unknown(measured.num_unknown, has_symbol=has_symbol)
        _show_score(measured, adapt=adapt, has_records=found.data.records != "none")


def _require_one(*choices: tuple[str, bool]) -> None:
    """Raise `UsageError` where two flags were given that do not go together."""
    given = [name for name, is_given in choices if is_given]
    if len(given) > 1:
        raise UsageError(f"{given[0]} and {given[1]} were both given", "choose one")


def _bar(names: Sequence[str], *, hidden: bool) -> "ProgressBar":
    """A bar for the bytes of some files, or for a split; without one for a pipe."""
    from charrnn.cli.console.progress import ProgressBar

    sizes = [os.path.getsize(name) for name in names if os.path.isfile(name)]
    hidden = hidden or len(sizes) < len(names)
    return ProgressBar(sum(sizes) or 1, hidden=hidden, are_bytes=True, what="scoring", at_once=True)


def _show_score(measured: Any, *, adapt: bool, has_records: bool) -> None:
    """A score in sentences."""
    how = "learning on the way" if adapt else "state carried"
    how = "each record from a new start" if has_records else how
    nats = measured.nats_per_char
    print(
        f"{nats:.4f} nats ({bits(nats):.3f} bits) per character over"
        f" {number_of(measured.num_chars, 'character')}, {how}"
    )
    if measured.nats_per_char_reset is not None:
        print(f"{measured.nats_per_char_reset:.4f} nats with the state reset every 256 characters")
    if measured.num_bytes is not None:
        print(
            f"compressed: {measured.model_bytes:,} of"
            f" {number_of(measured.num_bytes, 'byte')}; gzip {measured.gzip_bytes:,},"
            f" xz {measured.xz_bytes:,}"
        )
    print(f"{measured.chars_per_second:,} characters a second")


def _colour(
    found: Any, names: Sequence[str], config: "DataConfig", *, heatmap: bool, export: Path | None
) -> None:
    """Draw how surprising each character of some texts was."""
    from charrnn.cli import inputs
    from charrnn.generation.model import Model
    from charrnn.generation.predict import whole_characters
    from charrnn.plots import heatmap as heatmaps

    if export is not None:
        heatmaps.require_exportable(export)
    model = Model.of(found)
    text = inputs.read_known(model, names, config, at_most=_MOST_COLOURED + 1)
    if len(text) > _MOST_COLOURED:
        raise UsageError(
            f"a heatmap can show {_MOST_COLOURED:,} characters, and there are more",
            f"give it a part: head -c {_MOST_COLOURED} FILE | charrnn score - --heatmap",
        )
    if model.vocab.is_bytes:
        nats = model.surprise(text.encode("latin-1"))
        text, nats = whole_characters(text, nats)
    else:
        nats = model.surprise(text)
    surprises = [bits(each) for each in nats.tolist()]
    scale = heatmaps.ColourScale(0.0, 8.0, "bits of surprise (8: 8 or more)")
    title = f"{sum(surprises) / len(surprises):.3f} bits per character"
    coloured = heatmaps.Heatmap(title, text, surprises, scale)
    if heatmap:
        heatmaps.show(coloured)
    if export is not None:
        heatmaps.export(coloured, export)
        note(f"wrote {export}")


def plot(
    run: runs_flags.Runs = None,
    against: runs_flags.Against = "steps",
    in_bits: runs_flags.InBits = False,
    log: runs_flags.LogX = False,
    export: runs_flags.Export = None,
    as_json: shared.Json = False,
) -> None:
    """Draw the losses of a run, or of several together, as they fell."""
    from charrnn.analysis import losses
    from charrnn.cli import inputs
    from charrnn.plots import charts

    if against not in losses.AGAINST:
        raise UsageError(f"--against {against!r} is not known", "choose steps or minutes")
    root = inputs.root()
    found = [root.find(name) for name in run] if run else [root.find(None)]
    every = [losses.of(one) for one in found]
    if as_json:
        print(json.dumps([dataclasses.asdict(one) for one in every]))
        return
    unit, word = (math.log(2), "bits") if in_bits else (1.0, "nats")
    drawn = losses.chart(
        every, against=against, unit=unit, y_label=f"{word} per character", log=log
    )
    if export is None:
        charts.show(drawn)
    else:
        charts.export(drawn, export)
        note(f"wrote {export}")


def history(run: shared.Run = None, as_json: shared.Json = False) -> None:
    """Show how a run learned to write: samples from its first steps to its last."""
    from charrnn.cli import inputs
    from charrnn.cli.console.tables import print_panels
    from charrnn.runs import history

    its_run = inputs.root().find(run)
    samples = history.samples(its_run.history())
    if not samples:
        raise UsageError(
            f"the run {its_run.name!r} kept no samples",
            f"type: charrnn resume {its_run.name} --minutes 5, without --sample-every 0",
        )
    if as_json:
        print(json.dumps([dataclasses.asdict(one) for one in samples]))
        return
    shown = history.thin_out(samples)
    print_panels([(_heading(one), one.sample) for one in shown])
    if len(shown) < len(samples):
        note(f"{len(shown)} of {len(samples):,} samples; --json has all of them")


def _heading(one: Any) -> list[str]:
    """Return step, time and losses of a sample."""
    from charrnn.cli.console.figures import duration

    losses = {"loss": one.loss, "val": one.val_loss}
    told = [f"{name} {nats:.3f}" for name, nats in losses.items() if nats is not None]
    return [f"step {one.step:,}", duration(one.elapsed_seconds), *told]
