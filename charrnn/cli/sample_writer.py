"""Writes what `charrnn sample` asks for: one sample as it comes, or many computed side by side."""

import contextlib
import dataclasses
import sys
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from charrnn._text import Reporter, json_text, number_of
from charrnn.cli import inputs, prompts
from charrnn.cli.console.progress import ProgressBar, SearchProgress
from charrnn.cli.console.streams import TextWriter, note
from charrnn.cli.copies import CopyDetector
from charrnn.cli.sample import SampleRequest
from charrnn.config import SampleConfig
from charrnn.data.corpus import THE_RUN, require_told
from charrnn.errors import ExhaustedError, UsageError
from charrnn.generation.model import MAX_RECORD, Model
from charrnn.generation.prompted import PromptedSampler, Sample, num_at_once
from charrnn.generation.sample_filter import SampleFilter, pattern
from charrnn.runs.checkpoint import Checkpoint
from charrnn.runs.header import CheckpointHeader
from charrnn.sources.lines import RECORD_END

_NUM_RECORDS = 10
CHARS_OF_PATIENCE = 2_000_000  # of texts that copy, rejected in a row


def write_samples(
    checkpoints: Sequence[Checkpoint],
    typed: Sequence[str | bytes],
    config: SampleConfig,
    request: SampleRequest,
    *,
    length: int | None,
) -> None:
    """Write samples to stdout after each of the `typed` prompts, in their order.

    `length` is that of `config` if it was typed, else None. Raises `UsageError` for requests that
    do not go together, and `ExhaustedError` where too few samples are accepted.
    """
    model = inputs.model_of(checkpoints)
    config = _with_default_length(config, model, length)
    if request.novel and model.records == "none":
        raise UsageError(
            "--novel needs a run that was trained on records",
            "for other runs say how many characters in a row are a copy: --novel 30",
        )
    known_prompts = prompts.checked(model, typed)
    is_streamed = _is_streamed(request, model, known_prompts)
    has_end = prompts.check_end(model, config)
    _require_few_enough(request, has_end=has_end, is_streamed=is_streamed, num=len(known_prompts))
    job = _job_of(checkpoints, model, config, request)
    if request.tells_seed and config.length != 0:
        note(f"seed {config.seed} (repeat with --seed {config.seed})")
    if is_streamed:
        _stream(job, known_prompts[0])
    else:
        _ManySamples(job).write(known_prompts)


def _with_default_length(config: SampleConfig, model: Model, length: int | None) -> SampleConfig:
    """Let a record without --length be as long as any."""
    if model.records == "none" or length is not None:
        return config
    if config.final_temperature is not None:
        raise UsageError("a ramp of --temp needs an end", "add --length")
    return dataclasses.replace(config, length=MAX_RECORD)


def _is_streamed(request: SampleRequest, model: Model, known_prompts: Sequence[str]) -> bool:
    """Return whether it is one sample, which nothing can reject, to be written as it comes."""
    is_one = model.records == "none" and request.num in (None, 1) and len(known_prompts) == 1
    is_plain = request.stream and not request.as_json and request.device == "cpu"
    return is_one and is_plain and not request.may_reject_most


def _require_few_enough(
    request: SampleRequest, *, has_end: bool, is_streamed: bool, num: int
) -> None:
    """Raise `UsageError` for samples without end where something has to wait for their end."""
    if not has_end and (request.report or not is_streamed):
        raise UsageError(
            "--length -1 never ends", "it works for one streamed sample, without --report"
        )
    if request.num == -1 and (request.report or num > 1):
        raise UsageError("--num -1 never ends", "it works with one prompt, without --report")


@dataclass(frozen=True)
class _Job:
    """A model, what is asked of it, and where it goes."""

    model: Model
    config: SampleConfig
    request: SampleRequest
    filter: SampleFilter
    copies: CopyDetector
    write: TextWriter


def _job_of(
    checkpoints: Sequence[Checkpoint], model: Model, config: SampleConfig, request: SampleRequest
) -> _Job:
    first = checkpoints[0]
    if request.compares_with_corpus:
        _require_same_corpus(checkpoints)
    if request.device != "cpu":
        from charrnn.models import device

        model = dataclasses.replace(model, device=device.resolve(request.device))
    made = _filter_of(first, model, config, request)
    copies = CopyDetector(first, model, reports=request.report, novel_chars=request.novel_chars)
    made.copies = copies.has_copy
    write = TextWriter(sys.stdout, is_bytes=model.vocab.is_bytes)
    return _Job(model, config, request, made, copies, write)


def _require_same_corpus(checkpoints: Sequence[Checkpoint]) -> None:
    """Raise `UsageError` for runs of different texts, and `CorpusError` for a copy, where samples
    are compared with the text.
    """
    for checkpoint in checkpoints:
        require_told(checkpoint.corpus, hint=THE_RUN)
    first, *others = checkpoints
    for other in others:
        if other.corpus.sha256 != first.corpus.sha256:
            raise UsageError(
                f"runs {first.run_name} and {other.run_name} learned different texts",
                "leave out --novel, --novel-chars and --report, or name runs of one text",
            )


def _stream(job: _Job, prompt: str) -> None:
    """Write one text, each character as it comes."""
    job.write(prompt if job.request.with_prompt else "")
    constraints = job.copies.constraints()
    sampler = PromptedSampler(job.model, prompt, job.config, lambda: constraints)
    for character in job.copies.watched(sampler.characters(), begins_word=not prompt):
        job.write(character)
    job.write.end(new_line=sys.stdout.isatty())
    job.copies.print_report()
    if any(constraint.is_stuck for constraint in constraints):
        copied = number_of(job.request.novel_chars or 0, "character")
        raise ExhaustedError(
            f"the text ends early: every continuation would copy {copied}", "raise --novel-chars"
        )


@dataclass
class _ManySamples:
    """Many samples on their way out."""

    job: _Job
    _num_written: int = 0
    _why: str = ""  # of the last prompt after which too few were accepted

    def write(self, known_prompts: Sequence[str]) -> None:
        """Write the accepted ones of many samples, and tell how many were rejected."""
        job, request = self.job, self.job.request
        has_records = job.model.records != "none"
        num = request.num or (_NUM_RECORDS if has_records else 1)
        for prompt in known_prompts:
            num_accepted = self._write_after(prompt, num)
            if num_accepted < num or num < 0:
                self._why = job.filter.why_exhausted
                if len(known_prompts) > 1:
                    note(f"after {prompts.shown(prompt)}: {num_accepted:,} of {num:,} samples")
        is_apart = has_records or request.as_json
        job.write.end(new_line=sys.stdout.isatty() and not is_apart)
        if not request.as_json:
            job.copies.print_report()
        if request.may_reject or job.filter.rejected:
            note(job.filter.summary(self._num_written))
        if self._why:
            num_wanted = None if num < 0 else num * len(known_prompts)
            raise job.filter.exhausted(self._num_written, num_wanted, why=self._why)

    def _write_after(self, prompt: str, num: int) -> int:
        """Write the samples that continue one prompt; return how many."""
        num_accepted, chosen = 0, self.job.filter
        chosen.start_search()
        with contextlib.closing(
            SearchProgress(num, limit=chosen.patience, is_shared=sys.stdout.isatty())
        ) as search:
            for sample in _samples(self.job, prompt, num):
                if not chosen.accepts(prompt, sample.text, is_whole=sample.is_whole):
                    if chosen.is_exhausted:
                        break
                    self.job.write.catch_up()  # the next one may be long in coming
                    tries_left = chosen.tries_left(num - num_accepted)
                    search.update(num_accepted, chosen.num_tried, tries_left)
                    continue
                search.make_room()
                self._write(sample, prompt)
                num_accepted += 1
                if num_accepted == num:
                    break
        return num_accepted

    def _write(self, sample: Sample, prompt: str) -> None:
        job = self.job
        report = job.copies.record(sample.text, begins_word=not prompt, is_whole=sample.is_whole)
        if job.request.as_json:
            job.write(json_text(_facts(job, sample, prompt) | report) + "\n")
        else:
            job.write(_as_text(job, sample, prompt, is_first=not self._num_written))
        self._num_written += 1


def _facts(job: _Job, sample: Sample, prompt: str) -> dict[str, Any]:
    """Return a sample for scripts."""
    return {
        "prompt": job.model.text(prompt),
        "text": job.model.text(sample.text),
        "seed": job.config.seed,
        "stream": sample.stream,
        "whole": sample.is_whole,
        "log_probabilities": [round(nats, 4) for nats in sample.log_probabilities],
    }


def _as_text(job: _Job, sample: Sample, prompt: str, *, is_first: bool) -> str:
    """Return a record with its end; or a text, an empty line after the one before."""
    text = prompt + sample.text if job.request.with_prompt else sample.text
    if job.model.records != "none":
        return text + RECORD_END[job.model.records]
    return text if is_first else "\n\n" + text


def _samples(job: _Job, prompt: str, num: int) -> Iterator[Sample]:
    """Yield samples; without end where some of them may be rejected."""
    model, request = job.model, job.request
    is_search = request.may_reject or model.records != "none" or num < 0
    sampler = PromptedSampler(model, prompt, job.config, job.copies.constraints)
    return sampler.samples(
        None if is_search else num,
        num_at_once=num_at_once(None if num < 0 else num, is_picky=request.may_reject_most),
        with_log_probabilities=request.as_json,
    )


def _filter_of(
    header: CheckpointHeader, model: Model, config: SampleConfig, request: SampleRequest
) -> SampleFilter:
    has_records = model.records != "none"
    made = SampleFilter(
        end=RECORD_END.get(model.records, ""),
        match=None if request.match is None else pattern(request.match),
        known=_records_of(header) if request.novel else (),
        unique=request.unique,
        whole=has_records,
    )
    if not (has_records or request.may_reject_most):
        made.patience = max(100, CHARS_OF_PATIENCE // max(config.length, 1))
    return made


def _records_of(header: CheckpointHeader) -> Container[str]:
    """Return the records that were learned; their index is made if there is none yet."""
    from charrnn.data import reload  # a fortieth of a second that others need not wait
    from charrnn.data.corpus import folders_of
    from charrnn.data.record_index import RecordIndex

    bar = ProgressBar(1, what="an index of the records")
    is_announced = False

    def progress(done: int, total: int) -> None:
        nonlocal is_announced
        if done < total and not is_announced:  # else it was a matter of a moment
            note(f"making an index of {total:,} records; it is kept for the next time")
            is_announced = True
        bar.so_far(done, total)

    reference = header.corpus_reference
    with folders_of(header.path) as folders, contextlib.closing(bar):
        corpus = reload.reload(reference, folders, keep_corpus=True, reporter=Reporter())
        kind = header.data.records
        return RecordIndex.of(
            corpus.ids, corpus.vocab, lambda: corpus.records(kind),
            path=reload.derived_path(reference, f"{kind}-hashes", folders), progress=progress,
        )  # fmt: skip
