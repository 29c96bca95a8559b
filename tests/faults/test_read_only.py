"""A folder of runs without the right to write."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from conftest import QUICK
from injection import obeying_modes
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


def everything_below(folder):
    """Return all paths below a folder and when each was last changed."""
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*")}


@pytest.fixture
def read_only(charrnn_once, corpus):
    """The folder of runs with the run a; `lock` makes it read-only."""
    charrnn_once("train", corpus.name, *QUICK, "--save-every", 0, "--run", "a")
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
@pytest.mark.parametrize("copy", ["kept", "lost"])
def test_commands_that_only_read_work_in_a_read_only_folder(charrnn, read_only, monkeypatch, copy):
    if copy == "lost":
        shutil.rmtree(read_only / ".corpora")
    lock(read_only)
    before = everything_below(read_only)
    made = Path("tmp")
    made.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(made.absolute()))  # as TMPDIR does at the start
    for command in READING:
        with obeying_modes():
            done = charrnn(*command)
        assert done.code == 0, done.err
        assert "ermission" not in done.err
    assert everything_below(read_only) == before
    assert list(made.iterdir()) == []


@row(40)
@stumble(51)
def test_resuming_in_a_read_only_folder_is_refused_with_a_remedy(charrnn, read_only):
    lock(read_only)
    with obeying_modes():
        refused = charrnn("resume", "a", "--steps", 30)
    assert refused.code == 6
    assert refused.err.endswith(  # the save says it, or the lock where that is a file of its own
        (
            "Permission denied; make the folder writable; the checkpoint before it is intact\n",
            "Permission denied; make it writable; what is there is intact\n",
        )
    )


@row(4)
@row(40)
@stumble(51)
def test_training_in_a_read_only_folder_is_refused_before_the_first_step(charrnn, corpus):
    Path("checkpoints").mkdir(mode=0o555)
    with obeying_modes():
        refused = charrnn("train", corpus, "--steps", 5)
    assert refused.code == 6
    assert refused.err.endswith(
        "charrnn: cannot write the encoded corpus to checkpoints/.corpora: Permission denied;"
        " work in a folder of your own, or make that one writable\n"
    )
    assert not list(Path("checkpoints").iterdir())


@row(40)
@pytest.mark.parametrize(
    "command",
    [
        ("score",),
        ("score", "pairs.tsv", "--run", "p"),
        ("neurons", "a", "--labels", "pairs.tsv"),
    ],
)
def test_a_failing_temporary_folder_is_one_line_with_a_remedy(
    charrnn, trained, pair_runs, monkeypatch, command
):
    def refused(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "access", lambda folder, mode: False)
    monkeypatch.setattr(tempfile, "TemporaryDirectory", refused)
    shown = charrnn(*command)
    assert (shown.code, shown.err) == (
        6,
        "charrnn: cannot make a temporary folder: No space left on device; make room, or set"
        " TMPDIR\n",
    )
