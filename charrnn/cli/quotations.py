"""What is spoken, beside the corpus that was learned: `charrnn sample --report` and
`--novel-chars`.

Without either nothing is opened, or even imported.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from charrnn.cli.console.reporters import choose_reporter
from charrnn.cli.console.streams import note
from charrnn.generation.model import Model
from charrnn.runs.checkpoint import CheckpointHeader

if TYPE_CHECKING:
    from charrnn.analysis.copying import Report
    from charrnn.data.text_index import Index
    from charrnn.generation.constraints import NoCopies

_SHOWN_CHARS = 60  # of a quotation
_SHOWN_WORDS = 8


class CopyDetector:
    """Hears what a model says, and tells in the end how much of it is quotation."""

    def __init__(
        self,
        found: CheckpointHeader,
        model: Model,
        *,
        is_wanted: bool,
        novel_chars: int | None,
    ) -> None:
        self._model, self._names = model, " ".join(found.corpus.names)
        self._is_wanted, self._novel_chars = is_wanted, novel_chars
        self._index = _index_of(found) if is_wanted or novel_chars is not None else None
        self._reports: list[Report] = []

    def constraints(self) -> "tuple[NoCopies, ...]":
        """Return what keeps a new stream from copying too many characters; nothing if it may."""
        if self._index is None or self._novel_chars is None:
            return ()
        from charrnn.generation.constraints import NoCopies

        free = []
        if self._model.records != "none":
            free = [self._model.vocab.code_points.index(ord("\n"))]
        return (NoCopies(self._index, self._novel_chars, free),)

    def copies(self, text: str) -> bool:
        """Whether a text has as many characters in a row from the corpus as it must not."""
        if self._index is None or self._novel_chars is None:
            return False
        from charrnn.analysis import copying

        return copying.copies(self._index, text, self._novel_chars)

    def hear(self, text: str, *, begins_word: bool, is_whole: bool) -> dict[str, Any]:
        """Note what was said; and the report of it, under names that scripts can rely on."""
        if self._index is None or not self._is_wanted:
            return {}
        from charrnn.analysis import copying

        report = copying.report(self._index, text, begins_word=begins_word, ends_word=is_whole)
        self._reports.append(report)
        quoted, spelled = report.longest_copy, self._model.text
        if quoted is not None:
            facts = {**vars(quoted), "text": spelled(quoted.text), "num_chars": len(quoted.text)}
        return {
            "longest_copy": None if quoted is None else facts,
            "num_copied": report.num_copied,
            "num_words": len(report.words),
            "new_words": [spelled(word) for word in report.new_words],
        }

    def hearing(self, spoken: Iterator[str], *, begins_word: bool) -> Iterator[str]:
        """The characters as they come, noted at the end."""
        if not self._is_wanted:
            yield from spoken  # without keeping them: they may be endless
            return
        said = []
        for character in spoken:
            said.append(character)
            yield character
        self.hear("".join(said), begins_word=begins_word, is_whole=False)

    def say(self) -> None:
        """Tell of all that was heard, on stderr."""
        if not self._reports:
            return
        from charrnn.analysis.copying import LEAST_COPY, together

        report = together(self._reports)
        unit = "bytes" if self._model.vocab.is_bytes else "characters"
        quoted = report.longest_copy
        if quoted is None:
            note(f"none of {report.num_chars:,} {unit} is in the corpus")
        else:
            shown = _shortened(self._model.text(quoted.text))
            note(
                f"the longest copy has {len(quoted.text):,} of {report.num_chars:,} {unit}:"
                f" “{shown}”, line {quoted.line:,} of {self._names}"
            )
            share = 100 * report.num_copied / report.num_chars
            note(f"{share:.3g} % of them lie in copies of {LEAST_COPY} {unit} or more")
        note(self._about_words(report))

    def _about_words(self, report: "Report") -> str:
        new = report.new_words
        counted = f"{len(new):,} of {len(report.words):,} different words are not in the corpus"
        shown = ", ".join(map(self._model.text, new[:_SHOWN_WORDS]))
        return counted + (f": {shown}" if new else "") + (" …" if new[_SHOWN_WORDS:] else "")


def _index_of(found: CheckpointHeader) -> "Index":
    """The index of the corpus that was learned, made now if there is none yet.

    Where the corpus is gone or has changed, the encoded copy of it serves. Raises `CorpusError`
    where there is neither, `StorageError` where the disk has no room for an index.
    """
    from charrnn.data import corpus, dataset
    from charrnn.data.text_index import Index

    reporter = choose_reporter(quiet=False, as_json=False)
    reference = found.corpus_reference
    with corpus.folders_of(found.path) as folders:
        ids, _ = dataset.reload(reference, folders, keep_corpus=True, reporter=reporter)
        reporter.end_progress()
        sha256 = found.corpus.sha256
        index = Index.of(
            ids, found.vocab, sha256, cache=folders.cache, progress=reporter.show_reading
        )
    reporter.end_progress()
    return index


def _shortened(text: str) -> str:
    """The two ends of a text that is long."""
    if len(text) <= _SHOWN_CHARS:
        return text
    return f"{text[: _SHOWN_CHARS // 2]} … {text[-_SHOWN_CHARS // 2 :]}"
