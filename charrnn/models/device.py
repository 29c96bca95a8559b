"""Where training computes: the device, its threads, and the settings of torch that make a run
repeatable.
"""

import contextlib
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy.typing as npt
import torch
import torch.utils.deterministic
from torch import Tensor

from charrnn.errors import NoMemoryError, SettingError
from charrnn.models import device_names

_WORKSPACE = "CUBLAS_WORKSPACE_CONFIG"  # of the environment: cuBLAS is deterministic with it
_BYTES_PER_PARAMETER = 16  # in float32: itself, its gradient, and the two means that Adam keeps


def resolve(name: str) -> str:
    """Return the device of a name: "auto" is "cuda" where there is a GPU, otherwise "cpu".

    Raises `SettingError` for a device that this machine or this build of torch lacks.
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
    """Set the number of threads that torch computes with on the CPU."""
    torch.set_num_threads(num_threads)


def wait_for(device: str) -> None:
    """Wait until a GPU has computed all that it was given."""
    if device.startswith("cuda"):
        torch.cuda.synchronize()


def to_device(array: npt.NDArray[Any], device: str) -> Tensor:
    """Return an array as a tensor on the device; a GPU receives it asynchronously."""
    tensor = torch.from_numpy(array)
    if device.startswith("cuda"):
        return tensor.pin_memory().to(device, non_blocking=True)
    return tensor.to(device)


def to_numpy(tensor: Tensor) -> npt.NDArray[Any]:
    """Return a copy in numpy, whatever the tensor's device."""
    return tensor.detach().cpu().numpy().copy()


def require_memory(num_parameters: int, device: str, *, sizes: Sequence[str]) -> None:
    """Raise `NoMemoryError` where a device's memory cannot hold the parameters and what training
    keeps for each. The activations of a step come on top. `sizes` are the settings to lower.
    """
    needed, available = _BYTES_PER_PARAMETER * num_parameters, _memory(device)
    if available is not None and needed > available:
        raise NoMemoryError(
            f"training {num_parameters:,} parameters needs {needed / 1e9:,.0f} GB of memory,"
            f" available are {available / 1e9:,.0f} GB",
            f"lower {' or '.join(sizes)}",
            *sizes,
        )


def _memory(device: str) -> int | None:
    """Return the bytes of memory of a device; for the CPU, at most what the container may use.

    None where the system does not say.
    """
    if device.startswith("cuda"):
        return int(torch.cuda.get_device_properties(device).total_memory)
    limits = []
    if sys.platform != "win32" and "SC_PHYS_PAGES" in os.sysconf_names:
        limits.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    for name in ("memory.max", "memory/memory.limit_in_bytes"):  # of control groups, 2 and 1
        with contextlib.suppress(OSError, ValueError):
            limits.append(int(Path("/sys/fs/cgroup", name).read_text()))
    return min(limits, default=None)


@contextlib.contextmanager
def settings_restored() -> Iterator[None]:
    """Undo, on leaving, what `prepare` and `set_threads` change for the whole process, and put
    torch's random states back: a new network draws from them before its seed sets its weights.

    The library trains and measures inside; the command line ends with its process anyway.
    """
    settings = _Settings.current()
    gpus = range(torch.cuda.device_count()) if torch.cuda.is_initialized() else ()  # type: ignore[no-untyped-call]
    try:
        with warnings.catch_warnings(), torch.random.fork_rng(gpus):
            yield
    finally:
        settings.restore()


@dataclass(frozen=True)
class _Settings:
    """What is process-wide in torch and its environment."""

    threads: int
    flushes_denormals: bool
    is_deterministic: bool
    fills_memory: bool
    cudnn_tf32: bool
    cuda_tf32: bool
    workspace: str | None

    @classmethod
    def current(cls) -> "_Settings":
        return cls(
            torch.get_num_threads(),
            _flushes_denormals(),
            torch.are_deterministic_algorithms_enabled(),
            torch.utils.deterministic.fill_uninitialized_memory,  # type: ignore[attr-defined]
            torch.backends.cudnn.allow_tf32,
            torch.backends.cuda.matmul.allow_tf32,
            os.environ.get(_WORKSPACE),
        )

    def restore(self) -> None:
        torch.set_num_threads(self.threads)
        torch.set_flush_denormal(self.flushes_denormals)
        if torch.are_deterministic_algorithms_enabled() != self.is_deterministic:
            # the call imports torch's compiler, which makes a folder for its cache
            torch.use_deterministic_algorithms(self.is_deterministic)
        _fill_memory(self.fills_memory)
        torch.backends.cudnn.allow_tf32 = self.cudnn_tf32
        torch.backends.cuda.matmul.allow_tf32 = self.cuda_tf32
        if self.workspace is None:
            os.environ.pop(_WORKSPACE, None)


def _flushes_denormals() -> bool:
    """Return whether torch treats denormal numbers as zero; it has no function that says so."""
    return float(torch.tensor([1e-310], dtype=torch.float64).mul(1.0)) == 0.0


def _fill_memory(fills: bool) -> None:
    """Set whether torch fills new memory with NaN in deterministic mode."""
    torch.utils.deterministic.fill_uninitialized_memory = fills  # type: ignore[attr-defined]


def prepare(device: str, threads: int, *, precision: str = "float32", local_rank: int = 0) -> None:
    """Set everything in torch that could make two runs of the same configuration differ.

    `local_rank` numbers the processes on this machine that train together; each takes a GPU of its
    own. Raises `SettingError` where there are too few GPUs.
    """
    # Gates that vanish make a CPU ten times slower otherwise. Before any threads start.
    torch.set_flush_denormal(True)
    set_threads(threads)
    if torch.device(device).type == "cuda":
        _prepare_cuda(device, precision=precision, local_rank=local_rank)


def _prepare_cuda(device: str, *, precision: str, local_rank: int) -> None:
    if local_rank >= torch.cuda.device_count():
        raise SettingError(
            f"there is no GPU for process {local_rank} of this machine",
            "lower --nproc-per-node to the number of its GPUs, or use device cpu",
            "device",
        )
    if device == "cuda":
        torch.cuda.set_device(local_rank)
    os.environ.setdefault(_WORKSPACE, ":4096:8")
    torch.use_deterministic_algorithms(True)
    _fill_memory(False)  # nothing reads memory that was not written
    # weights that are cast to bfloat16 never lie side by side
    warnings.filterwarnings("ignore", message="RNN module weights are not part of single")
    # float32 means float32, as on a CPU, unless tf32 is asked for
    torch.backends.cudnn.allow_tf32 = precision == "tf32"
    torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"
