"""The program as a process: standard streams, exit codes, and errors as one line.

Both `charrnn` and `python -m charrnn` start here. The commands are in cli/.
"""

import os
import re
import sys
from typing import TextIO, cast

from charrnn import _cores
from charrnn.cli.console import ascii_marks
from charrnn.cli.console.streams import TolerantStream, note
from charrnn.errors import (
    CharRNNError,
    FirstProcessError,
    NoMemoryError,
    StorageError,
    UsageError,
)

# torch's messages about the memory of the processor or a GPU
_NO_MEMORY = "out of memory|not enough memory|allocate memory|ALLOC_FAILED"
_READER_HAS_GONE = 128 + 13  # the exit code of SIGPIPE


def main() -> None:
    """Run the program: errors become one line and a documented exit code."""
    _cores.let_threads_sleep(os.environ)  # before torch or numpy is loaded
    _prepare_standard_streams()
    try:
        code = _run()
    except FirstProcessError as error:
        code = _code_of(error)  # without a second message
    except CharRNNError as error:
        code = _fail(error)
    except KeyboardInterrupt:
        code = 130
    except SystemExit as ended:
        code = int(ended.code or 0)
        if code == 1:  # typer ends so if the reader of the pipe has gone
            code = _abandon_stdout(_READER_HAS_GONE)
    except OSError as error:
        code = _abandon_stdout(_refused(error))
    except Exception as error:
        code = _fail(_translated(error), cause=error)
    sys.exit(_flushed(code))


def _run() -> int:
    """Run the command that was typed. Raises `UsageError` for typer's errors."""
    import typer  # here, so that an early Ctrl-C is as quiet as a later one

    from charrnn.cli.app import app

    try:
        code = app(standalone_mode=False, prog_name="charrnn")
    except typer.TyperException as error:
        context = getattr(error, "ctx", None)
        command = "charrnn" if context is None else context.command_path
        raise UsageError(error.format_message().rstrip("."), f"see: {command} --help") from error
    return code if isinstance(code, int) else 0


def _flushed(code: int) -> int:
    """Return the exit code after all of stdout is written; another one where that is refused,
    unless the command has failed already.

    Python would flush at its end, too, but print a failure in several lines, with a code of its
    own.
    """
    try:
        sys.stdout.flush()
    except KeyboardInterrupt:
        return _abandon_stdout(130)
    except OSError as error:
        return _abandon_stdout(code or _refused(error))
    return code


def _refused(error: OSError) -> int:
    """Print what the system refused, unless a reader has gone; return the exit code."""
    if isinstance(error, BrokenPipeError):
        return _READER_HAS_GONE
    reason = error.strerror or str(error)
    message = f"cannot use {error.filename or 'standard output'}: {reason}"
    return _fail(StorageError(message), cause=error)


def _abandon_stdout(code: int) -> int:
    """Return the code; Python's last flush of stdout goes to the null device."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return code


def _prepare_standard_streams() -> None:
    """Open closed streams on the null device, and escape characters that cannot be encoded.

    A closed standard output still fails on write, so that a lost text is an error.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            mode = os.O_RDONLY if descriptor == 1 else os.O_RDWR
            os.open(os.devnull, mode)  # gets the lowest free number: this one
    sys.stdout = sys.stdout or open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = sys.stderr or open(2, "w", closefd=False)  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors=ascii_marks.ERRORS)  # type: ignore[union-attr]
    sys.stderr = cast(TextIO, TolerantStream(sys.stderr))


def _translated(error: Exception) -> CharRNNError:
    """Return an error with a hint for an exception that nothing else has caught."""
    reason = f"{type(error).__name__}: {error}".splitlines()[0]
    if isinstance(error, MemoryError) or re.search(_NO_MEMORY, reason):
        return NoMemoryError(
            "out of memory; what was saved is intact",
            "lower --batch-size, --seq-length or --hidden-size",
        )
    return CharRNNError(f"a bug in charrnn: {reason}", "charrnn --debug COMMAND shows where")


def _fail(error: CharRNNError, cause: Exception | None = None) -> int:
    """Print one line to stderr and return the exit code; `charrnn --debug …` raises the cause."""
    from charrnn.cli.flags.settings import in_flags  # imports typer

    if "--debug" in sys.argv[1:2]:
        raise cause or error
    note(in_flags(error))
    return _code_of(error)


def _code_of(error: CharRNNError) -> int:
    from charrnn.cli.exit_codes import code_of  # here, for most runs end without an error

    return code_of(error)


if __name__ == "__main__":
    main()
