"""Samples that follow one prompt, in the model's characters.

Of a model of bytes each character stands for one byte; `Model.text` makes text of them.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import count
from threading import Event
from typing import TYPE_CHECKING

from charrnn import _cores
from charrnn.config import SampleConfig
from charrnn.data.vocab import code_points
from charrnn.generation.batch import (
    StopSequences,
    Stream,
    StreamSettings,
    in_parallel,
    sample_streams,
)
from charrnn.generation.constraints import RepeatPenalty
from charrnn.generation.sampler import Constraint, MakeConstraints, generate, until_stop
from charrnn.sources.lines import RECORD_END

if TYPE_CHECKING:
    from charrnn.generation.model import Model

MAX_AT_ONCE = 512  # streams; more gain little, and each takes memory
_AT_ONCE_WITHOUT_END = 64  # so that the first of endless samples come soon
MIN_SHARE = 16  # streams that are worth a core of their own


def num_at_once(num: int | None, *, is_picky: bool) -> int:
    """Return how many streams to compute side by side for `num` samples (None: without end); where
    some may be rejected, more than `num`.
    """
    if num is None:
        return _AT_ONCE_WITHOUT_END
    return MAX_AT_ONCE if is_picky else max(1, min(MAX_AT_ONCE, num))


@dataclass(frozen=True)
class Sample:
    """One of many samples. `str(sample)` is the prompt and the text after it."""

    prompt: str
    text: str
    stream: int  # its number: the sample is a function of the seed and this number
    is_whole: bool  # ended by itself; False: cut off at its length
    log_probabilities: tuple[float, ...] = ()  # of each character of `text`; empty unless asked for

    def __str__(self) -> str:
        return self.prompt + self.text


@dataclass(frozen=True)
class PromptedSampler:
    """Draws samples that follow a prompt. Characters that the model does not know are left out.

    A sample of a model of records ends where the record ends.
    """

    model: "Model"
    prompt: str
    sample: SampleConfig
    make_constraints: MakeConstraints = tuple  # besides those that `sample` asks for

    def characters(self, stream: int = 0) -> Iterator[str]:
        """Yield the characters of one sample. It ends early where no character is allowed."""
        model = self.model
        stepper, logits_V = model.read_prompt(self.prompt)
        ids = generate(
            stepper,
            logits_V,
            sample=self.sample,
            stream=stream,
            unknown_id=model.vocab.unknown_id,
            constraints=self._constraints(),
        )
        untils = [model.spelled(until) for until in self.sample.until]
        return until_stop(map(model.characters.__getitem__, ids), self._stops, untils)

    def samples(
        self,
        num: int | None,
        *,
        num_at_once: int = MAX_AT_ONCE,
        with_log_probabilities: bool = False,
    ) -> Iterator[Sample]:
        """Yield the samples of the streams 0 … `num` - 1 in order; without end if it is None.

        They are computed side by side on all cores, or on the model's device, `num_at_once` at a
        time.
        """
        model = self.model
        stepper, logits_V = model.read_prompt(self.prompt)
        settings = StreamSettings(
            self.sample,
            self._stop_sequences(),
            model.vocab.unknown_id,
            self._constraints,
            with_log_probabilities,
        )
        cancelled = Event()
        num_shares = max(1, min(_cores.num_cores(), num_at_once // MIN_SHARE))
        num_shares = num_shares if model.backend.is_parallel else 1
        shares = [
            sample_streams(
                partial(model.backend.batch, stepper.state()),
                logits_V,
                count(k, num_shares) if num is None else iter(range(k, num, num_shares)),
                settings,
                num_at_once=num_at_once // num_shares,
                cancelled=cancelled,
            )
            for k in range(num_shares)
        ]
        streams = shares[0] if num_shares == 1 else in_parallel(shares, cancelled)
        return map(self._sample, streams)

    def _sample(self, stream: Stream) -> Sample:
        text = self.model.vocab.decode(stream.ids)
        nats = tuple(stream.log_probabilities)
        return Sample(self.prompt, text, stream.number, stream.is_whole, nats)

    def _constraints(self) -> tuple[Constraint, ...]:
        more = tuple(self.make_constraints())
        if self.sample.repeat_penalty == 0:
            return more
        return (RepeatPenalty(self.sample.repeat_penalty, self._prompt_ids), *more)

    @cached_property
    def _prompt_ids(self) -> list[int]:
        vocab = self.model.vocab
        ids: list[int] = vocab.ids_of(code_points(self.model.known(self.prompt))).tolist()
        return ids

    @cached_property
    def _stops(self) -> list[str]:
        """The texts that a sample ends before; of a model of records the end of one."""
        stops = [self.model.spelled(stop) for stop in self.sample.stop]
        records = self.model.records
        return stops if records == "none" else [*stops, RECORD_END[records]]

    def _stop_sequences(self) -> StopSequences:
        """Return the stop texts in ids, without those that the model can never say."""
        model = self.model

        def ids(texts: Iterable[str]) -> list[list[int]]:
            possible = filter(model.can_say, texts)
            return [model.vocab.ids_of(code_points(text)).tolist() for text in possible]

        return StopSequences(ids(self._stops), ids(map(model.spelled, self.sample.until)))
