"""`charrnn copy`: a file or a run that speaks, and what it says where it cannot do more."""

import json
from pathlib import Path

import pytest
from conftest import ROOT

from charrnn.runs import checkpoint

pytestmark = pytest.mark.usefixtures("trained")


def test_a_run_is_made_that_speaks_and_is_not_resumed(charrnn):
    assert charrnn("copy", "a", "voice").err.endswith("try it: charrnn sample voice\n")
    assert [path.name for path in Path("checkpoints/voice").iterdir()] == ["best.safetensors"]
    for name, command in {"voice": "resume", "a": "info"}.items():
        done = charrnn(command, name)
        assert (done.code == 0) == (name == "a"), done.err
    refused = charrnn("resume", "voice", "--steps", 90)
    assert (refused.code, refused.err.count("\n")) == (4, 1)
    assert "copied without its training state; --init-from starts a new run" in refused.err


def test_what_needs_the_text_says_so(charrnn):
    charrnn("copy", "a", "voice")
    for command, hint in {
        ("score", "--run"): "name a file, or use the run that it is a copy of",
        ("neurons",): "name a file, or use the run that it is a copy of",
        ("sample", "--report", "--run"): "use the run that it is a copy of",
        ("sample", "--novel", 9, "--run"): "use the run that it is a copy of",
        ("memory",): "use the run that it is a copy of",
    }.items():
        refused = charrnn(*command, "voice")
        assert refused.code == 3
        assert refused.err == (
            f"charrnn: what this model learned was left out when it was copied; {hint}\n"
        )
    assert charrnn("score", "--run", "voice", "corpus.txt").code == 0


def test_what_needs_the_history_says_so(charrnn):
    charrnn("copy", "a", "voice")
    for command, missing in {"plot": "losses", "history": "samples"}.items():
        refused = charrnn(command, "voice")
        assert (refused.code, refused.err) == (
            2,
            f"charrnn: the run 'voice' is a copy, which has no {missing}; use the run that it is a"
            " copy of\n",
        )


def test_commands_about_runs_show_a_copy_without_training(charrnn):
    charrnn("copy", "a", "voice")
    assert "of 4,000" not in charrnn("runs").out
    told = json.loads(charrnn("info", "voice", "--json").out)
    assert not {"corpus", "corpus_sha256", "steps", "step", "val_loss", "device"} & told.keys()
    assert told["weights_sha256"] == ROOT.find("a").best_valid()[0].weights_sha256()
    checked = charrnn("verify", "voice").out
    assert "a copy without training state" in checked and "the digest matches" in checked
    assert "a copy has no steps to repeat" in checked
    assert not any(word in checked for word in ("encoded corpus", "metrics", "step 0"))


def test_a_new_run_begins_with_its_weights(charrnn):
    charrnn("copy", "a", "voice.safetensors")
    new = ("--init-from", "voice.safetensors", "--steps", 1, "--batch-size", 4, "--run", "b")
    assert charrnn("train", "corpus.txt", *new, "--seq-length", 8).code == 0


def test_a_copy_of_a_copy_is_the_same_to_the_byte(charrnn):
    charrnn("copy", "a", "voice.safetensors")
    charrnn("copy", "voice.safetensors", "again")
    copied = Path("checkpoints/again/best.safetensors").read_bytes()
    assert copied == Path("voice.safetensors").read_bytes()


def test_of_what_is_there_only_a_copy_is_replaced(charrnn):
    whole = Path("checkpoints/a/best.safetensors").read_bytes()
    for to in ("a", "checkpoints/a/best.safetensors"):
        assert charrnn("copy", "a", to).code == 2
    assert Path("checkpoints/a/best.safetensors").read_bytes() == whole
    for there in (b"mine", whole):  # of a checkpoint with its training there may be no other
        Path("voice.safetensors").write_bytes(there)
        refused = charrnn("copy", "a", "voice.safetensors")
        assert (refused.code, "was not written by charrnn" in refused.err) == (2, True)
        assert Path("voice.safetensors").read_bytes() == there
    charrnn("copy", "a", "other.safetensors")
    assert charrnn("copy", "a", "other.safetensors").code == 0
    assert checkpoint.read(Path("other.safetensors")).speaks_only
