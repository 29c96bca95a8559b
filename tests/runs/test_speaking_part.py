"""A copy to hand over speaks as its run does, and tells nothing of its text or its training."""

import dataclasses
import json
import socket
from pathlib import Path

import pytest
from conftest import ROOT, run_of
from drawn import save_captions, save_pictures
from test_caption_score import TRAIN as TRAIN_CAPTIONS
from test_checkpoint import small

from charrnn.config import DataConfig, RuntimeConfig, TrainConfig
from charrnn.errors import StorageError, UsageError
from charrnn.runs.speaking_part import hand_over, speaking_part

COMMANDS = {  # of each task: the fixture and the name of a run, and how it speaks
    "language_model": ("trained", "a", ("sample", "-n", 50, "-s", 1)),
    "seq2seq": ("pair_runs", "p", ("translate", "afx", "bgz", "--json")),
    "classify": ("label_run", "l", ("classify", "alnu", "--json")),
    "given": ("given_run", "g", ("sample", "--given", "other", "--num", 3, "-s", 1)),
    "tag": ("tag_runs", "t", ("translate", "aln res")),
    "caption": ("captions", "p", ("caption", "pictures")),
}


@pytest.fixture
def captions(charrnn_once):
    save_captions(save_pictures(80))
    charrnn_once(*TRAIN_CAPTIONS)


@pytest.mark.parametrize("task", COMMANDS)
def test_a_copy_says_the_same_and_nothing_private_is_in_it(charrnn, request, tmp_path, task):
    fixture, name, (command, *arguments) = COMMANDS[task]
    request.getfixturevalue(fixture)
    if task == "caption":
        arguments = sorted(str(path) for path in Path("pictures").iterdir())[:2]
    run_of(tmp_path, name).folder.rename("checkpoints/for-nobody")
    run = run_of(tmp_path, "for-nobody")
    done = charrnn("copy", "for-nobody", "voice.safetensors")
    assert (done.code, done.out) == (0, "")
    spoken = charrnn(command, "--run", "for-nobody", *arguments)
    assert spoken.code == 0
    assert charrnn(command, "--run", "voice.safetensors", *arguments).out == spoken.out
    whole, data = run.newest_valid()[0], Path("voice.safetensors").read_bytes()
    assert whole.task == task
    (facts,) = whole.corpora.values()
    private = [*facts.names, facts.sha256, "for-nobody", str(tmp_path), "corpus.txt", "pictures"]
    private += ["optimizer.", "state.", "recent_losses", "best.safetensors"]
    private += [name for name in (socket.gethostname(), Path.home().name) if len(name) > 3]
    assert [word for word in private if word.encode() in data] == []
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    kept = json.loads(header["__metadata__"]["charrnn"])
    assert (kept["train"], kept["runtime"]) == (TrainConfig().to_json(), RuntimeConfig().to_json())
    assert (kept["metrics"], kept["position"]["elapsed_seconds"]) == ({}, 0)


def test_columns_of_a_table_and_splits_are_left_out_and_how_a_text_is_read_is_kept():
    data = DataConfig(
        column="patients", records="lines", encoding="latin-1", errors="skip", val_fraction=0.3
    )
    part = speaking_part(dataclasses.replace(small(), data=data))
    assert part.data == DataConfig(records="lines", encoding="latin-1", errors="skip")
    assert part.weights_sha256() == small().weights_sha256()
    assert {name.partition(".")[0] for name in part.arrays} == {"weights", "ngrams"}
    assert part.speaks_only and not small().speaks_only
    assert part.corpus_names == ()


@pytest.mark.usefixtures("trained")
def test_a_disk_that_refuses_costs_one_line():
    with pytest.raises(StorageError, match="cannot write none/a.safetensors.*another file"):
        hand_over(ROOT.find("a").best_valid()[0], "none/a.safetensors", ROOT)
    with pytest.raises(UsageError, match="not a valid name of a run"):
        hand_over(ROOT.find("a").best_valid()[0], "../a", ROOT)


def test_no_copy_becomes_a_checkpoint_of_another_run():
    whole = small()
    run = ROOT.create_with(whole, "a")
    for path in (run.best, run.previous):  # the second one is not there
        with pytest.raises(UsageError, match="is a checkpoint of a run; name another file"):
            hand_over(whole, str(path), ROOT)
    assert run.checkpoints == [run.best]
