import json

import numpy as np
import pytest
from conftest import SMALL, random_weights, small_text
from hypothesis import given, settings
from hypothesis import strategies as st

from charrnn.analysis.neurons import Unit, activities, activity, correlate, rank, unit_of, units
from charrnn.analysis.text_features import FEATURES, Feature
from charrnn.config import ModelConfig
from charrnn.data.vocab import Vocab, code_points
from charrnn.errors import UsageError
from charrnn.generation.model import Model
from charrnn.models.reference import Weights, initial_state, step

TEXT = small_text(1500)
VOCAB = Vocab(tuple(sorted(map(ord, set(TEXT)))))


def model_of(cell, *, records="none", changed=lambda arrays, config: None, **settings):
    config = ModelConfig(
        cell=cell, **{"hidden_size": 12, "num_layers": 2, "embedding_size": 5, **settings}
    )
    arrays, weights = random_weights(config, len(VOCAB))
    changed(arrays, config)
    return Model(config, VOCAB, Weights.from_arrays(config, arrays, weights.ngram_keys), records)


# Gates in torch's order: (bias, what a newline adds). Each cell creeps up from -1 and falls back.
CREEPING = {
    "rnn": [(0.05, -50)],
    "gru": [(0, 0), (4, -100), (5, -100)],
    "lstm": [(-4, 100), (8, -100), (5, -100), (5, 0)],
    "cifg": [(4, -100), (5, 0), (5, -100)],
}
PLANTED = 7


def plant(arrays, config):
    """Make unit 7 of the lowest layer rise with each character and fall with a newline."""
    newline = VOCAB.code_points.index(ord("\n"))
    arrays["embedding"][:, 0] = 0
    arrays["embedding"][newline, 0] = 1
    for gate, (bias, at_newline) in enumerate(CREEPING[config.cell]):
        row = gate * config.hidden_size + PLANTED
        for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
            arrays[f"layers.0.{name}"][row] = 0
        arrays["layers.0.weight_ih"][row, 0] = at_newline
        arrays["layers.0.bias_ih"][row] = bias
    if config.cell == "rnn":
        arrays["layers.0.weight_hh"][PLANTED, PLANTED] = 1


@pytest.mark.parametrize("cell", CREEPING)
def test_a_unit_planted_to_follow_the_line_position_ranks_first(cell):
    model = model_of(cell, changed=plant, ngrams=1, skip=False)
    best = rank(model, TEXT).best["line-position"]
    assert (best[0].unit.layer, best[0].unit.number) == (0, PLANTED)
    assert best[0].score > 0.8
    assert best[0].correlation > 0 and best[0].mean_on > best[0].mean_off
    as_drawn = rank(model_of(cell, ngrams=1, skip=False), TEXT).best["line-position"]
    assert as_drawn[0].score < best[0].score - 0.1


def reference(model, text):
    """All units' activities (T, U) by reference.py, c as tanh(c)."""
    state = initial_state(model.config, 1)
    read = []
    for i in [model.start_id, *model.vocab.ids_of(code_points(text))]:
        _, state = step(model.config, model.weights, np.array([i]), state)
        layers = [(h, *map(np.tanh, c)) for h, *c in state.layers]
        read.append(np.concatenate([part[0] for layer in layers for part in layer]))
    return np.array(read[1:])


@pytest.mark.parametrize("settings", [{}, {"ngrams": 1, "skip": False, "num_layers": 1}])
def test_activities_match_the_reference(cell, settings):
    model = model_of(cell, **settings)
    chunks_TU = np.concatenate(list(activities(model, TEXT[:1040])))
    np.testing.assert_allclose(chunks_TU, reference(model, TEXT[:1040]), atol=2e-5)
    assert chunks_TU.shape[1] == len(units(model.config))
    last = units(model.config)[-1]
    assert unit_of(str(last), model.config) == last
    np.testing.assert_array_equal(activity(model, TEXT[:1040], last), chunks_TU[:, -1])


def test_scores_match_correlations_by_numpy(cell):
    model = model_of(cell)
    every, activity_TU = units(model.config), reference(model, TEXT).astype(float)
    ranking = rank(model, TEXT, num_best=len(every))
    assert {"digit", "double-quotes", "brackets"} <= set(ranking.left_out)
    assert set(ranking.best) | set(ranking.left_out) == set(FEATURES)
    for name, followers in ranking.best.items():
        values = np.asarray(FEATURES[name].of(TEXT), float)
        on = values > values.mean()
        assert len(followers) == len(every)
        assert sorted(followers, key=lambda one: -one.score) == list(followers)
        for one in followers:
            x = activity_TU[:, every.index(one.unit)]
            assert one.correlation == pytest.approx(np.corrcoef(x, values)[0, 1], abs=1e-4)
            assert one.mean_on == pytest.approx(x[on].mean(), abs=1e-4)
            assert one.mean_off == pytest.approx(x[~on].mean(), abs=1e-4)


@settings(deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 40),
    st.floats(0.01, 100),
    st.floats(-10, 10),
    st.booleans(),
)
def test_a_score_is_at_most_one_and_ignores_scale_shift_and_sign(
    seed, size, scale, shift, is_turned
):
    random = np.random.default_rng(seed)
    x_TU, value_FT = random.normal(size=(60, 3)), random.normal(size=(2, 60))
    value_FT[1] = value_FT[1] > 0
    x_TU[:, 2] = value_FT[1]
    factor = -scale if is_turned else scale

    def chunks(array):
        return (array[t : t + size] for t in range(0, len(array), size))

    r_FU, on_FU, off_FU = correlate(chunks(x_TU), value_FT)
    again_FU, *_ = correlate(chunks(x_TU * factor + shift), value_FT)
    assert (np.abs(r_FU) <= 1).all()
    assert r_FU[1, 2] == pytest.approx(1)
    assert (on_FU[1, 2], off_FU[1, 2]) == pytest.approx((1, 0), abs=1e-9)
    np.testing.assert_allclose(again_FU, -r_FU if is_turned else r_FU, atol=1e-8)
    np.testing.assert_allclose(r_FU, np.corrcoef(value_FT, x_TU.T)[:2, 2:], atol=1e-8)


def test_a_unit_that_never_changes_follows_nothing():
    x_TU = np.full((50, 1), np.float32(0.9999999))
    r_FU, *_ = correlate([x_TU], np.arange(50.0)[None])
    assert r_FU.tolist() == [[0.0]]


def test_a_feature_can_be_added():
    asked = {"o": Feature("the letter o", lambda text: np.array([c == "o" for c in text]))}
    ranking = rank(model_of("gru"), TEXT, features=asked, num_best=3)
    assert [len(followers) for followers in ranking.best.values()] == [3]
    assert not ranking.left_out


def test_each_record_is_read_from_a_zero_state(cell):
    model = model_of(cell, records="lines")
    unit = units(model.config)[-1]
    both, second = activity(model, "aoe\nuio", unit), activity(model, "uio", unit)
    np.testing.assert_allclose(both[4:], second, atol=1e-6)
    assert abs(both[0] - activity(model, "u", unit)[0]) > 1e-4


def test_names_of_units_can_be_short_or_full():
    config = ModelConfig(cell="lstm", hidden_size=20, num_layers=2)
    assert unit_of("17", config) == unit_of("h17", config) == Unit("h", 0, 17)
    assert str(unit_of("c1.3", config)) == "c1.3"
    for wrong in ("h2.0", "20", "x1", "", "h1.", "-1"):
        with pytest.raises(UsageError, match="not a unit of this model"):
            unit_of(wrong, config)
    with pytest.raises(UsageError):
        unit_of("c0.1", ModelConfig(cell="gru"))


@pytest.fixture
def trained(charrnn_once, corpus):
    charrnn_once("train", corpus.name, *SMALL, "--steps", 5, "--run", "a")


def test_the_command_ranks_units_and_shows_one(charrnn, trained, tmp_path):
    shown = charrnn("neurons", "a", "--length", 300)
    assert shown.code == 0
    assert "24 units over 300 characters" in shown.out and "line-position" in shown.out
    assert "(hardly ever or nearly always on in this text): double-quotes" in shown.err
    best = json.loads(charrnn("neurons", "--feature", "vowel", "--json").out)["best"]["vowel"]
    assert len(best) == 10 and best[0]["score"] == abs(best[0]["correlation"])
    coloured = charrnn("neurons", "--unit", best[0]["unit"])
    assert f"activity of {best[0]['unit']}" in coloured.out
    assert "\x1b" not in shown.out + coloured.out
    (tmp_path / "text.txt").write_text("a ☃ stone")
    shown = charrnn("neurons", "--unit", 3, "--text", "text.txt", "--json", "--export", "a.html")
    assert json.loads(shown.out)["text"] == "a  stone"
    assert len(json.loads(shown.out)["values"]) == 8
    assert "1 character that the model does not know: left out" in shown.err
    assert "h0.3" in (tmp_path / "a.html").read_text()
    (tmp_path / "text.txt").write_text("☃")
    empty = charrnn("neurons", "--text", "text.txt")
    assert empty.code == 3 and "there is no character to read" in empty.err


@pytest.mark.parametrize(
    ("arguments", "code", "phrase"),
    [
        (("--feature", "rhyme"), 2, "--feature 'rhyme' is not known; choose one of double-quotes"),
        (
            ("--unit", "h9.9"),
            2,
            "--unit 'h9.9' is not a unit of this model; choose one from h0.0 to",
        ),
        (("--unit", "1", "--feature", "vowel"), 2, "choose one"),
        (("--export", "a.svg"), 2, "name it: --unit"),
        (("--unit", "1", "--export", "a.txt"), 2, "neither .html nor .svg"),
        (("--text", "missing.txt"), 2, "missing.txt cannot be read"),
    ],
)
def test_wrong_settings_cost_one_line(charrnn, trained, arguments, code, phrase):
    refused = charrnn("neurons", *arguments)
    assert (refused.code, refused.err.count("\n")) == (code, 1)
    assert phrase in refused.err
