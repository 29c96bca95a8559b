"""The device, the threads and the processes that a run computes with."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from charrnn import _cores
from charrnn._text import Reporter, number_of
from charrnn.config import RuntimeConfig, TrainConfig
from charrnn.errors import SettingError, UsageError
from charrnn.models import device
from charrnn.runs.header import CheckpointHeader
from charrnn.training.distributed import Group
from charrnn.training.threads import candidates


@dataclass(frozen=True)
class Machine:
    """What this machine computes with, and the numbers of threads to choose from."""

    runtime: RuntimeConfig  # with the first of the numbers
    threads: Sequence[int]  # the greatest first; one number where there is no choice


def choose(settings: Mapping[str, Any], *, group: Group, reporter: Reporter) -> Machine:
    """Choose the device and the threads of a new run. Raises `UsageError`."""
    name = device.resolve(settings.get("device", "auto"))
    threads = threads_to_try(settings, name, group=group, reporter=reporter)
    runtime = RuntimeConfig.among({**settings, "device": name, "threads": threads[0]})
    return Machine(runtime, threads)


def threads_to_try(
    settings: Mapping[str, Any], device_name: str, *, group: Group, reporter: Reporter
) -> Sequence[int]:
    """Return the numbers of threads that a run of minutes may choose from, the greatest first."""
    num_cores = _num_cores(group)
    if "threads" in settings:
        return [_limited(settings["threads"], num_cores, reporter)]
    has_choice = device_name == "cpu" and group.num_ranks == 1
    return candidates(num_cores) if has_choice else [num_cores]


def runtime_here(
    header: CheckpointHeader, settings: Mapping[str, Any], *, group: Group, reporter: Reporter
) -> RuntimeConfig:
    """Return the runtime to continue a run with; warn where it is not that of the run.

    `settings` may hold another device or number of threads. A device that this machine lacks is
    replaced by the CPU, unless the settings ask for it. Raises `UsageError`.
    """
    before = header.runtime
    require_shareable(header.train.batch_size, settings.get("device", before.device), group=group)
    now = dataclasses.replace(before, **settings)
    now = dataclasses.replace(now, threads=_limited(now.threads, _num_cores(group), reporter))
    try:
        now = dataclasses.replace(now, device=device.resolve(now.device))
    except UsageError:
        if "device" in settings:
            raise
        now = dataclasses.replace(now, device="cpu")
    changes = {name: (getattr(before, name), getattr(now, name)) for name in ("device", "threads")}
    changes["processes"] = header.position.ranks, group.num_ranks
    _warn_of(changes, header.train, reporter)
    return now


def _warn_of(
    changes: Mapping[str, tuple[Any, Any]], config: TrainConfig, reporter: Reporter
) -> None:
    """Warn of what differs between the run and this machine, and of what follows from it."""
    for name, (before, now) in changes.items():
        if before == now:
            continue
        consequence = "results may differ in the last digits"
        is_other_kind = str(before).partition(":")[0] != str(now).partition(":")[0]
        if name == "device" and is_other_kind and (config.dropout or config.weight_dropout):
            consequence = "dropout differs from here on"  # each kind draws in its own way
        reporter.warn(f"the run began with {name} {before}, now {now}: {consequence}")


def _num_cores(group: Group) -> int:
    """Return the cores for this process, one of several on the machine."""
    return max(1, _cores.num_cores() // group.num_local)


def _limited(threads: int, num_cores: int, reporter: Reporter) -> int:
    """Return no more threads than cores: more would wait for each other."""
    if threads > num_cores:
        fewer, cores = number_of(num_cores, "thread"), number_of(num_cores, "core")
        reporter.warn(f"computing with {fewer}, not {threads}: this process may use {cores}")
    return min(threads, num_cores)


def require_shareable(batch_size: int, device_name: str, *, group: Group) -> None:
    """Raise `SettingError` if processes cannot share a batch evenly, or would share one GPU."""
    if group.num_local > 1 and device_name.startswith("cuda:"):
        raise SettingError(
            f"device {device_name} is one GPU for {group.num_local} processes",
            "cuda, without a number, gives each process a GPU of its own",
            "device",
        )
    if batch_size % group.num_ranks:
        raise SettingError(
            f"batch_size {batch_size} cannot be shared evenly by {group.num_ranks} processes",
            f"give a multiple of {group.num_ranks}, or start another number of processes",
            "batch_size",
        )


def prepare(runtime: RuntimeConfig, group: Group) -> None:
    """Set up torch in this process for a runtime."""
    device.prepare(
        runtime.device, runtime.threads, precision=runtime.precision, local_rank=group.local_rank
    )
