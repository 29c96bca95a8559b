"""`sample --given LABEL`: texts of a label, drawn by a run that learned to write them."""

import contextlib
import sys
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from charrnn._text import Reporter, json_text
from charrnn.cli.console.progress import SearchProgress
from charrnn.cli.console.streams import TextWriter, note
from charrnn.config import SampleConfig
from charrnn.errors import UsageError

if TYPE_CHECKING:
    from charrnn.cli.sample import SampleRequest
    from charrnn.generation.sample_filter import SampleFilter
    from charrnn.generation.translation.translator import Translation, Translator
    from charrnn.runs.checkpoint import Checkpoint

_NUM_SAMPLES = 10
_NUM_AT_ONCE = 64
_MEANINGFUL = {"temperature", "length", "seed"}  # settings of `SampleConfig`


@dataclass(frozen=True)
class GivenLabel:
    """What was asked for: a label, and how its texts are drawn."""

    label: str
    config: SampleConfig
    has_length: bool  # else texts are as long as the model makes them
    num: int | None


def write(checkpoints: "Sequence[Checkpoint]", asked: GivenLabel, request: "SampleRequest") -> None:
    """Write texts of a label, a line each.

    Raises `UsageError` for a label that the model does not know, and for flags that do nothing;
    `ExhaustedError` where too few are accepted.
    """
    _require_meaning(asked.config, request)
    from charrnn.generation.translation.translator import Translator

    translator = Translator.of(checkpoints)
    require_known(translator, asked.label)
    if request.tells_seed:
        note(f"seed {asked.config.seed} (repeat with --seed {asked.config.seed})")
    accepted = _filter(checkpoints[0], translator, request)
    num = asked.num or _NUM_SAMPLES
    num_written = _write(_drawn(translator, asked), accepted, num, as_json=request.as_json)
    if request.may_reject or accepted.rejected:
        note(accepted.summary(num_written))
    if num_written < num or num < 0:
        num_wanted = None if num < 0 else num
        raise accepted.exhausted(num_written, num_wanted, why=accepted.why_exhausted)


def _require_meaning(config: SampleConfig, request: "SampleRequest") -> None:
    """Raise `UsageError` for what was asked for and does nothing with a given label."""
    names = [spec.name for spec in fields(SampleConfig) if spec.name not in _MEANINGFUL]
    default = SampleConfig()
    others = [name for name in names if getattr(config, name) != getattr(default, name)]
    flags = [f"--{name.replace('_', '-')}" for name in others]
    if config.final_temperature is not None:
        flags = ["a temperature ramp"]
    flags += ["--novel-chars"] * (request.novel_chars is not None) + ["--report"] * request.report
    flags += ["--device"] * (request.device != "cpu")
    if flags:
        raise UsageError(f"{flags[0]} does nothing with --given", "leave it out")


def require_known(translator: "Translator", label: str) -> None:
    """Raise `UsageError` for a label that was not learned."""
    if len(translator.encode(label)) == 1 and not translator.unknown_in(label):
        return
    from difflib import get_close_matches

    known = [translator.source.symbol(i) for i in range(1, translator.source.size)]
    close = get_close_matches(label, known, 1)
    listed = f"there are {', '.join(known[:20])}{', …' if len(known) > 20 else ''}"
    raise UsageError(
        f"the model knows no label {label!r}", f"did you mean {close[0]}?" if close else listed
    )


def _filter(
    checkpoint: "Checkpoint", translator: "Translator", request: "SampleRequest"
) -> "SampleFilter":
    from charrnn.generation.sample_filter import SampleFilter, pattern

    return SampleFilter(
        match=None if request.match is None else pattern(request.match),
        known=_texts_of(checkpoint) if request.novel else (),
        unique=request.unique,
        whole=True,
    )


def _texts_of(checkpoint: "Checkpoint") -> Container[str]:
    """Return the texts that were learned."""
    from charrnn.tasks.pairs import learned_pairs

    dataset = learned_pairs.reload(checkpoint, keep_corpus=True, reporter=Reporter())
    return {dataset.texts(number)[1] for number in range(len(dataset.pairs.targets))}


def _drawn(translator: "Translator", asked: GivenLabel) -> "Iterator[Translation]":
    """Yield texts without end; text k depends on the seed and on k alone."""
    number = 0
    while True:
        made = translator.translate_many(
            [asked.label] * _NUM_AT_ONCE,
            temperature=asked.config.temperature,
            seed=asked.config.seed,
            max_length=max(1, asked.config.length) if asked.has_length else None,
            first_number=number,
        )
        yield from (translation for (translation,) in made)
        number += _NUM_AT_ONCE


def _write(
    drawn: "Iterator[Translation]", accepted: "SampleFilter", num: int, *, as_json: bool
) -> int:
    """Write accepted texts, until there are so many or patience ends; return how many."""
    write, num_written = TextWriter(sys.stdout, is_bytes=False), 0
    with contextlib.closing(
        SearchProgress(num, limit=accepted.patience, is_shared=sys.stdout.isatty())
    ) as search:
        for made in drawn:
            if num_written == num:
                break
            if not accepted.accepts("", made.text, is_whole=made.is_complete):
                if accepted.is_exhausted:
                    break
                write.catch_up()  # the next one may be long in coming
                tries_left = accepted.tries_left(num - num_written)
                search.update(num_written, accepted.num_tried, tries_left)
                continue
            search.make_room()
            write((json_text(_facts(made)) if as_json else made.text) + "\n")
            num_written += 1
    write.end(new_line=False)
    return num_written


def _facts(made: "Translation") -> dict[str, object]:
    """Return a text for scripts."""
    (label,) = made.source_symbols
    log_probability = round(made.log_probability, 4)
    return {"label": label, "text": made.text, "log_probability": log_probability}
