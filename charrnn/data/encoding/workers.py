"""Jobs for as many processes as there are cores, with the results in order.

The processes are new ones, which import no more than the jobs need; they end with this one, however
it ends.
"""

import contextlib
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context, parent_process
from typing import Protocol, TypeVar

from charrnn import _cores
from charrnn._text import CountBytes, ignore_bytes
from charrnn.errors import NoMemoryError

MIN_BYTES = 1 << 28  # with less to do, starting processes does not pay


class Job(Protocol):
    """Something to do."""

    @property
    def num_bytes(self) -> int:
        """Its size."""


J = TypeVar("J", bound=Job)
R = TypeVar("R")


def run_in_order(
    function: Callable[[J, CountBytes], R], jobs: Sequence[J], count_bytes: CountBytes
) -> Generator[R, None, None]:
    """Yield what the function makes of each job, in order.

    `count_bytes` is called with the bytes of the jobs as they are done. Function and jobs must be
    such that another process can be given them. Raises `NoMemoryError` where such a process is
    killed.
    """
    num_processes = min(_cores.num_cores(), len(jobs))
    pool = None
    if num_processes > 1 and sum(job.num_bytes for job in jobs) >= MIN_BYTES:
        with contextlib.suppress(OSError):  # no room in /dev/shm: this process does all
            pool = ProcessPoolExecutor(num_processes, get_context("spawn"), _begin)
    if pool is None:
        for job in jobs:
            yield function(job, count_bytes)
        return
    try:
        yield from _run_in(pool, function, jobs, 2 * num_processes, count_bytes)
    except BrokenProcessPool as error:
        raise NoMemoryError(
            "a process that read the corpus was killed",
            "free some memory and run the command again",
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _run_in(
    pool: ProcessPoolExecutor,
    function: Callable[[J, CountBytes], R],
    jobs: Sequence[J],
    num_waiting: int,
    count_bytes: CountBytes,
) -> Iterator[R]:
    """Run jobs in other processes, of which about so many wait for their results to be taken."""
    running: deque[tuple[J, Future[R]]] = deque()
    for job in jobs:
        with _main_hidden():
            running.append((job, pool.submit(function, job, ignore_bytes)))
        if len(running) > num_waiting:
            yield _result(running, count_bytes)
    while running:
        yield _result(running, count_bytes)


def _result(running: deque[tuple[J, Future[R]]], count_bytes: CountBytes) -> R:
    job, future = running.popleft()
    result = future.result()
    count_bytes(job.num_bytes)
    return result


@contextlib.contextmanager
def _main_hidden() -> Iterator[None]:
    """Keep new processes from importing the main module: a script that trains would train again."""
    main = vars(sys.modules["__main__"])
    names: list[str] = [name for name in ("__file__", "__spec__") if name in main]
    kept = {name: main[name] for name in names}
    main.update(dict.fromkeys(names))
    try:
        yield
    finally:
        main.update(kept)


def _begin() -> None:
    """Prepare a new process: Ctrl-C is for the first process, and this one ends with it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
