"""What `charrnn sample` does: the prompt, then one sample as it comes or many side by side."""

import contextlib
import dataclasses
import json
import sys
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from charrnn._text import Reporter, number_of
from charrnn.cli import inputs
from charrnn.cli.console.progress import ProgressBar, SearchProgress
from charrnn.cli.console.streams import TextWriter, note
from charrnn.cli.quotations import CopyDetector
from charrnn.config import SampleConfig
from charrnn.errors import ExhaustedError, UsageError
from charrnn.generation.batch import Batch
from charrnn.generation.model import MAX_PROMPT, MAX_RECORD, Model
from charrnn.generation.prompted import PromptedSampler, Sample, num_at_once
from charrnn.generation.sample_filter import SampleFilter, pattern
from charrnn.models.reference import State
from charrnn.runs.checkpoint import Checkpoint, CheckpointHeader
from charrnn.sources.units import END

_NUM_RECORDS = 10
_CHARS_OF_PATIENCE = 2_000_000  # of texts that copy, refused in a row
_SHOWN_CHARS = 40  # of a prompt, in a message


@dataclass(frozen=True)
class Wanted:
    """What was asked for, besides how a character is drawn."""

    num: int | None = None  # samples of each prompt: by default one text, or some records; -1: ever
    unique: bool = False
    novel: bool = False
    novel_chars: int | None = None  # fewer than these in a row may be the corpus's
    match: str | None = None
    as_json: bool = False
    report: bool = False
    stream: bool = True
    shows_prompt: bool = True
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
    typed: Sequence[str | bytes],
    sample: SampleConfig,
    wanted: Wanted,
    *,
    length: int | None,
) -> None:
    """Write samples to stdout, each after one of the prompts that were `typed`, in their order.

    `length` is that of `sample` where it was given. Raises `UsageError` where the wishes do not go
    together, and `ExhaustedError` where too few samples are found that are wanted.
    """
    model = inputs.model_of(found)
    has_records = model.records != "none"
    if has_records and length is None:
        if sample.final_temperature is not None:
            raise UsageError("a ramp of --temp needs an end", "say --length")
        sample = dataclasses.replace(sample, length=MAX_RECORD)
    if wanted.novel and not has_records:
        raise UsageError(
            "--novel alone needs a run that learned records",
            "of a text, say how many characters in a row are a copy: --novel 30",
        )
    prompts = _prompts(model, typed)
    one = not has_records and wanted.num in (None, 1) and not wanted.is_rare and len(prompts) == 1
    one = one and wanted.stream and not wanted.as_json and wanted.device == "cpu"
    if not _has_end(model, sample) and (wanted.report or not one):
        raise UsageError("--length -1 never ends", "it goes with one streamed sample, no --report")
    if wanted.num == -1 and (wanted.report or len(prompts) > 1):
        raise UsageError("--num -1 never ends", "it goes with one prompt, no --report")
    if wanted.device != "cpu":
        from charrnn.models import device

        wanted = dataclasses.replace(wanted, device=device.resolve(wanted.device))
    sample_filter = _sample_filter(found, model, sample, wanted)
    detector = CopyDetector(found, model, is_wanted=wanted.report, novel_chars=wanted.novel_chars)
    sample_filter.copies = detector.copies
    write = TextWriter(sys.stdout, is_bytes=model.vocab.is_bytes)
    if sample.length != 0:
        _say_seed(sample, wanted)
    if one:
        _speak_one(model, prompts[0], sample, wanted, detector, write)
    else:
        _Speaking(model, sample, wanted, sample_filter, detector, write).all_of(prompts)


def _speak_one(
    model: Model,
    prompt: str,
    sample: SampleConfig,
    wanted: Wanted,
    detector: CopyDetector,
    write: TextWriter,
) -> None:
    """Write one text, each character as it comes."""
    write(prompt if wanted.shows_prompt else "")
    constraints = detector.constraints()
    sampler = PromptedSampler(model, prompt, sample, lambda: constraints)
    for character in detector.hearing(sampler.characters(), begins_word=not prompt):
        write(character)
    write.end(new_line=sys.stdout.isatty())
    detector.say()
    if any(constraint.is_stuck for constraint in constraints):
        raise ExhaustedError(
            "the text ends early: whatever follows would copy"
            f" {number_of(wanted.novel_chars or 0, 'character')}",
            "a greater N leaves more to say",
        )


def _prompts(model: Model, typed: Sequence[str | bytes]) -> list[str]:
    """The prompts in a model's characters; of a model of records, only what it can read of them.

    Raises `UsageError` where one holds more than the beginning of a record.
    """
    prompts = [model.spelled(each) for each in typed]
    if model.records == "lines":
        prompts = [prompt.removesuffix("\n") for prompt in prompts]
    for prompt in prompts:
        if model.records != "none" and END[model.records] in prompt:
            ending = {"lines": "a newline", "blank": "an empty line"}[model.records]
            raise UsageError(
                f"the prompt {prompt[:_SHOWN_CHARS]!r} holds {ending}, which ends a record",
                "--prompts FILE takes a prompt from each line",
            )
    inputs.say_unknown(model, *prompts)
    if (longest := max(map(len, prompts), default=0)) > MAX_PROMPT:
        note(
            f"of the prompt's {longest:,} characters the last {MAX_PROMPT:,} are read; none before"
            " them changes what follows"
        )
    return prompts if model.records == "none" else [model.known(prompt) for prompt in prompts]


def _has_end(model: Model, sample: SampleConfig) -> bool:
    """Whether a sample ends. What it is to end at, and can never come, is said.

    Raises `UsageError` where it never ends for that reason.
    """
    ends = [("--stop", text) for text in sample.stop] + [("--until", text) for text in sample.until]
    impossible = [(flag, text) for flag, text in ends if not model.can_say(model.spelled(text))]
    has_end = sample.length >= 0 or model.records != "none" or len(impossible) < len(ends)
    for flag, text in impossible:
        character = model.never_drawn(model.spelled(text))[0]
        sentence = (
            f"{flag} '{text}' can never come: the model never says '{character}'"
            f" (U+{ord(character):04X})"
        )
        hint = next((hint for typed, hint in _ESCAPED.items() if typed in text), "")
        if not has_end:
            raise UsageError(sentence, hint or "--length gives the sample an end")
        note(f"{sentence}; {hint}" if hint else sentence)
    return has_end


_ESCAPED = {"\\n": "a newline is typed $'\\n'", "\\t": "a tab is typed $'\\t'"}


@dataclass
class _Speaking:
    """Many samples on their way out."""

    model: Model
    sample: SampleConfig
    wanted: Wanted
    sample_filter: SampleFilter
    detector: CopyDetector
    write: TextWriter
    _num_written: int = 0
    _why: str = ""  # too few were found, of the last prompt after which they were

    def all_of(self, prompts: Sequence[str]) -> None:
        """Write the wanted ones of many samples, and say how many were not."""
        wanted, has_records = self.wanted, self.model.records != "none"
        num = wanted.num or (_NUM_RECORDS if has_records else 1)
        for prompt in prompts:
            num_found = self._after(prompt, num)
            if num_found < num or num < 0:
                self._why = self.sample_filter.why_exhausted
                if len(prompts) > 1:
                    note(f"after {prompt[:_SHOWN_CHARS]!r}: {num_found:,} of {num:,} found")
        is_apart = has_records or wanted.as_json
        self.write.end(new_line=sys.stdout.isatty() and not is_apart)
        if not wanted.as_json:
            self.detector.say()
        if wanted.is_picky or self.sample_filter.rejected:
            note(self.sample_filter.summary(self._num_written))
        if self._why:
            num_wanted = None if num < 0 else num * len(prompts)
            raise self.sample_filter.exhausted(self._num_written, num_wanted, why=self._why)

    def _after(self, prompt: str, num: int) -> int:
        """Write the samples that go on from one prompt; returns how many."""
        num_found = 0
        sample_filter, is_shared = self.sample_filter, sys.stdout.isatty()
        sample_filter.start_search()
        with contextlib.closing(SearchProgress(num, is_shared=is_shared)) as search:
            for each in self._drawn(prompt, num):
                if not sample_filter.accepts(prompt, each.text, is_whole=each.is_whole):
                    if sample_filter.is_exhausted:
                        break
                    left = sample_filter.tries_left(num - num_found)
                    search.go_on(num_found, sample_filter.num_tried, left)
                    continue
                search.found()
                self._write(each, prompt)
                num_found += 1
                if num_found == num:
                    break
        return num_found

    def _drawn(self, prompt: str, num: int) -> Iterator[Sample]:
        """Yield the samples, without end if some of them may be rejected."""
        model, wanted = self.model, self.wanted
        is_searching = wanted.is_picky or model.records != "none" or num < 0
        make_batch = None
        if wanted.device != "cpu":
            from charrnn.models.step_torch import TorchBatch

            def make_batch(start: State, num_streams: int) -> Batch:
                return TorchBatch(
                    model.config, model.weights, start, num_streams, device=wanted.device
                )

        return PromptedSampler(model, prompt, self.sample, self.detector.constraints).samples(
            None if is_searching else num,
            num_at_once=num_at_once(None if num < 0 else num, is_picky=wanted.is_rare),
            with_log_probabilities=wanted.as_json,
            make_batch=make_batch,
        )

    def _write(self, sample: Sample, prompt: str) -> None:
        facts = self.detector.hear(sample.text, begins_word=not prompt, is_whole=sample.is_whole)
        self.write(self._shown(sample, prompt, facts))
        self._num_written += 1

    def _shown(self, sample: Sample, prompt: str, report: dict[str, Any]) -> str:
        """One sample as it is written: a line of JSON, a record, or a text."""
        model = self.model
        if self.wanted.as_json:
            facts = {
                "prompt": model.text(prompt),
                "text": model.text(sample.text),
                "seed": self.sample.seed,
                "stream": sample.stream,
                "whole": sample.is_whole,
                "log_probabilities": [round(nats, 4) for nats in sample.log_probabilities],
                **report,
            }
            return json.dumps(facts) + "\n"
        text = prompt + sample.text if self.wanted.shows_prompt else sample.text
        if model.records != "none":
            return text + END[model.records]
        return text if self._num_written == 0 else "\n\n" + text


def _say_seed(sample: SampleConfig, wanted: Wanted) -> None:
    """How to hear the same again, once it is sure that there is something to hear."""
    if wanted.says_seed:
        note(f"repeat this with --seed {sample.seed}")


def _records_of(found: CheckpointHeader) -> Container[str]:
    """The records that were learned; their index is made if there is none yet."""
    from charrnn.data import corpus, dataset  # a fortieth of a second that others need not wait
    from charrnn.data.record_index import RecordIndex

    bar = ProgressBar(1, what="an index of the records")
    is_said = False

    def progress(done: int, total: int) -> None:
        nonlocal is_said
        if done < total and not is_said:  # else it was a matter of a moment
            note(f"making an index of {total:,} records, which is kept")
            is_said = True
        bar.so_far(done, total)

    reference = found.corpus_reference
    with corpus.folders_of(found.path) as folders, contextlib.closing(bar):
        ids, files = dataset.reload(reference, folders, keep_corpus=True, reporter=Reporter())
        kind, vocab = found.data.records, found.vocab
        return RecordIndex.of(
            ids, vocab, lambda: dataset.records_in(ids, kind, vocab, files),
            path=dataset.derived_path(reference, f"{kind}-hashes", folders), progress=progress,
        )  # fmt: skip


def _sample_filter(
    found: CheckpointHeader, model: Model, sample: SampleConfig, wanted: Wanted
) -> SampleFilter:
    """Return the filter of the samples that were asked for."""
    known = _records_of(found) if wanted.novel else ()
    has_records = model.records != "none"
    sample_filter = SampleFilter(
        end=END.get(model.records, ""),
        match=None if wanted.match is None else pattern(wanted.match),
        known=known,
        unique=wanted.unique,
        whole=has_records,
    )
    if not (has_records or wanted.is_rare):
        sample_filter.patience = max(100, _CHARS_OF_PATIENCE // max(sample.length, 1))
    return sample_filter
