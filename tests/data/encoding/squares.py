"""Work for test_workers.py, in a module that a new process imports quickly."""

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass

from charrnn.data.encoding import workers


@dataclass(frozen=True)
class Number:
    value: int
    num_bytes: int = workers.MIN_BYTES


def square(number: Number, count_bytes: Callable[[int], None]) -> int:
    """Return the square; a number below zero kills the process instead."""
    if number.value < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.01 * (number.value % 3))
    count_bytes(number.num_bytes)
    return number.value**2
