"""The command `sample`: what is asked for, checked before anything heavy is imported."""

import itertools
import os
from dataclasses import dataclass
from typing import Any

import typer.core

from charrnn.cli.flags import sample as flags
from charrnn.cli.flags import shared
from charrnn.config import SampleConfig
from charrnn.errors import UsageError
from charrnn.runs import task_names


@dataclass(frozen=True)
class SampleRequest:
    """What was asked for, besides how a character is drawn."""

    num: int | None = None  # samples after each prompt; None: one text or ten records; -1: no end
    unique: bool = False
    novel: bool = False
    novel_chars: int | None = None  # a sample has fewer characters in a row from the corpus
    match: str | None = None
    as_json: bool = False
    report: bool = False
    stream: bool = True
    with_prompt: bool = True
    device: str = "cpu"
    tells_seed: bool = False

    @property
    def compares_with_corpus(self) -> bool:
        """Whether samples are compared with the text that was learned."""
        return self.novel or self.novel_chars is not None or self.report

    @property
    def may_reject(self) -> bool:
        """Whether some samples may be rejected."""
        return self.may_reject_most or self.novel_chars is not None

    @property
    def may_reject_most(self) -> bool:
        """Whether nearly all samples may be rejected."""
        return self.unique or self.novel or self.match is not None


class SampleCommand(typer.core.TyperCommand):
    """Reads `--novel 30` as `--novel-chars 30`, and `--novel` before anything else as a switch."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Rewrite the flag. A run whose name is a number has to be named by its folder."""
        rewritten = list(args)
        for k, (typed, following) in enumerate(itertools.pairwise([*args, ""])):
            if (typed == "--novel" and following.isdecimal()) or typed.startswith("--novel="):
                rewritten[k] = typed.replace("--novel", "--novel-chars", 1)
        return super().parse_args(ctx, rewritten)


def sample(
    run: shared.RunToRead = None,
    runs: shared.RunOptions = None,
    prompt: flags.Prompt = None,
    prompt_file: flags.PromptFile = None,
    encoding: shared.Encoding = None,
    given_label: flags.GivenLabel = None,
    *,
    given: flags.Settings,
    many: flags.Many,
    output: flags.Output,
) -> None:
    """Write new text, character by character, with the best checkpoint of a run.

    The filters apply in the order top-k, top-p, min-p; the temperature reshapes what is left.
    """
    temperature, final_temperature = _temperatures(given["temperature"])
    settings = {"seed": int.from_bytes(os.urandom(4)), **given, "temperature": temperature}
    config = SampleConfig(**settings, final_temperature=final_temperature)
    _require_prompts_that_fit(many, prompt, prompt_file)
    from charrnn.cli import inputs, prompts, sample_writer
    from charrnn.models import device_names

    device_names.require_device(many.device)
    request = _request(many, output, tells_seed="seed" not in given)
    names = [*filter(None, [run]), *(runs or [])]
    if given_label is not None:
        from charrnn.cli.pairs import given_samples

        _require_no_prompt(many, prompt, prompt_file)
        asked = given_samples.GivenLabel(given_label, config, "length" in given, many.num)
        given_samples.write(inputs.checkpoints_of(names, tasks=(task_names.GIVEN,)), asked, request)
        return
    checkpoints = inputs.checkpoints_of(names)
    if many.prompts is not None:
        typed = prompts.read_lines(many.prompts, checkpoints[0], encoding=encoding)
    else:
        asking = "--prompt-file -"
        first = checkpoints[0]
        typed = [prompts.read(prompt, prompt_file, first, encoding=encoding, asking=asking)]
    sample_writer.write_samples(checkpoints, typed, config, request, length=given.get("length"))


def _temperatures(typed: str) -> tuple[float, float | None]:
    """Parse a temperature, or the two ends of a ramp: 0.8, or 0.5:1.1."""
    first, colon, last = typed.partition(":")
    try:
        return float(first), float(last) if colon else None
    except ValueError as error:
        raise UsageError(
            f"--temp {typed!r} is not a valid temperature", "give a number, or two: 0.5:1.1"
        ) from error


def _require_prompts_that_fit(
    many: flags.Many, prompt: str | None, prompt_file: str | None
) -> None:
    """Raise `UsageError` for no samples at all, or for prompts given in two ways."""
    if many.num == 0:
        raise UsageError("--num 0 writes nothing", "use 1 or more, or -1 for no end")
    if many.prompts is not None and (prompt is not None or prompt_file is not None):
        other = "--prompt" if prompt is not None else "--prompt-file"
        raise UsageError(f"--prompts and {other} were both given", "choose one")


def _require_no_prompt(many: flags.Many, prompt: str | None, prompt_file: str | None) -> None:
    """Raise `UsageError` for a prompt beside a given label."""
    typed = {"--prompt": prompt, "--prompt-file": prompt_file, "--prompts": many.prompts}
    for flag, value in typed.items():
        if value is not None:
            raise UsageError(f"{flag} does nothing with --given", "leave it out")


def _request(many: flags.Many, output: flags.Output, *, tells_seed: bool) -> SampleRequest:
    return SampleRequest(
        num=many.num,
        unique=many.unique,
        novel=many.novel,
        novel_chars=many.novel_chars,
        match=many.match,
        as_json=output.as_json,
        report=output.report,
        stream=not output.no_stream,
        with_prompt=not output.no_prompt,
        device=many.device,
        tells_seed=tells_seed,
    )
