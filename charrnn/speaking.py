"""What `charrnn sample` does: the prompt, then one sample as it comes or many side by side."""

import contextlib
import dataclasses
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from charrnn import display, inputs, runs
from charrnn.checkpoint import Checkpoint
from charrnn.config import SampleConfig
from charrnn.errors import ExhaustedError, UsageError
from charrnn.model import NUM_AT_ONCE, Model, Said
from charrnn.records import END
from charrnn.recurrence import State
from charrnn.reporting import Reporter
from charrnn.sieve import Sieve, pattern
from charrnn.streams import Batch

_NUM_RECORDS = 10
_LENGTH_OF_RECORD = 10_000
_LEAST_AT_ONCE = 8  # streams, where some may be refused
_CHARS_OF_PATIENCE = 2_000_000  # of texts that copy, refused in a row


@dataclass(frozen=True)
class Wanted:
    """What was asked for, besides how a character is drawn."""

    num: int | None = None  # samples: by default one text, or some records
    unique: bool = False
    novel: bool = False
    novel_chars: int | None = None  # fewer than these in a row may be the corpus's
    match: str | None = None
    as_json: bool = False
    report: bool = False
    stream: bool = True
    device: str = "cpu"
    says_seed: bool = False  # for nobody chose it

    @property
    def is_picky(self) -> bool:
        """Whether some samples are not wanted."""
        return self.is_rare or self.novel_chars is not None

    @property
    def is_rare(self) -> bool:
        """Whether perhaps few are."""
        return self.unique or self.novel or self.match is not None


def speak(
    found: Checkpoint,
    typed: str | bytes,
    sample: SampleConfig,
    wanted: Wanted,
    *,
    length: int | None,
) -> None:
    """Write samples to stdout, each after the prompt that was `typed`.

    `length` is that of `sample` where it was given. Raises `UsageError` where the wishes do not go
    together, and `ExhaustedError` where too few samples are found that are wanted.
    """
    model = Model.of(found)
    has_records = model.records != "none"
    if has_records and length is None:
        if sample.final_temperature is not None:
            raise UsageError("a ramp of --temp needs an end", "say --length")
        sample = dataclasses.replace(sample, length=_LENGTH_OF_RECORD)
    if wanted.novel and not has_records:
        raise UsageError(
            "--novel alone needs a run that learned records",
            "of a text, say how many characters in a row are a copy: --novel 30",
        )
    prompt = model.spelled(typed)
    inputs.say_unknown(model, prompt)
    endless = sample.length < 0 and not sample.stop and not has_records
    one = not has_records and wanted.num in (None, 1) and not wanted.is_picky
    one = one and wanted.stream and not wanted.as_json and wanted.device == "cpu"
    if endless and (wanted.report or not one):
        raise UsageError("--length -1 never ends", "it goes with one streamed sample, no --report")
    if wanted.device != "cpu":
        from charrnn import device

        wanted = dataclasses.replace(wanted, device=device.resolve(wanted.device))
    sieve = _sieve(found, model, sample, wanted)
    reporter = Reporter(
        found, model, prompt, is_wanted=wanted.report, novel_chars=wanted.novel_chars
    )
    sieve.copies = lambda text: reporter.copies(text[len(prompt) :])
    write = display.Writer(sys.stdout, is_bytes=model.vocab.is_bytes)
    if sample.length != 0:
        _say_seed(sample, wanted)
    if one:
        write(prompt)
        for character in reporter.hearing(model.stream(prompt, sample)):
            write(character)
        write.end(new_line=sys.stdout.isatty())
        reporter.say()
    else:
        _speak_many(
            model, prompt, sample=sample, wanted=wanted, sieve=sieve, reporter=reporter, write=write
        )


def _speak_many(
    model: Model,
    prompt: str,
    *,
    sample: SampleConfig,
    wanted: Wanted,
    sieve: Sieve,
    reporter: Reporter,
    write: display.Writer,
) -> None:
    """Write the wanted ones of many samples, and say how many were not."""
    has_records = model.records != "none"
    num = wanted.num or (_NUM_RECORDS if has_records else 1)
    num_written = 0
    is_counted = num > 1 and not sys.stdout.isatty()
    found = display.Counting(num, hidden=not is_counted)
    search = display.Counting(sieve.limit, hidden=is_counted, what="refused, none found yet")
    with contextlib.closing(found), contextlib.closing(search):
        for said in _passed(_said(model, prompt, sample, wanted, num), sieve, prompt, search):
            search.close()
            found.advance()
            report = reporter.hear(said.text, is_whole=said.is_whole)
            write(_shown(said, model, prompt, sample, wanted, report, is_first=num_written == 0))
            num_written += 1
            if num_written == num:
                break
    write.end(new_line=sys.stdout.isatty() and not has_records and not wanted.as_json)
    if not wanted.as_json:
        reporter.say()
    if wanted.is_picky or sieve.refused:
        display.note(sieve.summary(num_written))
    if num_written < num:
        few = f"only {num_written:,} of {num:,} were" if num_written else f"none of {num:,} was"
        raise ExhaustedError(f"{few} found: the last {sieve.in_a_row:,} were refused", sieve.advice)


def _say_seed(sample: SampleConfig, wanted: Wanted) -> None:
    """How to hear the same again, once it is sure that there is something to hear."""
    if wanted.says_seed:
        display.note(f"--seed {sample.seed} says this again")


def _said(
    model: Model, prompt: str, sample: SampleConfig, wanted: Wanted, num: int
) -> Iterator[Said]:
    """The samples, without end if some of them may be refused."""
    searching = wanted.is_picky or model.records != "none"
    widened = None
    if wanted.device != "cpu":
        from charrnn.torch_batch import TorchBatch

        def widened(start: State, num_streams: int) -> Batch:
            return TorchBatch(model.config, model.weights, start, num_streams, device=wanted.device)

    return model.many(
        prompt,
        sample,
        None if searching else num,
        num_at_once=_num_at_once(wanted, num),
        with_log_probabilities=wanted.as_json,
        widened=widened,
    )


def _num_at_once(wanted: Wanted, num: int) -> int:
    """How many streams are worth while: where some may be refused, more than are asked for."""
    if wanted.is_rare:
        return NUM_AT_ONCE
    return min(NUM_AT_ONCE, max(num, _LEAST_AT_ONCE) if wanted.is_picky else num)


def _sieve(found: Checkpoint, model: Model, sample: SampleConfig, wanted: Wanted) -> Sieve:
    """What lets the wanted samples pass."""
    known: set[str] = set()
    if wanted.novel:
        from charrnn.reading import same_text  # a fortieth of a second that others need not wait

        text = same_text(found, cache=runs.CORPUS_CACHE, keep_corpus=True, screen=display.Quiet())
        known = set(model.vocab.decode(text.ids).split(END[model.records]))
    has_records = model.records != "none"
    patience = max(100, _CHARS_OF_PATIENCE // max(sample.length, 1))
    return Sieve(
        match=None if wanted.match is None else pattern(wanted.match),
        known=known,
        unique=wanted.unique,
        whole=has_records,
        patience=None if has_records or wanted.is_rare else patience,
    )


def _passed(
    said: Iterator[Said], sieve: Sieve, prompt: str, search: display.Counting
) -> Iterator[Said]:
    """The samples that are wanted, until there seem to be no more."""
    for each in said:
        if sieve.passes(prompt + each.text, is_whole=each.is_whole):
            yield each
        elif sieve.has_given_up:
            return
        else:
            search.advance()


def _shown(
    said: Said,
    model: Model,
    prompt: str,
    sample: SampleConfig,
    wanted: Wanted,
    report: dict[str, Any],
    *,
    is_first: bool,
) -> str:
    """One sample as it is written: a line of JSON, a record, or a text apart from the others."""
    if wanted.as_json:
        facts = {
            "prompt": model.text(prompt),
            "text": model.text(said.text),
            "seed": sample.seed,
            "stream": said.stream,
            "whole": said.is_whole,
            "log_probabilities": [round(nats, 4) for nats in said.log_probabilities],
            **report,
        }
        return json.dumps(facts) + "\n"
    text = prompt + said.text
    if model.records != "none":
        return text + END[model.records]
    return text if is_first else "\n\n" + text
