"""Python as on Windows, as far as possible on this machine. With this folder on PYTHONPATH,
every Python lacks what Windows lacks; whatever a test starts inherits that.

    PYTHONPATH=$PWD/tests/without_posix pytest

Locks are then files that name their holder, for Windows' own way to lock is not here either.
"""

import os
import signal
import sys
import warnings

for module in ("fcntl", "grp", "pwd", "resource", "termios"):
    sys.modules[module] = None  # type: ignore[assignment]
for name in ("fork", "sched_getaffinity", "sched_setaffinity", "O_CLOEXEC"):
    vars(os).pop(name, None)
vars(signal).pop("SIGHUP", None)
with warnings.catch_warnings():
    warnings.filterwarnings("ignore", "only soft file lock is available")
    import filelock as filelock
