"""Text that is safe to write: notes on stderr, generated text on stdout."""

import codecs
import contextlib
import sys
import time
from typing import Any, TextIO

from charrnn._text import json_text, visible

_SECONDS_BETWEEN_BLOCKS = 0.02


def note(sentence: str) -> None:
    """Print one line on stderr, whatever characters the sentence has."""
    print(f"charrnn: {visible(sentence)}".replace("\n", "␊"), file=sys.stderr)


def print_json(value: Any, *, flush: bool = False) -> None:
    """Print a value as a line of JSON on stdout."""
    print(json_text(value), flush=flush)


class TolerantStream:
    """A stream that ignores write errors: losing a message must not end a run."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write what can be written."""
        with contextlib.suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush if that is possible."""
        with contextlib.suppress(OSError):
            self._stream.flush()


class TextWriter:
    """Writes generated text: to a terminal safely and at once, elsewhere exactly and in blocks.

    For a model of bytes each character stands for the byte of that code.
    """

    def __init__(self, out: TextIO, *, is_bytes: bool) -> None:
        self._out, self._is_bytes = out, is_bytes
        self._is_terminal = out.isatty()
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._held: list[str] = []
        self._flushed = 0.0  # so that the first text is written at once

    def __call__(self, text: str) -> None:
        """Write a text, now or together with the next one."""
        if self._is_terminal:
            if self._is_bytes:
                text = self._decoder.decode(text.encode("latin-1"))
            self._out.write(visible(text))
            self._out.flush()
            return
        self._held.append(text)
        self.catch_up()

    def catch_up(self) -> None:
        """Write what waits for the next text, unless something was written a moment ago."""
        now = time.monotonic()
        if self._held and now - self._flushed > _SECONDS_BETWEEN_BLOCKS:
            self._flush()
            self._flushed = now

    def end(self, *, new_line: bool) -> None:
        """Write what is left, and a new line where a shell's prompt may follow."""
        if new_line:
            self("\n")
        self._flush()

    def _flush(self) -> None:
        encoding = "latin-1" if self._is_bytes else "utf-8"  # whatever the locale says
        data = "".join(self._held).encode(encoding)
        self._held.clear()
        while data:  # an unbuffered stream may take a part only
            data = data[self._out.buffer.write(data) :]
        if not self._is_terminal:
            self._out.buffer.flush()
