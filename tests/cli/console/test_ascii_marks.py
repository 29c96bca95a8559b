"""Marks of ours where a stream cannot show them."""

import io

import pytest

from charrnn.cli.console import ascii_marks


def stream(encoding: str, errors: str = ascii_marks.ERRORS) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors=errors)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("lstm 1×128 …", "lstm 1x128 ..."),
        ("██▌", "##."),
        ("a␣↵", r"a' '\n"),
        ("⠀⠉⣀⡇", " '.:"),
        ("é☃", r"\xe9\u2603"),
        ("plain", "plain"),
    ],
)
def test_what_ascii_cannot_show_is_shown_in_ascii(text, shown):
    out = stream("ascii")
    assert ascii_marks.printable(text, out) == shown
    out.write(text)
    out.flush()
    assert out.buffer.getvalue() == shown.encode()


def test_what_a_stream_can_show_is_left_alone():
    assert ascii_marks.printable("×█é☃", stream("utf-8")) == "×█é☃"
    assert ascii_marks.printable("×█é☃", stream("cp437")) == r"x█é\u2603"
    assert ascii_marks.printable("×", stream("ascii", "strict")) == "×"


def test_only_encoders_are_helped():
    with pytest.raises(UnicodeDecodeError):
        b"\xff".decode("utf-8", ascii_marks.ERRORS)
