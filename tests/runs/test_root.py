import errno
import os
from pathlib import Path

import pytest
from conftest import ROOT, SMALL
from test_checkpoint import small
from test_schemas import PAIRS, translation

from charrnn.errors import CheckpointError, StorageError, UsageError
from charrnn.runs import checkpoint
from charrnn.runs.root import Root
from charrnn.runs.schemas import SCHEMAS


def test_a_run_takes_its_default_name_and_then_numbers():
    names = [ROOT.create(None, default="my poems!").name for _ in range(3)]
    assert names == ["my-poems", "my-poems-2", "my-poems-3"]


def test_a_named_run_is_never_overwritten():
    ROOT.create("a", default="x").save(small())
    with pytest.raises(UsageError, match="there is a run 'a' already; .* type: charrnn resume a"):
        ROOT.create("a", default="x")


def test_no_run_has_a_name_that_no_disk_can_hold():
    for name in ("x" * 300, "é" * 200, "a/" + "x" * 300, "a\0b"):
        with pytest.raises(CheckpointError, match="there is no run"):
            ROOT.find(name)
        with pytest.raises(CheckpointError, match="there is no run"):
            ROOT.best_checkpoint(name)
        assert not ROOT.has(name)


def test_a_run_is_renamed_where_it_is(tmp_path):
    root = Root(tmp_path / "here", (tmp_path / "away",))
    (tmp_path / "away").mkdir()
    run = root.create("a", default="x")
    run.save(small())
    (tmp_path / "here").mkdir()
    root.create("taken", default="x").save(small())
    with pytest.raises(UsageError, match="there is a run 'taken' already"):
        root.rename(run, "taken")
    renamed = root.rename(run, "b")
    assert (renamed.name, renamed.folder) == ("b", tmp_path / "away/b")
    assert renamed.newest_valid()[0].position.step == 3
    assert not run.folder.exists()


def test_a_run_with_a_checkpoint_is_made_whole_or_not_at_all(monkeypatch):
    made = ROOT.create_with(small(), "a")
    assert (made.name, made.checkpoints) == ("a", [made.best])
    with pytest.raises(UsageError, match="there is a run 'a' already"):
        ROOT.create_with(small(step=4), "a")

    def refuse(*names):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(StorageError, match="cannot .*: No space left on device"):
        ROOT.create_with(small(), "b")
    assert [path.name for path in ROOT.folder.iterdir()] == ["a"]


@pytest.mark.parametrize(
    "name",
    ["", "../up", "a/b", ".hidden", "-flag", "a b", "voice.safetensors", "x" * 151, "é" * 76],
)
def test_a_name_that_is_no_folder_name_is_refused(name):
    run = ROOT.create_with(small(), "a")
    for action in (lambda: ROOT.create(name, default="x"), lambda: ROOT.rename(run, name)):
        with pytest.raises(UsageError, match="is not a valid name of a run|is too long a name"):
            action()
    assert [run.name for run in ROOT.runs()] == ["a"]


def test_a_default_name_is_made_valid():
    names = [ROOT.create(None, default="é" * 200).name for _ in range(2)]
    assert names == ["é" * 70, "é" * 70 + "-2"]
    assert ROOT.create(None, default="voice.safetensors").name == "voice"


def test_a_folder_that_is_no_run_is_not_called_one(tmp_path):
    run, other = ROOT.create_with(small(), "a"), ROOT.folder / "other"

    def make_link():
        try:
            other.symlink_to(tmp_path / "nowhere")
        except OSError:
            other.touch()

    for make, remove in (
        (other.mkdir, other.rmdir),
        (other.touch, other.unlink),
        (make_link, None),
    ):
        make()
        for action in (
            lambda: ROOT.rename(run, "other"),
            lambda: ROOT.create_with(small(), "other"),
        ):
            with pytest.raises(UsageError) as refused:
                action()
            assert str(refused.value) == f"{other} is there already; choose another name"
        if remove is not None:
            remove()
    assert run.newest_valid()


def test_of_two_who_take_a_name_at_once_the_second_is_told(monkeypatch):
    run = ROOT.create_with(small(), "a")
    monkeypatch.setattr(os.path, "lexists", lambda path: False)  # the other one is not there yet
    ROOT.create_with(small(), "b")
    for action in (lambda: ROOT.rename(run, "b"), lambda: ROOT.create_with(small(), "b")):
        with pytest.raises(UsageError, match="there is a run 'b' already"):
            action()
    assert sorted(path.name for path in ROOT.folder.iterdir()) == ["a", "b"]


def test_the_folder_that_one_is_in_is_a_run_with_a_name(monkeypatch):
    run = ROOT.create_with(small(), "a")
    folder = run.folder.resolve()
    (folder / "tensorboard").mkdir()
    for place, typed in ((folder, "."), (folder / "tensorboard", "..")):
        monkeypatch.chdir(place)
        assert ROOT.find(typed).folder == folder
        with pytest.raises(CheckpointError, match="there is no run ''"):
            ROOT.find("")  # of an empty variable of a shell, too


def test_the_newest_run_is_the_one_trained_last():
    for age, name in ((3, "old"), (1, "new"), (2, "middle")):
        run = ROOT.create(name, default="x")
        checkpoint.write(run.last, small())
        os.utime(run.last, (1000 - age, 1000 - age))
    ROOT.create("empty", default="x")
    assert [run.name for run in ROOT.runs()] == ["new", "middle", "old"]
    assert ROOT.find(None).name == "new"
    assert ROOT.find("old").name == "old"
    assert ROOT.find("checkpoints/old").folder == Path("checkpoints/old")


def test_the_newest_run_of_a_task_is_found(tmp_path, monkeypatch):
    monkeypatch.setitem(SCHEMAS, "translate_in_test", PAIRS)
    with pytest.raises(CheckpointError, match="there is no run in .*; type: charrnn train$"):
        ROOT.find(None, tasks=("translate_in_test",))
    for age, (name, saved) in enumerate({"new": translation(), "old": small()}.items()):
        run = ROOT.create(name, default="x")
        run.save(saved)
        os.utime(run.last, (1000 - age, 1000 - age))
    assert ROOT.find(None).name == "new"
    assert ROOT.find(None, tasks=("translate_in_test",)).name == "new"
    assert ROOT.find(None, tasks=("language_model",)).name == "old"
    assert ROOT.best_checkpoint(None, tasks=("language_model",))[0].task == "language_model"
    two = Root(tmp_path / "checkpoints", (tmp_path / "more",))
    (ROOT.folder / "new").rename(ROOT.folder / ".hidden")
    with pytest.raises(CheckpointError, match="no run of pairs in .* or .* FILE --pairs$"):
        two.find(None, tasks=("translate_in_test",))
    Root(tmp_path / "more").create("away", default="x").save(translation())
    assert two.find(None, tasks=("translate_in_test",)).name == "away"


@pytest.mark.parametrize(
    ("task", "flag"),
    [("caption", "--images FOLDER"), ("given", "--given label"), ("tag", "--in-step")],
)
def test_where_there_is_no_run_of_a_task_what_to_type_is_whole(task, flag):
    made = ROOT.create("a", default="x")
    made.save(small())
    with pytest.raises(CheckpointError, match=f"type: charrnn train FILE {flag}$"):
        ROOT.find(None, tasks=(task,))


def test_a_damaged_run_is_not_skipped_when_the_newest_is_asked_for():
    run = ROOT.create("damaged", default="x")
    run.last.write_bytes(b"damaged")
    os.utime(run.last, (1001, 1001))
    older = ROOT.create("a", default="x")
    older.save(small())
    os.utime(older.last, (1000, 1000))
    assert ROOT.find(None, tasks=("language_model",)).name == "damaged"


def test_a_missing_run_is_answered_with_the_existing_ones():
    run = ROOT.create("mine", default="x")
    checkpoint.write(run.last, small())
    with pytest.raises(
        CheckpointError, match="there is no run 'yours' in /.*/checkpoints; there are: mine"
    ):
        ROOT.find("yours")


def test_a_run_generates_with_its_best_checkpoint_or_else_its_last():
    run = ROOT.create("a", default="x")
    with pytest.raises(CheckpointError, match="the run 'a' has no checkpoint yet"):
        ROOT.best_checkpoint("a")
    checkpoint.write(run.last, small())
    assert ROOT.best_checkpoint("a")[0].position.step == 3
    checkpoint.write(run.best, small(step=2))
    assert ROOT.best_checkpoint(None)[0].position.step == 2
    assert ROOT.best_checkpoint(str(run.last))[0].position.step == 3
    run.best.write_bytes(b"damaged")
    found, skipped = ROOT.best_checkpoint("a")
    assert found.position.step == 3
    assert "best.safetensors is not a valid" in skipped[0].message


def test_a_second_folder_is_searched_after_the_first(tmp_path):
    here, away = tmp_path / "here", tmp_path / "away"
    root = Root(here, (away,), "say where")
    with pytest.raises(CheckpointError, match=f"in {here} or {away} yet; .*train; say where$"):
        root.find(None)
    away.mkdir()
    made = root.create("a", default="x")
    assert (made.folder, made.name) == (away / "a", "a")
    made.save(small())
    assert root.runs() == [made]
    here.mkdir()
    other = root.create("a", default="x")
    other.save(small(step=4))
    assert root.find("a") == other
    assert [root.find(str(run.folder)).name for run in (other, made)] == ["a", str(away / "a")]
    assert root.has("a") and not root.has("b")


def test_generating_does_not_load_the_optimiser(charrnn, corpus):
    charrnn("train", corpus, *SMALL, "--steps", 3, "--run", "a")
    for name in ("a", "checkpoints/a/last.safetensors"):
        found, _ = ROOT.best_checkpoint(name)
        assert {array.split(".")[0] for array in found.arrays} == {"weights", "ngrams"}
    resumed, _ = ROOT.find("a").newest_valid()
    assert any(array.startswith("optimizer.") for array in resumed.arrays)
