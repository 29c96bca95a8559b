"""A run that others teach is stopped, and a teacher is removed, renamed, damaged or trained on."""

import shutil
import signal

import pytest
from conftest import TRAIN, metrics, run_of, same_files, signal_at
from matrix import row

TAUGHT = (*TRAIN[:-1], "s", "--teacher", "a", "--teacher", "b", "--dropout", 0.3)
PUT_BACK = "put it back; or --init-from starts a new run with the weights so far\n"


@pytest.fixture
def teachers(charrnn_once, corpus):
    """Make the runs a and b, of two cells."""
    charrnn_once(*TRAIN)
    charrnn_once(*TRAIN[:-1], "b", "--cell", "gru", "--seed", 2)


@pytest.fixture
def stopped(charrnn, teachers):
    """Make the run s, which a and b teach: stopped after 31 of 60 steps."""
    with pytest.MonkeyPatch.context() as patch:
        signal_at(patch, 30, signal.SIGTERM)
        assert charrnn(*TAUGHT).code == 143


@row(13)
def test_a_taught_run_that_is_stopped_again_and_again_equals_one_run(charrnn, stopped, tmp_path):
    with pytest.MonkeyPatch.context() as patch:
        signal_at(patch, 47, signal.SIGINT)
        assert charrnn("resume", "s").code == 130
    assert charrnn("resume", "s").code == 0
    verified = charrnn("verify", "s")
    assert (verified.code, "bit-identical" in verified.out) == (0, True)
    whole = run_of(tmp_path, "s").folder.rename(tmp_path / "checkpoints/stopped")
    assert charrnn(*TAUGHT).code == 0
    same_files(run_of(tmp_path, "s"), run_of(tmp_path, whole.name))


def test_a_finished_run_needs_its_teachers_only_for_more_steps(charrnn, teachers, tmp_path):
    assert charrnn(*TAUGHT).code == 0
    assert charrnn("remove", "a", "--yes").err.count("\n") == 1
    done = charrnn("resume", "s")
    assert (done.code, "finished, all 60 steps are done" in done.err) == (0, True)
    assert charrnn("resume", "s", "--steps", 70).err.endswith(PUT_BACK)


def lose(charrnn, tmp_path, how):
    if how == "removed":
        charrnn("remove", "a", "--yes")
    if how == "renamed":
        charrnn("rename", "a", "c")
    if how == "trained on":
        charrnn("resume", "a", "--steps", 120)
    if how == "damaged":
        for path in run_of(tmp_path).checkpoints:
            path.write_bytes(path.read_bytes()[:-9])


@row(46)
@pytest.mark.parametrize(
    ("how", "what"),
    [
        ("removed", "a: there is no run 'a' in {}/checkpoints"),
        ("renamed", "a: there is no run 'a' in {}/checkpoints"),
        ("damaged", "a: {}/checkpoints/a/best.safetensors is not a valid charrnn checkpoint: "),
        ("trained on", "a as it was, which has other weights now; "),
    ],
)
def test_without_its_teachers_a_run_does_not_go_on(charrnn, stopped, tmp_path, how, what):
    """And it is as it was: with the teacher put back, it comes to the end."""
    shutil.copytree("checkpoints/a", "kept")
    before = {path: path.read_bytes() for path in run_of(tmp_path, "s").folder.iterdir()}
    lose(charrnn, tmp_path, how)
    for flags in ((), ("--steps", 99), ("--minutes", 1)):
        refused = charrnn("resume", "s", *flags)
        assert refused.code == 4
        assert refused.err.startswith(
            f"charrnn: to go on, the run 's' needs its teacher {what.format(tmp_path)}"
        )
        assert refused.err.endswith(PUT_BACK) and refused.err.count("\n") == 1
    assert {path: path.read_bytes() for path in before if path.name != "holder"} == {
        path: data for path, data in before.items() if path.name != "holder"
    }
    verified = charrnn("verify", "s")
    assert (verified.code, "not made again: to go on, the run 's' needs" in verified.out) == (
        0, True
    )  # fmt: skip
    shutil.rmtree("checkpoints/a", ignore_errors=True)
    shutil.copytree("kept", "checkpoints/a")
    assert charrnn("resume", "s").code == 0
    assert metrics(run_of(tmp_path, "s"))[-1]["step"] == 60
