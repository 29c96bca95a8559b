"""Work on many things at once, by as many processes as there are cores, with the results in order.

The processes are new ones, which import no more than the work needs; they end with this one,
however it ends.
"""

import contextlib
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context, parent_process
from typing import Protocol, TypeVar

from charrnn import _cores
from charrnn._text import CountBytes
from charrnn.errors import NoMemoryError

MIN_BYTES = 1 << 28  # with less to do, starting processes does not pay


class Work(Protocol):
    """Something to do."""

    @property
    def num_bytes(self) -> int:
        """Its size."""


W = TypeVar("W", bound=Work)
R = TypeVar("R")


def in_order(
    function: Callable[[W, CountBytes], R], works: Sequence[W], count_bytes: CountBytes
) -> Generator[R, None, None]:
    """What the function makes of each, in order; `count_bytes` is called as they are done.

    Function and works must be such that another process can be given them. Raises `NoMemoryError`
    where such a process is killed.
    """
    num_processes = min(_cores.num_cores(), len(works))
    pool = None
    if num_processes > 1 and sum(work.num_bytes for work in works) >= MIN_BYTES:
        with contextlib.suppress(OSError):  # no room in /dev/shm: this process does it all
            pool = ProcessPoolExecutor(num_processes, get_context("spawn"), _begin)
    if pool is None:
        for work in works:
            yield function(work, count_bytes)
        return
    begun: deque[tuple[W, Future[R]]] = deque()
    try:
        for work in works:
            begun.append((work, pool.submit(function, work, _nobody)))
            if len(begun) > 2 * num_processes:
                yield _result(begun, count_bytes)
        while begun:
            yield _result(begun, count_bytes)
    except BrokenProcessPool as error:
        raise NoMemoryError(
            "a process that read the corpus was killed",
            "free some memory and run the command again",
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _result(begun: deque[tuple[W, Future[R]]], count_bytes: CountBytes) -> R:
    work, future = begun.popleft()
    result = future.result()
    count_bytes(work.num_bytes)
    return result


def _nobody(num_bytes: int) -> None:
    """Do nothing: a worker reports no progress, the process that waits for it does."""


def _begin() -> None:
    """In a new process: Ctrl-C is for the first one, whose end is ours."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
