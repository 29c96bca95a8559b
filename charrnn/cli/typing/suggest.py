"""The command `suggest`: how a text may go on, by words."""

from typing import TYPE_CHECKING

from charrnn._text import one_line
from charrnn.cli.console.streams import note, print_json
from charrnn.cli.flags import shared
from charrnn.cli.typing import flags

if TYPE_CHECKING:
    from collections.abc import Sequence

    from charrnn.generation.typing.suggestions import Suggestion


def suggest(
    text: flags.Text = None,
    run: shared.RunOptions = None,
    num: flags.Num = 3,
    words: flags.Words = 1,
    encoding: shared.Encoding = None,
    as_json: flags.Json = False,
) -> None:
    """Suggest how the word at hand ends, or which words come next: words, tab, probability.

    A suggestion ends where a word does, by the rules of Unicode, and its probability is that the
    text goes on with exactly this and that the word ends there. Text without spaces goes by
    characters.
    """
    from charrnn.cli import inputs, prompts
    from charrnn.cli.pairs import typed_texts

    checkpoints = inputs.checkpoints_of(run)
    model = inputs.model_of(checkpoints)
    typed = prompts.read(
        None if text == "-" else text,
        "-" if text == "-" else None,
        checkpoints[0],
        encoding=encoding,
        asking="charrnn suggest -",
    )
    prompts.note_unknown(model, model.spelled(typed))
    if text:
        typed_texts.note_names([text], run, command="suggest")
    suggestions = model.cursor(typed).suggest(num, words=words)
    if not suggestions:
        note("no word ends soon enough for a suggestion")
    _print(suggestions, as_json=as_json)


def _print(suggestions: "Sequence[Suggestion]", *, as_json: bool) -> None:
    if as_json:
        facts = [(one.text, one.words, float(f"{one.prob:.6g}")) for one in suggestions]
        names = ("text", "words", "probability")
        print_json([dict(zip(names, each, strict=True)) for each in facts])
        return
    for one in suggestions:
        shown = f"{one.prob:.4f}" if one.prob >= 0.0001 else f"{one.prob:.0e}"
        print(f"{one_line(one.words)}\t{shown}")
