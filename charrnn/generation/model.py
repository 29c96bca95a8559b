"""A trained model as a library: load it, generate text, score a text. Numpy only.

import charrnn
model = charrnn.load("shakespeare")
print(model.generate("ROMEO:", length=200, temperature=0.8))
print(model.score("To be, or not to be").bits_per_char)
print(model.predict("hell").top(3))
cursor = model.cursor().read("hel").read("l")  # keeps its state
print(cursor.predict().top(3))
print(cursor.suggest(3))
"""

import codecs
import copy
import dataclasses
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any, Self, TypedDict, Unpack

import numpy as np

from charrnn._text import ProgressCallback, after, ignore_progress
from charrnn.config import ModelConfig, SampleConfig, with_keywords
from charrnn.data.records import split_into_records
from charrnn.data.vocab import UNKNOWN, IntArray, Vocab, code_points
from charrnn.errors import SettingError, UsageError
from charrnn.generation import folding, predict
from charrnn.generation.ensemble import require_alike
from charrnn.generation.keywords import fields_of
from charrnn.generation.predict import Expectation, Prediction, TextScore
from charrnn.generation.prompted import PromptedSampler, Sample, num_at_once
from charrnn.generation.sample_filter import SampleFilter, pattern
from charrnn.generation.sampler import FloatArray
from charrnn.models import ngrams
from charrnn.models.reference import Weights
from charrnn.models.step_backend import StepBackend, Stepper, step_backend
from charrnn.models.step_ensemble import EnsembleBackend
from charrnn.runs.checkpoint import Checkpoint
from charrnn.sources.lines import RECORD_END

if TYPE_CHECKING:
    from charrnn.generation.typing.corrections import Correction
    from charrnn.generation.typing.forks import Language
    from charrnn.generation.typing.suggestions import Offer, Suggestion
    from charrnn.generation.typing.tree import Branch

# Characters of a prompt that are read, the last ones: what comes before changes nothing (on
# Shakespeare 500 give the same logits to within rounding), and a book takes no longer than a page.
MAX_PROMPT = 100_000
MAX_RECORD = 10_000  # characters of a record, unless another length is asked for
_NAMES_OF_END = {"lines": "a newline", "blank": "an empty line"}
_SHOWN_CHARS = 40  # of a prompt, in a message
_LAST_CHARS = 100  # that a cursor remembers


class SampleSettings(TypedDict, total=False):
    """The keywords of `generate`, `stream` and `samples`: the fields of `SampleConfig`."""

    temperature: float  # 0 is greedy; 0.8 by default
    temp: float  # short for temperature
    final_temperature: float | None  # of the last character, for a ramp
    length: int  # characters; -1 is without end
    top_k: int
    top_p: float
    min_p: float
    repeat_penalty: float
    seed: int | None  # None, the default, is another seed at each call
    stop: str | Iterable[str]  # end before one of these texts
    until: str | Iterable[str]  # end after one of these texts


@dataclass(frozen=True, repr=False)
class Model:
    """A character-level language model: generates, predicts and scores text.

    Prompts are read from the beginning of a text. Characters that the model does not know are read
    in a simpler form if there is one (“ as "), else left out.
    """

    config: ModelConfig
    vocab: Vocab
    weights: Weights
    records: str = "none"  # the kind of records it learned, as in `RECORD_END`; "none": one text
    name: str = ""  # of its run
    progress: ProgressCallback = ignore_progress  # of reading a text, in characters
    device: str = "cpu"  # where samples are computed side by side: cpu, cuda, cuda:N or mps
    others: tuple["Model", ...] = ()  # the probabilities are averaged with theirs: an ensemble

    @classmethod
    def ensemble(cls, checkpoints: Sequence[Checkpoint], name: str = "") -> "Model":
        """Return the model in a checkpoint; of several, one that averages their probabilities at
        every character.

        Raises `UsageError` if they differ in more than their networks.
        """
        require_alike(checkpoints)
        first, *others = map(cls.of, checkpoints)
        return dataclasses.replace(first, name=name, others=tuple(others))

    @classmethod
    def of(cls, checkpoint: Checkpoint, name: str = "") -> "Model":
        """Return the model in a checkpoint."""
        keys = ngrams.keys_in(checkpoint.arrays, longest=checkpoint.model.ngrams)
        weights = Weights.from_arrays(checkpoint.model, checkpoint.group("weights"), keys)
        records = checkpoint.data.records
        return cls(checkpoint.model, checkpoint.vocab, weights, records, name)

    def __repr__(self) -> str:
        name = f"{self.name!r}, " if self.name else ""
        networks = " + ".join(str(model.config) for model in (self, *self.others))
        return f"Model({name}{networks}, {self.vocab.size_in_words})"

    @with_keywords(SampleSettings)
    def generate(self, prompt: str | bytes = "", **settings: Unpack[SampleSettings]) -> str:
        """Return the text that follows a prompt.

        Raises `SettingError` for a setting that is unknown or not allowed.
        """
        return "".join(self.stream(prompt, **settings))

    @with_keywords(SampleSettings)
    def stream(self, prompt: str | bytes = "", **settings: Unpack[SampleSettings]) -> Iterator[str]:
        """Yield the characters that follow a prompt, each as soon as it is drawn."""
        sampler = PromptedSampler(self, self.spelled(prompt), self._sample_config(settings))
        characters = sampler.characters()
        return _decoded(characters) if self.vocab.is_bytes else characters

    @with_keywords(SampleSettings)
    def samples(
        self,
        num: int | None = None,
        *,
        prompt: str | bytes = "",
        unique: bool = False,
        match: str | None = None,
        known: Container[str] = (),
        with_log_probabilities: bool = False,
        **settings: Unpack[SampleSettings],
    ) -> Iterator[Sample]:
        """Yield `num` samples that follow a prompt, computed side by side; without end if None.

        `unique` rejects repeated samples, `match` (a regular expression) those without a match, and
        `known` holds texts to reject, the prompt included in all three. Of a model of records each
        sample is a whole record. Raises `ExhaustedError` after too many rejections in a row.
        """
        if num is not None and num < 0:
            raise SettingError(f"num {num} is negative", "None is without end", "num")
        spelled = self.spelled(prompt)
        if self.records != "none":
            spelled = self.known(spelled)
        sampler = PromptedSampler(self, spelled, self._sample_config(settings))
        sample_filter = SampleFilter(
            match=None if match is None else pattern(match),
            known=known,
            unique=unique,
            whole=self.records != "none",
            end=RECORD_END.get(self.records, ""),
        )
        is_picky = unique or match is not None or bool(known)
        drawn = sampler.samples(
            None if is_picky or sample_filter.whole else num,
            num_at_once=num_at_once(num, is_picky=is_picky),
            with_log_probabilities=with_log_probabilities,
        )
        return map(self._decoded_sample, _accepted(drawn, sample_filter, num))

    def glimpse(self, length: int, *, seed: int) -> str:
        """Generate an excerpt of `length` characters; of a model of records, several records."""
        if self.records == "none":
            return self.generate(length=length, seed=seed)
        sampler = PromptedSampler(self, "", SampleConfig(length=length, seed=seed))
        excerpt = ""
        for sample in sampler.samples(None, num_at_once=1):
            excerpt += self.text(sample.text) + RECORD_END[self.records]
            if len(excerpt) >= length:
                break
        return excerpt[:length]

    def predict(self, prompt: str | bytes = "", *, temperature: float = 1.0) -> Prediction:
        """Return the probability of each character to come next, the likeliest first.

        `generate` draws from these, except for the unknown symbol, which is never drawn.
        """
        _, logits_V = self.read_prompt(self.spelled(prompt))
        return predict.prediction(logits_V, self.vocab, temperature=temperature)

    def cursor(self, text: str | bytes = "") -> "Cursor":
        """Return a cursor at the end of a text, which is read like a prompt; it keeps its state."""
        return Cursor(self, self.spelled(text))

    def expectations(self, text: str | bytes) -> list[Expectation]:
        """Compare each character of a text with what the model predicted there."""
        ids = self._known_ids(text)
        stepper, first_V = self.read_prompt("")
        if self.records == "none":  # a prompt is read with nothing before it
            stepper = self.backend.stepper()
        chunks = predict.read(stepper, ids[:-1], self.progress)
        return predict.expectations(chain([first_V[:, None]], chunks), ids, self.vocab.char)

    def score(self, text: str | bytes) -> TextScore:
        """Measure how well the model predicts a text: nats and bits per character.

        The text is read from a zero state; of a model of records, each record is. Raises
        `UsageError` if the model knows no character of the text.
        """
        nats = self.surprise(text)
        if not len(nats):
            raise UsageError(
                "there is no character to score", "give a text in characters that the model knows"
            )
        ids = self.vocab.ids_of(code_points(self._in_known_forms(self.spelled(text))))
        num_unknown = int(((ids < 0) | (ids == self.vocab.unknown_id)).sum())
        return TextScore(len(nats), float(nats.mean()), num_unknown)

    def surprise(self, text: str | bytes) -> FloatArray:
        """Return -ln p of each known character of a text, shape (T,); read as `score` reads it."""
        nats: list[FloatArray] = [np.empty(0)]
        known, num_read = self._known_ids(text), 0
        for ids in split_into_records(known, self.records, self.start_id, self.vocab.white_V):
            before = np.append(self.start_id, ids[:-1])
            progress = after(num_read, len(known), self.progress)
            nats.append(predict.surprise(self.backend.stepper(), before, ids, progress))
            num_read += len(ids)
        return np.concatenate(nats)

    def read_prompt(self, prompt: str) -> tuple[Stepper, Any]:
        """Return a stepper that has read a `spelled` prompt (at most its last `MAX_PROMPT`
        characters), and its logits_V for what follows.
        """
        ids = self.vocab.ids_of(code_points(self.known(prompt)[-MAX_PROMPT:]))
        if not len(ids) or self.records != "none":
            ids = np.append(self.start_id, ids)
        stepper = self.backend.stepper()
        return stepper, stepper.read(ids, self.progress)

    def spelled(self, text: str | bytes) -> str:
        """Return a text in the model's characters: UTF-8 decoded, or for a model of bytes each byte
        as the character of that code.

        Raises `UsageError` for what is not UTF-8, unless the model is one of bytes.
        """
        if isinstance(text, str):
            text = text.encode("utf-8", "surrogateescape")
        try:
            return text.decode("latin-1" if self.vocab.is_bytes else "utf-8")
        except UnicodeDecodeError as error:
            raise UsageError(
                f"the prompt is not UTF-8: byte {error.start}",
                "convert it first: iconv -f latin1 -t utf-8",
            ) from error

    def opening(self, spelled: str) -> str:
        """Return a prompt as the beginning of a text: without the end of its line, which ends a
        record of a model of lines.

        Raises `UsageError` for one that holds more than the beginning of a record.
        """
        if self.records == "lines":
            spelled = spelled.removesuffix("\n")
        if self.records != "none" and RECORD_END[self.records] in spelled:
            end = _NAMES_OF_END[self.records]
            raise UsageError(
                f"the prompt {spelled[:_SHOWN_CHARS]!r} holds {end}, which ends a record",
                "give it the beginning of one record",
            )
        return spelled

    def text(self, spelled: str) -> str:
        """The inverse of `spelled`; what is not UTF-8 in a model of bytes becomes U+FFFD."""
        return (
            spelled.encode("latin-1").decode("utf-8", "replace") if self.vocab.is_bytes else spelled
        )

    def known(self, spelled: str) -> str:
        """Return a text in known characters: some in a simpler form, the others left out."""
        codes = code_points(self._in_known_forms(spelled)).astype("<u4")
        return codes[self.vocab.ids_of(codes) >= 0].tobytes().decode("utf-32-le", "surrogatepass")

    def unknown(self, spelled: str) -> list[str]:
        """Return the characters of a text that have no known form, each once."""
        codes = code_points(self._in_known_forms(spelled))
        missing = dict.fromkeys(codes[self.vocab.ids_of(codes) < 0].tolist())
        return [chr(code) for code in missing]

    def folded(self, spelled: str) -> dict[str, str]:
        """Return the unknown characters of a text that are read in a simpler form: “ as "."""
        return {} if self.vocab.is_bytes else folding.simpler(spelled, self._alphabet)

    def can_say(self, spelled: str) -> bool:
        """Whether each character of a text can be drawn."""
        return not self.never_drawn(spelled)

    def never_drawn(self, spelled: str) -> list[str]:
        """Return the characters of a text that are never drawn, each once: those without an id of
        their own.
        """
        codes = code_points(spelled)
        ids = self.vocab.ids_of(codes)
        is_drawn = (ids >= 0) & (ids != self.vocab.unknown_id)
        return [chr(code) for code in dict.fromkeys(codes[~is_drawn].tolist())]

    @cached_property
    def backend(self) -> StepBackend:
        """What computes the model's steps."""
        backends = [
            step_backend(model.config, model.weights, device=self.device)
            for model in (self, *self.others)
        ]
        return EnsembleBackend(backends) if self.others else backends[0]

    @cached_property
    def characters(self) -> list[str]:
        """The character of each id."""
        return [self.vocab.char(i) for i in range(len(self.vocab))]

    @cached_property
    def language(self) -> "Language":
        """What a search for words has to know of the model."""
        from charrnn.generation.typing.forks import Language

        return Language(
            self.backend,
            self.characters,
            are_bytes=self.vocab.is_bytes,
            unknown_id=self.vocab.unknown_id,
            record_end=RECORD_END.get(self.records, ""),
        )

    @property
    def start_id(self) -> int:
        """The id that is read before a text: a newline if it is known, else a space, else id 0."""
        known = self.vocab.code_points
        return next((known.index(ord(start)) for start in "\n " if ord(start) in known), 0)

    @cached_property
    def _alphabet(self) -> frozenset[str]:
        return frozenset(chr(code) for code in self.vocab.code_points if code != UNKNOWN)

    def _in_known_forms(self, spelled: str) -> str:
        return spelled if self.vocab.is_bytes else folding.folded(spelled, self._alphabet)

    def _known_ids(self, text: str | bytes) -> IntArray:
        return self.vocab.ids_of(code_points(self.known(self.spelled(text))))

    def _decoded_sample(self, sample: Sample) -> Sample:
        if not self.vocab.is_bytes:
            return sample
        prompt, text = self.text(sample.prompt), self.text(sample.text)
        return dataclasses.replace(sample, prompt=prompt, text=text)

    def _sample_config(self, settings: Mapping[str, Any]) -> SampleConfig:
        """Check settings; without a length a record may be as long as it likes."""
        config = _checked(settings)
        is_ramp = config.final_temperature is not None
        if self.records == "none" or "length" in settings or is_ramp:
            return config
        return dataclasses.replace(config, length=MAX_RECORD)


class Cursor:
    """A position in a text: `read` moves on, `predict` tells what may come next, `suggest` how the
    word goes on.

    The predictions are those of `Model.predict` for the whole text so far; reading costs one step a
    character, however long the text is.
    """

    def __init__(self, model: Model, spelled: str = "") -> None:
        self._model = model
        self._stepper, self._logits_V = model.read_prompt(spelled)
        # Such a text is read with nothing before it.
        self._is_at_start = model.records == "none" and not model.known(spelled)
        self._last = spelled[-_LAST_CHARS:]  # the word at hand and more

    def copy(self) -> "Cursor":
        """Return another cursor at the same place."""
        other = copy.copy(self)
        other._stepper = self._model.backend.stepper(self._stepper.state())
        return other

    def read(self, text: str | bytes) -> Self:
        """Read on; unknown characters are left out. Return the cursor."""
        self._last = (self._last + self._model.spelled(text))[-_LAST_CHARS:]
        ids = self._model._known_ids(text)
        if len(ids):
            if self._is_at_start:
                self._stepper, self._is_at_start = self._model.backend.stepper(), False
            self._logits_V = self._stepper.read(ids)
        return self

    def predict(self, *, temperature: float = 1.0) -> Prediction:
        """Return the probability of each character to come next, the likeliest first."""
        return predict.prediction(self._logits_V, self._model.vocab, temperature=temperature)

    def suggest(self, num: int = 3, *, words: int = 1) -> "list[Suggestion]":
        """Return the `num` likeliest ways to go on to the end of a word, or of so many `words`,
        the likeliest first; fewer if no more are found.

        A word that has been begun is the first of them. The cursor does not move. `Suggestion` says
        what the probabilities mean. Nothing is suggested past the end of a record; of a model of
        bytes only ASCII characters end words. Raises `SettingError` for numbers below 1.
        """
        from charrnn.generation.typing import suggestions  # imports regex: 10 ms

        _require_one_or_more(num=num, words=words)
        language = self._model.language
        found = suggestions.suggest(language, self._branch(), self._last, num, words=words)
        return list(map(self._decoded, found))

    def offer(self, num: int = 3, *, words: int = 1) -> "Offer":
        """Return what `suggest` finds for one word, and the first of it with the likeliest words
        after it: what an editor shows. Raises `SettingError` for numbers below 1.
        """
        from charrnn.generation.typing import suggestions  # imports regex: 10 ms

        _require_one_or_more(num=num, words=words)
        language = self._model.language
        found = suggestions.offer(language, self._branch(), self._last, num, words=words)
        alternatives = tuple(map(self._decoded, found.alternatives))
        return suggestions.Offer(alternatives, self._model.text(found.ahead))

    def correction(
        self, word: str, following: str = " ", *, times_likelier: float = 10_000.0
    ) -> "Correction | None":
        """Return a word within one edit of `word` that is so many times likelier here, or None.

        An edit inserts, leaves out or replaces a character, or exchanges it with the next one.
        `following` is the character after the word. The cursor stands before the word and does not
        move. A model of bytes corrects words of ASCII alone.
        """
        from charrnn.generation.typing import corrections  # imports regex: 10 ms

        if self._model.vocab.is_bytes and not (word + following).isascii():
            return None
        return corrections.correction(
            self._model.language, self._branch(), word, following, times_likelier=times_likelier
        )

    def _branch(self) -> "Branch":
        """Return the place, as a search sees it."""
        from charrnn.generation.typing import tree

        return tree.root(self._stepper.state(), self._logits_V)

    def _decoded(self, one: "Suggestion") -> "Suggestion":
        decoded, left_out = self._model.text, self._model.unknown(one.typed)
        typed = "".join(character for character in one.typed if character not in left_out)
        return dataclasses.replace(one, text=decoded(one.text), typed=decoded(typed))


def _require_one_or_more(**numbers: int) -> None:
    """Raise `SettingError` for a number of suggestions or words that asks for nothing."""
    for name, number in numbers.items():
        if number < 1:
            raise SettingError(f"{name} {number} suggests nothing", "use 1 or more", name)


def _checked(settings: Mapping[str, Any]) -> SampleConfig:
    """Return a `SampleConfig` of the keywords of a call; without a seed, one at random."""
    values = fields_of(settings, SampleSettings)
    for name in {"stop", "until"} & values.keys():
        values[name] = (values[name],) if isinstance(values[name], str) else tuple(values[name])
    return SampleConfig(**values)


def _accepted(
    samples: Iterator[Sample], sample_filter: SampleFilter, num: int | None
) -> Iterator[Sample]:
    """Yield the first `num` samples that pass the filter. Raises `ExhaustedError`."""
    num_found = 0
    while num_found != num:
        sample = next(samples)
        if sample_filter.accepts(sample.prompt, sample.text, is_whole=sample.is_whole):
            num_found += 1
            yield sample
        elif sample_filter.is_exhausted:
            raise sample_filter.exhausted(num_found, num, why=sample_filter.why_exhausted)


def _decoded(characters: Iterator[str]) -> Iterator[str]:
    """Decode the bytes of a model of bytes as they come."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    for character in characters:
        yield from decoder.decode(character.encode("latin-1"))
    yield from decoder.decode(b"", final=True)
