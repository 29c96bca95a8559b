"""Where a run's corpus is found, and where a run is found."""

import json
import shutil
from pathlib import Path

import pytest
from conftest import QUICK, run_of, small_text
from stumbles import stumble

NAMES = "".join(f"{a}{b}{c}\n" for a in "BDKL" for b in "aeiou" for c in ("n", "ra", "lo", "mmi"))


@pytest.fixture
def away(charrnn_once, tmp_path, monkeypatch):
    """Work outside the folder of the runs text and names; return the path of the runs."""
    Path("c.txt").write_text(small_text())
    Path("names.txt").write_text(NAMES)
    charrnn_once("train", "c.txt", *QUICK, "--save-every", 0, "--run", "text")
    charrnn_once("train", "names.txt", "--lines", *QUICK, "--run", "names")
    (tmp_path / "away").mkdir()
    monkeypatch.chdir(tmp_path / "away")
    return tmp_path / "checkpoints"


READING = [
    ("score", "--run", "text"),
    ("neurons", "text", "-n", 300),
    ("memory", "text", "--places", 8),
    ("sample", "text", "-n", 40, "--report"),
    ("sample", "text", "-n", 40, "--novel", 30),
    ("sample", "names", "--novel", "--num", 2),
    ("verify", "text"),
]


def at(root, arguments):
    return [root / word if word in ("text", "names") else word for word in arguments]


@stumble(20)
@pytest.mark.parametrize("copy", ["kept", "lost", "alone"])
def test_a_run_named_by_its_path_finds_its_corpus(charrnn, away, copy):
    """With both the files of the corpus and their encoded copy, or with only one of them."""
    if copy == "lost":
        shutil.rmtree(away / ".corpora")
    if copy == "alone":
        (away.parent / "c.txt").unlink()
        (away.parent / "names.txt").unlink()
    for arguments in READING:
        done = charrnn(*at(away, arguments))
        assert done.code == 0, done.err
        assert "gone" not in done.err + done.out
        assert "not made again" not in done.out
    assert list(Path().iterdir()) == []


@stumble(20)
def test_a_run_can_be_named_by_a_relative_path(charrnn, away):
    assert charrnn("score", "--run", "../checkpoints/text").code == 0
    assert charrnn("resume", "../checkpoints/text", "--steps", 24).code == 0
    assert charrnn("score", "--run", away / "text/last.safetensors").code == 0
    assert list(Path().iterdir()) == []


@stumble(21)
@pytest.mark.parametrize("copy", ["kept", "lost"])
def test_a_file_of_the_same_name_here_is_not_taken_for_the_corpus(charrnn, away, copy):
    Path("c.txt").write_text(small_text(seed=7))
    Path("names.txt").write_text("Zoe\n" * 99)
    if copy == "lost":
        shutil.rmtree(away / ".corpora")
    for arguments in READING:
        done = charrnn(*at(away, arguments))
        assert done.code == 0, done.err
    assert charrnn("resume", away / "text", "--steps", 24).code == 0
    assert sorted(path.name for path in Path().iterdir()) == ["c.txt", "names.txt"]


@stumble(21)
def test_a_corpus_moved_to_the_working_folder_is_found(charrnn, away):
    shutil.rmtree(away / ".corpora")
    (away.parent / "c.txt").rename("c.txt")
    assert charrnn("score", "--run", away / "text").code == 0


@stumble(37)
def test_a_run_that_is_not_found_names_the_folder_that_was_searched(charrnn, away):
    here = Path("checkpoints").absolute()
    where = "CHARRNN_CHECKPOINTS=FOLDER says where else they are"
    none = f"there is no run in {here} yet; type: charrnn train; {where}\n"
    assert charrnn("sample").err == f"charrnn: {none}"
    assert charrnn("runs").err == f"charrnn: {none}"
    assert charrnn("sample", "text").err == (
        f"charrnn: there is no run 'text' in {here}; there are none yet; {where}\n"
    )


@stumble(37)
def test_runs_are_found_where_the_environment_says(charrnn, away, monkeypatch):
    monkeypatch.setenv("CHARRNN_CHECKPOINTS", str(away))
    assert charrnn("sample", "text", "-n", 20).code == 0
    assert charrnn("sample", "-n", 20).code == 0
    assert "names.txt" in charrnn("runs").out
    assert json.loads(charrnn("info", "text", "--json").out)["run"] == "text"
    assert charrnn("score", "--run", "text").code == 0
    assert "text is also a run" in charrnn("predict", "text").err
    Path("d.txt").write_text(small_text(seed=9))
    assert charrnn("train", "d.txt", *QUICK).code == 0
    assert run_of(away.parent, "d").last.exists()
    assert charrnn("resume", "d", "--steps", 24).code == 0
    assert not Path("checkpoints").exists()
    taken = charrnn("train", "d.txt", *QUICK, "--run", "text")
    assert "there is a run 'text' already" in taken.err
    missing = charrnn("sample", "none")
    assert f"there is no run 'none' in {Path('checkpoints').absolute()} or {away};" in missing.err


@stumble(37)
def test_runs_in_the_working_folder_come_first(charrnn, away, monkeypatch):
    monkeypatch.setenv("CHARRNN_CHECKPOINTS", str(away))
    Path("checkpoints").mkdir()
    Path("d.txt").write_text(small_text(seed=9))
    assert charrnn("train", "d.txt", *QUICK, "--run", "text").code == 0
    assert Path("checkpoints/text/last.safetensors").exists()
    assert json.loads(charrnn("info", "--json").out)["corpus"] == "d.txt"
    assert json.loads(charrnn("info", "text", "--json").out)["corpus"] == "d.txt"
    assert json.loads(charrnn("info", "names", "--json").out)["corpus"] == "names.txt"
    other = json.loads(charrnn("info", away / "text", "--json").out)
    assert (other["corpus"], other["run"]) == ("c.txt", str(away / "text"))
