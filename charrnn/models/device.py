"""Where the learning half computes: device, threads, and the settings that make it repeatable."""

import contextlib
import os
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy.typing as npt
import torch
import torch.utils.deterministic
from torch import Tensor

from charrnn.errors import NoMemoryError, UsageError
from charrnn.models import device_names


def resolve(name: str) -> str:
    """The device a name stands for: auto is CUDA where there is a GPU, else the CPU.

    Raises `UsageError` for a device this machine or this build of torch has not got.
    """
    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    device_names.require_device_name(name)
    try:
        torch.empty(0, device=name)
    except (RuntimeError, AssertionError) as error:
        raise device_names.missing_device(name) from error
    return name


def set_threads(num_threads: int) -> None:
    """Have torch compute with so many threads."""
    torch.set_num_threads(num_threads)


def to_device(array: npt.NDArray[Any], device: str) -> Tensor:
    """Return an array as a tensor on the device; a GPU receives it asynchronously."""
    tensor = torch.from_numpy(array)
    if device.startswith("cuda"):
        return tensor.pin_memory().to(device, non_blocking=True)
    return tensor.to(device)


def to_numpy(tensor: Tensor) -> npt.NDArray[Any]:
    """Return a copy in numpy, whatever the tensor's device."""
    return tensor.detach().cpu().numpy().copy()


def require_memory(num_parameters: int, device: str) -> None:
    """Raise `NoMemoryError` where the memory of a device cannot hold so many parameters, each with
    its gradient and the two means that Adam keeps of it. What a step needs comes on top.
    """
    needed, there = 16 * num_parameters, _memory(device)
    if there is not None and needed > there:
        raise NoMemoryError(
            f"{num_parameters:,} parameters need {needed / 1e9:,.0f} GB of memory to learn,"
            f" there are {there / 1e9:,.0f}",
            "lower --hidden-size or --num-layers",
        )


def _memory(device: str) -> int | None:
    """The bytes of memory that a device has; for the CPU no more than its container may use. None
    where it is not told.
    """
    if device.startswith("cuda"):
        return int(torch.cuda.get_device_properties(device).total_memory)
    found = []
    if sys.platform != "win32" and "SC_PHYS_PAGES" in os.sysconf_names:
        found.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    for limit in ("memory.max", "memory/memory.limit_in_bytes"):  # of control groups, 2 and 1
        with contextlib.suppress(OSError, ValueError):
            found.append(int(Path("/sys/fs/cgroup", limit).read_text()))
    return min(found, default=None)


@contextlib.contextmanager
def settings_restored() -> Iterator[None]:
    """Undo, on leaving, what `prepare` and `set_threads` change in torch for the whole process.

    The library trains and measures inside; the command line ends with its process anyway.
    """
    threads, flushes = torch.get_num_threads(), _flushes_denormals()
    deterministic = torch.are_deterministic_algorithms_enabled()
    fills = torch.utils.deterministic.fill_uninitialized_memory  # type: ignore[attr-defined]
    cudnn, cuda = torch.backends.cudnn, torch.backends.cuda.matmul
    allows = cudnn.allow_tf32, cuda.allow_tf32
    try:
        with warnings.catch_warnings():
            yield
    finally:
        torch.set_num_threads(threads)
        torch.set_flush_denormal(flushes)
        if torch.are_deterministic_algorithms_enabled() != deterministic:
            # the call imports torch's compiler, which makes a folder for its cache
            torch.use_deterministic_algorithms(deterministic)
        torch.utils.deterministic.fill_uninitialized_memory = fills  # type: ignore[attr-defined]
        cudnn.allow_tf32, cuda.allow_tf32 = allows


def _flushes_denormals() -> bool:
    """Whether torch takes numbers next to zero for zero; it has no way to ask."""
    return float(torch.tensor([1e-310], dtype=torch.float64).mul(1.0)) == 0.0


def prepare(device: str, threads: int, *, precision: str = "float32", local_rank: int = 0) -> None:
    """Settle everything in torch that could make two runs of the same configuration differ.

    Of several processes on this machine each has a GPU of its own. Raises `UsageError` where there
    are not as many.
    """
    torch.set_flush_denormal(
        True
    )  # vanishing gates slow a CPU tenfold otherwise; before any threads
    set_threads(threads)
    if torch.device(device).type == "cuda":
        if local_rank >= torch.cuda.device_count():
            raise UsageError(
                f"there is no GPU for process {local_rank} of this machine",
                "lower --nproc-per-node to the number of its GPUs, or use --device cpu",
            )
        if device == "cuda":
            torch.cuda.set_device(local_rank)
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.use_deterministic_algorithms(True)
        # nor is any memory read that was not written, so it need not be filled
        torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
        # weights that are cast to bfloat16 never lie side by side
        warnings.filterwarnings("ignore", message="RNN module weights are not part of single")
        # float32 means float32, as on a CPU, unless tf32 is asked for
        torch.backends.cudnn.allow_tf32 = precision == "tf32"
        torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"
