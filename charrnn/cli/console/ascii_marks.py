"""Our own marks for terminals that can show no more than ASCII, or than some code page: blocks,
lines, dots and arrows as the letters and signs that look most like them.

It is an error handler of Python's encoders (`ERRORS`), so it is asked only for what a stream cannot
show, whoever writes there. What is no mark of ours is escaped: é as \\xe9.
"""

import codecs
from typing import TextIO

ERRORS = "charrnn"
_PLAIN = {
    **dict.fromkeys("█▉▊▋", "#"),
    **dict.fromkeys("▌▍▎▏", "."),
    **dict(zip("▁▂▃▄▅▆▇", "1234567", strict=True)),
    **dict.fromkeys("─╌╭╮╰╯", "-"),
    **dict.fromkeys("┤└┬┴", "+"),
    **dict.fromkeys("“”", '"'),
    **dict.fromkeys("‘’", "'"),
    **{"│": "|", "●": "o", "…": "...", "×": "x", "·": ".", "→": "->", "‖": "||", "∂": "d"},
    **{"↵": "\\n", "⇥": "\\t", "␣": "' '", "␊": "\\n"},
}
_UPPER_DOTS, _LOWER_DOTS = 0x1B, 0xE4  # of a braille character, whose code is U+2800 and its dots


def _plain(error: UnicodeError) -> tuple[str, int]:
    """What stands for the characters that an encoder could not take; where it goes on."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    found = error.object[error.start : error.end]
    return "".join(map(_mark, found)), error.end


def _mark(character: str) -> str:
    """One character in ASCII."""
    if "\u2800" <= character <= "\u28ff":
        dots = ord(character) - 0x2800
        return " '.:"[bool(dots & _UPPER_DOTS) + 2 * bool(dots & _LOWER_DOTS)]
    escaped = character.encode("ascii", "backslashreplace").decode("ascii")
    return _PLAIN.get(character, escaped)


codecs.register_error(ERRORS, _plain)


def printable(text: str, stream: TextIO) -> str:
    """A text as a stream will show it, to be measured before it is written."""
    if stream.errors != ERRORS:
        return text
    return text.encode(stream.encoding, ERRORS).decode(stream.encoding)
