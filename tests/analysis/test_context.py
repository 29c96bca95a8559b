import json

import numpy as np
import pytest
import torch
from conftest import SMALL, random_weights
from torch.nn import functional

from charrnn.analysis import context as contexts
from charrnn.analysis.context import Context, Places, Reach, context, reach
from charrnn.config import DataConfig, ModelConfig
from charrnn.data.batches import Text
from charrnn.data.vocab import Vocab
from charrnn.errors import CorpusError
from charrnn.generation.model import Model
from charrnn.models.network import Network
from charrnn.models.reference import State, initial_state, step

VOCAB = Vocab(tuple(map(ord, "\nabcde")))
SHAPES = [{"ngrams": 1, "skip": False}, {"ngrams": 3, "num_layers": 2}]


def model_of(cell, **settings):
    config = ModelConfig(cell=cell, **{"hidden_size": 6, "embedding_size": 4, **settings})
    return Model(config, VOCAB, random_weights(config, len(VOCAB))[1])


def ids_of(num_chars, *, seed=0):
    return np.random.default_rng(seed).integers(1, len(VOCAB), num_chars).astype(np.uint8)


def plain_text(num_chars=80):
    return Text(ids_of(num_chars), num_chars // 2, num_chars)


def text_of_records():
    """Records of 1 to 12 characters, each ending with a newline."""
    ids, lengths = ids_of(120), [3, 12, 1, 9, 5, 12, 7, 2, 11, 12, 8, 12, 6, 10]
    starts = np.cumsum([0, *lengths])
    ids[starts[1:] - 1] = 0
    return Text(ids[: starts[-1]], int(starts[3]), int(starts[-1]), starts)


def begin_of(text, place):
    """The first character that may be read before a place."""
    if text.starts is None:
        return 0
    return int(max(start for start in text.starts if start <= place)) - 1


def network_of(model):
    """The fused layers, in float64."""
    arrays = random_weights(model.config, len(VOCAB))[0]
    network = Network(model.config, len(VOCAB), model.weights.ngram_keys)
    network.load(arrays)
    return network.double()


def gradient_norm(network, text, place, k):
    """‖∂loss/∂s‖ by the state that the fused layers have k characters before a place."""
    begin = begin_of(text, place)
    read = torch.from_numpy(text.ids[np.arange(begin, place)].astype(np.int64))[:, None]
    with torch.no_grad():
        _, state = network(read[: len(read) - k], network.initial_state(1))
    layers = tuple(tuple(part.requires_grad_() for part in layer) for layer in state.layers)
    logits_TBV, _ = network(read[-k:], State(layers, state.before_KB))
    loss = functional.cross_entropy(logits_TBV[-1], torch.tensor([int(text.ids[place])]))
    gradients = torch.autograd.grad(loss, [part for layer in layers for part in layer])
    return float(sum(part.square().sum() for part in gradients).sqrt())


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("text", [plain_text(), text_of_records()], ids=["plain", "records"])
def test_reach_matches_autograd_one_k_at_a_time(cell, shape, text, monkeypatch):
    monkeypatch.setattr(contexts, "MAX_REACH", 9)
    monkeypatch.setattr(contexts, "MIN_PLACES", 1)
    monkeypatch.setattr(contexts, "NUMBERS_AT_ONCE", 40)  # several parts
    model = model_of(cell, **shape)
    places = Places.drawn(text, "val", 8)
    measured, network = reach(model, places), network_of(model)
    expected = {}
    for k in range(1, 10):
        there = [p for p in places.ends_B.tolist() if p - begin_of(text, p) > k]
        if there:
            expected[k] = np.mean([gradient_norm(network, text, p, k) for p in there])
    assert measured.lags == tuple(expected)
    np.testing.assert_allclose(measured.norms, list(expected.values()), rtol=1e-9)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("text", [plain_text(), text_of_records()], ids=["plain", "records"])
def test_context_matches_the_reference_after_the_last_k_characters(cell, shape, text):
    model = model_of(cell, **shape)
    places = Places.drawn(text, "val", 20)
    measured = context(model, places)
    longest = max(p - begin_of(text, p) for p in places.ends_B.tolist())
    assert measured.lags == tuple(k for k in (1, 2, 4, 8, 16, 32, 64) if k <= longest)
    for k, loss in zip(measured.lags, measured.losses, strict=True):
        nats = []
        for place in places.ends_B.tolist():
            state = initial_state(model.config, 1)
            for i in text.ids[np.arange(max(begin_of(text, place), place - k), place)]:
                logits_BV, state = step(model.config, model.weights, np.array([int(i)]), state)
            log_prob_V = logits_BV[0] - np.log(np.exp(logits_BV[0]).sum())
            nats.append(-log_prob_V[text.ids[place]])
        assert loss == pytest.approx(np.mean(nats), abs=1e-5)


def test_a_state_that_halves_with_each_character_has_a_halving_of_one():
    """tanh is nearly the identity for states as small as these."""
    config = ModelConfig(cell="rnn", hidden_size=8, embedding_size=2, ngrams=1, skip=False)
    arrays = random_weights(config, len(VOCAB))[0]
    turned, _ = np.linalg.qr(np.random.default_rng(1).normal(size=(8, 8)))
    arrays["layers.0.weight_hh"] = (turned / 2).astype(np.float32)
    for name in ("weight_ih", "bias_ih", "bias_hh"):
        arrays[f"layers.0.{name}"] *= 1e-5
    model = Model(config, VOCAB, contexts.Weights.from_arrays(config, arrays))
    measured = reach(model, Places.drawn(plain_text(400), "val", 16))
    assert len(measured.lags) == contexts.MAX_REACH == measured.lags[-1]
    assert measured.halving == pytest.approx(1, abs=1e-3)


def test_halving_needs_a_fall_and_ignores_zeros():
    assert Reach((1, 2, 3), (8.0, 2.0, 0.5)).halving == pytest.approx(0.5)
    assert Reach((1, 2, 3), (8.0, 2.0, 0.0)).halving == pytest.approx(0.5)
    assert Reach((1, 2), (1.0, 1.5)).halving is None
    assert Reach((1,), (1.0,)).halving is None


def test_enough_context_is_where_the_loss_stops_falling():
    assert Context((1, 2, 4, 8), (3.0, 2.0, 1.995, 1.992)).enough() == 2
    assert Context((1, 2, 4, 8), (3.0, 2.0, 1.995, 1.9)).enough() == 8
    assert Context((1, 2, 4, 8), (3.0, 2.0, 2.5, 1.995)).enough() == 2
    assert Context((1, 2), (3.0, 2.9)).enough(tolerance=0.2) == 1


def test_places_are_in_the_split_and_the_same_every_time():
    text = Text(ids_of(5000), 3000, 4000)
    places = Places.drawn(text, "val", 500)
    ends = places.ends_B.tolist()
    assert ends == sorted(set(ends)) and len(ends) == 500
    assert 3000 <= ends[0] < ends[-1] < 4000
    assert ends == Places.drawn(text, "val", 500).ends_B.tolist()
    assert Places.drawn(text, "val", 5000).ends_B.tolist() == list(range(3000, 4000))
    with pytest.raises(CorpusError, match="has no test split"):
        Places.drawn(Text.of(ids_of(50), DataConfig()), "test", 5)


@pytest.fixture
def trained(charrnn_once, corpus):
    for cell in ("rnn", "gru"):
        charrnn_once("train", corpus.name, *SMALL, "--steps", 3, "--cell", cell, "--run", cell)


def test_the_command_draws_compares_and_exports(charrnn, trained, tmp_path, monkeypatch):
    monkeypatch.setattr(contexts, "MAX_REACH", 12)
    monkeypatch.setattr(contexts, "MAX_CONTEXT", 16)
    drawn = charrnn("memory", "--compare", "rnn", "gru", "--places", 32)
    assert drawn.code == 0
    assert "how far gradients reach" in drawn.out and "how much context is used" in drawn.out
    assert "rnn: the gradient halves every" in drawn.out and "gru: the gradient" in drawn.out
    assert "\x1b" not in drawn.out
    newest = json.loads(charrnn("memory", "--json", "--places", 32).out)
    assert [found["run"] for found in newest] == ["gru"]
    assert newest[0]["reach"]["lags"] == list(range(1, 13))
    assert newest[0]["context"]["lags"] == [1, 2, 4, 8, 16]
    assert newest[0]["context"]["enough"] in newest[0]["context"]["lags"]


@pytest.mark.parametrize("kind", ["lines", "blank"])
def test_the_command_takes_records_and_bytes(charrnn, tmp_path, kind):
    (tmp_path / "names.txt").write_text("Ann\nBob\n\nCarolina\nDoé\n\n" * 20)
    charrnn("train", "names.txt", *SMALL, "--steps", 2, "--records", kind, "--bytes")
    shown = charrnn("memory", "--places", 16)
    assert shown.code == 0, shown.err
    assert "nats beyond" in shown.out or "still falls" in shown.out


def test_charts_are_written_where_matplotlib_is(charrnn, trained, tmp_path, monkeypatch):
    pytest.importorskip("matplotlib")
    monkeypatch.setattr(contexts, "MAX_CONTEXT", 4)
    shown = charrnn("memory", "--export", "a.svg", "--places", 8)
    assert shown.code == 0
    assert {path.name for path in tmp_path.glob("*.svg")} == {"a-reach.svg", "a-context.svg"}
    assert "wrote a-reach.svg" in shown.err


@pytest.mark.parametrize(
    ("arguments", "code", "phrase"),
    [
        (("--compare", "rnn"), 2, "--compare takes two runs or more"),
        (("--export", "a.txt"), 2, "a.txt cannot hold a chart"),
        (("none",), 4, "there is no run 'none'"),
    ],
)
def test_wrong_settings_cost_one_line(charrnn, trained, arguments, code, phrase):
    refused = charrnn("memory", *arguments)
    assert (refused.code, refused.err.count("\n")) == (code, 1)
    assert phrase in refused.err


def test_a_run_without_a_validation_split_says_so(charrnn, corpus):
    charrnn("train", corpus, *SMALL, "--steps", 2, "--val-fraction", 0, "--run", "a")
    for command in ("memory", "neurons"):
        refused = charrnn(command)
        assert refused.code == 3
        assert "the run has no val split" in refused.err
