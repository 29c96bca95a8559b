"""A run is continued: with a new length, with a corpus that has changed or gone."""

import io
import json
import sys

import pytest
from conftest import SMALL, run_of, small_text

from charrnn.runs import checkpoint

QUICK = (*SMALL, "--steps", 20, "--eval-every", 10)


def facts(charrnn, name):
    return json.loads(charrnn("info", name, "--json").out)


def test_a_finished_run_goes_on_when_it_gets_more_steps(charrnn, corpus):
    charrnn("train", corpus, *QUICK, "--run", "a")
    done = charrnn("resume")
    assert (done.code, facts(charrnn, "a")["step"]) == (0, 20)
    assert (
        "finished, all 20 steps are done; train longer with: charrnn resume a --minutes 5"
        in done.err
    )
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


def test_a_run_that_gets_a_new_length_has_the_schedule_of_that_length(charrnn, corpus, tmp_path):
    assert charrnn("train", corpus, *SMALL, "--minutes", 0.02, "--run", "a").code == 0
    more = checkpoint.read(run_of(tmp_path).last).position.step + 20
    assert charrnn("resume", "a", "--steps", more).code == 0
    config = checkpoint.read(run_of(tmp_path).last).train
    assert (config.steps, config.schedule_step, config.schedule_done) == (more, 0, 0.0)
