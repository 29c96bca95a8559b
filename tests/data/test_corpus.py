import os
from pathlib import Path

import pytest

from charrnn.data import corpus


def run_in(folder):
    path = Path(folder, "checkpoints/a/best.safetensors")
    path.parent.mkdir(parents=True)
    path.touch()
    return path


def test_a_run_below_the_working_folder_has_its_folders_there(tmp_path):
    with corpus.folders_of(run_in(".").relative_to(".")) as folders:
        assert folders.cache == Path("checkpoints/.corpora")
        assert [os.path.abspath(folder) for folder in folders.search] == [str(tmp_path)]
    with corpus.folders_of(None) as folders:
        assert folders.cache == Path("checkpoints/.corpora")


@pytest.mark.parametrize("depth", ["there", "there/checkpoints", "there/checkpoints/a"])
def test_a_run_has_the_same_folders_however_it_is_named(tmp_path, monkeypatch, depth):
    path = run_in("there").absolute()
    monkeypatch.chdir(depth)
    for named in (path, Path(os.path.relpath(path))):
        with corpus.folders_of(named) as folders:
            assert os.path.abspath(folders.cache) == str(tmp_path / "there/checkpoints/.corpora")
            assert os.path.abspath(folders.search[0]) == str(tmp_path / "there")
            assert {os.path.abspath(each) for each in folders.search[1:]} <= {os.getcwd()}


def test_a_checkpoint_outside_a_run_makes_no_cache_beside_it(tmp_path):
    path = tmp_path / "downloads/model.safetensors"
    path.parent.mkdir()
    path.touch()
    with corpus.folders_of(path) as folders:
        assert folders.cache.is_dir()
        assert tmp_path not in folders.cache.parents
    assert not folders.cache.exists()


def test_a_read_only_cache_can_be_read(tmp_path, monkeypatch):
    path = run_in(".")
    cache = tmp_path / "checkpoints/.corpora"
    cache.mkdir()
    (cache / "ids.npy").write_text("kept")
    monkeypatch.setattr(os, "access", lambda folder, mode: False)
    with corpus.folders_of(path) as folders:
        assert (folders.cache / "ids.npy").read_text() == "kept"
        os.replace(folders.cache / "ids.npy", folders.cache / "other")
        (folders.cache / "new").touch()
    assert os.listdir(cache) == ["ids.npy"]
    assert not folders.cache.exists()
