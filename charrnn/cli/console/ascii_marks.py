"""Blocks, lines, dots and arrows in ASCII, for terminals that can show no more.

An error handler of Python's encoders (`ERRORS`): it is called only for characters that a stream
cannot encode, whoever writes there. Any other character is escaped: é as \\xe9.
"""

import codecs
from typing import TextIO

ERRORS = "charrnn"
_PLAIN = {
    **dict.fromkeys("█▉▊▋", "#"),
    **dict.fromkeys("▌▍▎▏", "."),
    **dict(zip("░▒▓", ".+*", strict=True)),
    **dict(zip("▁▂▃▄▅▆▇", "1234567", strict=True)),
    **dict.fromkeys("─╌╭╮╰╯–", "-"),
    **dict.fromkeys("┤└┬┴", "+"),
    **dict.fromkeys("“”", '"'),
    **dict.fromkeys("‘’", "'"),
    **{"│": "|", "●": "o", "…": "...", "×": "x", "·": ".", "→": "->", "‖": "||", "∂": "d"},
    **{"↵": "\\n", "⇥": "\\t", "␣": "' '", "␊": "\\n"},
}
_UPPER_DOTS, _LOWER_DOTS = 0x1B, 0xE4  # of a braille character, whose code is U+2800 and its dots


def _plain(error: UnicodeError) -> tuple[str, int]:
    """Return replacements for what an encoder could not encode, and where it continues."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    characters = error.object[error.start : error.end]
    return "".join(map(_mark, characters)), error.end


def _mark(character: str) -> str:
    """Return one character in ASCII."""
    if "\u2800" <= character <= "\u28ff":
        dots = ord(character) - 0x2800
        return " '.:"[bool(dots & _UPPER_DOTS) + 2 * bool(dots & _LOWER_DOTS)]
    escaped = character.encode("ascii", "backslashreplace").decode("ascii")
    return _PLAIN.get(character, escaped)


codecs.register_error(ERRORS, _plain)


def printable(text: str, stream: TextIO) -> str:
    """Return a text as a stream will show it, to measure it before it is written."""
    if stream.errors != ERRORS:
        return text
    return text.encode(stream.encoding, ERRORS).decode(stream.encoding)
