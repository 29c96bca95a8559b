"""Windows as tensors on the device, ready before the step that needs them.

A GPU with room for the encoded corpus gets all of it once and cuts the windows itself. Otherwise
they are cut on the processor and sent from pinned memory, asynchronously. Nothing in a step waits
for the GPU, so the processor runs some steps ahead of it.

Shapes: B lanes, T time.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from charrnn.data.batches import Lanes, RecordLanes
from charrnn.data.vocab import IntArray
from charrnn.models.device import to_device

_SHARE_OF_MEMORY = 0.25  # of what a GPU has free
CHUNK_CHARS = 1 << 24


class Batch(NamedTuple):
    """A `batches.Window` on a device."""

    inputs_TB: Tensor
    targets_TB: Tensor
    begins_B: Tensor
    num_scored: int


class Prefetcher:
    """The windows of lanes, on a device."""

    def __init__(
        self, lanes: Lanes | RecordLanes, device: str, *, max_bytes: int | None = None
    ) -> None:
        """`max_bytes` limits what the corpus may take on the device. By default it is a quarter of
        a GPU's free memory, and 0 on a CPU, which reads the corpus where it is.
        """
        self._lanes, self._device = lanes, device
        max_bytes = _free_bytes(device) if max_bytes is None else max_bytes
        self._ids: Tensor | None = None
        if isinstance(lanes, Lanes) and 4 * len(lanes.ids) <= max_bytes:
            self._ids = _copied(lanes.ids, device)
            self._count_T = torch.from_numpy(lanes.count_T).to(device)
            self._starts_B = torch.from_numpy(lanes.starts_B).to(device)
            self._begins_B = torch.zeros(len(lanes.starts_B), dtype=torch.bool, device=device)

    @property
    def units_per_step(self) -> float:
        """Characters that a step predicts, on all lanes."""
        return self._lanes.chars_per_step

    @property
    def steps_per_epoch(self) -> float:
        """Steps that read every character once."""
        return self._lanes.steps_per_epoch

    def batch(self, step: int) -> Batch:
        """Return the window of a step."""
        if self._ids is None or not isinstance(self._lanes, Lanes):
            *parts, num_scored = self._lanes.window(step)
            inputs_TB, targets_TB, begins_B = (to_device(part, self._device) for part in parts)
            return Batch(inputs_TB, targets_TB, begins_B, num_scored)
        pairs_TB = self._lanes.pairs(step, self._count_T, self._starts_B)
        inputs_TB, targets_TB = self._ids[pairs_TB].long(), self._ids[pairs_TB + 1].long()
        return Batch(inputs_TB, targets_TB, self._begins_B, self._lanes.num_scored)


def _copied(ids: IntArray, device: str) -> Tensor:
    """Copy ids to the device in a dtype that it can index by, chunk by chunk: there may be more of
    them than the processor has memory for.
    """
    copy = torch.empty(len(ids), dtype=torch.int32, device=device)
    for start in range(0, len(ids), CHUNK_CHARS):
        chunk = ids[start : start + CHUNK_CHARS].astype(np.int32)
        copy[start : start + len(chunk)] = torch.from_numpy(chunk)
    return copy


def _free_bytes(device: str) -> int:
    """Return how many bytes of a device a corpus may take."""
    if not device.startswith("cuda"):
        return 0
    free, _ = torch.cuda.mem_get_info(device)
    free += torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return int(free * _SHARE_OF_MEMORY)
