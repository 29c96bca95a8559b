"""The command `translate`: what a model of pairs makes of texts that are typed or piped in."""

import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from charrnn._text import json_text, number_of
from charrnn.cli.console.progress import PassingBar
from charrnn.cli.console.streams import TextWriter, note
from charrnn.cli.flags import shared
from charrnn.cli.flags import translate as flags
from charrnn.cli.flags.settings import flag_of
from charrnn.cli.pairs import tagged_texts, typed_texts
from charrnn.config import TranslateConfig
from charrnn.errors import UsageError
from charrnn.runs import task_names

if TYPE_CHECKING:
    from charrnn.generation.translation.translator import Translation, Translator
    from charrnn.plots.alignment import Alignment
    from charrnn.plots.unrolled import Unrolled


@dataclass(frozen=True)
class _Request:
    """How texts are translated, and what is written of each."""

    config: TranslateConfig
    as_json: bool
    attention: bool
    export: Path | None
    unrolled: Path | None

    @property
    def is_streamed(self) -> bool:
        """Whether each symbol is written as it comes: one translation, for a person to read."""
        is_whole = self.as_json or self.is_drawn or self.unrolled or self.config.beam_size > 1
        return not is_whole and sys.stdout.isatty()

    @property
    def is_drawn(self) -> bool:
        """Whether alignments are drawn."""
        return self.attention or self.export is not None

    @property
    def pictures(self) -> list[Path]:
        """The files to write."""
        return [path for path in (self.export, self.unrolled) if path is not None]


def translate(
    texts: flags.Texts = None,
    run: flags.Runs = None,
    attention: flags.Attention = False,
    export: flags.Export = None,
    unrolled: flags.UnrolledFile = None,
    encoding: shared.Encoding = None,
    as_json: flags.Json = False,
    *,
    given: flags.Settings,
) -> None:
    """Translate texts with a model of pairs, or of pairs in step, each line of them by itself.

    On a terminal each character is written as it comes. The lines of standard input are answered in
    their order, as soon as they come.
    """
    typed = typed_texts.require_texts(texts, command="translate")
    config = TranslateConfig(**{"seed": int.from_bytes(os.urandom(4)), **given})
    request = _Request(config, as_json, attention, export, unrolled)
    _require_drawable(request, typed)
    from charrnn.cli import inputs
    from charrnn.generation.translation.translator import Translator

    checkpoints = inputs.checkpoints_of(run, tasks=(task_names.SEQ2SEQ, task_names.TAG))
    typed_texts.note_names(typed, run, command="translate")
    if checkpoints[0].task == task_names.TAG:
        _require_in_step(request, seed=given.get("seed"))
        tagged_texts.write(checkpoints, typed, encoding=encoding, as_json=as_json)
        return
    translator = Translator.of(checkpoints)
    _require_attention(translator, request)
    if config.temperature and "seed" not in given:
        note(f"seed {config.seed} (repeat with --seed {config.seed})")
    windows = typed_texts.windows(typed, checkpoints[0].data, encoding, command="translate")
    _Answers(translator, request).write(windows)


def _require_drawable(request: _Request, typed: Sequence[str]) -> None:
    """Raise `UsageError` for drawings among lines of JSON, for an export of several drawings, and
    for two drawings in one file.
    """
    if request.as_json and request.attention:
        raise UsageError("--json and --attention were both given", "choose one")
    if not request.pictures:
        return
    from charrnn.plots.drawing import require_exportable

    for path in request.pictures:
        require_exportable(path)
    if len(set(map(os.path.realpath, request.pictures))) < len(request.pictures):
        raise UsageError(f"--export and --unrolled are both {request.export}", "name two files")
    if (
        len(typed_texts.lines_of(typed, command="translate")) != 1
        or "-" in typed
        or request.config.num > 1
    ):
        flag = "--export" if request.export else "--unrolled"
        raise UsageError(f"{flag} draws one translation", "give it one TEXT, without --num")


def _require_in_step(request: _Request, *, seed: int | None) -> None:
    """Raise `UsageError` for flags that mean nothing where each symbol has one decision."""
    others = {**vars(request.config), "seed": seed or 0}
    default = TranslateConfig()
    typed = [name for name, value in others.items() if value != getattr(default, name)]
    drawn = {"attention": request.attention, "export": request.export, "unrolled": request.unrolled}
    typed += [name for name, value in drawn.items() if value]
    if typed:
        flag = flag_of(typed[0])
        raise UsageError(f"{flag} does nothing with a model of pairs in step", "leave it out")


def _require_attention(translator: "Translator", request: _Request) -> None:
    """Raise `UsageError` where a drawing is asked for and no network has attention."""
    has_attention = any(member.config.attention != "none" for member in translator.members)
    if request.is_drawn and not has_attention:
        raise UsageError(
            "this model has no attention to draw", "train one without --attention none"
        )


class _Answers:
    """Writes the translations of lines to stdout, in order."""

    def __init__(self, translator: "Translator", request: _Request) -> None:
        self._translator, self._request = translator, request
        self._write = TextWriter(sys.stdout, is_bytes=False)
        self._bar = PassingBar("translating")
        self._unknown = typed_texts.UnknownSymbols(translator.unknown_in)
        self._num_cut = self._num_answered = self._num_unaligned = 0

    def write(self, windows: Iterator[list[str]]) -> None:
        """Answer every line; each window is written whole before the next one is read."""
        for lines in windows:
            self._unknown.note(lines)
            try:
                if self._request.is_streamed:
                    self._stream(lines)
                else:
                    self._answer(lines)
            except UsageError as error:  # too long a line
                message = f"line {self._num_answered + 1}: {error.message}"
                raise UsageError(message, error.hint) from error
            finally:
                self._bar.close()
                self._write.end(new_line=False)
        if self._num_cut:
            translations = number_of(self._num_cut, "translation")
            note(f"{translations} without an end: cut off at the longest length")
        if self._num_unaligned:
            note(f"left out {number_of(self._num_unaligned, 'alignment')}: too large")

    def _stream(self, lines: Sequence[str]) -> None:
        """Write each translation as it comes."""
        for line in lines:
            stream = self._translator.stream(
                line, number=self._num_answered, **vars(self._request.config)
            )
            for character in stream:
                self._write(character)
            self._write("\n")
            self._num_cut += not stream.result.is_complete
            self._num_answered += 1

    def _answer(self, lines: Sequence[str]) -> None:
        """Write the translations of lines when they are complete."""
        request = self._request
        answers = self._translator.write_many(
            lines,
            vars(request.config),
            with_alignment=request.as_json or request.is_drawn,
            first_number=self._num_answered,
            progress=self._bar.so_far,
        )
        for line, translations in zip(lines, answers, strict=True):
            self._bar.close()
            if request.config.num > 1 and not request.as_json and self._num_answered:
                self._write("\n")  # between the lists of two lines
            for translation in translations:
                self._write(self._as_text(line, translation) + "\n")
                self._num_cut += not translation.is_complete
                self._num_unaligned += request.as_json and self._is_too_large(translation)
                self._draw(line, translation)
            self._num_answered += 1

    def _as_text(self, source: str, translation: "Translation") -> str:
        """Return what is written of a translation."""
        if self._request.as_json:
            return json_text(_facts(source, translation))
        if self._request.config.num > 1:
            return f"{translation.score:.4f}\t{translation.text}"
        return translation.text

    def _is_too_large(self, translation: "Translation") -> bool:
        """Whether there would be an alignment if it were smaller."""
        has_attention = any(one.config.attention != "none" for one in self._translator.members)
        return has_attention and bool(translation.symbols) and translation.alignment_TS is None

    def _draw(self, source: str, translation: "Translation") -> None:
        """Draw the alignment below the text, and write pictures. Raises `UsageError` for a picture
        of an empty text.
        """
        request = self._request
        if request.pictures and not translation.source_symbols:
            raise UsageError("there is no symbol to draw", "give it a text")
        if request.is_drawn and self._is_too_large(translation):
            raise UsageError("the alignment is too large to draw", "translate a part of the text")
        if request.attention and translation.alignment_TS is not None:
            from charrnn.plots import alignment

            self._write.end(new_line=False)
            alignment.show(translation.picture())
            print(flush=True)
        if request.export is not None:
            title = f"{source} → {translation.text}"
            _save(replace(translation.picture(), title=title), request.export)
        if request.unrolled is not None:
            from charrnn.analysis.unrolling import unroll

            _save(unroll(self._translator, source, translation), request.unrolled)


def _save(picture: "Alignment | Unrolled", path: Path) -> None:
    """Write a picture; tell if it is of a part of a long pair."""
    picture.save(path)
    note(f"wrote {path}{f' ({picture.left_out})' if picture.left_out else ''}")


def _facts(source: str, translation: "Translation") -> dict[str, Any]:
    """Return a translation for scripts."""
    alignment = translation.alignment_TS
    return {
        "source": source,
        "text": translation.text,
        "log_probability": round(translation.log_probability, 4),
        "score": round(translation.score, 4),
        "complete": translation.is_complete,
        "source_symbols": translation.source_symbols,
        "symbols": translation.symbols,
        "alignment": None if alignment is None else alignment.astype(float).round(4).tolist(),
    }
