"""Unusual environments: no home, no user name, no disk space, a deleted folder, ASCII only."""

import os
import shutil
import subprocess
import sys

import pytest
from conftest import QUICK
from matrix import row

ABOUT_THE_USER = ("HOME", "USER", "LOGNAME", "LNAME", "USERNAME", "MPLCONFIGDIR")
NOBODY = "54321"
AS_NOBODY = [
    "setpriv", "--reuid", NOBODY, "--regid", NOBODY, "--clear-groups",
    "--inh-caps", "+dac_read_search", "--ambient-caps", "+dac_read_search",  # where Python lies
]  # fmt: skip
NO_ROOM = ["prlimit", "--fsize=0"]  # the kernel refuses to write any byte to a file


def can_run(prefix: list[str]) -> bool:
    return shutil.which(prefix[0]) is not None and not subprocess.call(
        [*prefix, "true"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


needs_nobody = pytest.mark.skipif(not can_run(AS_NOBODY), reason="cannot run as another user")
needs_no_room = pytest.mark.skipif(not can_run(NO_ROOM), reason="cannot limit the size of files")


def homeless(*command, prefix=(), settings=None):
    """Run charrnn without the environment variables for the home folder and the user name."""
    kept = {name: value for name, value in os.environ.items() if name not in ABOUT_THE_USER}
    return subprocess.run(
        [*prefix, sys.executable, "-m", "charrnn", *map(str, command)],
        env=kept | {"PYTHONDONTWRITEBYTECODE": "1"} | (settings or {}),
        capture_output=True, text=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip


@pytest.mark.slow
@row(40)
@needs_nobody
def test_a_user_without_a_name_or_a_home_can_do_everything(corpus, tmp_path):
    tmp_path.chmod(0o777)
    for command in (
        ("train", corpus, *QUICK, "--run", "a", "--quiet"),
        ("resume", "a", "--steps", 25, "--quiet"),
        ("sample", "a", "-n", 9, "-s", 1),
        ("plot", "a", "--export", "a.svg"),
    ):
        done = homeless(*command, prefix=AS_NOBODY)
        assert done.returncode == 0, done.stderr
        assert done.stderr == ("charrnn: wrote a.svg\n" if command[0] == "plot" else "")


@pytest.mark.slow
@row(40)
@needs_no_room
@pytest.mark.usefixtures("trained")
def test_commands_that_only_read_need_no_free_disk_space():
    for command in (
        ("runs",),
        ("info", "a"),
        ("sample", "a", "-n", 9),
        ("predict", "the"),
        ("score", "--run", "a"),
        ("plot", "a"),
    ):
        done = homeless(*command, prefix=NO_ROOM)
        assert done.returncode == 0, done.stderr
        assert done.stdout


@row(40)
@pytest.mark.usefixtures("trained")
def test_charts_without_a_cache_folder_name_the_setting_that_gives_one():
    pytest.importorskip("matplotlib")
    code = """
import tempfile
def refuse(*given, **named):
    raise FileNotFoundError(2, "No usable temporary directory found")
tempfile.mkdtemp = refuse
from charrnn.__main__ import main
main()
"""
    done = subprocess.run(
        [sys.executable, "-c", code, "plot", "a", "--export", "a.png"],
        env=os.environ | {"MPLCONFIGDIR": os.devnull}, capture_output=True, text=True,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (
        6,
        "charrnn: matplotlib finds no folder where it may write its cache; name one: export"
        " MPLCONFIGDIR=FOLDER\n",
    )


@row(40)
@pytest.mark.skipif(sys.platform == "win32", reason="no folder that is used can be removed there")
@pytest.mark.parametrize("command", ["train ../corpus.txt", "runs"])
def test_a_deleted_working_folder_is_a_one_line_error(corpus, command):
    line = f"mkdir gone; cd gone; rmdir ../gone; exec {sys.executable} -m charrnn {command}"
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (
        6,
        "charrnn: cannot use the folder you are in: No such file or directory; change to"
        " another one: cd FOLDER\n",
    )


@pytest.mark.slow
@row(21)
@pytest.mark.skipif(sys.platform == "win32", reason="names of files are Unicode there")
def test_a_run_resumes_under_another_locale_whatever_its_corpus_is_called(
    charrnn, corpus, tmp_path
):
    name = "é.txt"
    corpus.rename(tmp_path / name)
    ascii_alone = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = homeless("train", name, *QUICK, "--run", "a", "--quiet", settings=ascii_alone)
    assert (done.returncode, done.stderr) == (0, "")
    assert charrnn("resume", "a", "--steps", 25, "--threads", 1).code == 0
    assert charrnn("train", name, *QUICK, "--run", "b", "--quiet").code == 0
    done = homeless("resume", "b", "--steps", 25, "--quiet", settings=ascii_alone)
    assert (done.returncode, done.stderr) == (0, "")
