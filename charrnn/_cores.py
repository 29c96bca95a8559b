"""How many cores this process may use; make waiting threads leave them to other programs.

The latter has to come before torch or numpy is loaded.
"""

import os
from collections.abc import Iterator, MutableMapping
from pathlib import Path

# The threads of OpenMP check without pause ("spin") for each other before they sleep. By default
# that takes so long that, beside a busy program, they mostly keep each other from working. These
# are short spins: GNU's counts turns, LLVM's and Intel's milliseconds. benchmarks/in_use.py has
# figures. OpenBLAS, which numpy uses, lets others go first as it is: a shorter wait gained nothing.
_SHORT_SPINS = {"GOMP_SPINCOUNT": "1000", "KMP_BLOCKTIME": "1"}


def num_cores(root: Path = Path("/")) -> int:
    """Return how many cores this process may use: those it is bound to, or fewer if the quota of a
    container allows fewer. `root` is where proc/ and sys/ are.
    """
    if hasattr(os, "sched_getaffinity"):  # not on macOS or Windows
        num_bound = len(os.sched_getaffinity(0))
    else:
        num_bound = os.cpu_count() or 1
    return max(1, min([num_bound, *(int(quota) for quota in _quotas(root))]))


def let_threads_sleep(environment: MutableMapping[str, str]) -> None:
    """Make waiting threads of OpenMP sleep soon, unless the user has chosen otherwise.

    The library reads these variables when it is loaded.
    """
    if "OMP_WAIT_POLICY" not in environment:
        for name, value in _SHORT_SPINS.items():
            environment.setdefault(name, value)


def _quotas(root: Path) -> Iterator[float]:
    """The CPU quotas, in cores, of this process's control group and of its parents (Linux)."""
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return
    mounted = root / "sys/fs/cgroup"
    for line in lines:
        _, controllers, group = line.split(":", 2)
        if not controllers:  # version 2
            for folder in _upwards(mounted, group):
                yield from _quota(folder / "cpu.max")
        elif "cpu" in controllers.split(","):
            for top in (mounted / controllers, mounted / "cpu"):
                for folder in _upwards(top, group):
                    yield from _quota(folder / "cpu.cfs_quota_us", folder / "cpu.cfs_period_us")


def _upwards(top: Path, group: str) -> Iterator[Path]:
    """A control group's folder and those above it. In a container the path may not exist."""
    folder = top / group.strip("/")
    yield from (each for each in (folder, *folder.parents) if each.is_relative_to(top))


def _quota(*files: Path) -> Iterator[float]:
    """The quota in a file ("quota period"), or in two, if there is a limit."""
    try:
        quota, period = " ".join(file.read_text() for file in files).split()[:2]
        if float(quota) > 0 and float(period) > 0:
            yield float(quota) / float(period)
    except (OSError, ValueError):  # no such file, or "max"
        return
