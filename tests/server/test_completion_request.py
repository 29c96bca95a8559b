"""Requests: the fields of the interface, and one line for what is not allowed."""

import json

import pytest

from charrnn.errors import SettingError, UsageError
from charrnn.server.completion_request import CompletionRequest, Wanted


def parsed(**fields):
    return CompletionRequest.parse(json.dumps(fields).encode())


def test_defaults_are_those_of_the_interface():
    asked = parsed()
    assert asked.prompt == ("",)
    assert (asked.model, asked.max_tokens, asked.n, asked.logprobs) == (None, 16, 1, None)
    config = asked.sample_config()
    assert (config.temperature, config.top_p, config.length, config.stop) == (1.0, 1.0, 16, ())
    assert not (asked.echo or asked.stream or asked.include_usage)
    assert parsed(prompt=None, max_tokens=None, seed=None, stop=None, n=None).max_tokens == 16


def test_a_request_without_a_seed_gets_one_that_repeats_it():
    assert parsed().seed != parsed().seed
    assert parsed(seed=7).seed == parsed(seed=7).sample_config().seed == 7


def test_fields_say_how_characters_are_drawn():
    config = parsed(
        max_tokens=9, temperature=0, top_p=0.5, top_k=3, min_p=0.1, seed=4, stop=["a", "b"]
    ).sample_config()
    assert (config.length, config.temperature, config.top_p) == (9, 0, 0.5)
    assert (config.top_k, config.min_p, config.seed, config.stop) == (3, 0.1, 4, ("a", "b"))
    assert parsed(stop="\n").stop == ("\n",)


def test_completions_are_numbered_through_all_prompts():
    assert parsed(prompt=["a", "b"], n=2).wanted == [
        Wanted(0, "a", 0), Wanted(1, "a", 1), Wanted(2, "b", 0), Wanted(3, "b", 1),
    ]  # fmt: skip


def test_what_is_not_available_may_be_given_with_the_value_that_changes_nothing():
    neutral = {"best_of": 1, "frequency_penalty": 0, "presence_penalty": 0.0, "logit_bias": {}}
    assert parsed(**neutral, suffix=None, user="me", seed=1) == parsed(seed=1)
    options = {"include_usage": True, "include_obfuscation": False}
    assert parsed(stream=True, stream_options=options).include_usage


@pytest.mark.parametrize(
    ("fields", "name", "phrase"),
    [
        ({"promt": "x"}, "promt", "did you mean prompt?"),
        ({"include_usage": True}, "include_usage", "there is no setting"),
        ({"stream_options": {"usage": True}}, "usage", "there is no setting 'usage'"),
        ({"stream_options": 1}, "stream_options", "is not an object"),
        ({"prompt": [1, 2]}, "prompt", "prompt is not a text"),
        ({"prompt": []}, "prompt", "prompt is an empty list"),
        ({"prompt": "\ud800"}, "prompt", "is not valid Unicode"),
        ({"stop": ["a"] * 5}, "stop", "at most 4 of at most 1,000 characters"),
        ({"stop": "a" * 1001}, "stop", "at most 4 of at most 1,000 characters"),
        ({"stop": ""}, "stop", "stop '' is empty"),
        ({"max_tokens": -1}, "max_tokens", "max_tokens -1 is out of range"),
        ({"max_tokens": 1.5}, "max_tokens", "max_tokens cannot be 1.5"),
        ({"n": 0}, "n", "n 0 is out of range"),
        ({"n": True}, "n", "n cannot be True"),
        ({"temperature": "hot"}, "temperature", "temperature cannot be 'hot'"),
        ({"temperature": float("nan")}, "temperature", "out of range"),
        ({"temperature": -0.1}, "temperature", "out of range"),
        ({"top_p": 2}, "top_p", "top_p 2 is out of range"),
        ({"seed": -1}, "seed", "seed -1 is out of range"),
        ({"logprobs": 6}, "logprobs", "it must be from 0 to 5"),
        ({"echo": "yes"}, "echo", "echo cannot be 'yes'"),
        ({"model": 3}, "model", "model cannot be 3"),
        ({"best_of": 3}, "best_of", "best_of is not available here; leave it out"),
        ({"logit_bias": {"50256": -100}}, "logit_bias", "is not available here"),
    ],
)
def test_a_value_that_is_not_allowed_costs_one_line_that_names_its_field(fields, name, phrase):
    with pytest.raises(SettingError) as raised:
        parsed(**fields)
    assert raised.value.fields == (name,)
    assert phrase in str(raised.value)


@pytest.mark.parametrize(
    ("body", "phrase"),
    [
        (b"", "not JSON"),
        (b"prompt=x", "not JSON"),
        (b'{"prompt": "\xff"}', "not JSON"),
        (b"[1]", "not a JSON object"),
        (b'{"n": ' + b"[" * 100_000, "nested too deeply"),
        (b'{"n": ' + b"[" * 400 + b"]" * 400 + b"}", "n cannot be"),
    ],
)
def test_a_body_that_is_no_object_costs_one_line(body, phrase):
    with pytest.raises(UsageError, match=phrase):
        CompletionRequest.parse(body)
