"""Windows as tensors where the network is, without a GPU ever being waited for.

A GPU that has room for the encoded corpus gets all of it once, and cuts its windows itself. Else
they are cut on the processor and sent from memory that is pinned, so that sending goes on by
itself. Nothing in a step waits for the GPU, so the processor is some steps ahead of it, and the
next window is there before it is needed.

Shapes: B lanes, T time.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from charrnn.data.batches import Lanes, RecordLanes
from charrnn.data.vocab import IntArray

_SHARE_OF_MEMORY = 0.25  # of what a GPU has free
_PIECE = 1 << 24  # characters


class Fed(NamedTuple):
    """A `lanes.Window` on a device."""

    inputs_TB: Tensor
    targets_TB: Tensor
    begins_B: Tensor
    num_scored: int


class Feed:
    """The windows of some lanes, on a device."""

    def __init__(self, lanes: Lanes | RecordLanes, device: str, *, room: int | None = None) -> None:
        """`room` is how many bytes the corpus may take there; by default it depends on what is
        free, and is nothing on a CPU, where the corpus is at hand anyway.
        """
        self.lanes, self._device = lanes, device
        room = _room(device) if room is None else room
        self._ids: Tensor | None = None
        if isinstance(lanes, Lanes) and 4 * len(lanes.ids) <= room:
            self._ids = _copied(lanes.ids, device)
            self._count_T = torch.from_numpy(lanes.count_T).to(device)
            self._starts_B = torch.from_numpy(lanes.starts_B).to(device)
            self._begins_B = torch.zeros(len(lanes.starts_B), dtype=torch.bool, device=device)

    def window(self, step: int) -> Fed:
        """What step number `step` reads."""
        if self._ids is None or not isinstance(self.lanes, Lanes):
            *parts, num_scored = self.lanes.window(step)
            inputs_TB, targets_TB, begins_B = (sent(part, self._device) for part in parts)
            return Fed(inputs_TB, targets_TB, begins_B, num_scored)
        pairs_TB = self.lanes.pairs(step, self._count_T, self._starts_B)
        inputs_TB, targets_TB = self._ids[pairs_TB].long(), self._ids[pairs_TB + 1].long()
        return Fed(inputs_TB, targets_TB, self._begins_B, self.lanes.num_scored)


def sent(array: npt.NDArray[Any], device: str) -> Tensor:
    """An array on the device; a GPU gets it in its turn, and is not waited for."""
    tensor = torch.from_numpy(array)
    if device.startswith("cuda"):
        return tensor.pin_memory().to(device, non_blocking=True)
    return tensor.to(device)


def _copied(ids: IntArray, device: str) -> Tensor:
    """Ids on the device, in a dtype by which it can index. The processor's memory never holds more
    than a piece of them, for they may be as many as a GPU has room for.
    """
    copy = torch.empty(len(ids), dtype=torch.int32, device=device)
    for start in range(0, len(ids), _PIECE):
        piece = ids[start : start + _PIECE].astype(np.int32)
        copy[start : start + len(piece)] = torch.from_numpy(piece)
    return copy


def _room(device: str) -> int:
    """How many bytes of a device a corpus may take."""
    if not device.startswith("cuda"):
        return 0
    free, _ = torch.cuda.mem_get_info(device)
    free += torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return int(free * _SHARE_OF_MEMORY)
