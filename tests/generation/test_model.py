import itertools
import math

import numpy as np
import pytest
from conftest import random_weights

import charrnn
from charrnn._text import symbol
from charrnn.config import ModelConfig, SampleConfig
from charrnn.data.vocab import UNKNOWN, Vocab
from charrnn.errors import CheckpointError, ExhaustedError, SettingError, UsageError
from charrnn.generation.model import Model, SampleSettings
from charrnn.generation.prompted import PromptedSampler

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
    assert 0 < model.score(text).nats_per_char < 20


def test_the_scores_of_all_continuations_are_probabilities():
    model = model_of()
    total = sum(
        math.exp(-model.score(x + y).nats_per_char * 2) for x in "\nabcd " for y in "\nabcd "
    )
    assert total == pytest.approx(1, abs=1e-5)


def test_a_prompt_is_read_before_generating():
    """Reading "ab" and then going on equals going on after having drawn "ab"."""
    model = model_of()
    whole = model.generate("a", length=3, temperature=0.0)
    assert model.generate("a" + whole[:2], length=1, temperature=0.0) == whole[2]


def test_characters_never_seen_are_named_and_left_out():
    model = model_of()
    assert model.unknown("axbéx") == ["x", "é"]
    assert model.generate("axbé", length=20, seed=1) == model.generate("ab", length=20, seed=1)
    with pytest.raises(UsageError, match="no character to score"):
        model.score("xyz")


def test_the_unknown_symbol_stands_for_characters_but_is_not_generated():
    model = model_of(points=(ord("a"), ord("b"), UNKNOWN))
    assert model.unknown("axb") == []
    assert "\N{REPLACEMENT CHARACTER}" not in model.generate("x", length=300, temperature=3.0)


def test_a_model_of_bytes_generates_utf8_if_possible():
    model = model_of(points=tuple(range(256)), is_bytes=True)
    assert model.spelled("é".encode()) == "\xc3\xa9"
    assert model.text("\xc3\xa9") == "é"
    sampler = PromptedSampler(model, model.spelled("é".encode()), SampleConfig(length=50, seed=1))
    drawn = "".join(sampler.characters())
    assert all(ord(character) < 256 for character in drawn)
    assert model.generate("é".encode(), length=50, seed=1) == model.text(drawn)
    assert "".join(model.stream("é", length=50, seed=1)) == model.text(drawn)
    (sample,) = model.samples(1, prompt="é", length=50, seed=1)
    assert (sample.prompt, sample.text) == ("é", model.text(drawn))


def test_a_model_of_bytes_stops_at_a_text_of_more_bytes():
    model = model_of(points=tuple(range(256)), is_bytes=True)
    text = model.generate(length=3000, temperature=5.0, seed=1)
    stop = next(c for c in text if ord(c) > 127 and c != "\N{REPLACEMENT CHARACTER}")
    stopped = model.generate(length=3000, temperature=5.0, seed=1, stop=(stop,))
    assert stopped == text[: text.index(stop)]


def test_until_ends_a_text_after_one_of_several_texts():
    model = model_of()
    text = model.generate("ab", length=300, seed=3)
    assert model.generate("ab", length=300, seed=3, until="d") == text[: text.index("d") + 1]
    assert model.generate("ab", length=-1, seed=3, until=["d", "☃"]) == text[: text.index("d") + 1]
    assert model.generate("ab", length=300, seed=3, repeat_penalty=5.0) != text


def test_a_prompt_that_is_not_utf8_is_refused_with_the_place():
    with pytest.raises(UsageError, match="the prompt is not UTF-8: byte 2"):
        model_of().spelled(b"ab\xff")


@pytest.mark.parametrize(("text", "start"), [("\n abc", "\n"), ("abc ", " "), ("xyz", "x")])
def test_a_text_without_a_prompt_begins_as_after_a_newline(text, start):
    model = model_of(text)
    assert model.vocab.char(model.start_id) == start


def test_the_keywords_of_a_sample_are_the_fields_of_its_configuration():
    assert SampleSettings.__annotations__.keys() - {"temp"} == SampleConfig.names()


def test_a_score_has_bits_perplexity_and_unknown_characters():
    score = model_of().score("abéd")
    assert (score.num_chars, score.num_unknown) == (3, 1)
    assert score.bits_per_char == pytest.approx(score.nats_per_char / math.log(2))
    assert score.perplexity == pytest.approx(math.exp(score.nats_per_char))


def test_samples_are_those_of_the_streams_in_order():
    model = model_of()
    drawn = list(model.samples(5, prompt="ab", length=9, seed=3))
    assert drawn[0].text == model.generate("ab", length=9, seed=3)
    assert [str(sample) for sample in drawn] == ["ab" + sample.text for sample in drawn]
    assert [sample.stream for sample in drawn] == list(range(5))
    assert drawn == list(itertools.islice(model.samples(prompt="ab", length=9, seed=3), 5))
    assert list(model.samples(0)) == []


def test_samples_may_be_distinct_new_and_match():
    model = model_of()
    wish = {"unique": True, "match": "^b", "known": {"ba", "bb"}}
    texts = [str(sample) for sample in model.samples(3, length=2, seed=1, temp=5.0, **wish)]
    assert len(set(texts)) == 3
    assert all(text[0] == "b" and text not in ("ba", "bb") for text in texts)


def test_a_search_for_more_samples_than_there_are_ends(monkeypatch):
    monkeypatch.setattr("charrnn.generation.sample_filter.PATIENCE", 50)
    found = []
    with pytest.raises(ExhaustedError, match="found 6 of 7: the last 50 were rejected, most often"):
        found.extend(model_of().samples(7, unique=True, length=1, temperature=5.0, seed=1))
    with pytest.raises(SettingError, match="num -1 is negative; None is without end"):
        model_of().samples(-1)
    with pytest.raises(SettingError, match=r"match '\(' is not a valid regular expression"):
        model_of().samples(1, match="(")


def test_samples_of_records_are_whole():
    model = Model(CONFIG, Vocab(tuple(map(ord, "\nabcd "))), random_weights(CONFIG, 6)[1], "lines")
    for sample in model.samples(20, prompt="ab", temperature=2.0, seed=1):
        assert sample.is_whole
        assert "\n" not in str(sample)


def test_a_prediction_has_its_likeliest_characters_and_one_by_name():
    prediction = model_of().predict("ab")
    assert prediction.top(2) == prediction[:2]
    assert prediction.prob(prediction[3].char) == prediction[3].prob
    assert prediction.prob("é") == 0
    assert repr(prediction.top(1)).startswith(f"Prediction({symbol(prediction[0].char)} ")
    assert repr(prediction).endswith(", 1 others)")


@pytest.mark.parametrize("records", ["none", "lines"])
def test_a_cursor_may_begin_at_the_end_of_a_text(records):
    model = Model(CONFIG, Vocab(tuple(map(ord, "\nabcd "))), random_weights(CONFIG, 6)[1], records)
    for text in ("", "x", "ab cd"):
        cursor = model.cursor(text)
        for place, whole in ((cursor, text), (cursor.copy().read("a"), text + "a")):
            expected = model.predict(whole)
            assert place.predict().prob("b") == pytest.approx(expected.prob("b"), abs=1e-6)
    assert cursor.suggest(1)[0].typed == "cd"


def test_what_is_left_out_of_a_text_stands_in_no_suggestion():
    model = model_of()
    (one,) = model.cursor("ab cØd").suggest(1)
    (other,) = model.cursor("ab cd").suggest(1)
    assert (one.typed, one.words) == ("cd", "cd" + one.text)
    assert (one.text, one.prob) == (other.text, other.prob)
    assert model.cursor("ab Ø").suggest(1)[0].typed == ""


def test_a_copy_of_a_cursor_goes_its_own_way():
    model = model_of()
    cursor = model.cursor().read("ab ")
    copy = cursor.copy()
    assert copy.read("cd").predict() == model.cursor().read("ab cd").predict()
    assert copy.suggest(2)[0].typed == "cd"
    assert model_of().cursor().copy().read("ab").predict() == model.predict("ab")
    assert cursor.predict().top(1) == model.cursor().read("ab ").predict().top(1)


@pytest.mark.parametrize("asked", [{"num": 0}, {"words": 0}])
def test_suggestions_of_nothing_are_refused(asked):
    ((name, _),) = asked.items()
    cursor = model_of().cursor()
    for ask in (cursor.suggest, cursor.offer):
        with pytest.raises(SettingError, match=f"{name} 0 suggests nothing; use 1 or more"):
            ask(**asked)


def test_load_is_public_and_says_when_there_is_nothing():
    with pytest.raises(CheckpointError, match="there is no run in /.*/checkpoints yet"):
        charrnn.load()
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = charrnn.nothing
    assert issubclass(CheckpointError, charrnn.CharRNNError)
    assert np.isfinite(model_of().score("abcd").nats_per_char)
