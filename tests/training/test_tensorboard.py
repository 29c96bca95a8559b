"""`--tensorboard`: with the real package where it is installed, with a stand-in everywhere."""

import json
import sys
import types

import pytest
from conftest import SMALL

from charrnn.cli import console
from charrnn.errors import UsageError
from charrnn.runs.folder import find
from charrnn.training import tensorboard

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


class Listening(console.Quiet):
    def __init__(self):
        self.heard = []

    def warn(self, sentence):
        self.heard.append(sentence)

    def figures(self, figures):
        self.heard.append(figures["step"])

    def end(self):
        self.heard.append("end")


def events(folder):
    files = sorted((folder / "tensorboard").glob("events.out.tfevents.*"))
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


@pytest.mark.usefixtures("stand_in")
def test_figures_are_written_and_handed_on(tmp_path):
    heard = Listening()
    shown = tensorboard.beside(heard)
    assert shown.seconds_between_samples == heard.seconds_between_samples
    shown.figures({"step": 5, "loss": 9.0})  # before the folder is known
    shown.opened(tmp_path)
    shown.begin(0, 20)
    shown.figures({"step": 0, "baselines": {}})
    assert not (tmp_path / "tensorboard").exists()
    shown.figures({"step": 10, "loss": 2.5, "grad_norm": 1.0, "elapsed_seconds": 3})
    shown.figures({"step": 10, "val_loss": 2.75})
    shown.figures({"step": 10, "sample": "one\n<two> \x1b"})
    shown.end()
    assert heard.heard == [5, 0, 10, 10, 10, "end"]
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
    heard = Listening()
    shown = tensorboard.beside(heard)
    shown.opened(tmp_path)

    def refuse(*arguments, **settings):
        raise REFUSED

    if refusing == "mkdir":
        monkeypatch.setattr("pathlib.Path.mkdir", refuse)
    else:
        monkeypatch.setattr(RecordWriter, "__init__", lambda self, file: vars(self).update(
            write=refuse, flush=file.flush, close=file.close))  # fmt: skip
    for step in (10, 20):
        shown.figures({"step": step, "loss": 1.0})
    shown.end()
    warning, *rest = heard.heard
    assert "No space left on device; training goes on without it" in warning
    assert rest == [10, 20, "end"]


def test_without_the_package_it_says_what_to_install(monkeypatch, charrnn, corpus, tmp_path):
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    for name in [name for name in sys.modules if name.startswith("tensorboard.")]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(UsageError):
        tensorboard.beside(console.Quiet())
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
    digests = [find(name).newest_valid()[0].weights_sha256() for name in ("plain", "watched")]
    assert digests[0] == digests[1]
    charrnn("resume", "watched", "--steps", 60, "--tensorboard")
    found = events(find("watched").folder)
    assert [event["step"] for event in found if "session_log" in event] == [0, 50]
    tags = [(e["step"], v["tag"]) for e in found for v in e.get("summary", {}).get("value", ())]
    steps = [step for step, tag in tags if tag == "loss"]
    assert steps == [10, 20, 30, 40, 50, 60]


@pytest.mark.filterwarnings("ignore")  # of a package that is not ours
def test_tensorboard_reads_what_was_written(tmp_path):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    for steps in ((10, 20, 30), (20, 30, 40)):  # killed after 30, resumed from 10
        shown = tensorboard.beside(console.Quiet())
        shown.opened(tmp_path)
        for step in steps:
            shown.figures({"step": step, "loss": steps[0] / step, "learning_rate": 0.5})
            shown.figures({"step": step, "sample": f"after {step}"})
        shown.end()
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
