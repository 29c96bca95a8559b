"""Checks of a command before torch is loaded, which takes seconds: most mistakes are answered at
once.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from charrnn.config import DataConfig, ModelConfig, RuntimeConfig, TrainConfig
from charrnn.models import device_names


def require_trainable(
    names: Sequence[str],
    given: Mapping[str, Any],
    *,
    run_name: str | None,
    init_from: str | None,
) -> None:
    """Raise the error that `setup.new_run` would raise, as far as that needs no torch."""
    from charrnn.cli import inputs
    from charrnn.sources import decoding, paths  # here, for `sample` checks its device alone

    for kind in (ModelConfig, DataConfig, TrainConfig, RuntimeConfig):
        kind.among(given)
    device_names.require_device(given.get("device"))
    root = inputs.root()
    root.require_free(run_name)
    decoding.require_known(DataConfig.among(given).encoding)
    paths.require_there(names)
    if init_from is not None:
        root.require_there(init_from)
