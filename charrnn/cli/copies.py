"""How much of a sample is copied from the corpus: `charrnn sample --report` and `--novel-chars`.

Without either of them no index is opened or made.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from charrnn.cli.console.streams import note
from charrnn.generation.model import Model
from charrnn.runs.header import CheckpointHeader

if TYPE_CHECKING:
    from charrnn.analysis.copying import CopyReport
    from charrnn.data.text_index import TextIndex
    from charrnn.generation.constraints import NoCopies

_SHOWN_CHARS = 60  # of a copy
_SHOWN_WORDS = 8


class CopyDetector:
    """Keeps samples from copying the corpus, and reports how much they copy."""

    def __init__(
        self,
        header: CheckpointHeader,
        model: Model,
        *,
        reports: bool,
        novel_chars: int | None,
    ) -> None:
        self._model, self._names = model, " ".join(header.corpus.names)
        self._reports_copies, self._novel_chars = reports, novel_chars
        self._index = _index_of(header) if reports or novel_chars is not None else None
        self._reports: list[CopyReport] = []

    def constraints(self) -> "tuple[NoCopies, ...]":
        """Return what keeps one stream from copying `novel_chars` characters in a row."""
        if self._index is None or self._novel_chars is None:
            return ()
        from charrnn.generation.constraints import NoCopies

        free = []
        if self._model.records != "none":
            free = [self._model.vocab.code_points.index(ord("\n"))]
        return (NoCopies(self._index, self._novel_chars, free),)

    def has_copy(self, text: str) -> bool:
        """Return whether a text has `novel_chars` characters in a row from the corpus."""
        if self._index is None or self._novel_chars is None:
            return False
        from charrnn.analysis import copying

        return copying.copies(self._index, text, self._novel_chars)

    def record(self, text: str, *, begins_word: bool, is_whole: bool) -> dict[str, Any]:
        """Remember a sample for the report; return its own, under names for scripts."""
        if self._index is None or not self._reports_copies:
            return {}
        from charrnn.analysis import copying

        report = copying.copy_report(self._index, text, begins_word=begins_word, ends_word=is_whole)
        self._reports.append(report)
        copy, spelled = report.longest_copy, self._model.text
        facts = None
        if copy is not None:
            facts = {**vars(copy), "text": spelled(copy.text), "num_chars": len(copy.text)}
        return {
            "longest_copy": facts,
            "num_copied": report.num_copied,
            "num_words": len(report.words),
            "new_words": [spelled(word) for word in report.new_words],
        }

    def watched(self, characters: Iterator[str], *, begins_word: bool) -> Iterator[str]:
        """Yield the characters as they come, and record them at the end."""
        if not self._reports_copies:
            yield from characters  # without keeping them: they may be endless
            return
        text = []
        for character in characters:
            text.append(character)
            yield character
        self.record("".join(text), begins_word=begins_word, is_whole=False)

    def print_report(self) -> None:
        """Print on stderr what all the recorded samples copied, and their new words."""
        if not self._reports:
            return
        from charrnn.analysis.copying import LEAST_COPY, together

        report = together(self._reports)
        unit = "bytes" if self._model.vocab.is_bytes else "characters"
        copy = report.longest_copy
        if copy is None:
            note(f"none of the {report.num_chars:,} {unit} is in the corpus")
        else:
            shown = _shortened(self._model.text(copy.text))
            note(
                f"longest copy: {len(copy.text):,} of {report.num_chars:,} {unit}, “{shown}”"
                f" (line {copy.line:,} of {self._names})"
            )
            share = 100 * report.num_copied / report.num_chars
            note(f"{share:.3g} % of the text is in copies of {LEAST_COPY} {unit} or more")
        note(self._about_words(report))

    def _about_words(self, report: "CopyReport") -> str:
        new = report.new_words
        counted = f"{len(new):,} of {len(report.words):,} distinct words are not in the corpus"
        shown = ", ".join(map(self._model.text, new[:_SHOWN_WORDS]))
        return counted + (f": {shown}" if new else "") + (" …" if new[_SHOWN_WORDS:] else "")


def _index_of(header: CheckpointHeader) -> "TextIndex":
    from charrnn.analysis.copying import index_of
    from charrnn.cli.console.reporters import choose_reporter

    return index_of(header, reporter=choose_reporter(quiet=False, as_json=False))


def _shortened(text: str) -> str:
    """Return a text, or the two ends of a long one."""
    if len(text) <= _SHOWN_CHARS:
        return text
    return f"{text[: _SHOWN_CHARS // 2]} … {text[-_SHOWN_CHARS // 2 :]}"
