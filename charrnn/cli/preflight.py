"""Checks of a command before torch is loaded, which takes seconds: most mistakes are answered at
once.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from charrnn.config import DataConfig, ModelConfig, RuntimeConfig, TrainConfig
from charrnn.errors import UsageError


def require_trainable(
    names: Sequence[str],
    given: Mapping[str, Any],
    *,
    run_name: str | None,
    init_from: str | None,
) -> None:
    """Raise the error that `setup.new_run` would raise, as far as that needs no torch."""
    from charrnn.runs import folder
    from charrnn.sources import decoding, paths  # here, for `sample` checks its device alone

    for kind in (ModelConfig, DataConfig, TrainConfig, RuntimeConfig):
        kind.among(given)
    require_device(given.get("device"))
    folder.require_free(run_name)
    decoding.require_known(DataConfig.among(given).encoding)
    paths.require_there(names)
    if init_from is not None:
        folder.require_there(init_from)


def require_device(name: str | None) -> None:
    """Raise `UsageError` for an unknown device, or for a GPU that torch was built without."""
    if name is None:
        return
    require_device_name(name)
    if name.startswith("cuda") and _version_of_torch().endswith("+cpu"):
        raise missing_device(name)


def require_device_name(name: str) -> None:
    """Raise `UsageError` unless that names a device."""
    if not re.fullmatch(r"auto|(cpu|cuda|mps)(:\d+)?", name):
        raise UsageError(f"--device {name!r} is not known", "use auto, cpu, cuda, cuda:N or mps")


def missing_device(name: str) -> UsageError:
    """Return the error for a device that this machine or this build of torch lacks."""
    return UsageError(f"--device {name} is not available on this machine", "use auto or cpu")


def _version_of_torch() -> str:
    from importlib import metadata  # slow, and not needed for the CPU

    try:
        return metadata.version("torch")
    except metadata.PackageNotFoundError:
        return ""
