"""A process that saves checkpoints in child processes, so that a test can kill them.

It reads orders, one JSON object on each line. `folder` is the folder of a run with a last
checkpoint; the file `new` in it is the checkpoint to save. An order may ask for a fault:

    {"wait": FIFO}               wait for a byte from the FIFO, so that a tracer can attach
    {"exit_at": N}               end the process before the Nth `os` call
    {"fail_at": N, "errno": E}   let the Nth `os` call fail

The child prints its process id once it is ready; then its exit code is printed: 0 saved, 6 refused,
9 ended as ordered. `piece` is how many bytes are written at once.
"""

import errno
import itertools
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from charrnn.errors import StorageError
from charrnn.runs import checkpoint
from charrnn.runs.run import Run

TOUCHES = ("open", "write", "fsync", "close", "replace", "link", "unlink")


def save(order: dict[str, Any]) -> int:
    run = Run(Path(order["folder"]))
    new = checkpoint.read(run.folder / "new")
    write, piece = os.write, order.get("piece", 4096)
    os.write = lambda file, data: write(file, data[:piece])  # a disk may write a part only
    print(os.getpid(), flush=True)
    if "wait" in order:
        os.read(os.open(order["wait"], os.O_RDONLY), 1)
    calls = itertools.count(1)
    for name in TOUCHES:
        setattr(os, name, counted(getattr(os, name), calls, order))
    try:
        run.save(new)
    except StorageError:
        return 6
    return 0


def counted(touch: Callable[..., Any], calls: Any, order: dict[str, Any]) -> Callable[..., Any]:
    def call(*arguments: Any, **settings: Any) -> Any:
        number = next(calls)
        if number == order.get("exit_at"):
            os._exit(9)
        if number == order.get("fail_at"):
            raise OSError(order["errno"], os.strerror(order["errno"]))
        return touch(*arguments, **settings)

    return call


for line in sys.stdin:
    order = json.loads(line)
    child = os.fork()
    if not child:
        try:
            os._exit(save(order))
        except BaseException as error:
            print(repr(error), file=sys.stderr, flush=True)
            os._exit(errno.EINVAL + 100)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
