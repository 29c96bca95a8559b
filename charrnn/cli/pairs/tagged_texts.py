"""`translate` with a run of pairs in step: texts of equal length, a decision on each symbol."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from charrnn._text import json_text
from charrnn.cli.console.streams import TextWriter
from charrnn.cli.pairs import typed_texts

if TYPE_CHECKING:
    from charrnn.generation.translation.in_step import Tagged, Tagger
    from charrnn.runs.checkpoint import Checkpoint


def write(
    checkpoints: "Sequence[Checkpoint]",
    typed: Sequence[str],
    *,
    encoding: str | None,
    as_json: bool,
) -> None:
    """Write what a model makes of the lines of texts, in order. Standard input is answered symbol
    by symbol, as it comes, if the model allows it.
    """
    from charrnn.generation.translation.in_step import Tagger

    tagger, data = Tagger.of(checkpoints), checkpoints[0].data
    out = TextWriter(sys.stdout, is_bytes=False)
    became = "left as it is" if tagger.leaves_unknown else typed_texts.READ_AS_UNKNOWN
    unknown = typed_texts.UnknownSymbols(tagger.unknown_in, became=became)
    if typed == ["-"] and not as_json and tagger.is_causal and tagger.has_characters:
        from charrnn.cli import inputs

        chunks = inputs.open_file("-", typed_texts.input_config(data, encoding), as_it_comes=True)
        _write_as_it_comes(tagger, chunks.decoded(), unknown, out)
        return
    windows = typed_texts.windows(typed, data, encoding, command="translate")
    answers = typed_texts.answered(windows, tagger.translate_many, unknown, out)
    for line, (made,) in answers:
        out((json_text(_facts(line, made)) if as_json else made.text) + "\n")


def _write_as_it_comes(
    tagger: "Tagger",
    chunks: Iterable[str],
    unknown: typed_texts.UnknownSymbols,
    out: TextWriter,
) -> None:
    """Write each decision before more is read. Whole lines that came together are a batch."""
    stream = None  # of a line that has not ended
    for chunk in chunks:
        unknown.note([chunk.replace("\n", "")])
        *lines, rest = chunk.split("\n")
        if lines and stream is not None:
            out(stream.read(lines.pop(0)) + "\n")
            stream = None
        for text in _texts(tagger, lines):
            out(text + "\n")
        if rest:
            stream = stream or tagger.stream()
            out(stream.read(rest))
        out.end(new_line=False)
    out.end(new_line=stream is not None)


def _texts(tagger: "Tagger", lines: Sequence[str]) -> Iterator[str]:
    """Yield what is made of whole lines; of very long ones without probabilities."""
    from charrnn.generation.translation import in_step

    if any(len(line) > in_step.MAX_SOURCE for line in lines):
        yield from (tagger.stream().read(line) for line in lines)
    else:
        yield from (made.text for (made,) in tagger.translate_many(lines))


def _facts(source: str, made: "Tagged") -> dict[str, Any]:
    """Return what was made of a text for scripts."""
    return {
        "source": source,
        "text": made.text,
        "source_symbols": made.source_symbols,
        "symbols": made.symbols,
        "probabilities": [round(probability, 4) for probability in made.probabilities],
    }
