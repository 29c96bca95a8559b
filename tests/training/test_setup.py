"""Putting a sitting together: budgets, corpora that changed, weights from elsewhere."""

import io
import json
import sys

import numpy as np
import pytest
from conftest import ROOT, SMALL, run_of, small_text

from charrnn._text import Reporter
from charrnn.errors import UsageError
from charrnn.runs import checkpoint
from charrnn.runs.run import Run
from charrnn.training import setup
from charrnn.training.autosize import Budget
from charrnn.training.distributed import Group

QUICK = (*SMALL, "--steps", 20, "--eval-every", 10)


def facts(charrnn, name):
    return json.loads(charrnn("info", name, "--json").out)


def test_a_finished_run_goes_on_when_it_gets_more_steps(charrnn, corpus):
    charrnn("train", corpus, *QUICK, "--run", "a")
    done = charrnn("resume")
    assert (done.code, facts(charrnn, "a")["step"]) == (0, 20)
    assert "all 20 steps are made; for more: charrnn resume a --minutes 5" in done.err
    assert facts(charrnn, "a")["step"] == 20
    assert charrnn("resume", "a", "--steps", 50).code == 0
    assert facts(charrnn, "a")["step"] == 50
    refused = charrnn("resume", "a", "--steps", 30)
    assert refused.code == 2
    assert "has already made 50 steps; a new length must be greater, 30 is not" in refused.err
    assert charrnn("resume", "a", "--minutes", 0.01).code == 0
    assert facts(charrnn, "a")["step"] > 50


def test_an_extended_run_follows_the_schedule_of_the_new_length(charrnn, corpus, tmp_path):
    charrnn("train", corpus, *QUICK, "--learning-rate", 0.012, "--run", "a")
    charrnn("resume", "a", "--steps", 40)
    lines = (tmp_path / "checkpoints/a/metrics.jsonl").read_text().splitlines()
    rates = [line["learning_rate"] for line in map(json.loads, lines) if "learning_rate" in line]
    of_step_30 = next(line for line in map(json.loads, lines) if line["step"] == 30)
    assert of_step_30["learning_rate"] == pytest.approx(0.012 * (40 - 29) / 39)
    assert rates[-1] == pytest.approx(0.012 / 39)


def test_a_corpus_only_touched_is_the_same_corpus(charrnn, corpus):
    charrnn("train", corpus, *QUICK, "--run", "a")
    corpus.write_text(small_text())
    assert charrnn("resume", "a", "--steps", 30).code == 0


def test_a_corpus_that_is_gone_lives_on_in_its_encoded_copy(charrnn, corpus, tmp_path):
    charrnn("train", corpus, *QUICK, "--run", "a")
    corpus.unlink()
    resumed = charrnn("resume", "a", "--steps", 30)
    assert resumed.code == 0
    assert "going on with the encoded copy of it" in resumed.err
    for copy in (tmp_path / "checkpoints/.corpora").iterdir():
        copy.unlink()
    refused = charrnn("resume", "a", "--steps", 40)
    assert refused.code == 3
    assert "the run's corpus is gone" in refused.err


def test_a_run_from_standard_input_can_be_resumed(charrnn, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(small_text().encode())))
    assert charrnn("train", "-", *QUICK).code == 0
    assert charrnn("resume", "stdin", "--steps", 30).code == 0


def test_fine_tuning_keeps_old_ids_and_adds_new_characters(charrnn, corpus, tmp_path):
    charrnn("train", corpus, *QUICK, "--run", "old")
    (tmp_path / "new.txt").write_text(small_text(3000, seed=2).replace("a", "ä") + "中")
    done = charrnn(
        "train", "new.txt", "--steps", 1, "--lr", 0, "--init-from", "old", "--run", "new"
    )
    assert done.code == 0
    old = checkpoint.read(Run(tmp_path / "checkpoints/old").best)
    new = checkpoint.read(Run(tmp_path / "checkpoints/new").last)
    kept, added = new.vocab.code_points[: len(old.vocab)], new.vocab.code_points[len(old.vocab) :]
    assert kept == old.vocab.code_points
    assert list(added) == sorted(added)
    assert {ord("ä"), ord("中")} <= set(added)
    for name, array in old.group("weights").items():
        np.testing.assert_array_equal(new.arrays[f"weights.{name}"][: len(array)], array)
    assert new.arrays["weights.embedding"][-1].any()
    assert charrnn("sample", "new", "-n", 20, "-p", "ä").code == 0


def test_fine_tuning_takes_its_shape_from_where_it_starts(charrnn, corpus, tmp_path):
    shape = ("--cell", "gru", "--num-layers", 2)
    charrnn("train", corpus, *QUICK, *shape, "--run", "old")
    flags = ("--steps", 3, "--run", "new", "--verbose")
    done = charrnn("train", corpus, "--init-from", "old", *flags)
    assert done.code == 0, done.err
    found = checkpoint.read_header(run_of(tmp_path, "new").last).model
    assert (found.cell, found.num_layers, found.hidden_size) == ("gru", 2, 12)


@pytest.mark.parametrize(
    ("flags", "phrase"),
    [
        (("--cell", "gru"), "--cell gru does not fit: old has lstm; leave --cell out"),
        (
            ("--hidden-size", 99),
            "--hidden-size 99 does not fit: old has 12; leave --hidden-size out",
        ),
        (("--bytes",), "--init-from old is a model of characters"),
    ],
)
def test_fine_tuning_refuses_what_does_not_fit(charrnn, corpus, flags, phrase):
    charrnn("train", corpus, *QUICK, "--run", "old")
    refused = charrnn("train", corpus, "--init-from", "old", *flags)
    assert refused.code == 2
    assert phrase in refused.err


def test_lanes_that_cannot_be_shared_out_are_refused_before_a_long_reading(corpus):
    request = setup.Request(
        ("none.txt",), given={"batch_size": 7}, budget=Budget(steps=3), root=ROOT
    )
    said = "--batch-size 7 is not to be shared out among 2 processes; give a multiple of 2"
    with pytest.raises(UsageError, match=said):
        setup.new_run(request, reporter=Reporter(), save_every=9, began=0, group=Group(0, 2))


def test_one_gpu_is_not_shared_by_processes():
    said = "--device cuda:1 is one GPU for 2 processes; --device cuda gives each one of its own"
    with pytest.raises(UsageError, match=said):
        setup._require_shareable(8, "cuda:1", Group(0, 2, 0, 2))
    setup._require_shareable(8, "cuda:1", Group(0, 2, 0, 1))
    setup._require_shareable(8, "cuda", Group(0, 2, 0, 2))
