"""Before the first character: systems without the modules of POSIX."""

import os
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import QUICK
from stumbles import stumble

import charrnn as package

WITHOUT_POSIX = Path(__file__).parents[1] / "without_posix"


def without_posix(*command: object) -> "subprocess.CompletedProcess[str]":
    """A Python without the modules that Windows lacks."""
    paths = [str(WITHOUT_POSIX), *filter(None, [os.environ.get("PYTHONPATH")])]
    return subprocess.run(
        [sys.executable, *map(str, command)],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
    )


@stumble(30)
def test_every_module_can_be_imported_without_the_modules_of_posix():
    names = [f"charrnn.{module.name}" for module in pkgutil.iter_modules(package.__path__)]
    code = (
        f"import {', '.join(names)}\ntry:\n    import fcntl\nexcept ImportError:\n    print('ran')"
    )
    done = without_posix("-c", code)
    assert (done.stdout, done.stderr) == ("ran\n", "")


@pytest.mark.slow
@stumble(30)
def test_the_commands_run_without_the_modules_of_posix(corpus):
    for command in (
        ("train", corpus, *QUICK, "--run", "a"),
        ("resume", "a", "--steps", 25),
        ("sample", "a", "-n", 9),
        ("verify", "a"),
    ):
        done = without_posix("-m", "charrnn", *command)
        assert done.returncode == 0, done.stderr
        assert "Warning" not in done.stderr
