"""What can go wrong for a person, each kind with its documented exit code.

Everything else may import this module; it imports nothing of ours. An error carries what is wrong
(with the value seen) and a hint (what to type instead); the command line prints both on one line.
"""

import errno
from collections.abc import Iterator
from contextlib import contextmanager


class CharRNNError(Exception):
    """A mistake or a fault that a person can do something about."""

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}; {self.hint}" if self.hint else self.message


class UsageError(CharRNNError):
    """A flag or a value that cannot be."""

    exit_code = 2


class SettingError(UsageError):
    """A setting whose value is not allowed; the message calls it by its field's name."""

    def __init__(self, message: str, hint: str, *fields: str) -> None:
        super().__init__(message, hint)
        self.fields = fields


class CorpusError(CharRNNError):
    """A text that cannot be read, or is too short to learn from."""

    exit_code = 3


class CheckpointError(CharRNNError):
    """A checkpoint that is missing, damaged, newer than this program, or not one at all."""

    exit_code = 4


class NewerError(CheckpointError):
    """A checkpoint that a newer charrnn wrote: whole, but not for this one."""


class DivergedError(CharRNNError):
    """Training reached a loss or a weight that is not a finite number."""

    exit_code = 5


class StorageError(CharRNNError):
    """The disk refused: full, read-only, gone."""

    exit_code = 6


ELSEWHERE = "work in a folder of your own, or make that one writable"


@contextmanager
def storage_errors(message: str, hint: str, *, if_forbidden: str = "") -> Iterator[None]:
    """Whatever the disk refuses becomes a `StorageError` that adds the disk's reason; one for want
    of a permission may have a hint of its own.
    """
    try:
        yield
    except OSError as error:
        is_forbidden = error.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR)
        hint = if_forbidden if if_forbidden and is_forbidden else hint
        raise StorageError(f"{message}: {error.strerror}", hint) from error


class LockedError(CharRNNError):
    """Another process is training this run."""

    exit_code = 7


class ExhaustedError(CharRNNError):
    """Fewer samples that are wanted were found than were asked for; these were written."""

    exit_code = 8


class NoMemoryError(CharRNNError):
    """The machine has not got the memory that the sizes take."""

    exit_code = 9


class PeerError(CharRNNError):
    """A process that learns together with this one has ended, or cannot be reached."""

    exit_code = 10
