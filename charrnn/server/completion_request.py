"""A request for completions: from JSON to checked values.

The fields are those of the completions interface, with its defaults; lengths count characters. What
charrnn does not have may be given with the value that changes nothing. A field that is not known is
refused, as the original interface does.
"""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from charrnn.config import Checked, SampleConfig, require_known, setting
from charrnn.errors import SettingError, UsageError
from charrnn.server.limits import Limits

_MAX_STOPS, _MAX_STOP = 4, 1000  # texts, and characters of each
_MAX_LIKELIEST = 5
# What charrnn does not have, and the value that changes nothing.
_MISSING = {
    "best_of": 1,
    "frequency_penalty": 0,
    "presence_penalty": 0,
    "logit_bias": {},
    "suffix": "",
}
_IGNORED = ("user",)
_OPTIONS = "stream_options"
_EXPECTED = 'send an object of fields: {"prompt": "Once", "max_tokens": 100}'
_OF_OPTIONS = ("include_usage", "include_obfuscation")


@dataclass(frozen=True)
class Wanted:
    """One of the completions that a request asks for."""

    index: int  # among all of the request
    prompt: str
    number: int  # among those of its prompt: another one is drawn for each


@dataclass(frozen=True)
class CompletionRequest(Checked):
    """What is asked for."""

    model: str | None = setting(None)  # None is the first that is served
    prompt: tuple[str, ...] = setting(("",))
    max_tokens: int = setting(16, low=0, high=2**31)  # characters
    n: int = setting(1, low=1, high=2**31)  # completions of each prompt
    temperature: float = setting(1.0)
    top_p: float = setting(1.0)
    top_k: int = setting(0)
    min_p: float = setting(0.0)
    seed: int | None = setting(None)  # None, in JSON, is another one each time
    stop: tuple[str, ...] = setting(())
    logprobs: int | None = setting(None, low=0, high=_MAX_LIKELIEST)  # likeliest characters
    echo: bool = setting(False)
    stream: bool = setting(False)
    include_usage: bool = setting(False)  # at the end of a stream

    @classmethod
    def parse(cls, body: bytes) -> Self:
        """Return the request that a body of JSON holds.

        Raises `UsageError`, of a field `SettingError`, for what is not allowed.
        """
        try:
            return cls._of(_object(body))
        except RecursionError as error:
            raise UsageError("the request is nested too deeply", _EXPECTED) from error

    @classmethod
    def _of(cls, given: Mapping[str, Any]) -> Self:
        require_known(given, (cls.names() - {"include_usage"}) | {*_MISSING, *_IGNORED, _OPTIONS})
        values = {name: value for name, value in given.items() if value is not None}
        _require_nothing_missing(values)
        values.update(_stream_options(values.pop(_OPTIONS, {})))
        for name in {"prompt", "stop"} & values.keys():
            values[name] = _texts(name, values[name])
        asked = cls(**{name: values[name] for name in values.keys() & cls.names()})
        if asked.seed is None:
            return replace(asked, seed=secrets.randbelow(2**32))
        return asked

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.prompt:
            raise SettingError("prompt is an empty list", "give one or more texts", "prompt")
        if len(self.stop) > _MAX_STOPS or any(len(stop) > _MAX_STOP for stop in self.stop):
            raise SettingError(
                "stop has too many texts, or too long ones",
                f"give at most {_MAX_STOPS} of at most {_MAX_STOP:,} characters",
                "stop",
            )
        self.sample_config()

    def sample_config(self) -> SampleConfig:
        """Return how each character is drawn. Raises `SettingError` for what is not allowed."""
        return SampleConfig(
            temperature=self.temperature, length=self.max_tokens, top_k=self.top_k,
            top_p=self.top_p, min_p=self.min_p, seed=self.seed or 0, stop=self.stop,
        )  # fmt: skip

    @property
    def num_prompt_chars(self) -> int:
        """The characters of all prompts."""
        return sum(map(len, self.prompt))

    @property
    def wanted(self) -> list[Wanted]:
        """The completions: those of the first prompt, then those of the next."""
        return [
            Wanted(p * self.n + k, prompt, k)
            for p, prompt in enumerate(self.prompt)
            for k in range(self.n)
        ]

    def require_within(self, limits: Limits) -> None:
        """Raise `SettingError` for a request that takes too much."""
        num, num_echoes = len(self.prompt) * self.n, self.n if self.echo else 1
        for field, value, what, most in (
            ("n", num, "completions", limits.max_completions),
            ("prompt", self.num_prompt_chars * num_echoes, "characters", limits.max_prompt),
            ("max_tokens", self.max_tokens * num, "characters", limits.max_tokens),
        ):
            if value > most:
                asked = f"{field} comes to {value:,} {what} in all"
                raise SettingError(asked, f"this server allows {most:,} a request", field)
        num_chars = self.max_tokens * num
        if not self.stream and num_chars > limits.max_whole:
            raise SettingError(
                f"max_tokens comes to {num_chars:,} characters in all",
                f"this server allows {limits.max_whole:,} in one piece; ask for a stream",
                "max_tokens",
            )


def _object(body: bytes) -> dict[str, Any]:
    """Return the object that a body holds."""
    try:
        given = json.loads(body)
    except ValueError as error:
        raise UsageError("the request is not JSON", _EXPECTED) from error
    if not isinstance(given, dict):
        raise UsageError("the request is not a JSON object", _EXPECTED)
    return given


def _require_nothing_missing(values: Mapping[str, Any]) -> None:
    """Raise `SettingError` for a wish that would not be granted."""
    for name, neutral in _MISSING.items():
        if values.get(name, neutral) != neutral:
            raise SettingError(f"{name} is not available here", "leave it out", name)


def _stream_options(options: Any) -> dict[str, Any]:
    """Return the options of a stream as fields of their own."""
    if not isinstance(options, dict):
        raise SettingError(f"{_OPTIONS} is not an object", "leave it out", _OPTIONS)
    require_known(options, _OF_OPTIONS)
    return {"include_usage": options["include_usage"]} if "include_usage" in options else {}


def _texts(name: str, value: Any) -> tuple[str, ...]:
    """Return one text, or a list of them, as a tuple."""
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise SettingError(f"{name} is not a text", "give a text, or a list of texts", name)
    try:
        "".join(texts).encode()
    except UnicodeEncodeError as error:
        raise SettingError(
            f"{name} is not valid Unicode", "it holds half a character", name
        ) from error
    return tuple(texts)
