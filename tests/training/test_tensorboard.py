"""`--tensorboard`: with the real package where it is installed, with a stand-in everywhere."""

import json
import sys
import types

import pytest
from conftest import ROOT, SMALL

from charrnn.errors import SettingError
from charrnn.training.callbacks.tensorboard import TensorBoard

REFUSED = OSError(28, "No space left on device")


class Event:
    """An event that is its own arguments, as JSON."""

    def __init__(self, **contents):
        self._contents = contents

    def SerializeToString(self):
        return json.dumps(self._contents, default=bytes.decode).encode() + b"\n"


class RecordWriter:
    def __init__(self, file):
        self.write, self.flush, self.close = file.write, file.flush, file.close


@pytest.fixture
def stand_in(monkeypatch):
    made = {
        "tensorboard": {},
        "tensorboard.compat": {},
        "tensorboard.compat.proto": {"event_pb2": types.SimpleNamespace(Event=Event)},
        "tensorboard.summary": {},
        "tensorboard.summary.writer": {},
        "tensorboard.summary.writer.record_writer": {"RecordWriter": RecordWriter},
    }
    for name, contents in made.items():
        module = types.ModuleType(name)
        vars(module).update(contents)
        monkeypatch.setitem(sys.modules, name, module)


class Trainer:
    """As much of a trainer as the callback asks for."""

    def __init__(self, folder):
        self.run = types.SimpleNamespace(folder=folder)
        self.warnings = []

    def warn(self, sentence):
        self.warnings.append(sentence)


def events(folder):
    files = sorted((folder / "tensorboard").glob("events.out.tfevents.*"))
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


@pytest.mark.usefixtures("stand_in")
def test_figures_are_written(tmp_path):
    trainer, callback = Trainer(tmp_path), TensorBoard()
    callback.on_record(trainer, {"step": 5, "loss": 9.0})  # before the start
    callback.on_start(trainer)
    callback.on_record(trainer, {"step": 0, "baselines": {}})
    assert not (tmp_path / "tensorboard").exists()
    figures = {"step": 10, "loss": 2.5, "grad_norm": 1.0, "elapsed_seconds": 3}
    callback.on_record(trainer, figures)
    callback.on_record(trainer, {"step": 10, "val_loss": 2.75})
    callback.on_record(trainer, {"step": 10, "sample": "one\n<two> \x1b"})
    callback.on_close(trainer)
    version, session, first, second, third = events(tmp_path)
    assert version["file_version"] == "brain.Event:2"
    assert (session["session_log"], session["step"]) == ({"status": "START"}, 10)
    assert first["summary"]["value"] == [
        {"tag": "loss", "simple_value": 2.5},
        {"tag": "grad_norm", "simple_value": 1.0},
    ]
    assert second["summary"]["value"] == [{"tag": "val_loss", "simple_value": 2.75}]
    [sample] = third["summary"]["value"]
    assert sample["tensor"]["string_val"] == ["    one\n    <two> ␛\n"]


@pytest.mark.usefixtures("stand_in")
@pytest.mark.parametrize("refusing", ["mkdir", "write"])
def test_a_full_disk_costs_a_warning_and_nothing_else(tmp_path, monkeypatch, refusing):
    trainer, callback = Trainer(tmp_path), TensorBoard()
    callback.on_start(trainer)

    def refuse(*arguments, **settings):
        raise REFUSED

    if refusing == "mkdir":
        monkeypatch.setattr("pathlib.Path.mkdir", refuse)
    else:
        monkeypatch.setattr(RecordWriter, "__init__", lambda self, file: vars(self).update(
            write=refuse, flush=file.flush, close=file.close))  # fmt: skip
    for step in (10, 20):
        callback.on_record(trainer, {"step": step, "loss": 1.0})
    callback.on_close(trainer)
    [warning] = trainer.warnings
    assert "No space left on device; training goes on without it" in warning


def test_without_the_package_it_says_what_to_install(monkeypatch, charrnn, corpus, tmp_path):
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    for name in [name for name in sys.modules if name.startswith("tensorboard.")]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(SettingError):
        TensorBoard()
    refused = charrnn("train", corpus, *SMALL, "--steps", 20, "--tensorboard")
    assert refused.code == 2
    assert 'pip install "charrnn[tensorboard]"' in refused.err
    assert refused.err.count("\n") == 1
    assert not (tmp_path / "checkpoints").exists()


@pytest.mark.usefixtures("stand_in")
def test_it_leaves_the_trajectory_alone_and_goes_on_with_a_resumed_run(charrnn, corpus):
    train = ("train", corpus, *SMALL, "--steps", 40, "--seed", 3)
    charrnn(*train, "--run", "plain")
    charrnn(*train, "--run", "watched", "--tensorboard")
    digests = [ROOT.find(name).newest_valid()[0].weights_sha256() for name in ("plain", "watched")]
    assert digests[0] == digests[1]
    charrnn("resume", "watched", "--steps", 60, "--tensorboard")
    found = events(ROOT.find("watched").folder)
    assert [event["step"] for event in found if "session_log" in event] == [0, 50]
    tags = [(e["step"], v["tag"]) for e in found for v in e.get("summary", {}).get("value", ())]
    steps = [step for step, tag in tags if tag == "loss"]
    assert steps == [10, 20, 30, 40, 50, 60]


@pytest.mark.filterwarnings("ignore")  # of a package that is not ours
def test_tensorboard_reads_what_was_written(tmp_path):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    for steps in ((10, 20, 30), (20, 30, 40)):  # killed after 30, resumed from 10
        trainer, callback = Trainer(tmp_path), TensorBoard()
        callback.on_start(trainer)
        for step in steps:
            figures = {"step": step, "loss": steps[0] / step, "learning_rate": 0.5}
            callback.on_record(trainer, figures)
            callback.on_record(trainer, {"step": step, "sample": f"after {step}"})
        callback.on_close(trainer)
    read = EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    losses = {event.step: event.value for event in read.Scalars("loss")}
    assert losses == pytest.approx({10: 1.0, 20: 1.0, 30: 20 / 30, 40: 0.5})
    assert [event.value for event in read.Scalars("learning_rate")] == [0.5] * 4
    texts = {
        event.step: event.tensor_proto.string_val[0]
        for event in read.Tensors("sample/text_summary")
    }
    assert texts == {step: f"    after {step}\n".encode() for step in (10, 20, 30, 40)}
    assert read.SummaryMetadata("sample/text_summary").plugin_data.plugin_name == "text"
