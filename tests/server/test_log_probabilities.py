import math

import numpy as np
import pytest
from serving import bytes_model, text_model

from charrnn.server.log_probabilities import Recorder, of_prompt


def test_the_likeliest_come_first_and_the_drawn_one_is_always_there():
    model = text_model().model
    recorder = Recorder(model, 2)
    logits_V = np.log(np.array([0.1, 0.2, 0.4, 0.05, 0.2, 0.05]))
    recorder.apply(logits_V)
    recorder.read(0)
    token = recorder.take()
    assert token.name == token.text == "\n"
    assert token.log_probability == pytest.approx(math.log(0.1))
    assert {name: round(math.exp(value), 6) for name, value in token.likeliest.items()} == {
        "a": 0.4, " ": 0.2, "\n": 0.1,
    }  # fmt: skip


def test_what_is_never_drawn_is_not_among_the_likeliest():
    model = text_model().model
    recorder = Recorder(model, 5)
    recorder.apply(np.array([0.0, -np.inf, -np.inf, 0.0, -np.inf, -np.inf]))
    recorder.read(3)
    assert recorder.take().likeliest == pytest.approx({"\n": -math.log(2), "b": -math.log(2)})


def test_the_bytes_of_a_character_have_names_and_one_text():
    model = bytes_model().model
    tokens = list(of_prompt(model, model.spelled("aé"), 1))
    assert [(token.name, token.text) for token in tokens] == [
        ("a", "a"), ("bytes:\\xc3", ""), ("bytes:\\xa9", "é"),
    ]  # fmt: skip


def test_a_prompt_is_read_in_the_forms_that_the_model_knows():
    model = text_model(text="\nabc…'é").model
    curly = list(of_prompt(model, "a’b", 0))
    straight = list(of_prompt(model, "a'b", 0))
    assert [token.name for token in curly] == ["a", "’", "b"]
    assert [t.log_probability for t in curly] == [t.log_probability for t in straight]
    composed = list(of_prompt(model, "ae\N{COMBINING ACUTE ACCENT}b", 0))
    assert [token.name for token in composed] == ["a", "é", "b"]
