"""`predict` of a run of pairs or of given labels: which symbol of a target comes next."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from charrnn._text import lone_symbol
from charrnn.cli.console.predictions import at_temperature, show_expectations, show_prediction
from charrnn.cli.pairs import typed_texts
from charrnn.cli.pairs.given_samples import require_known
from charrnn.errors import UsageError
from charrnn.runs import task_names

if TYPE_CHECKING:
    from charrnn.generation.translation.translator import Translator
    from charrnn.runs.checkpoint import Checkpoint

END = "(end)"
_LONGEST_TITLE = 60  # characters of a source, or of a beginning


@dataclass(frozen=True)
class TypedPair:
    """A source and a beginning of its target, as they were typed; - is standard input."""

    source: str | None
    target: str | None
    encoding: str | None


@dataclass(frozen=True)
class Shown:
    """What is shown."""

    steps: bool  # how each symbol of the target was expected
    top: int
    temperature: float | None
    as_json: bool


def show(checkpoints: "Sequence[Checkpoint]", typed: TypedPair, shown: Shown) -> None:
    """Show the distribution of the next symbol of a target, or how its symbols were expected.

    Raises `UsageError` where there is no source, or no target to look at, and for a target that the
    model cannot write.
    """
    from charrnn.generation.translation.translator import Translator

    if typed.source is None:
        raise UsageError("there is no source to predict the target of", "type one")
    if shown.steps and typed.target is None:
        raise UsageError("--steps looks at a target", "type it after the source")
    source = _line(typed.source, checkpoints[0], typed.encoding)
    target = _line(typed.target or "", checkpoints[0], None)
    translator = Translator.of(checkpoints)
    if checkpoints[0].task == task_names.GIVEN:
        require_known(translator, source)
    typed_texts.UnknownSymbols(translator.unknown_in).note([source])
    if shown.steps:
        show_expectations(
            translator.expectations(source, target),
            as_json=shown.as_json,
            spelled=lambda symbol: _spelled(translator, symbol),
        )
        return
    temperature = 1.0 if shown.temperature is None else shown.temperature
    show_prediction(
        translator.predict(source, target, temperature=temperature),
        shown.top,
        title=at_temperature(_title(source, target), shown.temperature),
        as_json=shown.as_json,
        spelled=lambda symbol: _spelled(translator, symbol),
    )


def _line(typed: str, checkpoint: "Checkpoint", encoding: str | None) -> str:
    """Return the one line of a text, or of standard input."""
    windows = typed_texts.windows([typed], checkpoint.data, encoding, command="predict")
    lines = [line for window in windows for line in window]
    if len(lines) != 1:
        raise UsageError("predict looks at one pair", "give it a source of one line")
    return lines[0]


def _title(source: str, target: str) -> str:
    """Return what a prediction is of: the source, and the end of the beginning of the target."""
    beginning = source if len(source) <= _LONGEST_TITLE else source[:_LONGEST_TITLE] + "…"
    end = target if len(target) <= _LONGEST_TITLE else "…" + target[-_LONGEST_TITLE:]
    return f"after {beginning} → {end}".rstrip()


def _spelled(translator: "Translator", symbol: str) -> str:
    (label,) = translator.target.labels([symbol]) if symbol else [END]
    return lone_symbol(label) if symbol else label
