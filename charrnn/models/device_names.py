"""Checks of a device's name that need no torch, which takes seconds to load."""

import re

from charrnn.errors import SettingError


def require_device(name: str | None) -> None:
    """Raise `SettingError` for an unknown device, or for a GPU that torch was built without."""
    if name is None:
        return
    require_device_name(name)
    if name.startswith("cuda") and _torch_version().endswith("+cpu"):
        raise missing_device(name)


def require_device_name(name: str) -> None:
    """Raise `SettingError` unless `name` is the name of a device."""
    if not re.fullmatch(r"auto|(cpu|cuda|mps)(:\d+)?", name):
        raise SettingError(
            f"device {name!r} is not known", "use auto, cpu, cuda, cuda:N or mps", "device"
        )


def missing_device(name: str) -> SettingError:
    """Return the error for a device that this machine or this build of torch lacks."""
    return SettingError(
        f"device {name} is not available on this machine", "use auto or cpu", "device"
    )


def _torch_version() -> str:
    """Return the version of torch that is installed, or an empty string."""
    from importlib import metadata  # slow, and not needed for the CPU

    try:
        return metadata.version("torch")
    except metadata.PackageNotFoundError:
        return ""
