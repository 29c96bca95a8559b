import dataclasses
import random

import numpy as np
import pytest
from planted import CREEPING, PLANTED, TEXT, model_of, plant, reference

from charrnn.analysis.neurons import label_units
from charrnn.analysis.neurons.label_units import rank_by_labels
from charrnn.analysis.neurons.units import units
from charrnn.errors import CorpusError, UsageError

LETTERS = TEXT.replace("\n", " ")


def in_one_line_or_two(num=60):
    """Texts with labels that a unit tells which falls at a line end."""
    draw = random.Random(0)
    for k in range(num):
        first, length = draw.randrange(len(LETTERS) - 40), draw.randint(25, 40)
        text, place = LETTERS[first : first + length], draw.randint(10, 20)
        yield (text, "one") if k % 2 else (f"{text[:place]}\n{text[place:]}", "two")


def plant_alone(arrays, config):
    """Plant a unit that no other unit follows."""
    plant(arrays, config)
    is_planted_G = np.arange(len(arrays["layers.0.weight_ih"])) % config.hidden_size == PLANTED
    arrays["layers.0.weight_ih"][~is_planted_G, 0] = 0
    arrays["layers.0.weight_hh"][~is_planted_G, PLANTED] = 0
    arrays["layers.1.weight_ih"][:, PLANTED] = 0


@pytest.mark.parametrize("cell", CREEPING)
def test_a_unit_planted_to_tell_the_labels_ranks_first(cell):
    model = model_of(cell, changed=plant_alone, ngrams=1, skip=False)
    ranking = rank_by_labels(model, in_one_line_or_two())
    for label in ("one", "two"):
        best = ranking.best[label][0]
        assert (best.unit.layer, best.unit.number) == (0, PLANTED)
        assert best.is_higher == (label == "one") and best.label == label
        assert best.chosen_auc > 0.95 and best.auc > 0.95 and best.accuracy > 0.9
        assert ranking.is_beyond_chance(label)
    assert ranking.clearest == "one"
    assert ranking.probe.accuracy > 0.9 and ranking.probe.loss < ranking.probe.majority_loss


def pairs_of(num, labels=("x", "y", "z"), *, seed=0):
    draw = random.Random(seed)
    for k in range(num):
        first = draw.randrange(len(LETTERS) - 20)
        yield LETTERS[first : first + draw.randint(5, 20)], labels[k % len(labels)]


def test_figures_match_brute_force_on_the_reported_half(cell):
    model, pairs = model_of(cell), list(pairs_of(99))
    every = units(model.config)
    ranking = rank_by_labels(model, pairs, num_best=len(every))
    assert ranking.num_units == len(every)
    assert sum(ranking.counts.values()) == len(set(pairs))
    assert ranking.num_reported == len(ranking.reported)
    reported = [(reference(model, text).mean(0), label) for text, label in ranking.reported]
    for label, best in ranking.best.items():
        assert sorted(best, key=lambda one: -one.chosen_auc) == list(best)
        for one in best[:3]:
            u = every.index(one.unit)
            of, others = (
                [x_U[u] for x_U, other in reported if (other == label) is is_of]
                for is_of in (True, False)
            )
            sign = 1 if one.is_higher else -1
            wins = [np.sign(sign * (a - b)) for a in of for b in others]
            assert one.auc == pytest.approx((np.mean(wins) + 1) / 2, abs=0.02)  # rounding: ties
            right = [sign * a > sign * one.threshold for a in of]
            right += [sign * b <= sign * one.threshold for b in others]
            assert one.accuracy == pytest.approx(np.mean(right), abs=0.03)
            assert one.auc_interval[0] <= one.auc <= one.auc_interval[1]
    counts = [label for _, label in ranking.reported]
    assert ranking.probe.majority == counts.count(ranking.probe.commonest) / len(counts)


def test_the_order_of_the_lines_changes_nothing():
    model, pairs = model_of("gru"), list(pairs_of(80))
    again = [*pairs, *pairs[:10]]
    random.Random(3).shuffle(again)
    assert rank_by_labels(model, again) == rank_by_labels(model, pairs)


def test_the_reported_half_chooses_nothing(monkeypatch):
    """Other activities of the texts that are reported change what is reported, and no choice."""
    pairs = list(pairs_of(120, ("x", "y")))
    rows = {text: np.random.default_rng(k).normal(size=24) for k, (text, _) in enumerate(pairs)}
    monkeypatch.setattr(label_units, "mean_activities", lambda _, texts: map(rows.get, texts))
    model = model_of("rnn")
    before = rank_by_labels(model, pairs)
    for text, _ in before.reported:
        rows[text] = rows[text][::-1] + 1
    after = rank_by_labels(model, pairs)
    for label in "xy":
        for one, other in zip(before.best[label], after.best[label], strict=True):
            chosen = ("unit", "is_higher", "chosen_auc", "threshold")
            assert [getattr(one, name) for name in chosen] == [
                getattr(other, name) for name in chosen
            ]
    assert before.chance_auc == after.chance_auc
    assert before.probe.strength == after.probe.strength
    assert before.best != after.best and before.probe.loss != after.probe.loss


def test_units_that_know_nothing_of_the_labels_are_no_better_than_chance(monkeypatch):
    """The best of 200 units of noise. That it is above all of 20 shuffles, and its interval on
    the other half above 0.5, has odds of about one in 800.
    """
    pairs = list(pairs_of(200, ("x", "y")))
    rows = {text: np.random.default_rng(k).normal(size=200) for k, (text, _) in enumerate(pairs)}
    monkeypatch.setattr(label_units, "mean_activities", lambda _, texts: map(rows.get, texts))
    ranking = rank_by_labels(model_of("rnn", hidden_size=100), pairs)
    best = ranking.best["x"][0]
    assert best.chosen_auc > 0.6  # looks good where it is chosen
    assert not ranking.is_beyond_chance("x")
    assert 0.6 < ranking.chance_auc["x"] < 0.8


def test_of_many_texts_some_are_drawn(monkeypatch):
    monkeypatch.setattr(label_units, "MAX_TEXTS", 50)
    model, pairs = model_of("rnn"), list(pairs_of(300, ("x", "y")))
    ranking = rank_by_labels(model, pairs)
    assert sum(ranking.counts.values()) == 50
    assert rank_by_labels(model, reversed(pairs)) == ranking


def test_unknown_characters_and_empty_texts_are_left_out_and_counted():
    model = model_of("gru")
    pairs = [*pairs_of(60, ("x", "y")), ("☃☃", "x"), ("", "y")]
    ranking = rank_by_labels(model, [*pairs, (f"{LETTERS[:8]}☃", "y")])
    assert (ranking.num_unknown, ranking.num_empty) == (3, 2)
    assert all("☃" not in text and text for text, _ in ranking.reported)
    with pytest.raises(CorpusError, match="knows no character"):
        rank_by_labels(model, [("☃" * (k + 1), "xy"[k % 2]) for k in range(50)])


def test_what_is_read_of_a_text_decides_its_half():
    """Texts that differ only in what is not read are one: else it could be in both halves."""
    model, pairs = model_of("gru"), [pair for pair in pairs_of(90) if len(pair[0]) > 7]
    beginnings = [(text[:7], label) for text, label in pairs]
    longer = [*pairs, *((f"☃{text[:7]}aeiou", label) for text, label in pairs)]
    ranking = rank_by_labels(model, longer, max_length=7)
    expected = rank_by_labels(model, beginnings)
    assert ranking.num_unknown == len(pairs) and ranking.num_cut == len(longer)
    assert dataclasses.replace(ranking, num_unknown=0, num_cut=0) == expected


def test_several_runs_together_are_refused():
    model = model_of("gru")
    with pytest.raises(UsageError, match="name one run"):
        rank_by_labels(dataclasses.replace(model, others=(model,)), pairs_of(60))


def test_progress_ends_with_all_texts():
    told = []
    rank_by_labels(model_of("rnn"), pairs_of(60), progress=lambda *done: told.append(done))
    assert told == [(k + 1, 60) for k in range(60)]
