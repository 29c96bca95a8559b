"""Removing runs: what goes, and what stays for others."""

import os
from pathlib import Path

import pytest
from conftest import QUICK, ROOT, small_text
from injection import obeying_modes
from test_checkpoint import small

from charrnn import _atomic
from charrnn.errors import LockedError, StorageError, UsageError
from charrnn.models.device import settings_restored
from charrnn.runs import removal
from charrnn.runs.removal import planned
from charrnn.runs.run import Run
from charrnn.tasks.task import SourceNames
from charrnn.training.budget import Budget
from charrnn.training.setup.request import Request
from charrnn.training.setup.session import Session
from charrnn.training.setup.start import start_run

CACHE = Path("checkpoints/.corpora")


def cached():
    """Return the names of the files of the cache, without locks."""
    return {path.name for path in CACHE.iterdir() if path.suffix != ".lock"}


def made(name):
    run = ROOT.create(name, default="x")
    run.save(small())
    return run


@pytest.mark.usefixtures("trained")
class TestCorpora:
    def test_the_last_run_takes_its_encoded_text_along_and_says_how_much_that_is(self, charrnn):
        assert len(cached()) == 2  # what was found in the file, and the ids
        ours = ROOT.find("a")
        plan = planned([ours, Run(ours.folder.resolve())])
        assert {path.name for path in plan.corpora} == cached()
        files = [*ours.folder.iterdir(), *plan.corpora]
        assert plan.num_bytes() == sum({f.stat().st_ino: f.stat().st_size for f in files}.values())
        plan.carry_out()
        assert cached() == set()
        assert [path.name for path in Path("checkpoints").iterdir()] == [".corpora"]

    def test_what_another_run_needs_stays(self, charrnn):
        Path("other.txt").write_text(small_text(3000, seed=1))
        assert charrnn("train", "other.txt", *QUICK, "--run", "other").code == 0
        assert charrnn("train", "corpus.txt", *QUICK, "--run", "b").code == 0
        both = cached()
        planned([ROOT.find("a")]).carry_out()
        assert cached() == both
        assert charrnn("score", "--run", "b").code == 0
        planned([ROOT.find("b")]).carry_out()
        assert cached() < both
        Path("other.txt").unlink()
        assert charrnn("score", "--run", "other").code == 0

    def test_where_a_run_cannot_be_read_every_encoded_text_stays(self):
        damaged = made("damaged")
        damaged.last.write_bytes(b"damaged")
        assert planned([ROOT.find("a")]).corpora == frozenset()

    def test_what_another_run_has_come_to_need_since_it_was_planned_stays(self, charrnn):
        plan, before = planned([ROOT.find("a")]), cached()
        assert plan.corpora
        ROOT.create("b", default="x").save(ROOT.find("a").newest_valid()[0])
        plan.carry_out()
        assert cached() == before
        plan = planned([ROOT.find("b")])
        made("damaged").last.write_bytes(b"damaged")
        plan.carry_out()
        assert cached() == before

    def test_a_copy_to_hand_over_needs_none(self, charrnn):
        charrnn("copy", "a", "voice")
        assert planned([ROOT.find("voice")]).corpora == frozenset()
        assert len(planned([ROOT.find("a")]).corpora) == len(cached())


@pytest.mark.usefixtures("trained")
def test_what_a_run_needs_that_is_not_saved_yet_stays(charrnn):
    plan, before = planned([ROOT.find("a")]), cached()
    with settings_restored():
        settings = {"hidden_size": 8, "threads": 1}
        request = Request(SourceNames(("corpus.txt",)), ROOT, settings, Budget(steps=1))
        trainer = start_run(request, Session())
        assert planned([ROOT.find("a")]).corpora == frozenset()
        plan.carry_out()
        Path("corpus.txt").unlink()
        assert [report.step for report in trainer.steps()] == [1]
    assert cached() >= before and not list(CACHE.glob(".claim-*"))
    assert charrnn("score").code == 0
    planned([trainer.run]).carry_out()
    assert cached() == set()


def test_the_files_of_pairs_go_with_their_last_run(pair_runs):
    every = planned([ROOT.find("p"), ROOT.find("plain")])
    assert {path.name for path in every.corpora} == cached()
    assert planned([ROOT.find("p")]).corpora == frozenset()


def test_a_run_that_is_trained_stays_and_so_do_the_others():
    runs = [made("a"), made("b")]
    with runs[1].locked(), pytest.raises(LockedError, match="the run 'b' is being trained by"):
        planned(runs)
    assert len(ROOT.runs()) == 2


def test_a_folder_that_holds_something_else_is_not_removed(tmp_path):
    run = made("a")
    (run.folder / "tensorboard").mkdir()
    _atomic.temporary_beside(run.last).touch()
    planned([run])
    (run.folder / "notes.txt").touch()
    with pytest.raises(UsageError, match="holds what is no part of a run: notes.txt; move it"):
        planned([run])
    (run.folder / "notes.txt").rename(tmp_path / "notes.txt")
    elsewhere = tmp_path / "elsewhere"
    run.folder.rename(elsewhere)
    try:
        run.folder.symlink_to(elsewhere)
    except OSError:
        pytest.skip("no links here")
    with pytest.raises(UsageError, match="is a link to another folder"):
        planned([run])


def test_a_run_is_there_whole_or_gone(monkeypatch):
    plan = planned([made("a")])
    before = sorted(path.name for path in ROOT.find("a").folder.iterdir())

    def refuse(*names):
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", refuse)
        with pytest.raises(StorageError, match="cannot remove .*: Permission denied; check"):
            plan.carry_out()
    assert sorted(path.name for path in ROOT.find("a").folder.iterdir()) == before
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("shutil.rmtree", lambda *names, **settings: _interrupt())
        plan.carry_out()
    assert ROOT.runs() == []
    assert not (ROOT.folder / "a").exists()


def test_a_run_whose_files_cannot_be_removed_stays():
    run = made("a")
    with run.at_rest():
        pass  # its lock is there, as after a training
    run.folder.chmod(0o555)
    try:
        with (
            obeying_modes(),
            pytest.raises(StorageError, match="Permission denied"),
        ):
            planned([run]).carry_out()
    finally:
        run.folder.chmod(0o755)
    assert ROOT.find("a").newest_valid()


def _interrupt():
    raise KeyboardInterrupt


def test_a_file_of_the_cache_that_is_gone_already_is_no_problem(tmp_path):
    gone = tmp_path / "gone.npy"
    plan = removal.Removal((made("a"),), frozenset({gone}))
    assert plan.num_bytes_of_corpora() == 0
    plan.carry_out()
    assert ROOT.runs() == []
