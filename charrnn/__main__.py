"""The program as a process: standard streams, exit codes, and errors as one line.

Both `charrnn` and `python -m charrnn` begin here. The commands themselves are in cli.py.
"""

import os
import re
import sys
from typing import TextIO, cast

from charrnn import _cores
from charrnn.cli import ascii, console
from charrnn.errors import CharRNNError, NoMemoryError, StorageError, UsageError

# as torch says it, of the processor's memory and of a GPU's
_NO_MEMORY = "out of memory|not enough memory|allocate memory|ALLOC_FAILED"


def main() -> None:
    """Run the program: errors become one line and a documented exit code."""
    _cores.let_threads_sleep(os.environ)  # before torch or numpy is loaded
    _settle_standard_streams()
    try:
        code = _run()
        sys.stdout.flush()
    except CharRNNError as error:
        code = _fail(_in_flags(error), error.exit_code, error)
    except KeyboardInterrupt:
        code = 130
    except SystemExit as ended:
        code = int(ended.code or 0)
        if code == 1:  # typer's way to say that the reader of our pipe has gone
            code = _abandon_stdout(128 + 13)
    except OSError as error:
        reason = error.strerror or str(error)
        sentence = f"cannot use {error.filename or 'standard output'}: {reason}"
        code = _abandon_stdout(_fail(sentence, StorageError.exit_code, error))
    except Exception as error:
        known = _translated(error)
        code = _fail(str(known), known.exit_code, error)
    sys.exit(code)


def _run() -> int:
    """Run the command that was typed; what typer says against it becomes a `UsageError`."""
    import typer  # here, so that an early Ctrl-C is as quiet as a later one

    from charrnn.cli.app import app

    try:
        code = app(standalone_mode=False, prog_name="charrnn")
    except typer.TyperException as error:
        context = getattr(error, "ctx", None)
        command = "charrnn" if context is None else context.command_path
        raise UsageError(error.format_message().rstrip("."), f"see: {command} --help") from error
    return code if isinstance(code, int) else 0


def _in_flags(error: CharRNNError) -> str:
    from charrnn.cli import settings

    return settings.in_flags(error)


def _abandon_stdout(code: int) -> int:
    """Keep Python from flushing, as it ends, what nobody can take; the code is handed on."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return code


def _settle_standard_streams() -> None:
    """Whatever is closed leads nowhere, and what cannot be shown is escaped rather than fatal.

    Standard output alone refuses what is written to it: nobody may believe that it arrived.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            mode = os.O_RDONLY if descriptor == 1 else os.O_RDWR
            os.open(os.devnull, mode)  # takes the lowest number that is free: this one
    sys.stdout = sys.stdout or open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = sys.stderr or open(2, "w", closefd=False)  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors=ascii.ERRORS)  # type: ignore[union-attr]
    sys.stderr = cast(TextIO, console.Forgiving(sys.stderr))


def _translated(error: Exception) -> CharRNNError:
    """What nothing else has caught, in our words."""
    reason = f"{type(error).__name__}: {error}".splitlines()[0]
    if isinstance(error, MemoryError) or re.search(_NO_MEMORY, reason):
        return NoMemoryError(
            "out of memory; what was saved is intact",
            "a smaller --batch-size, --seq-length or --hidden-size needs less",
        )
    return CharRNNError(f"a bug of ours, {reason}", "charrnn --debug … shows where")


def _fail(sentence: str, code: int, error: Exception) -> int:
    """One line on stderr; the traceback only for `charrnn --debug …`."""
    if "--debug" in sys.argv[1:2]:
        raise error
    console.note(sentence)
    return code


if __name__ == "__main__":
    main()
