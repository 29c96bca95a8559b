import json

import pytest
from conftest import SMALL

from charrnn import load

QUICK = (*SMALL, "--steps", 30)


@pytest.fixture
def trained(charrnn, corpus):
    charrnn("train", corpus, *QUICK, "--test-fraction", 0.2, "--run", "a")


def score(charrnn, *arguments):
    return json.loads(charrnn("score", *arguments, "--json").out)


def test_a_file_scores_as_the_numpy_half_scores_it(charrnn, trained, tmp_path):
    text = "a stone is a stream\n" * 40
    (tmp_path / "text.txt").write_text(text)
    found = score(charrnn, "text.txt")
    assert found["nats_per_char"] == pytest.approx(load("a").score(text), abs=1e-4)
    assert found["bits_per_char"] == pytest.approx(found["nats_per_char"] * 1.442695)
    assert found["perplexity"] == pytest.approx(2.718281828 ** found["nats_per_char"])
    assert found["num_chars"] == len(text)


def test_without_a_file_it_is_the_runs_own_validation_split(charrnn, trained):
    facts = json.loads(charrnn("info", "a", "--json").out)
    found = score(charrnn)
    assert found["nats_per_char"] == pytest.approx(facts["val_loss"], abs=1e-6)
    assert found["nats_per_char_reset"] == pytest.approx(facts["val_loss_reset"], abs=1e-6)


def test_the_test_split_is_another_one(charrnn, trained, corpus):
    test, val = score(charrnn, "--split", "test"), score(charrnn)
    assert test["num_chars"] == pytest.approx(2 * val["num_chars"], abs=2)
    assert test["nats_per_char"] != val["nats_per_char"]


def test_adapting_is_said_and_measured_apart(charrnn, trained):
    assert "the state carried" in charrnn("score", "--run", "a").out
    adapted = charrnn("score", "--adapt")
    assert "learning on the way" in adapted.out
    assert "reset" not in adapted.out
    assert score(charrnn, "--adapt")["adapted"] is True


def test_characters_it_never_saw_are_left_out_and_counted(charrnn, trained, tmp_path):
    (tmp_path / "text.txt").write_text("a ☃ stone ☃")
    found = score(charrnn, "text.txt")
    assert (found["num_unknown"], found["num_chars"]) == (2, 9)
    assert "2 characters that the model never saw were left out" in charrnn("score", "text.txt").err


@pytest.mark.parametrize(
    ("arguments", "code", "phrase"),
    [
        (("--split", "train"), 2, "--split 'train' is not known; choose val or test"),
        (("missing.txt",), 2, "missing.txt cannot be read"),
        (("snow.txt",), 3, "there is no character to score"),
    ],
)
def test_what_cannot_be_scored_is_one_line(charrnn, trained, tmp_path, arguments, code, phrase):
    (tmp_path / "snow.txt").write_text("☃")
    refused = charrnn("score", *arguments)
    assert refused.code == code
    assert phrase in refused.err


def test_a_run_without_a_test_split_says_so(charrnn, corpus):
    charrnn("train", corpus, *QUICK, "--run", "a")
    refused = charrnn("score", "--split", "test")
    assert refused.code == 3
    assert "it takes train --test-fraction to make one" in refused.err
