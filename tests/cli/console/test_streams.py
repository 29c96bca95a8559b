import io

from charrnn.cli.console.streams import TextWriter


class FakeTerminal(io.TextIOWrapper):
    def isatty(self) -> bool:
        return True


def test_a_pipe_gets_exact_bytes():
    for is_bytes, expected in ((True, b"\xe9\x1b"), (False, "é\x1b".encode())):
        out = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
        write = TextWriter(out, is_bytes=is_bytes)
        write("é\x1b")
        write.end(new_line=False)
        assert out.buffer.getvalue() == expected  # type: ignore[attr-defined]


def test_a_terminal_gets_visible_text():
    out = FakeTerminal(io.BytesIO(), encoding="utf-8")
    write = TextWriter(out, is_bytes=True)
    for byte in "é\x1b[2J".encode():
        write(chr(byte))
    assert out.buffer.getvalue().decode() == "é␛[2J"  # type: ignore[attr-defined]
