"""Prompts and stop texts: where they are read from, and what a model can do with them."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from charrnn.cli import inputs
from charrnn.cli.console.streams import note
from charrnn.errors import UsageError

if TYPE_CHECKING:
    from charrnn.config import SampleConfig
    from charrnn.generation.model import Model
    from charrnn.runs.header import CheckpointHeader

_SHOWN_CHARS = 40  # of a prompt, in a message
_ESCAPES = {"\\n": "a newline is typed $'\\n'", "\\t": "a tab is typed $'\\t'"}


def read(
    typed: str | None,
    file: str | None,
    header: "CheckpointHeader",
    *,
    encoding: str | None,
    asking: str,
) -> str | bytes:
    """Return the prompt that was typed, or that a file holds; - is standard input.

    The last newline of standard input is dropped. `encoding` is the run's if None. `asking` is what
    to type to have standard input read, for a note if it holds something that nobody asked for.
    """
    if typed is not None and file is not None:
        raise UsageError("--prompt and --prompt-file were both given", "choose one")
    if typed is not None:
        return os.fsencode(typed)
    if file is None:
        inputs.note_unread(asking)
        return b""
    text = _contents(file, header, encoding)
    if file != "-":
        return text
    return text.removesuffix("\n") if isinstance(text, str) else _without_last_newline(text)


def read_lines(
    file: str, header: "CheckpointHeader", *, encoding: str | None
) -> Sequence[str | bytes]:
    """Return the lines of a file, each a prompt. Raises `UsageError` for an empty file."""
    text = _contents(file, header, encoding)
    if not text:
        name = "standard input" if file == "-" else file
        raise UsageError(f"{name} holds no prompt", "write one in each line")
    return text.removesuffix("\n").split("\n") if isinstance(text, str) else text.splitlines()


def _contents(file: str, header: "CheckpointHeader", encoding: str | None) -> str | bytes:
    """Return a file's text, or its bytes for a model of bytes."""
    from charrnn.sources.input_text import config_for_input

    config = config_for_input(header.data, encoding)
    opened = inputs.open_file(file, config)
    return b"".join(opened.chunks) if config.is_bytes else "".join(opened.decoded())


def _without_last_newline(data: bytes) -> bytes:
    return data.removesuffix(b"\r\n") if data.endswith(b"\r\n") else data.removesuffix(b"\n")


def note_unknown(model: "Model", *prompts: str) -> None:
    """Name the characters that the model never saw, and prompts that it cannot read at all."""
    _note_folded(model, "".join(prompts))
    unread = [prompt for prompt in prompts if prompt and not model.known(prompt)]
    for prompt in unread:
        note(f"the model knows no character of the prompt {shown(prompt)}: prompt left out")
    for character in model.unknown("".join(prompt for prompt in prompts if prompt not in unread)):
        note(f"the model never saw {character!r} (U+{ord(character):04X}): left out of the prompt")


def _note_folded(model: "Model", prompt: str) -> None:
    """Tell which characters of a prompt are read in a simpler form."""
    if forms := model.folded(prompt):
        read = ", ".join(f"{character} as {form}" for character, form in forms.items())
        note(f"reading {read}, which the model knows")


def checked(model: "Model", typed: Sequence[str | bytes]) -> list[str]:
    """Return prompts in a model's characters; for a model of records, only those that it knows.

    Raises `UsageError` for a prompt that holds more than the beginning of a record.
    """
    from charrnn.generation.model import MAX_PROMPT

    prompts = [_opening(model, model.spelled(each)) for each in typed]
    note_unknown(model, *prompts)
    if (longest := max(map(len, prompts), default=0)) > MAX_PROMPT:
        note(
            f"only the last {MAX_PROMPT:,} of the prompt's {longest:,} characters are read; those"
            " before them make no difference"
        )
    return prompts if model.records == "none" else [model.known(prompt) for prompt in prompts]


def _opening(model: "Model", spelled: str) -> str:
    try:
        return model.opening(spelled)
    except UsageError as error:
        raise UsageError(error.message, "--prompts FILE takes a prompt from each line") from error


def shown(prompt: str) -> str:
    """Return a prompt, quoted and shortened, for a message."""
    return repr(prompt[:_SHOWN_CHARS])


def check_end(model: "Model", config: "SampleConfig") -> bool:
    """Return whether a sample ends; name the stop texts that the model can never write.

    Raises `UsageError` where the sample would never end for that reason.
    """
    ends = [("--stop", text) for text in config.stop] + [("--until", text) for text in config.until]
    impossible = [(flag, text) for flag, text in ends if not model.can_say(model.spelled(text))]
    has_end = config.length >= 0 or model.records != "none" or len(impossible) < len(ends)
    for flag, text in impossible:
        character = model.never_drawn(model.spelled(text))[0]
        sentence = (
            f"{flag} '{text}' can never come: the model never writes '{character}'"
            f" (U+{ord(character):04X})"
        )
        hint = next((hint for typed, hint in _ESCAPES.items() if typed in text), "")
        if not has_end:
            raise UsageError(sentence, hint or "give the sample an end with --length")
        note(f"{sentence}; {hint}" if hint else sentence)
    return has_end
