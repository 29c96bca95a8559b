"""The folder of one run."""

import json
from pathlib import Path

import pytest
from test_checkpoint import small

from charrnn.errors import CheckpointError, StorageError
from charrnn.runs.run import Run


def test_a_file_with_two_names_takes_its_room_once(tmp_path):
    run = Run(tmp_path)
    for step in (1, 2):
        run.save(small(step=step))
    sizes = [path.stat().st_size for path in (run.last, run.previous)]
    assert run.num_bytes() == sum(sizes)
    run.previous.unlink()
    run.best.hardlink_to(run.last)
    assert run.num_bytes() == sizes[0]
    run.append_metrics({"step": 1})
    assert run.num_bytes() > sizes[0]
    assert run.foreign_files() == []


def test_a_run_that_another_process_removed_was_saved_at_no_time(tmp_path, monkeypatch):
    """The list of runs is sorted by that time, while others remove some of them."""
    run = Run(tmp_path / "a")
    assert run.last_saved_ns() == 0
    gone = [run.folder / "last.safetensors"]
    monkeypatch.setattr(Path, "glob", lambda folder, pattern: iter(gone))
    assert run.last_saved_ns() == 0


def test_metrics_of_steps_to_be_made_again_are_forgotten():
    run = Run(Path())
    run.drop_metrics_after(3)  # nothing there: nothing to do
    for step in range(1, 6):
        run.append_metrics({"step": step, "loss": 1.0})
    with run.metrics.open("a") as file:
        file.write('{"step": 2, "lo')  # cut short by a crash
    run.drop_metrics_after(3)
    assert [json.loads(line)["step"] for line in run.metrics.read_text().splitlines()] == [1, 2, 3]


def test_a_run_that_another_process_moved_does_not_come_back(tmp_path):
    run = Run(tmp_path / "a")
    with pytest.raises(StorageError), run.locked():
        pytest.fail("the lock of a folder that has gone was held")
    assert not run.folder.exists()
    run.folder.mkdir()
    with pytest.raises(CheckpointError, match="the run .* has gone"), run.at_rest():
        pytest.fail("a folder without a checkpoint was taken for a run")
    assert not run.folder.exists()
