"""The documented exit code of each kind of error."""

from charrnn import errors
from charrnn.errors import CharRNNError, FirstProcessError

OTHER = 1  # also a bug in charrnn
_CODES = {
    "UsageError": 2,
    "CorpusError": 3,
    "CheckpointError": 4,
    "DivergedError": 5,
    "StorageError": 6,
    "LockedError": 7,
    "ExhaustedError": 8,
    "NoMemoryError": 9,
    "PeerError": 10,
}


def code_of(error: CharRNNError) -> int:
    """Return the exit code for an error; other processes end with the code of the first one."""
    kind = type(error)
    if isinstance(error, FirstProcessError):
        kind = getattr(errors, error.kind, CharRNNError)
    names = (ancestor.__name__ for ancestor in kind.__mro__)
    return next((_CODES[name] for name in names if name in _CODES), OTHER)
