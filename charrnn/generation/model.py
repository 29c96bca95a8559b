"""A trained model as a library: `load` one, let it speak, let it score a text. Numpy only.

from charrnn import load
model = load("shakespeare")
print(model.generate("ROMEO:", length=200, temperature=0.8))
print(model.score("To be, or not to be"))   # nats per character
print(model.predict("hell")[:3])            # the likeliest next characters
cursor = model.cursor().read("hel").read("l")  # the same, read as it is typed
print(cursor.predict()[:3])
"""

import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from itertools import chain, count
from pathlib import Path
from threading import Event
from typing import Any, Self

import numpy as np

from charrnn import _cores
from charrnn.config import ModelConfig, SampleConfig
from charrnn.data.records import apart
from charrnn.data.vocab import UNKNOWN, IntArray, Vocab, code_points
from charrnn.errors import UsageError
from charrnn.generation import folding, predict
from charrnn.generation.batch import Batch, Ends, Spoken, in_parallel, speak_many
from charrnn.generation.constraints import RepeatPenalty
from charrnn.generation.predict import Chance, Expectation
from charrnn.generation.sampler import FloatArray, Steerings, generate, until_stop
from charrnn.models.reference import State, Weights
from charrnn.models.step_numpy import Matrices, Progress, Stepper
from charrnn.runs.checkpoint import Checkpoint
from charrnn.runs.root import Root
from charrnn.sources.units import END

# Characters of a prompt that are read, its last ones: nothing before them changes what follows (on
# Shakespeare 500 leave the same logits to within rounding), and a book takes no longer than a page.
MAX_PROMPT = 100_000
NUM_AT_ONCE = 512  # streams: more gain little, and each takes memory
_LEAST_SHARE = 256  # streams that are worth a core of their own


def load(run: str | Path | None = None, *, root: str | Path = "checkpoints") -> "Model":
    """Return the model of a run: by its name below `root`, its folder or a checkpoint file; the
    newest run if None.

    It is that of the best checkpoint. Raises `CheckpointError` where there is none that is whole.
    """
    runs = Root(Path(root))
    name = runs.find(None).name if run is None else str(run)
    return Model.of(runs.best_checkpoint(name)[0], name)


@dataclass(frozen=True)
class Said:
    """One of many samples."""

    stream: int
    text: str  # spelled in the model's characters
    is_whole: bool  # it ended by itself, rather than being cut off at its length
    log_probabilities: list[float]  # of each character, in nats; empty where they were not wanted


def _untold(done: int, total: int) -> None:
    """Nobody looks on."""


@dataclass(frozen=True, repr=False)
class Model:
    """A character model that speaks and scores."""

    config: ModelConfig
    vocab: Vocab
    weights: Weights
    records: str = "none"  # what it learned: one text, or those of a kind of `units.END`
    name: str = ""  # what `load` was asked for
    progress: Progress = _untold  # called with the characters of a prompt: read, in all

    @classmethod
    def of(cls, found: Checkpoint, name: str = "") -> "Model":
        """The model in a checkpoint."""
        weights = Weights.from_arrays(found.model, found.group("weights"), found.ngram_keys())
        return cls(found.model, found.vocab, weights, found.data.records, name)

    def __repr__(self) -> str:
        name = f"{self.name!r}, " if self.name else ""
        return f"Model({name}{self.config}, {self.vocab.size_in_words})"

    @cached_property
    def _matrices(self) -> Matrices:
        return Matrices(self.config, self.weights)

    @cached_property
    def _characters(self) -> list[str]:
        return [self.vocab.char(i) for i in range(len(self.vocab))]

    def generate(self, prompt: str = "", **settings: Any) -> str:
        """Text that goes on after the prompt.

        The settings are the fields of `SampleConfig`; `temp` is the temperature too, as on the
        command line. Without a seed, or with None, every call gives another text.
        """
        spoken = self.stream(self.spelled(prompt), _sample_config(settings))
        return self.text("".join(spoken))

    def glimpse(self, length: int, *, seed: int) -> str:
        """Generate `length` characters, or records until there are as many, as an example."""
        if self.records == "none":
            return self.generate(length=length, seed=seed)
        shown = ""
        for said in self.many("", SampleConfig(length=length, seed=seed), None, num_at_once=1):
            shown += self.text(said.text) + END[self.records]
            if len(shown) >= length:
                break
        return shown[:length]

    def stream(
        self,
        prompt: str,
        sample: SampleConfig,
        *,
        stream: int = 0,
        steerings: Steerings = tuple,
    ) -> Iterator[str]:
        """One character after another, following a `spelled` prompt.

        `stream` numbers independent samples: each depends on (seed, stream) alone. Characters of
        the prompt that the model never saw are left out. A record ends where its end would come.
        Where `steerings` leave nothing to say, it ends.
        """
        stepper, logits_V = self._prompted(prompt)
        never = self.vocab.unknown_id
        spoken = generate(
            stepper,
            logits_V,
            sample=sample,
            stream=stream,
            never=never,
            steerings=self._steerings(prompt, sample, steerings)(),
        )
        untils = [self.spelled(until) for until in sample.until]
        return until_stop(map(self._characters.__getitem__, spoken), self._stops(sample), untils)

    def many(
        self,
        prompt: str,
        sample: SampleConfig,
        num: int | None,
        *,
        num_at_once: int = NUM_AT_ONCE,
        with_log_probabilities: bool = False,
        steerings: Steerings = tuple,
        widened: Callable[[State, int], Batch] | None = None,
    ) -> Iterator[Said]:
        """What `stream` gives for the numbers 0 … `num` - 1, in order, without end if it is None:
        computed side by side, so many at once, on all cores.

        `widened` makes a batch of streams from the state after the prompt; numpy's by default, on
        each core one.
        """
        stepper, logits_V = self._prompted(prompt)
        state = stepper.state()

        def batch(num_streams: int) -> Batch:
            if widened is None:
                return stepper.widened(num_streams)
            return widened(state, num_streams)

        ended = Event()
        num_shares = 1 if widened else max(1, min(_cores.num_cores(), num_at_once // _LEAST_SHARE))
        shares = [
            speak_many(
                batch,
                logits_V,
                iter(range(first, num, num_shares))
                if num is not None
                else count(first, num_shares),
                num_at_once=num_at_once // num_shares,
                sample=sample,
                ends=self._ends(sample),
                never=self.vocab.unknown_id,
                steerings=self._steerings(prompt, sample, steerings),
                with_log_probabilities=with_log_probabilities,
                ended=ended,
            )
            for first in range(num_shares)
        ]
        spoken = shares[0] if num_shares == 1 else in_parallel(shares, ended)
        return (self._said(one) for one in spoken)

    def _steerings(self, prompt: str, sample: SampleConfig, more: Steerings) -> Steerings:
        """What follows each stream: what the settings ask for, and more."""
        if sample.repeat_penalty == 0:
            return more
        before = self.vocab.ids_of(code_points(self.known(prompt))).tolist()
        return lambda: (RepeatPenalty(sample.repeat_penalty, before), *more())

    def _said(self, spoken: Spoken) -> Said:
        text = self.vocab.decode(spoken.ids)
        return Said(spoken.stream, text, spoken.ended, spoken.log_probabilities)

    def _prompted(self, prompt: str) -> tuple[Stepper, Any]:
        """A stepper that has read the prompt, and its logits_V for what follows; of a prompt longer
        than `MAX_PROMPT` the end.
        """
        ids = self.vocab.ids_of(code_points(self.known(prompt)[-MAX_PROMPT:]))
        if not len(ids) or self.records != "none":
            ids = np.append(self.start_id, ids)
        stepper = Stepper(self._matrices)
        return stepper, stepper.read(ids, self.progress)

    def _stops(self, sample: SampleConfig) -> list[str]:
        """What a sample ends before, in the model's characters."""
        stops = [self.spelled(stop) for stop in sample.stop]
        return stops if self.records == "none" else [*stops, END[self.records]]

    def _ends(self, sample: SampleConfig) -> Ends:
        """What a sample ends before and after, in ids, but for what can never come."""
        stops, untils = (
            [self.vocab.ids_of(code_points(text)).tolist() for text in texts if self.can_say(text)]
            for texts in (self._stops(sample), map(self.spelled, sample.until))
        )
        return Ends(stops, untils)

    def can_say(self, spelled: str) -> bool:
        """Whether each character of a text is one that may be drawn."""
        return not self.never_drawn(spelled)

    def never_drawn(self, spelled: str) -> list[str]:
        """The characters of a text that are never drawn, each once: the model never saw them, or
        has no more than its unknown symbol for them.
        """
        codes = code_points(spelled)
        ids = self.vocab.ids_of(codes)
        is_drawn = (ids >= 0) & (ids != self.vocab.unknown_id)
        return [chr(code) for code in dict.fromkeys(codes[~is_drawn].tolist())]

    def spelled(self, text: str | bytes) -> str:
        """A text in the model's characters: UTF-8 decoded, or each byte as the character of that
        code.

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

    def text(self, spelled: str) -> str:
        """The inverse of `spelled`; what is not UTF-8 in a model of bytes becomes U+FFFD."""
        return (
            spelled.encode("latin-1").decode("utf-8", "replace") if self.vocab.is_bytes else spelled
        )

    def unknown(self, spelled: str) -> list[str]:
        """The characters of a text that the model knows in no form, each once."""
        codes = code_points(self._in_known_forms(spelled))
        missing = dict.fromkeys(codes[self.vocab.ids_of(codes) < 0].tolist())
        return [chr(code) for code in missing]

    def folded(self, spelled: str) -> dict[str, str]:
        """Characters of a text that the model never saw, and what it reads instead: “ as "."""
        return {} if self.vocab.is_bytes else folding.simpler(spelled, self._alphabet)

    @cached_property
    def _alphabet(self) -> frozenset[str]:
        return frozenset(chr(code) for code in self.vocab.code_points if code != UNKNOWN)

    def _in_known_forms(self, spelled: str) -> str:
        return spelled if self.vocab.is_bytes else folding.folded(spelled, self._alphabet)

    def known(self, spelled: str) -> str:
        """A text in characters that the model knows: some are `folded`, the others left out."""
        codes = code_points(self._in_known_forms(spelled)).astype("<u4")
        return codes[self.vocab.ids_of(codes) >= 0].tobytes().decode("utf-32-le", "surrogatepass")

    def predict(self, prompt: str | bytes = "", *, temperature: float = 1.0) -> tuple[Chance, ...]:
        """How likely each character is to come after the prompt, the likeliest first: what
        `generate` would draw from, but for the unknown symbol, which it never draws.
        """
        _, logits_V = self._prompted(self.spelled(prompt))
        return predict.chances(logits_V, self.vocab, temperature=temperature)

    def cursor(self) -> "Cursor":
        """A place in a text that is read as it comes: the state is kept, nothing is read twice."""
        return Cursor(self)

    def expectations(self, prompt: str | bytes) -> list[Expectation]:
        """How each character of a prompt was taken: what `predict` gave it after those before it.
        Characters that the model never saw are left out.
        """
        ids = self._known_ids(prompt)
        stepper, first_V = self._prompted("")
        if self.records == "none":  # a prompt is read with nothing before it
            stepper = Stepper(self._matrices)
        read = predict.read(stepper, ids[:-1], self.progress)
        pieces = chain([first_V[:, None]], read)
        return predict.expectations(pieces, ids, self.vocab)

    def score(self, text: str | bytes) -> float:
        """The mean nats per character the model needs for a text, read from a new start.

        Raises ValueError where the text has no character that the model knows.
        """
        nats = self.surprise(text)
        if not len(nats):
            raise ValueError("there is no character to score")
        return float(nats.mean())

    def surprise(self, text: str | bytes) -> FloatArray:
        """-ln p of each character of a text that the model knows, read from a new start; of a
        model of records, each of these from a new one.
        """
        found: list[FloatArray] = [np.empty(0)]
        for ids in apart(self._known_ids(text), self.records, self.start_id, self.vocab.white_V):
            before = np.append(self.start_id, ids[:-1])
            found.append(predict.surprise(Stepper(self._matrices), before, ids))
        return np.concatenate(found)

    def _known_ids(self, text: str | bytes) -> IntArray:
        return self.vocab.ids_of(code_points(self.known(self.spelled(text))))

    @property
    def start_id(self) -> int:
        """What is read before a text that has nothing before it: a newline, else a space, else id
        0.
        """
        known = self.vocab.code_points
        return next((known.index(ord(start)) for start in "\n " if ord(start) in known), 0)


class Cursor:
    """A place in a text: `predict` says what may come next, `read` goes on.

    It gives what `Model.predict` gives for the whole text so far, for the price of what is new.
    """

    def __init__(self, model: Model) -> None:
        self._model = model
        self._stepper, self._logits_V = model._prompted("")
        self._is_at_start = model.records == "none"  # such a text is read with nothing before it

    def read(self, text: str | bytes) -> Self:
        """Read on; characters that the model never saw are left out."""
        ids = self._model._known_ids(text)
        if len(ids):
            if self._is_at_start:
                self._stepper, self._is_at_start = Stepper(self._model._matrices), False
            self._logits_V = self._stepper.read(ids)
        return self

    def predict(self, *, temperature: float = 1.0) -> tuple[Chance, ...]:
        """How likely each character is to come next, the likeliest first."""
        return predict.chances(self._logits_V, self._model.vocab, temperature=temperature)


def _sample_config(settings: Mapping[str, Any]) -> SampleConfig:
    """The settings of a sample by the names of `SampleConfig` or of the flags; no seed is chance.

    Raises TypeError for a name that is neither.
    """
    names = {"temp": "temperature"} | {each.name: each.name for each in fields(SampleConfig)}
    for name in settings:
        if name not in names:
            raise TypeError(f"there is no setting {name!r}; there are {', '.join(sorted(names))}")
    if len({"temp", "temperature"} & settings.keys()) == 2:
        raise TypeError("temp and temperature are the same setting: give one")
    values = {names[name]: value for name, value in settings.items()}
    if values.get("seed") is None:
        values["seed"] = secrets.randbelow(2**32)
    for name in {"stop", "until"} & values.keys():
        values[name] = (values[name],) if isinstance(values[name], str) else tuple(values[name])
    return SampleConfig(**values)
