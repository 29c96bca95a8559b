"""The commands `predict` and `score`: what a model expects of a text."""

import contextlib
import os
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
import typer.core

from charrnn._text import bits, ignore_bytes, number_of, symbol
from charrnn.cli.console.streams import note, print_json
from charrnn.cli.flags import evaluate as flags
from charrnn.cli.flags import shared
from charrnn.errors import UsageError
from charrnn.runs import task_names

if TYPE_CHECKING:
    from charrnn.analysis.scoring import Score
    from charrnn.cli.pairs.score import PairFiles
    from charrnn.config import DataConfig
    from charrnn.runs.checkpoint import Checkpoint

_MOST_COLOURED = 100_000  # characters
_OF_TEXTS = ("adapt", "mix", "heatmap")
_MEANINGLESS = {  # flags of `score`, for a run of each kind
    "text": ("beam", "source", "target", "confusion", "images"),
    "labels": (*_OF_TEXTS, "beam", "images"),
    "captions": (*_OF_TEXTS, "export", "confusion"),
    "pairs": (*_OF_TEXTS, "export", "confusion", "images"),
    "pairs in step": (*_OF_TEXTS, "export", "confusion", "images", "beam"),
    "given labels": (*_OF_TEXTS, "export", "confusion", "images", "beam", "per_line"),
}


class TextCommand(typer.core.TyperCommand):
    """Tells how to type a text that begins with a dash."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the flags; give errors a hint if a text may have been taken for a flag."""
        typed = next((arg for arg in args if re.match("-[^-].", arg)), None)
        try:
            return super().parse_args(ctx, args)
        except typer.TyperException as error:
            if typed is None:
                raise
            raise UsageError(
                error.format_message().rstrip("."),
                f"a text that begins with - comes after --: charrnn {ctx.info_name} -- {typed}",
            ) from error


def predict(
    prompt: flags.Prompt = None,
    target: flags.Target = None,
    run: shared.RunOptions = None,
    top: flags.Top = 12,
    temp: flags.Temperature = None,
    steps: flags.EachStep = False,
    encoding: shared.Encoding = None,
    as_json: shared.Json = False,
) -> None:
    """Show which character a model expects next, and how likely each is.

    --steps looks at the prompt instead: for each of its characters, how likely it was, its rank,
    the surprise in bits, and which character was expected. Of a run of pairs: predict SOURCE TARGET
    shows which symbol comes next after that beginning of a target.
    """
    if steps and temp is not None:
        raise UsageError("--temp does nothing with --steps", "surprise is that at temperature 1")
    from charrnn.cli import inputs, prompts
    from charrnn.cli.console.predictions import at_temperature, show_expectations, show_prediction

    with_targets = (task_names.SEQ2SEQ, task_names.GIVEN)
    checkpoints = inputs.checkpoints_of(run, others=with_targets)
    if checkpoints[0].task in with_targets:
        from charrnn.cli.pairs import next_symbol

        typed_pair = next_symbol.TypedPair(prompt, target, encoding)
        next_symbol.show(checkpoints, typed_pair, next_symbol.Shown(steps, top, temp, as_json))
        return
    if target is not None:
        raise UsageError(
            f"predict takes one text, and {target!r} is a second one",
            "put a text with spaces in quotes; a target needs --run with a run of pairs",
        )
    model = inputs.model_of(checkpoints)
    file = "-" if prompt == "-" else None
    typed = prompts.read(
        None if file else prompt,
        file,
        checkpoints[0],
        encoding=encoding,
        asking="charrnn predict -",
    )
    spelled = model.spelled(typed)
    prompts.note_unknown(model, spelled)
    if prompt and not run and inputs.root().has(prompt):
        note(f"{prompt} is also a run; to use that run: charrnn predict --run {prompt} TEXT")
    if steps:
        show_expectations(model.expectations(typed), as_json=as_json)
        return
    prediction = model.predict(typed, temperature=1.0 if temp is None else temp)
    title = at_temperature(_title(model.known(spelled)), temp)
    show_prediction(prediction, top, title=title, as_json=as_json)


def _title(prompt: str) -> str:
    """Return what a prediction is of, in a line."""
    end = "".join(map(symbol, prompt[-40:]))
    return f"after {'…' if len(prompt) > 40 else ''}{end}" if prompt else "at the beginning"


def score(
    texts: flags.Texts = None,
    run: shared.RunOptions = None,
    split: flags.Split = None,
    adapt: flags.Adapt = False,
    mix: flags.Mix = None,
    per_line: flags.PerLine = False,
    heatmap: flags.Heatmap = False,
    export: flags.Export = None,
    confusion: flags.Confusion = False,
    beam: flags.Beam = None,
    source: flags.SourceFiles = None,
    target: flags.TargetFiles = None,
    images: flags.Images = None,
    encoding: shared.Encoding = None,
    as_json: shared.Json = False,
) -> None:
    """Measure how well a model predicts a text, in nats per character.

    Also shows how small the model could compress the text, beside gzip and xz. Of a run of pairs:
    how well its translations of sources agree with the targets; of one in step: how many symbols
    are right; of captions: how well they agree with given ones. Of a run of labels: how often the
    likeliest label is right, and how sure of it the model is.
    """
    coloured = ("--heatmap" if heatmap else "--export", heatmap or export is not None)
    for learns in (("--adapt", adapt), ("--mix", mix is not None)):
        _require_one(learns, ("--per-line", per_line), coloured)
    _require_one(("--json", as_json), coloured)
    for flag in (("--json", as_json), ("--per-line", per_line)):
        _require_one(flag, ("--confusion", confusion))
    names = texts or source or []
    _require_one_text(texts, source, split)
    from charrnn.cli import inputs

    if not names and split is None:
        inputs.note_unread("charrnn score -")
    checkpoints = inputs.checkpoints_of(run, tasks=())
    learned = checkpoints[0].schema.learned
    given = {
        "adapt": adapt, "mix": mix, "per_line": per_line, "heatmap": heatmap, "export": export,
        "confusion": confusion, "beam": beam, "source": source, "target": target, "images": images,
    }  # fmt: skip
    _require_none(learned, **{name: given[name] for name in _MEANINGLESS[learned]})
    if learned != "text":
        from charrnn.cli.pairs.score import PairFiles

        files = PairFiles(names, target or [], bool(source), split or "val", encoding)
        _score_examples(checkpoints, files, given, as_json=as_json)
        return
    _score_text(checkpoints, names, given, split=split or "val", encoding=encoding, as_json=as_json)


def _score_text(
    checkpoints: "Sequence[Checkpoint]",
    names: Sequence[str],
    given: Mapping[str, Any],
    *,
    split: str,
    encoding: str | None,
    as_json: bool,
) -> None:
    """Score a run of a text: in colours, line by line, or as a whole."""
    is_coloured = given["heatmap"] or given["export"] is not None
    if not names and (given["per_line"] or is_coloured):
        raise UsageError("there is no text to look at", "name a FILE, or - for standard input")
    from charrnn.sources.input_text import config_for_input

    config = config_for_input(checkpoints[0].data, encoding)
    if is_coloured:
        _show_heatmap(
            checkpoints, names, config, on_terminal=given["heatmap"], export=given["export"]
        )
    elif given["per_line"]:
        _print_line_scores(checkpoints, names, config)
    else:
        adapt, mix = given["adapt"], given["mix"]
        measured = _measure(checkpoints, names, config, split=split, adapt=adapt, mix=mix)
        _print_score(measured, checkpoints[0], adapt=adapt, as_json=as_json)


def _score_examples(
    checkpoints: "Sequence[Checkpoint]",
    files: "PairFiles",
    given: Mapping[str, Any],
    *,
    as_json: bool,
) -> None:
    """Score a run of pairs of some kind: texts with labels, captions, pairs."""
    from charrnn.cli.pairs import caption_score, label_score
    from charrnn.cli.pairs import score as pair_score

    learned, per_line = checkpoints[0].schema.learned, given["per_line"]
    beam = given["beam"] or 1
    if learned == "labels":
        shown = label_score.Shown(per_line, given["confusion"], given["export"], as_json)
        label_score.score(checkpoints, files, shown)
    elif learned == "captions":
        caption_score.score(
            checkpoints, files, images=given["images"],
            beam=beam, per_line=per_line, as_json=as_json,
        )  # fmt: skip
    else:
        pair_score.score(checkpoints, files, beam=beam, per_line=per_line, as_json=as_json)


def _require_one_text(texts: list[str] | None, source: list[str] | None, split: str | None) -> None:
    """Raise `UsageError` where what to score was named in two ways, or for an unknown split."""
    _require_one(("FILE", bool(texts)), ("--source", bool(source)))
    _require_one(("--split", split is not None), ("FILE", bool(texts or source)))
    if split not in (None, "val", "test"):
        raise UsageError(f"--split {split!r} is not known", "choose val or test")


def _require_one(*choices: tuple[str, bool]) -> None:
    """Raise `UsageError` if two flags were given that do not go together."""
    given = [name for name, is_given in choices if is_given]
    if len(given) > 1:
        raise UsageError(f"{given[0]} and {given[1]} were both given", "choose one")


def _require_none(learned: str, **given: object) -> None:
    """Raise `UsageError` for a flag that means nothing to a model of what was learned."""
    for name, value in given.items():
        if value:
            flag = f"--{name.replace('_', '-')}"
            raise UsageError(f"{flag} does nothing with a model of {learned}", "leave it out")


def _measure(
    checkpoints: Sequence["Checkpoint"],
    names: Sequence[str],
    config: "DataConfig",
    *,
    split: str,
    adapt: bool,
    mix: str | None,
) -> "Score":
    """Score files, or a split of the runs' own corpus, with a bar: for bytes that are read, or for
    characters where reading is the least of it.
    """
    from charrnn.cli import inputs

    learns = adapt or mix is not None
    with contextlib.closing(_bar(names, are_bytes=not learns)) as bar:
        count_bytes = ignore_bytes if learns else bar.advance
        files = [inputs.open_file(name, config, count_bytes=count_bytes) for name in names]
        from charrnn.analysis import scoring  # seconds; mistakes have been answered by now
        from charrnn.cli.pairs.score import Notes

        if files:
            return scoring.score_files(
                checkpoints, files,
                adapt=adapt, mix=mix, reporter=Notes(), progress=bar.so_far,
            )  # fmt: skip
        return scoring.score_split(checkpoints, split, adapt=adapt, mix=mix, progress=bar.so_far)


def _print_line_scores(
    checkpoints: Sequence["Checkpoint"], names: Sequence[str], config: "DataConfig"
) -> None:
    """Print the score of each line of some files as a line of JSON."""
    from charrnn.cli import inputs

    with contextlib.closing(_bar(names, hidden=sys.stdout.isatty())) as bar:
        files = [inputs.open_file(name, config, count_bytes=bar.advance) for name in names]
        from charrnn.analysis import scoring  # seconds; mistakes have been answered by now

        for line in scoring.score_lines(checkpoints, files):
            print_json(vars(line))


def _bar(names: Sequence[str], *, hidden: bool = False, are_bytes: bool = True) -> Any:
    """Return a bar for the bytes of some files, or for a split; a pipe has none."""
    from charrnn.cli.console.progress import ProgressBar

    sizes = [os.path.getsize(name) for name in names if os.path.isfile(name)]
    return ProgressBar(
        sum(sizes) or 1,
        hidden=hidden or len(sizes) < len(names),
        are_bytes=are_bytes,
        what="scoring",
        at_once=True,
    )


def _print_score(
    measured: "Score", checkpoint: "Checkpoint", *, adapt: bool, as_json: bool
) -> None:
    """Print a score in sentences, or as JSON."""
    if as_json:
        print_json({**measured.figures(), "adapted": adapt})
        return
    from charrnn.cli import inputs

    has_symbol = checkpoint.vocab.unknown_id is not None
    inputs.note_num_unknown(measured.num_unknown, has_symbol=has_symbol)
    how = "learning while it reads" if adapt else "state carried"
    how = "each record from a new start" if checkpoint.data.records != "none" else how
    what, of_what = "compressed", {how: measured.nats_per_char}
    if measured.nats_per_char_mixed is not None:
        what, of_what = "compressed with the mixture", _mixed_losses(measured, how, adapt=adapt)
    (who, nats), *others = of_what.items()
    unit = "byte" if checkpoint.vocab.is_bytes else "character"
    counted = number_of(measured.num_chars, unit)
    print(f"{nats:.4f} nats ({bits(nats):.3f} bits) per {unit} over {counted}, {who}")
    for who, nats in others:
        print(f"{nats:.4f} nats ({bits(nats):.3f} bits), {who}")
    if measured.nats_per_char_reset is not None:
        print(f"{measured.nats_per_char_reset:.4f} nats with the state reset every 256 {unit}s")
    if measured.num_bytes is not None:
        print(
            f"{what}: {number_of(measured.model_bytes or 0, 'byte')}"
            f" (gzip {measured.gzip_bytes:,}, xz {measured.xz_bytes:,};"
            f" original {measured.num_bytes:,})"
        )
    print(f"{measured.chars_per_second:,} {unit}s per second")


def _mixed_losses(measured: "Score", how: str, *, adapt: bool) -> dict[str, float]:
    """Return the losses of a model, of PPM-D and of their mixture, by what they are of."""
    losses = {
        "the model alone": measured.nats_per_char_alone,
        f"the model, {how}": measured.nats_per_char if adapt else None,
        "PPM-D alone": measured.nats_per_char_ppm,
        "the model and PPM-D mixed": measured.nats_per_char_mixed,
    }
    return {who: nats for who, nats in losses.items() if nats is not None}


def _show_heatmap(
    checkpoints: Sequence["Checkpoint"],
    names: Sequence[str],
    config: "DataConfig",
    *,
    on_terminal: bool,
    export: Path | None,
) -> None:
    """Draw how surprising each character of some texts was, on the terminal or to a file."""
    from charrnn.cli import inputs
    from charrnn.cli.console.progress import PassingBar
    from charrnn.generation.model import Model
    from charrnn.plots import heatmap

    if export is not None:
        heatmap.require_exportable(export)
    with contextlib.closing(PassingBar("scoring")) as bar:
        model = replace(Model.ensemble(checkpoints), progress=bar.so_far)
        text, surprises = _surprises(
            model, inputs.read_known(model, names, config, at_most=_MOST_COLOURED + 1)
        )
    scale = heatmap.ColourScale(0.0, 8.0, "bits of surprise (8: 8 or more)")
    title = f"{sum(surprises) / len(surprises):.3f} bits per character"
    coloured = heatmap.Heatmap(title, text, surprises, scale)
    if on_terminal:
        heatmap.show(coloured)
    if export is not None:
        heatmap.export(coloured, export)
        note(f"wrote {export}")


def _surprises(model: Any, text: str) -> tuple[str, list[float]]:
    """Return a text, bytes decoded as UTF-8, and the surprise of each character in bits."""
    from charrnn.generation.predict import whole_characters

    if len(text) > _MOST_COLOURED:
        raise UsageError(
            f"the text has more than the {_MOST_COLOURED:,} characters that a heatmap can show",
            f"give it a part: head -c {_MOST_COLOURED} FILE | charrnn score - --heatmap",
        )
    if model.vocab.is_bytes:
        text, nats = whole_characters(text, model.surprise(text.encode("latin-1")))
    else:
        nats = model.surprise(text)
    return text, [bits(each) for each in nats.tolist()]
