"""Checks of a command before torch is loaded, which takes seconds: most mistakes are answered at
once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from charrnn.models import device_names

if TYPE_CHECKING:
    from charrnn.training.setup.request import Request


def require_trainable(request: Request) -> None:
    """Raise the error that `start_run` would raise, as far as that needs no torch."""
    from charrnn.sources import decoding, paths  # here, for `sample` checks its device alone

    device_names.require_device(request.settings.get("device"))
    request.root.require_free(request.run_name)
    decoding.require_known(request.data.encoding)
    paths.require_there((*request.sources.names, *request.sources.val_names))
    if request.init_from is not None:
        request.root.require_there(request.init_from)
