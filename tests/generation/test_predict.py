"""What a model expects next, and how it took what came, against the textbook's equations."""

import json
import math
import subprocess
import sys

import numpy as np
import pytest
from conftest import SMALL, random_weights

from charrnn import load
from charrnn.config import ModelConfig
from charrnn.data.vocab import UNKNOWN, Vocab
from charrnn.errors import UsageError
from charrnn.generation import predict
from charrnn.generation.model import Model
from charrnn.models import reference

ALPHABET = "\n abcd"


def model_of(cell="lstm", *, layers=2, ngrams=3, records="none", unknown=False) -> Model:
    config = ModelConfig(
        cell=cell, hidden_size=8, num_layers=layers, embedding_size=4, ngrams=ngrams
    )
    points = (*sorted(map(ord, ALPHABET)), *((UNKNOWN,) if unknown else ()))
    return Model(config, Vocab(points), random_weights(config, len(points))[1], records)


def textbook(model: Model, text: str) -> np.ndarray:
    """softmax_V after each character of a text, by the written-out equations in float64."""
    state = reference.initial_state(model.config, 1)
    found = []
    for i in model.vocab.ids_of(np.array([ord(c) for c in text])):
        logits_BV, state = reference.step(model.config, model.weights, np.array([i]), state)
        weights_V = np.exp(logits_BV[0].astype(np.float64))
        found.append(weights_V / weights_V.sum())
    return np.array(found)


def by_id(model: Model, chances) -> np.ndarray:
    return np.array([{c.char: c.prob for c in chances}[c] for c in model.characters])


@pytest.mark.parametrize(("layers", "ngrams"), [(1, 1), (2, 3)])
def test_the_distribution_is_the_textbooks_and_sums_to_one(cell, layers, ngrams):
    model = model_of(cell, layers=layers, ngrams=ngrams)
    chances = model.predict("abba")
    assert sum(chance.prob for chance in chances) == pytest.approx(1, abs=1e-12)
    assert [c.prob for c in chances] == sorted((c.prob for c in chances), reverse=True)
    np.testing.assert_allclose(by_id(model, chances), textbook(model, "abba")[-1], atol=1e-5)


def test_temperature_sharpens_flattens_and_is_greedy_at_zero():
    model = model_of()
    cold, warm, hot = (model.predict("ab", temperature=t)[0].prob for t in (0.5, 1.0, 4.0))
    assert cold > warm > hot
    assert [c.prob for c in model.predict("ab", temperature=0.0)][:2] == [1.0, 0.0]
    squared = by_id(model, model.predict("ab")) ** 2
    expected = squared / squared.sum()
    np.testing.assert_allclose(by_id(model, model.predict("ab", temperature=0.5)), expected)
    with pytest.raises(UsageError, match="temperature -1"):
        model.predict("ab", temperature=-1.0)


@pytest.mark.parametrize("records", ["none", "lines"])
def test_each_step_is_what_was_predicted_of_the_prompt_so_far(records, monkeypatch):
    monkeypatch.setattr(predict, "READ_AT_ONCE", 3)
    model = model_of(records=records)
    prompt = "abc dab\nd"
    found = model.expectations(prompt)
    assert "".join(each.char for each in found) == prompt
    for t, each in enumerate(found):
        chances = model.predict(prompt[:t])
        rank = [chance.char for chance in chances].index(each.char)
        assert each.rank == rank + 1
        assert each.prob == pytest.approx(chances[rank].prob, rel=1e-4)
        assert each.bits == pytest.approx(-math.log2(chances[rank].prob), abs=1e-3)
        assert each.expected == chances[0].char
        assert each.expected_prob == pytest.approx(chances[0].prob, rel=1e-4)
    assert model.expectations("") == model.expectations("☃") == []


def test_surprise_is_the_textbooks_and_its_mean_the_score(cell, monkeypatch):
    monkeypatch.setattr(predict, "READ_AT_ONCE", 3)
    model = model_of(cell)
    text = "abc dab\ncd"
    probs_TV = textbook(model, "\n" + text)
    ids = model.vocab.ids_of(np.array([ord(c) for c in text]))
    expected = [-math.log(probs_V[i]) for probs_V, i in zip(probs_TV, ids, strict=False)]
    np.testing.assert_allclose(model.surprise(text), expected, atol=1e-4)
    assert model.score(text).nats_per_char == pytest.approx(np.mean(expected), abs=1e-4)
    np.testing.assert_array_equal(model.surprise(text.replace("c", "c☃")), model.surprise(text))


@pytest.mark.parametrize(("records", "end"), [("lines", "\n"), ("blank", "\n\n")])
def test_each_record_is_read_from_a_new_start(records, end):
    model = model_of(records=records)
    apart = [model.surprise(text + end) for text in ("ab", "a dc")]
    np.testing.assert_array_equal(model.surprise(f"ab{end}a dc{end}"), np.concatenate(apart))


def test_the_unknown_symbol_has_its_share_of_the_distribution():
    chances = model_of(unknown=True).predict("ax")
    assert "\N{REPLACEMENT CHARACTER}" in {chance.char for chance in chances}
    assert sum(chance.prob for chance in chances) == pytest.approx(1, abs=1e-12)


@pytest.fixture
def trained(charrnn_once, corpus):
    charrnn_once("train", corpus.name, *SMALL, "--steps", 5, "--run", "a")


def test_json_is_the_whole_alphabet_or_an_object_a_step(charrnn, trained):
    whole = json.loads(charrnn("predict", "a st", "--json").out)
    assert [set(each) for each in whole] == [{"char", "prob"}] * len(load("a").vocab)
    assert sum(each["prob"] for each in whole) == pytest.approx(1, abs=1e-9)
    steps = json.loads(charrnn("predict", "a st", "--steps", "--run", "a", "--json").out)
    assert [each["char"] for each in steps] == list("a st")
    assert set(steps[0]) == {"char", "prob", "rank", "bits", "expected", "expected_prob"}


def test_bars_show_the_likeliest_and_the_rest_in_one(charrnn, trained):
    shown = charrnn("predict", "a \x1bst☃\n", "--top", 3)
    lines = shown.out.splitlines()
    assert lines[0] == "after a␣st↵"
    assert len(lines) == 5
    assert lines[-1].split()[1] == "others"
    assert "\x1b" not in shown.out
    assert "never saw '☃' (U+2603): left out of the prompt" in shown.err
    assert "never saw '\\x1b' (U+001B)" in shown.err
    assert "␣" in charrnn("predict", "", "--top", 99).out
    assert "at temperature 0.5" in charrnn("predict", "a", "--temp", 0.5).out
    assert charrnn("predict", "--steps", "a s").out.count("\n") > 4


@pytest.mark.parametrize(
    ("arguments", "phrase"),
    [
        (("--steps", "--temp", 1), "--temp does nothing with --steps"),
        (("--temp", -1), "--temp -1.0 is out of range"),
        (("--top", 0), "--top"),
    ],
)
def test_mistakes_of_predict_cost_one_line(charrnn, trained, arguments, phrase):
    refused = charrnn("predict", "el", *arguments)
    assert refused.code == 2
    assert phrase in refused.err
    assert refused.err.count("\n") == 1


def test_predicting_needs_no_torch(charrnn, trained):
    check = (
        "import sys; sys.argv = ['charrnn', 'predict', 'a']\n"
        "from charrnn.__main__ import main\n"
        "try: main()\nexcept SystemExit: print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "False"
