"""What a run recorded while it trained: the commands `plot` and `history`."""

import dataclasses
import math
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from charrnn._text import in_a_shell
from charrnn.cli.console.streams import note, print_json
from charrnn.cli.flags import runs as flags
from charrnn.cli.flags import shared
from charrnn.errors import CheckpointError, UsageError

if TYPE_CHECKING:
    from charrnn.runs.history import RecordedSample
    from charrnn.runs.run import Run


def plot(
    run: flags.Runs = None,
    against: flags.Against = "steps",
    in_bits: flags.InBits = False,
    log: flags.LogX = False,
    export: flags.Export = None,
    as_json: shared.Json = False,
) -> None:
    """Draw the losses of a run, or of several together."""
    from charrnn.analysis import losses
    from charrnn.cli import inputs
    from charrnn.cli.console.drawn_charts import show_or_export

    if against not in losses.AGAINST:
        raise UsageError(f"--against {against!r} is not known", "choose steps or minutes")
    root = inputs.root()
    runs = [root.find(name) for name in run or (None,)]
    every = [losses.of(each) for each in runs]
    if as_json:
        print_json([one.figures() for one in every])
        return
    unit, word = (math.log(2), "bits") if in_bits else (1.0, "nats")
    label = f"{word} per {_symbol_of(runs)}"
    loss = losses.chart(every, against=against, unit=unit, y_label=label, log=log)
    drawn = {"loss": loss}
    if any(one.error_rates for one in every):
        drawn["errors"] = losses.error_chart(every, against=against, log=log)
    show_or_export(drawn, export)


def _symbol_of(runs: "Sequence[Run]") -> str:
    """Return what the loss of some runs is counted by. Raises `UsageError` where they differ."""
    from charrnn.cli import inputs

    headers = []
    for run in runs:
        with suppress(CheckpointError):  # losses can be drawn all the same
            headers.append(run.newest_header())
    inputs.require_one_task(headers)
    return headers[0].schema.symbol if headers else "character"


def history(run: shared.Run = None, as_json: shared.Json = False) -> None:
    """Show how a run learned to write: samples from its first steps to its last."""
    from charrnn.cli import inputs
    from charrnn.cli.console.tables import print_panels
    from charrnn.data.corpus import THE_RUN
    from charrnn.runs import history

    its_run = inputs.root().find(run)
    error_rate = _error_rate_of(its_run)
    samples = history.samples(its_run.history(), error_rate)
    if not samples:
        command = f"charrnn resume {in_a_shell(its_run.name)} --minutes 5"
        hint = f"train on without --sample-every 0: {command}"
        if its_run.newest_header().speaks_only:
            raise UsageError(f"the run {its_run.name!r} is a copy, which has no samples", THE_RUN)
        raise UsageError(f"the run {its_run.name!r} kept no samples", hint)
    if as_json:
        print_json([_recorded(one, error_rate) for one in samples])
        return
    shown = history.thin_out(samples)
    print_panels([(_heading(one, error_rate), one.sample) for one in shown])
    if len(shown) < len(samples):
        note(f"{len(shown)} of {len(samples):,} samples shown; --json prints all of them")


def _error_rate_of(run: "Run") -> str | None:
    """Return the name of the error rate that decides which checkpoint is the best; None where the
    loss does, and where no header can be read.
    """
    with suppress(CheckpointError):
        metric = run.newest_header().schema.decisive_metric
        return None if metric == "val_loss" else metric
    return None


def _recorded(one: "RecordedSample", error_rate: str | None) -> dict[str, Any]:
    """Return a sample for scripts."""
    values = dataclasses.asdict(one)
    rate = values.pop("error_rate")
    return values if error_rate is None else {**values, error_rate: rate}


def _heading(one: "RecordedSample", error_rate: str | None) -> list[str]:
    """Return step, time, losses and error rate of a sample."""
    from charrnn.cli.console.figures import duration, errors

    losses = {"loss": one.loss, "val": one.val_loss}
    shown = [f"{name} {nats:.3f}" for name, nats in losses.items() if nats is not None]
    if error_rate is not None and one.error_rate is not None:
        shown.append(errors({error_rate: one.error_rate}))
    return [f"step {one.step:,}", duration(one.elapsed_seconds), *shown]
