"""What a server yields of a model: what the library and the command line write at the same seed."""

import json
import math

import pytest
from serving import bytes_model, pairs_model, text_model

from charrnn.errors import SettingError, UsageError
from charrnn.generation.prompted import PromptedSampler
from charrnn.server.completion_request import CompletionRequest


def asked_for(**fields):
    return CompletionRequest.parse(json.dumps({"seed": 3, "max_tokens": 30, **fields}).encode())


def completed(served, asked, k=0):
    """Return a text and why it ended."""
    *pieces, last = served.complete(asked, asked.wanted[k])
    assert [piece.finish_reason for piece in pieces] == [None] * len(pieces)
    return "".join(piece.text for piece in [*pieces, last]), last.finish_reason


@pytest.mark.parametrize(
    "fields",
    [{}, {"temperature": 0}, {"top_p": 0.7, "top_k": 4, "min_p": 0.01}, {"max_tokens": 0}],
)
def test_a_text_is_the_sample_of_the_same_settings_and_seed(fields):
    served, asked = text_model(), asked_for(prompt="ab", n=3, **fields)
    for k in range(3):
        drawn = PromptedSampler(served.model, "ab", asked.sample_config()).characters(k)
        assert completed(served, asked, k) == ("".join(drawn), "length")


def test_a_stop_text_ends_a_text_and_is_not_part_of_it():
    served = text_model()
    whole, _ = completed(served, asked_for(prompt="ab"))
    stop = whole[4:6]
    assert completed(served, asked_for(prompt="ab", stop=["zz", stop])) == (
        whole[: whole.index(stop)],
        "stop",
    )


def test_a_record_ends_by_itself_and_a_prompt_is_the_beginning_of_one():
    served = text_model(records="lines")
    text, reason = completed(served, asked_for(prompt="ab\n", max_tokens=500))
    assert reason == "stop"
    assert "\n" not in text
    assert text == served.model.generate("ab", length=500, seed=3, temperature=1.0)
    served.require_possible(asked_for(prompt=["a", "b\n"]))
    with pytest.raises(UsageError, match="holds a newline, which ends a record"):
        served.require_possible(asked_for(prompt=["a", "a\nb"]))


def test_a_model_of_bytes_yields_characters():
    served, asked = bytes_model(), asked_for(prompt="é", max_tokens=60)
    text, reason = completed(served, asked)
    assert text == served.model.generate("é", length=60, seed=3, temperature=1.0)
    assert reason == "length"


def test_log_probabilities_are_those_of_the_model_and_change_no_text():
    served = text_model()
    plain, asked = asked_for(prompt="ab"), asked_for(prompt="ab", logprobs=2)
    assert completed(served, asked) == completed(served, plain)
    *pieces, _ = served.complete(asked, asked.wanted[0])
    (sample,) = served.model.samples(
        1, prompt="ab", seed=3, length=30, temperature=1.0, with_log_probabilities=True
    )
    tokens = [piece.token for piece in pieces]
    assert "".join(token.name for token in tokens) == sample.text
    assert [token.log_probability for token in tokens] == pytest.approx(
        sample.log_probabilities, abs=1e-4
    )


@pytest.mark.parametrize("records", ["none", "lines"])
def test_the_characters_of_an_echoed_prompt_are_as_likely_as_the_model_says(records):
    served, asked = text_model(records=records), asked_for(prompt="abéd", echo=True, logprobs=1)
    first, *rest = served.echo(asked, "abéd")
    assert first.text == "abéd"
    expected = served.model.expectations("abd")
    known = [piece.token for piece in rest if piece.token.name != "é"]
    assert [token.log_probability for token in known] == pytest.approx(
        [math.log(each.prob) for each in expected], abs=1e-4
    )
    assert [next(iter(token.likeliest)) for token in known] == [each.expected for each in expected]
    assert [(p.token.log_probability, p.token.likeliest) for p in rest[2:3]] == [(None, None)]


def test_a_source_is_translated_as_the_same_line_is():
    served, prompts = pairs_model(), ["abc", "", "edcba"]
    for settings in ({"temperature": 0}, {"temperature": 1.5}):
        asked = asked_for(prompt=prompts, **settings)
        made = list(served.translator.translate_many(prompts, seed=3, **settings))
        for k, (best,) in enumerate(made):
            reason = "stop" if best.is_complete else "length"
            assert completed(served, asked, k) == (best.text, reason)


def test_a_translation_ends_before_a_stop_text_and_after_so_many_symbols():
    served = pairs_model()
    whole, _ = completed(served, asked_for(prompt="abcde", temperature=0))
    stopped = completed(served, asked_for(prompt="abcde", temperature=0, stop=whole[4:7]))
    assert stopped == (whole[: whole.index(whole[4:7])], "stop")
    cut, reason = completed(served, asked_for(prompt="abcde", temperature=0, max_tokens=2))
    assert (cut.split(" "), reason) == (whole.split(" ")[:2], "length")
    assert completed(served, asked_for(prompt="abcde", max_tokens=0)) == ("", "length")


@pytest.mark.parametrize("fields", [{"top_p": 0.5}, {"top_k": 2}, {"min_p": 0.1}, {"logprobs": 0}])
def test_a_model_of_pairs_refuses_what_it_cannot_do(fields):
    with pytest.raises(SettingError, match="pairs is a model of pairs; leave out"):
        pairs_model().require_possible(asked_for(**fields))


def test_a_source_that_is_too_long_is_refused():
    with pytest.raises(UsageError, match="10,000"):
        pairs_model().require_possible(asked_for(prompt="a" * 10_001))
