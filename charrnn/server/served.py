"""A loaded model as the server sees it: a prompt in, pieces of a text out.

Threads share one model. What a call yields is a function of the request alone, and what the command
line writes at the same seed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from charrnn.errors import SettingError
from charrnn.generation.model import Model
from charrnn.generation.prompted import PromptedSampler
from charrnn.generation.sampler import until_stop
from charrnn.generation.translation.translator import Translator
from charrnn.runs import task_names
from charrnn.runs.checkpoint import Checkpoint
from charrnn.server.completion_request import CompletionRequest, Wanted
from charrnn.server.log_probabilities import Recorder, Token, decoder, of_prompt

TASKS = (task_names.LANGUAGE_MODEL, task_names.SEQ2SEQ)  # whose models can be served


class Piece(NamedTuple):
    """What is added to a completion."""

    text: str
    token: Token | None = None  # of this character, where log probabilities are asked for
    finish_reason: str | None = None  # of the last piece: "stop" or "length"


class ServedModel(Protocol):
    """A model with the name that requests call it by."""

    @property
    def name(self) -> str:
        """What requests call it."""

    def require_possible(self, asked: CompletionRequest) -> None:
        """Raise `UsageError` for a request that this model cannot answer."""

    def echo(self, asked: CompletionRequest, prompt: str) -> Iterator[Piece]:
        """Yield a prompt as it stands at the beginning of its completion."""

    def complete(self, asked: CompletionRequest, wanted: Wanted) -> Iterator[Piece]:
        """Yield what follows a prompt. The last piece has a finish reason."""


@dataclass(frozen=True)
class TextModel:
    """A language model: it continues a prompt."""

    name: str
    model: Model

    def require_possible(self, asked: CompletionRequest) -> None:
        """Raise `UsageError` for a prompt that no text of this model begins with."""
        for prompt in asked.prompt:
            self._opening(prompt)

    def echo(self, asked: CompletionRequest, prompt: str) -> Iterator[Piece]:
        """Yield the prompt, then a token for each of its characters."""
        yield Piece(prompt)
        if asked.logprobs is not None:
            for token in of_prompt(self.model, self._opening(prompt), asked.logprobs):
                yield Piece("", token)

    def complete(self, asked: CompletionRequest, wanted: Wanted) -> Iterator[Piece]:
        """Yield the characters of one sample, as `charrnn sample` draws them."""
        model, num_drawn = self.model, 0
        recorder = None if asked.logprobs is None else Recorder(model, asked.logprobs)
        constraints = () if recorder is None else (recorder,)
        prompt, config = self._opening(wanted.prompt), asked.sample_config()
        sampler = PromptedSampler(model, prompt, config, lambda: constraints)
        decode = decoder(model)
        for character in sampler.characters(wanted.number):
            num_drawn += 1
            yield Piece(decode(character), None if recorder is None else recorder.take())
        reason = "length" if num_drawn == asked.max_tokens else "stop"
        yield Piece(decode("", final=True), finish_reason=reason)

    def _opening(self, prompt: str) -> str:
        return self.model.opening(self.model.spelled(prompt))


@dataclass(frozen=True)
class PairsModel:
    """A model of pairs: the prompt is a source, the completion its target."""

    name: str
    translator: Translator

    def require_possible(self, asked: CompletionRequest) -> None:
        """Raise `UsageError` for what only a language model can do, and for a source that is too
        long.
        """
        plain = {"top_p": 1, "top_k": 0, "min_p": 0, "logprobs": None}
        for field, value in plain.items():
            if getattr(asked, field) != value:
                raise SettingError(f"{self.name} is a model of pairs", f"leave out {field}", field)
        for prompt in asked.prompt:
            self.translator.encode(prompt)

    def echo(self, asked: CompletionRequest, prompt: str) -> Iterator[Piece]:
        """Yield the source."""
        yield Piece(prompt)

    def complete(self, asked: CompletionRequest, wanted: Wanted) -> Iterator[Piece]:
        """Yield the characters of a translation, as `charrnn translate` writes them for a line."""
        translator, text = self.translator, ""
        longest = translator.longest_target(len(translator.encode(wanted.prompt)))
        if asked.max_tokens == 0:
            yield Piece("", finish_reason="length")
            return
        stream = translator.stream(
            wanted.prompt,
            number=wanted.index,
            temperature=asked.temperature,
            seed=asked.seed,
            max_length=min(asked.max_tokens, longest),
        )
        for character in until_stop(stream, asked.stop):
            text += character
            yield Piece(character)
        made = stream.result
        has_ended = made.is_complete or made.text != text
        yield Piece("", finish_reason="stop" if has_ended else "length")


def served_model(checkpoint: Checkpoint, name: str) -> ServedModel:
    """Return the model of a checkpoint of one of the `TASKS`, ready to be shared by threads."""
    if checkpoint.task == task_names.SEQ2SEQ:
        return PairsModel(name, Translator.of([checkpoint]))
    model = Model.of(checkpoint, name)
    model.generate(length=1, seed=0)  # what it makes once is made before threads share it
    return TextModel(name, model)
