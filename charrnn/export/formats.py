"""Which formats a run can be exported to: by the ending of the file."""

from dataclasses import dataclass
from pathlib import Path
from pkgutil import resolve_name
from typing import Protocol

from charrnn._exported import require_replaceable
from charrnn._text import ProgressCallback, ignore_progress
from charrnn.errors import SettingError, UsageError
from charrnn.runs.checkpoint import Checkpoint

# The module of each format by its ending; it has `WEIGHTS`, how weights can be written (the first
# is the default; none: as they are), and `write`, a `Write`.
FORMATS = {".html": "charrnn.export.page", ".onnx": "charrnn.export.onnx_step"}


@dataclass(frozen=True)
class Exported:
    """A file that was written."""

    path: Path
    num_bytes: int
    sentences: tuple[str, ...]  # for people: what they should know of it


class Write(Protocol):
    """Writes the model of a checkpoint to a file."""

    def __call__(
        self, checkpoint: Checkpoint, path: Path, *, weights: str, progress: ProgressCallback
    ) -> Exported:
        """Write it whole or not at all; `weights` is one of the format's `WEIGHTS`, `progress` is
        of measuring what the file tells of itself.

        Raises `UsageError` for a model that the format cannot express, `StorageError` if the file
        cannot be written.
        """


def require_format(path: Path) -> str:
    """Return the ending of a file. Raises `UsageError` unless it is one of the `FORMATS`, and for
    a file that is there and cannot be replaced.
    """
    ending = path.suffix.lower()
    if ending not in FORMATS:
        known = " or ".join(FORMATS)
        raise UsageError(f"the name {path.name!r} tells no format", f"end it with {known}")
    require_replaceable(path)
    return ending


def export(
    checkpoint: Checkpoint,
    path: Path,
    *,
    weights: str | None = None,
    progress: ProgressCallback = ignore_progress,
) -> Exported:
    """Write the model of a checkpoint to a file; its ending decides the format.

    `weights` says how numbers are written, such as "float16"; None is the format's default. Raises
    `UsageError` for an unknown ending, for a file that charrnn did not write, for weights that
    the format has not, and for a model that it cannot express.
    """
    ending = require_format(path)
    module = resolve_name(FORMATS[ending])
    known: tuple[str, ...] = module.WEIGHTS
    if weights is not None and weights not in known:
        hint = f"choose one of {', '.join(known)}" if known else "leave it out"
        raise SettingError(f"weights {weights!r} is not known for {ending}", hint, "weights")
    write: Write = module.write
    chosen = weights or (known[0] if known else "")
    return write(checkpoint, path, weights=chosen, progress=progress)
