"""Which run torchrun's next attempt continues."""

import pytest
from conftest import ROOT
from injection import refuse
from test_checkpoint import small

from charrnn.errors import StorageError
from charrnn.runs import restarts
from charrnn.runs.restarts import Launch

TRAIN = Launch("job 7", ("train", "corpus.txt"))


def begin(launch=TRAIN):
    run = ROOT.create(None, default="a")
    restarts.note(run, launch)
    run.save(small())
    return run


def test_the_next_attempt_finds_the_run_of_the_same_launch_and_command():
    run = begin()
    begin(Launch("job 7", ("train", "other.txt")))
    begin(Launch("job 8", TRAIN.arguments))
    assert restarts.earlier_run(ROOT, TRAIN) == run
    assert restarts.earlier_run(ROOT, Launch("job 7", ("train",))) is None
    restarts.finish(run)
    assert restarts.earlier_run(ROOT, TRAIN) is None
    assert not run.launch.exists()


def test_an_attempt_without_a_save_frees_its_name(tmp_path):
    run = ROOT.create("a", default="x")
    restarts.note(run, TRAIN)
    assert restarts.earlier_run(ROOT, TRAIN) is None
    assert not run.folder.exists()


@pytest.mark.parametrize("text", ["{", "[]", '{"arguments": 3}', '{"arguments": [], "other": 1}'])
def test_a_note_that_cannot_be_read_is_ignored(text):
    begin().launch.write_text(text)
    assert restarts.earlier_run(ROOT, TRAIN) is None


def test_a_note_that_cannot_be_written_is_an_error(monkeypatch):
    refuse(monkeypatch, "launch.json")
    with pytest.raises(StorageError, match="cannot write .*launch.json: No space left on device"):
        begin()
