"""The command `caption`: what a model sees in pictures."""

import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from charrnn._text import json_text, number_of
from charrnn.cli.console.progress import PassingBar
from charrnn.cli.console.streams import TextWriter, note
from charrnn.cli.flags import caption as flags
from charrnn.config import CaptionConfig
from charrnn.errors import UsageError
from charrnn.runs import task_names

if TYPE_CHECKING:
    from charrnn.generation.translation.captioner import Caption, Captioner

_ASKING = "-"  # for the lines of standard input


@dataclass(frozen=True)
class _Request:
    """How pictures are described, and what is written of each."""

    config: CaptionConfig
    as_json: bool
    attention: bool
    export: Path | None
    is_one: bool  # picture: its caption stands alone; else each line begins with its path

    @property
    def is_drawn(self) -> bool:
        """Whether the attention is drawn."""
        return self.attention or self.export is not None

    @property
    def is_streamed(self) -> bool:
        """Whether each character is written as it comes: for a person to read."""
        is_whole = self.as_json or self.is_drawn or self.config.beam_size > 1
        return not is_whole and sys.stdout.isatty()


def caption(
    pictures: flags.Pictures = None,
    run: flags.Runs = None,
    attention: flags.Attention = False,
    export: flags.Export = None,
    as_json: flags.Json = False,
    *,
    given: flags.Settings,
) -> None:
    """Describe pictures with a model that learned captions.

    Of one picture the caption is written, of several a line each: path, tab, caption, in order.
    """
    if not pictures:
        raise UsageError(
            "there is no picture to describe",
            "name one, or - to read paths from standard input",
        )
    config = CaptionConfig(**{"seed": int.from_bytes(os.urandom(4)), **given})
    is_one = len(pictures) == 1 and pictures != [_ASKING]
    request = _Request(config, as_json, attention, export, is_one)
    _require_drawable(request)
    from charrnn.cli import inputs
    from charrnn.generation.translation.captioner import Captioner

    captioner = Captioner.of(inputs.checkpoints_of(run, tasks=(task_names.CAPTION,)))
    if config.temperature and "seed" not in given:
        note(f"seed {config.seed} (repeat with --seed {config.seed})")
    _Answers(captioner, request).write(_windows(pictures))


def _require_drawable(request: _Request) -> None:
    """Raise `UsageError` for drawings among lines of JSON, or an export of several drawings."""
    if request.as_json and request.attention:
        raise UsageError("--json and --attention were both given", "choose one")
    if request.export is None:
        return
    from charrnn.plots.drawing import require_exportable

    require_exportable(request.export)
    if not request.is_one or request.config.num > 1:
        raise UsageError("--export draws one caption", "give it one PICTURE, without --num")


def _windows(typed: Sequence[str]) -> Iterator[list[str]]:
    """Yield paths: those that were typed together, those of standard input as they come."""
    from charrnn.cli import inputs
    from charrnn.config import DataConfig

    for is_asking, group in groupby(typed, lambda path: path == _ASKING):
        if is_asking:
            for lines in inputs.lines_as_they_come(DataConfig()):
                yield [line for line in lines if line.strip()]
        else:
            yield list(group)


class _Answers:
    """Writes the captions of pictures to stdout, in order."""

    def __init__(self, captioner: "Captioner", request: _Request) -> None:
        self._captioner, self._request = captioner, request
        self._write = TextWriter(sys.stdout, is_bytes=False)
        self._bar = PassingBar("describing")
        self._num_cut = self._num_answered = 0

    def write(self, windows: Iterator[list[str]]) -> None:
        """Describe every picture; each window is written whole before the next one is read."""
        for paths in windows:
            try:
                if self._request.is_streamed:
                    self._stream(paths)
                else:
                    self._answer(paths)
            finally:
                self._bar.close()
                self._write.end(new_line=False)
        if self._num_cut:
            captions = number_of(self._num_cut, "caption")
            note(f"{captions} without an end: cut off at the longest length")

    def _stream(self, paths: Sequence[str]) -> None:
        """Write each caption as it comes."""
        for path in paths:
            settings = vars(self._request.config)
            stream = self._captioner.stream(path, number=self._num_answered, **settings)
            self._write(self._named(path))
            for character in stream:
                self._write(character)
            self._write("\n")
            self._num_cut += not stream.result.is_complete
            self._num_answered += 1

    def _answer(self, paths: Sequence[str]) -> None:
        """Write the captions of pictures when they are complete."""
        request = self._request
        answers = self._captioner.write_many(
            paths,
            vars(request.config),
            with_alignment=request.as_json or request.is_drawn,
            first_number=self._num_answered,
            progress=self._bar.so_far,
        )
        for path, captions in zip(paths, answers, strict=True):
            self._bar.close()
            if request.config.num > 1 and not request.as_json and self._num_answered:
                self._write("\n")  # between the lists of two pictures
            for made in captions:
                self._write(self._as_text(path, made) + "\n")
                self._num_cut += not made.is_complete
                self._draw(made)
            self._num_answered += 1

    def _named(self, path: str) -> str:
        """Return what a line begins with."""
        if self._request.is_one:
            return ""
        return path.encode("utf-8", "replace").decode() + "\t"  # an odd name of a file, shown

    def _as_text(self, path: str, made: "Caption") -> str:
        """Return what is written of a caption."""
        if self._request.as_json:
            return json_text(_facts(made))
        score = f"{made.score:.4f}\t" if self._request.config.num > 1 else ""
        return f"{self._named(path)}{score}{made.text}"

    def _draw(self, made: "Caption") -> None:
        """Draw the attention below the text, and write a picture of it. Raises `UsageError` where
        there is nothing to draw.
        """
        request = self._request
        if not request.is_drawn:
            return
        from charrnn.plots import picture_attention

        drawn = made.picture()
        if request.attention:
            self._write.end(new_line=False)
            picture_attention.show(drawn)
            print(flush=True)
        if request.export is not None:
            replace(drawn, title=f"{Path(made.path).name} → {made.text}").save(request.export)
            note(f"wrote {request.export}{f' ({drawn.left_out})' if drawn.left_out else ''}")


def _facts(made: "Caption") -> dict[str, Any]:
    """Return a caption for scripts."""
    words = made.words() if made.attention_TYX is not None else ()
    return {
        "picture": made.path,
        "text": made.text,
        "log_probability": round(made.log_probability, 4),
        "score": round(made.score, 4),
        "complete": made.is_complete,
        "words": [
            {"text": text, "attention": attention_YX.astype(float).round(4).tolist()}
            for text, attention_YX in words
        ],
    }
