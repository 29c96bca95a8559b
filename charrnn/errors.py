"""Errors that a person can cause or mend, one class for each kind.

An error has a message (what is wrong, with the value seen) and a hint (what to do instead); the
command line prints both on one line.
"""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

OTHER_FOLDER = "work in a folder of your own, or make that one writable"  # a hint


class CharRNNError(Exception):
    """Base of all errors that a person can do something about.

    `fields` are the settings that the text names: the library calls them by their field, and the
    command line puts their flags in (cli.flags.settings.in_flags).
    """

    def __init__(self, message: str, hint: str = "", *fields: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.fields = fields

    def __str__(self) -> str:
        return f"{self.message}; {self.hint}" if self.hint else self.message


class CharRNNWarning(UserWarning):
    """What a person should know of a run that the library trains: Python's way to warn."""


class UsageError(CharRNNError):
    """A value that is not allowed, or two that exclude each other."""


class SettingError(UsageError):
    """A setting that is not allowed. The message names each of its `fields`, once."""


class CorpusError(CharRNNError):
    """A text that cannot be read, or is too short to learn from."""


class CheckpointError(CharRNNError):
    """A checkpoint that is missing, damaged, newer than this program, or not one at all."""


class NewerError(CheckpointError):
    """An intact checkpoint that only a newer charrnn can read."""


class TeacherError(CheckpointError):
    """A run that another one learns from is missing, or has changed."""


class DivergedError(CharRNNError):
    """Training reached a loss or a weight that is not a finite number."""


class StorageError(CharRNNError):
    """The disk is full, read-only or gone."""


class LockedError(CharRNNError):
    """Another process is training this run."""


class ExhaustedError(CharRNNError):
    """Too few samples matched; those that did were written."""


class NoMemoryError(CharRNNError):
    """The machine has less memory than the sizes take."""


class PeerError(CharRNNError):
    """A process that trains together with this one has ended, or cannot be reached."""


class FirstProcessError(CharRNNError):
    """The first of several processes failed before it started the run, and has printed why."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"the first process ended with {kind}", "its message says why")
        self.kind = kind  # the class of its error


@contextmanager
def storage_errors(message: str, hint: str, *, if_forbidden: str = "") -> Iterator[None]:
    """Turn any OSError into a `StorageError` with the system's reason.

    `if_forbidden` is the hint where a permission is missing.
    """
    try:
        yield
    except OSError as error:
        is_forbidden = error.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR)
        hint = if_forbidden if if_forbidden and is_forbidden else hint
        raise StorageError(f"{message}: {error.strerror}", hint) from error
