"""Several runs speak as one: a model whose probabilities are the mean of theirs."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import random_weights
from test_checkpoint import small

from charrnn.config import ModelConfig, PairsConfig
from charrnn.data.pairs.symbols import SymbolVocab
from charrnn.data.vocab import UNKNOWN, Vocab
from charrnn.errors import UsageError
from charrnn.generation.ensemble import require_alike
from charrnn.generation.model import Model
from charrnn.generation.predict import READ_AT_ONCE
from charrnn.runs.checkpoint import Checkpoint

VOCAB = Vocab(tuple(map(ord, "\nabcd ")))
NETWORKS = [
    ModelConfig(cell="lstm", hidden_size=8, embedding_size=4, num_layers=2),
    ModelConfig(cell="gru", hidden_size=6, embedding_size=3, ngrams=1, skip=False),
    ModelConfig(cell="cifg", hidden_size=5, embedding_size=4, ngrams=2),
]
TEXT = "abcd dcba\nab ba cd\n" * 3


def checkpoint_of(number, *, records="none", vocab=VOCAB) -> Checkpoint:
    """The run "r0", "r1", …, whose network is one of `NETWORKS`."""
    config = NETWORKS[number]
    arrays, weights = random_weights(config, len(vocab), seed=number)
    named = {f"weights.{name}": 3 * array for name, array in arrays.items()}
    named |= {f"ngrams.{k}": keys for k, keys in enumerate(weights.ngram_keys, start=2)}
    header = replace(small().header, model=config, vocabs={"text": vocab})
    header = replace(header, data=replace(header.data, records=records))
    header = replace(header, path=Path(f"checkpoints/r{number}/best.safetensors"))
    return Checkpoint.of(header, named)


@pytest.fixture(params=["none", "lines", "blank"])
def checkpoints(request) -> list[Checkpoint]:
    return [checkpoint_of(number, records=request.param) for number in range(len(NETWORKS))]


@pytest.fixture
def alone(checkpoints) -> list[Model]:
    return [Model.of(each) for each in checkpoints]


@pytest.fixture
def together(checkpoints) -> Model:
    return Model.ensemble(checkpoints, "all")


def by_id(model, prediction):
    return np.array([prediction.prob(character) for character in model.characters])


@pytest.mark.parametrize("prompt", ["", "a", "abcd\nba"])
def test_its_probabilities_are_the_mean_of_the_members(together, alone, prompt):
    expected = np.mean([by_id(model, model.predict(prompt)) for model in alone], 0)
    np.testing.assert_allclose(by_id(together, together.predict(prompt)), expected, atol=1e-6)
    cursor = together.cursor()
    for character in prompt:
        cursor.read(character)
    np.testing.assert_allclose(by_id(together, cursor.predict()), expected, atol=1e-6)


def test_it_expects_each_character_as_its_members_do_on_average(together, alone):
    expected = np.mean([[one.prob for one in model.expectations(TEXT)] for model in alone], 0)
    assert [one.prob for one in together.expectations(TEXT)] == pytest.approx(expected, abs=1e-6)


def test_its_loss_is_that_of_the_mean_probability_and_at_most_the_mean_loss(together, alone):
    probabilities = np.mean([np.exp(-model.surprise(TEXT)) for model in alone], 0)
    np.testing.assert_allclose(together.surprise(TEXT), -np.log(probabilities), atol=1e-5)
    loss = together.score(TEXT).nats_per_char
    assert loss == pytest.approx(-np.log(probabilities).mean(), abs=1e-6)
    assert loss < np.mean([model.score(TEXT).nats_per_char for model in alone])


def test_a_long_text_is_read_in_chunks(together, alone):
    text = TEXT * (1 + READ_AT_ONCE // len(TEXT))
    probabilities = np.mean([np.exp(-model.surprise(text)) for model in alone], 0)
    np.testing.assert_allclose(together.surprise(text), -np.log(probabilities), atol=1e-5)


def test_one_run_twice_is_that_run(checkpoints, alone):
    one, twice = alone[0], Model.ensemble([checkpoints[0]] * 2)
    for prompt in ("", "ab"):
        expected, prediction = one.predict(prompt), twice.predict(prompt)
        np.testing.assert_allclose(by_id(twice, prediction), by_id(one, expected), atol=1e-6)
    assert twice.surprise(TEXT) == pytest.approx(one.surprise(TEXT), abs=1e-6)
    settings = {"length": 300, "seed": 3, "temperature": 3.0, "top_p": 0.99, "repeat_penalty": 1.0}
    assert twice.generate("ab", **settings) == one.generate("ab", **settings)
    settings["until"] = "d"
    drawn = [list(map(str, model.samples(4, prompt="ab", **settings))) for model in (one, twice)]
    assert drawn[0] == drawn[1]


def test_one_run_alone_is_its_model(checkpoints):
    model = Model.ensemble(checkpoints[:1], "r0")
    assert repr(model) == repr(Model.of(checkpoints[0], "r0"))
    assert model.surprise(TEXT).tolist() == Model.of(checkpoints[0]).surprise(TEXT).tolist()


def test_samples_side_by_side_are_those_of_one_stream(together, monkeypatch):
    monkeypatch.setattr("charrnn.generation.prompted.MIN_SHARE", 1)
    monkeypatch.setattr("charrnn._cores.num_cores", lambda: 2)
    settings = {"prompt": "ab", "length": 300, "seed": 5, "stop": ("d",)}
    samples = list(together.samples(7, with_log_probabilities=True, **settings))
    (first,) = together.samples(1, **settings)
    assert str(samples[0]) == str(first)
    for sample in samples:
        if together.records == "none":
            nats = [math.log(one.prob) for one in together.expectations("ab" + sample.text)[2:]]
            assert list(sample.log_probabilities[: len(nats)]) == pytest.approx(nats, abs=1e-5)
    assert len(list(together.samples(3, unique=True, match="^a", **settings))) == 3


def test_its_members_can_be_read_off():
    model = Model.ensemble([checkpoint_of(0), checkpoint_of(1)], "a + b")
    assert repr(model) == "Model('a + b', lstm 2×8 + gru 1×6, 6 characters)"


def with_vocab(characters, *more, **settings):
    return checkpoint_of(1, vocab=Vocab((*map(ord, characters), *more), **settings))


@pytest.mark.parametrize(
    ("other", "difference"),
    [
        (with_vocab("\nabcd éü☃x"), "only r1 knows 'x', 'é', 'ü' and 1 more"),
        (with_vocab("\nabc "), "only r0 knows 'd'"),
        (with_vocab("\nabcd ", UNKNOWN), "only r1 knows the unknown symbol"),
        (with_vocab(" \nabcd"), "they number their symbols differently"),
        (with_vocab("\nabcd ", is_bytes=True), "one has characters, the other bytes"),
        (checkpoint_of(1, records="lines"), "different kinds of records, none and lines"),
    ],
)
def test_what_differs_is_said_in_one_line(other, difference):
    with pytest.raises(UsageError) as error:
        Model.ensemble([checkpoint_of(0), checkpoint_of(0), other])
    assert str(error.value) == (
        f"runs r0 and r1 cannot be averaged: {difference}; name runs of the same corpus"
    )


def of_pairs(name, **changes):
    header = replace(checkpoint_of(0).header, task="seq2seq", data=PairsConfig())
    vocabs = {"source": VOCAB, "target": SymbolVocab(("a", "bb"))}
    return replace(
        header, path=Path(f"checkpoints/{name}/last.safetensors"), vocabs=vocabs | changes
    )


def test_models_of_pairs_are_compared_side_by_side():
    require_alike([of_pairs("p"), of_pairs("q")])
    more = of_pairs("q", target=SymbolVocab(("a", "bb", "ccc")))
    with pytest.raises(UsageError, match="only q knows 'ccc', in the targets;"):
        require_alike([of_pairs("p"), more])
    with pytest.raises(
        UsageError, match="one has symbols between spaces, the other characters, in"
    ):
        require_alike([of_pairs("p"), of_pairs("q", target=VOCAB)])
    composed = replace(of_pairs("q"), data=PairsConfig(target_normalise="nfc"))
    with pytest.raises(UsageError, match="different Unicode forms of the targets, none and nfc;"):
        require_alike([of_pairs("p"), composed])
