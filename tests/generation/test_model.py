import math
import threading

import numpy as np
import pytest
from conftest import random_weights

import charrnn
from charrnn.config import ModelConfig, SampleConfig
from charrnn.data.vocab import UNKNOWN, Vocab
from charrnn.errors import CheckpointError, UsageError
from charrnn.generation.model import Model

CONFIG = ModelConfig(hidden_size=8, embedding_size=4)


def model_of(text="\nabcd ", *, is_bytes=False, points=None):
    vocab = Vocab(points or tuple(sorted(map(ord, set(text)))), is_bytes)
    return Model(CONFIG, vocab, random_weights(CONFIG, len(vocab))[1])


def test_text_is_generated_and_scored():
    model = model_of()
    text = model.generate("ab", length=100, seed=3)
    assert len(text) == 100
    assert set(text) <= set("\nabcd ")
    assert model.generate("ab", length=100, seed=3) == text
    assert 0 < model.score(text) < 20


def test_the_scores_of_all_continuations_are_probabilities():
    model = model_of()
    total = sum(math.exp(-model.score(x + y) * 2) for x in "\nabcd " for y in "\nabcd ")
    assert total == pytest.approx(1, abs=1e-5)


def test_a_prompt_is_read_before_speaking():
    """Reading "ab" and then going on equals going on after having drawn "ab"."""
    model = model_of()
    whole = model.generate("a", length=3, temperature=0.0)
    assert model.generate("a" + whole[:2], length=1, temperature=0.0) == whole[2]


def test_characters_never_seen_are_named_and_left_out():
    model = model_of()
    assert model.unknown("axbéx") == ["x", "é"]
    assert model.generate("axbé", length=20, seed=1) == model.generate("ab", length=20, seed=1)
    with pytest.raises(ValueError, match="no character to score"):
        model.score("xyz")


def test_the_unknown_symbol_stands_for_characters_but_is_never_spoken():
    model = model_of(points=(ord("a"), ord("b"), UNKNOWN))
    assert model.unknown("axb") == []
    assert "\N{REPLACEMENT CHARACTER}" not in model.generate("x", length=300, temperature=3.0)


def test_a_model_of_bytes_speaks_utf8_where_it_can():
    model = model_of(points=tuple(range(256)), is_bytes=True)
    assert model.spelled("é".encode()) == "\xc3\xa9"
    assert model.text("\xc3\xa9") == "é"
    spoken = list(model.stream(model.spelled("é".encode()), SampleConfig(length=50)))
    assert all(ord(character) < 256 for character in spoken)
    assert isinstance(model.generate("é", length=50), str)


def test_a_model_of_bytes_stops_at_a_text_of_more_bytes():
    model = model_of(points=tuple(range(256)), is_bytes=True)
    text = model.generate(length=3000, temperature=5.0, seed=1)
    stop = next(c for c in text if ord(c) > 127 and c != "\N{REPLACEMENT CHARACTER}")
    stopped = model.generate(length=3000, temperature=5.0, seed=1, stop=(stop,))
    assert stopped == text[: text.index(stop)]


def test_a_text_may_go_on_until_one_of_some_texts_which_it_keeps():
    model = model_of()
    text = model.generate("ab", length=300, seed=3)
    assert model.generate("ab", length=300, seed=3, until="d") == text[: text.index("d") + 1]
    assert model.generate("ab", length=-1, seed=3, until=["d", "☃"]) == text[: text.index("d") + 1]
    assert model.generate("ab", length=300, seed=3, repeat_penalty=5.0) != text


def test_a_prompt_that_is_not_utf8_is_refused_with_the_place():
    with pytest.raises(UsageError, match="the prompt is not UTF-8: byte 2"):
        model_of().spelled(b"ab\xff")


@pytest.mark.parametrize("num", [1, 7, 64, 65, 200])
def test_many_are_what_each_alone_is_on_any_number_of_cores(monkeypatch, num):
    monkeypatch.setattr("charrnn.generation.model._LEAST_SHARE", 1)
    monkeypatch.setattr("charrnn.generation.batch._TAKEN_AT_ONCE", 32)
    sample = SampleConfig(length=12, seed=5, stop=("d",))
    model = model_of()
    for num_cores in (1, 3):
        monkeypatch.setattr("charrnn._cores.num_cores", lambda n=num_cores: n)
        said = list(model.many("ab", sample, num, num_at_once=9))
        assert [one.stream for one in said] == list(range(num))
        assert [one.text for one in said] == [
            "".join(model.stream("ab", sample, stream=k)) for k in range(num)
        ]


def test_who_takes_no_more_ends_all_cores(monkeypatch):
    monkeypatch.setattr("charrnn.generation.model._LEAST_SHARE", 1)
    monkeypatch.setattr("charrnn._cores.num_cores", lambda: 2)
    before = threading.active_count()
    endless = model_of().many("", SampleConfig(length=9, seed=5), None, num_at_once=4)
    assert [next(endless).stream for _ in range(70)] == list(range(70))
    del endless
    assert threading.active_count() == before


@pytest.mark.parametrize(("text", "start"), [("\n abc", "\n"), ("abc ", " "), ("xyz", "x")])
def test_a_text_without_a_prompt_begins_as_after_a_newline(text, start):
    model = model_of(text)
    assert model.vocab.char(model.start_id) == start


def test_load_is_public_and_says_when_there_is_nothing():
    with pytest.raises(CheckpointError, match="there is no run in /.*/checkpoints yet"):
        charrnn.load()
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = charrnn.nothing
    assert issubclass(CheckpointError, charrnn.CharRNNError)
    assert np.isfinite(model_of().score("abcd"))
