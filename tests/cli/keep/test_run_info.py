import json
from pathlib import Path

import pytest

from charrnn.runs import checkpoint, safetensors_file


@pytest.mark.usefixtures("trained")
def test_runs_and_info_show_the_run(charrnn):
    num_parameters = json.loads(charrnn("info", "--json").out)["num_parameters"]
    assert num_parameters > 1560 + 200 * 8  # what the n-grams add
    assert f"lstm 1×12 ({num_parameters / 1000:.3g}k)" in charrnn("runs").out
    assert "20 of 20" in charrnn("runs").out
    facts = json.loads(charrnn("info", "--json").out)
    expected = {"step", "val_loss", "val_loss_reset", "num_parameters"}
    assert facts.keys() >= expected | {"weights_sha256", "corpus_sha256"}
    shown = charrnn("info").out
    assert "weights sha256" in shown
    assert f"{num_parameters:,}" in shown


@pytest.mark.usefixtures("trained")
def test_a_list_of_runs_reads_each_header_once_and_no_arrays(charrnn, monkeypatch):
    read, paths = checkpoint.read_header, []
    monkeypatch.setattr(checkpoint, "read_header", lambda path: paths.append(path) or read(path))
    monkeypatch.setattr(safetensors_file, "read_arrays", None)
    assert "20 of 20" in charrnn("runs").out
    assert sorted(path.name for path in paths) == ["best.safetensors", "last.safetensors"]


@pytest.mark.usefixtures("trained")
@pytest.mark.parametrize("name", ["best", "last"])
def test_a_list_of_runs_tells_which_checkpoint_has_no_valid_header(charrnn, name):
    path = Path("checkpoints/a") / f"{name}.safetensors"
    path.write_bytes(b"\xff" * 100)
    done = charrnn("runs")
    assert done.code == 0 and "of 20" in done.out
    (told,) = done.err.splitlines()
    assert f"a/{name}.safetensors is not a valid charrnn checkpoint" in told
    assert told.endswith(" instead")
