"""The command `classify`: the labels of texts that are typed or piped in."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from charrnn._text import json_text, lone_symbol, percent
from charrnn.cli.console.streams import TextWriter, note, print_json
from charrnn.cli.flags import classify as flags
from charrnn.cli.flags import shared
from charrnn.cli.pairs import typed_texts
from charrnn.errors import UsageError
from charrnn.runs import task_names

if TYPE_CHECKING:
    from charrnn.generation.classification import Belief, Classifier
    from charrnn.plots.heatmap import Heatmap

_LONGEST_BEGINNING = 30  # characters of a text in a table


@dataclass(frozen=True)
class _Request:
    """What is written of each text."""

    top: int | None
    as_json: bool


def classify(
    texts: flags.Texts = None,
    run: flags.Runs = None,
    top: flags.Top = None,
    steps: flags.Steps = False,
    export: flags.Export = None,
    encoding: shared.Encoding = None,
    as_json: flags.Json = False,
) -> None:
    """Decide on the label of texts, each line of them by itself: label, tab, probability.

    The lines of standard input are answered in their order, as soon as they come.
    """
    typed = typed_texts.require_texts(texts, command="classify")
    if steps or export is not None:
        _require_one_text(typed, "--steps" if steps else "--export")
    if export is not None:
        from charrnn.plots.heatmap import require_exportable

        require_exportable(export)
    from charrnn.cli import inputs
    from charrnn.generation.classification import Classifier

    checkpoints = inputs.checkpoints_of(run, tasks=(task_names.CLASSIFY,))
    classifier = Classifier.of(checkpoints)
    typed_texts.note_names(typed, run, command="classify")
    windows = typed_texts.windows(typed, checkpoints[0].data, encoding, command="classify")
    if steps or export is not None:
        (text,) = next(windows)
        typed_texts.UnknownSymbols(classifier.unknown_in).note([text])
        _show_steps(classifier.beliefs(text), on_terminal=steps, export=export, as_json=as_json)
    else:
        _Answers(classifier, _Request(top, as_json)).write(windows)


def _require_one_text(typed: Sequence[str], flag: str) -> None:
    """Raise `UsageError` unless there is one line of text, which is not empty."""
    lines = typed_texts.lines_of(typed, command="classify")
    if len(lines) != 1 or typed == ["-"]:
        raise UsageError(f"{flag} looks at one text", "give it one TEXT")
    if not lines[0].strip():
        raise UsageError(f"{flag} has no character to look at", "give it a TEXT")


class _Answers:
    """Writes the labels of lines to stdout, in order."""

    def __init__(self, classifier: "Classifier", request: _Request) -> None:
        self._classifier, self._request = classifier, request
        self._write = TextWriter(sys.stdout, is_bytes=False)
        self._unknown = typed_texts.UnknownSymbols(classifier.unknown_in)
        self._num_answered = 0

    def write(self, windows: Iterator[list[str]]) -> None:
        """Answer every line."""
        many, unknown = self._classifier.classify_many, self._unknown
        for line, probabilities in typed_texts.answered(windows, many, unknown, self._write):
            self._answer(line, probabilities)

    def _answer(self, text: str, probabilities: Mapping[str, float]) -> None:
        top = self._request.top
        if self._request.as_json:
            self._write(json_text({"text": text, **_facts(probabilities, top)}) + "\n")
        else:
            if top is not None and top > 1 and self._num_answered:
                self._write("\n")  # between the lists of two lines
            for label, probability in islice(probabilities.items(), top or 1):
                self._write(f"{label}\t{probability:.4f}\n")
        self._num_answered += 1


def _facts(probabilities: Mapping[str, float], top: int | None = None) -> dict[str, Any]:
    """Return a decision for scripts: all probabilities, or the `top` ones."""
    shown = {
        label: round(probability, 6) for label, probability in islice(probabilities.items(), top)
    }
    label, probability = next(iter(shown.items()))
    return {"label": label, "probability": probability, "probabilities": shown}


def _show_steps(
    beliefs: "Sequence[Belief]", *, on_terminal: bool, export: Path | None, as_json: bool
) -> None:
    """Show what was believed after each symbol, on the terminal or as a file."""
    if as_json:
        print_json([{"symbol": each.symbol, **_facts(each.probabilities)} for each in beliefs])
    elif on_terminal:
        from charrnn.cli.console.tables import print_table
        from charrnn.plots import heatmap

        heatmap.show(_coloured(beliefs))
        print()
        print_table(["after", "label", "probability"], [*_changes(beliefs)])
    if export is not None:
        from charrnn.plots import heatmap

        heatmap.export(_coloured(beliefs), export)
        note(f"wrote {export}")


def _coloured(beliefs: "Sequence[Belief]") -> "Heatmap":
    """Return the text, coloured by the probability of its label."""
    from charrnn.plots.heatmap import ColourScale, Heatmap

    final = beliefs[-1].probabilities
    label, probability = next(iter(final.items()))
    others = [other for other in final if other != label]
    below = f"; below 0.5: {others[0]}" if len(others) == 1 else ""
    scale = ColourScale(0.0, 1.0, f"probability of {label}{below}", is_diverging=len(others) == 1)
    values = [each.probabilities[label] for each in beliefs for _ in each.symbol]
    text = "".join(each.symbol for each in beliefs)
    return Heatmap(f"{label} ({percent(probability)})", text, values, scale)


def _changes(beliefs: "Sequence[Belief]") -> Iterator[list[str]]:
    """Yield a row where another label becomes the likeliest, and one for the end."""
    before, read = "", ""
    for number, each in enumerate(beliefs, 1):
        read += each.symbol
        label, probability = next(iter(each.probabilities.items()))
        if label != before or number == len(beliefs):
            beginning = (
                read if len(read) <= _LONGEST_BEGINNING else "…" + read[-_LONGEST_BEGINNING:]
            )
            shown = "".join(beginning).strip() or lone_symbol(read[-1])
            yield [shown, label, percent(probability)]
        before = label
