"""No right to write where the runs are."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from conftest import QUICK
from matrix import row
from stumbles import stumble

READING = [
    ("sample", "a", "-n", "20"),
    ("sample", "a", "-n", "20", "--report"),
    ("sample", "a", "-n", "20", "--novel", "30"),
    ("score", "--run", "a"),
    ("predict", "the", "--run", "a"),
    ("neurons", "a", "-n", "200"),
    ("memory", "a", "--json"),
    ("verify", "a"),
    ("info", "a"),
    ("runs",),
    ("plot", "a"),
]
ALL = """
import json, os, sys, torch
torch.set_num_threads(1)
from charrnn import __main__ as program
codes = []
for arguments in json.loads(sys.argv[1]):
    sys.argv = ["charrnn", *arguments]
    try:
        program.main()
    except SystemExit as ended:
        codes.append(int(ended.code or 0))
print(json.dumps(codes), file=sys.stderr)
"""


def without_rights(*command):
    """A command for which the modes of files count, also where the tests are run by root."""
    if os.geteuid():
        return list(command)
    if shutil.which("setpriv") is None:
        pytest.skip("root may do all, and there is no setpriv")
    return ["setpriv", "--inh-caps=-all", "--bounding-set=-all", *command]


def everything_below(folder):
    """What is there, and when it was last changed."""
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*")}


@pytest.fixture
def read_only(charrnn, corpus):
    """The run a, in a folder of runs in which nothing can be written."""
    assert charrnn("train", corpus.name, *QUICK, "--save-every", 0, "--run", "a").code == 0
    root = Path("checkpoints")
    yield root
    for folder in (root, root / "a", root / ".corpora"):
        if folder.exists():
            folder.chmod(0o755)


def lock(root):
    for folder in (root / "a", root / ".corpora", root):
        if folder.exists():
            folder.chmod(0o555)


@row(40)
@stumble(51)
@pytest.mark.parametrize("copy", ["kept", pytest.param("lost", marks=pytest.mark.slow)])
def test_what_reads_a_run_works_in_a_read_only_folder(read_only, copy):
    if copy == "lost":
        shutil.rmtree(read_only / ".corpora")
    lock(read_only)
    before = everything_below(read_only)
    made = Path("tmp")
    made.mkdir()
    command = [sys.executable, "-c", ALL, json.dumps(READING)]
    done = subprocess.run(
        without_rights(*command),
        env=os.environ | {"TMPDIR": str(made.absolute())},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=300,
        check=True,
    )
    assert json.loads(done.stderr.splitlines()[-1]) == [0] * len(READING), done.stderr.decode()
    assert b"ermission" not in done.stderr
    assert everything_below(read_only) == before
    assert list(made.iterdir()) == []


@row(40)
@stumble(51)
def test_what_must_write_there_says_what_helps(read_only, corpus):
    lock(read_only)
    commands = [("train", str(corpus), "--steps", "1"), ("resume", "a", "--steps", "30")]
    command = [sys.executable, "-c", ALL, json.dumps(commands)]
    done = subprocess.run(
        without_rights(*command), stdin=subprocess.DEVNULL, capture_output=True, timeout=300
    )
    lines = done.stderr.decode().splitlines()
    assert json.loads(lines[-1]) == [6, 6]
    assert lines[0].endswith(
        "Permission denied; work in a folder of your own, or make that one writable"
    )
    assert lines[-2].endswith(  # the save says it, or the lock where that is a file of its own
        (
            "Permission denied; make the folder writable; the checkpoint before it is intact",
            "Permission denied; make it writable; what is there is intact",
        )
    )


@row(40)
def test_a_temporary_folder_that_cannot_be_made_says_what_helps(charrnn, trained, monkeypatch):
    def refused(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "access", lambda folder, mode: False)
    monkeypatch.setattr(tempfile, "TemporaryDirectory", refused)
    told = charrnn("score")
    assert (told.code, told.err) == (
        6,
        "charrnn: cannot make a temporary folder: No space left on device; make room, or set"
        " TMPDIR\n",
    )
