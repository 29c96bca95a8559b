"""What can be told of a command before torch is loaded, which takes seconds: a mistake is answered
at once. What only torch can tell comes later.
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
    """Raise what `launch.new_run` would raise of a request, as far as it can be told."""
    from charrnn.runs import folder
    from charrnn.sources import decoding, paths  # sample asks for its device only

    for kind in (ModelConfig, DataConfig, TrainConfig, RuntimeConfig):
        kind.among(given)
    require_device(given.get("device"))
    folder.require_free(run_name)
    decoding.require_known(DataConfig.among(given).encoding)
    paths.require_there(names)
    if init_from is not None:
        folder.require_there(init_from)


def require_device(name: str | None) -> None:
    """Raise `UsageError` for the name of no device, or for a GPU where torch is built for none."""
    if name is None:
        return
    require_device_name(name)
    if name.startswith("cuda") and _version_of_torch().endswith("+cpu"):
        raise missing_device(name)


def require_device_name(name: str) -> None:
    """Raise `UsageError` where that is the name of no device."""
    if not re.fullmatch(r"auto|(cpu|cuda|mps)(:\d+)?", name):
        raise UsageError(f"--device {name!r} is not known", "use auto, cpu, cuda, cuda:N or mps")


def missing_device(name: str) -> UsageError:
    """The error for a device that this machine, or this build of torch, has not got."""
    return UsageError(f"--device {name} is not available on this machine", "use auto or cpu")


def _version_of_torch() -> str:
    from importlib import metadata  # slow: a command for the CPU need not wait for it

    try:
        return metadata.version("torch")
    except metadata.PackageNotFoundError:
        return ""
