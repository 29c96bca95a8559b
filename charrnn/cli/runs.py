"""The commands about runs: list them, show one, its losses and samples, verify it."""

import dataclasses
import math
import time
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any

from charrnn._text import symbol, visible
from charrnn.cli.console.streams import note, print_json
from charrnn.cli.flags import runs as flags
from charrnn.cli.flags import shared
from charrnn.errors import CheckpointError, UsageError

if TYPE_CHECKING:
    from charrnn.runs.checkpoint import Checkpoint
    from charrnn.runs.header import CheckpointHeader
    from charrnn.runs.history import RecordedSample
    from charrnn.runs.run import Run

_COLUMNS = ["run", "corpus", "network", "steps", "best validation", "age"]
_OPTIONAL_COLUMNS = ["corpus", "network", "age", "steps"]  # left out of a narrow terminal, in turn
_HIDDEN = ("schedule_step", "schedule_done")  # what the clock corrected, for scripts alone
_VOCABS = {"vocab": "text", "source_vocab": "source", "target_vocab": "target"}  # by fact
_SPLIT_SETTINGS = ("records", "val_fraction", "test_fraction", "max_val_chars")


def list_runs() -> None:
    """List the runs, newest first."""
    from charrnn.cli import inputs
    from charrnn.cli.console.tables import print_table

    root = inputs.root()
    every = root.runs()
    rows = []
    for run in every:
        try:
            rows.append(_row(run))
        except CheckpointError as error:
            note(str(error))
    if not every:
        note(str(root.no_run()))
    if rows:
        print_table(_COLUMNS, rows, optional=_OPTIONAL_COLUMNS)


def _row(run: "Run") -> list[str]:
    from charrnn.cli.console.figures import age, compact

    last = run.newest_header()
    best = run.best_metrics().get(last.schema.decisive_metric)
    return [
        run.name,
        " ".join(name for corpus in last.corpora.values() for name in corpus.names),
        f"{last.model} ({compact(last.num_parameters)})",
        f"{last.position.step:,} of {last.train.steps:,}",
        "" if best is None else _in_words(last.schema.decisive_metric, best),
        age(time.time() - run.last_saved_ns() / 1e9),
    ]


def _in_words(metric: str, value: float) -> str:
    """Return the metric that decides which checkpoint is the best: a loss in nats, or a share."""
    if metric in ("val_error_rate", "val_symbol_error_rate"):
        return f"{100 * (1 - value):.2f} % right"
    return f"{100 * value:.2f} % WER" if metric == "val_word_error_rate" else f"{value:.4f}"


def info(run: shared.Run = None, as_json: shared.Json = False) -> None:
    """Show one run: network, vocabulary, progress, losses, a sample."""
    from charrnn.cli import inputs
    from charrnn.cli.console.tables import print_table
    from charrnn.cli.pairs.info import print_examples, words
    from charrnn.data.pairs.symbols import SymbolVocab
    from charrnn.generation.model import Model

    its_run = inputs.root().find(run)
    last, skipped = its_run.newest_valid()
    for error in skipped:
        note(str(error))
    facts = _facts(its_run, last)
    if as_json:
        print_json(facts)
        return
    for name in _VOCABS.keys() & facts.keys():
        if not isinstance(last.vocabs[_VOCABS[name]], SymbolVocab):
            facts[name] = "".join(map(symbol, facts[name]))
    names = {name: _label(name) for name in facts} | words(last.task)
    rows = [[names[name], _shown(value)] for name, value in facts.items() if name not in _HIDDEN]
    print_table(["", ""], rows)
    best = its_run.best_valid()[0]
    if "pairs" in best.corpora:
        print_examples(best)
    else:
        print(visible(Model.of(best).glimpse(300, seed=0)).rstrip())


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
    from charrnn.runs import history

    its_run = inputs.root().find(run)
    error_rate = _error_rate_of(its_run)
    samples = history.samples(its_run.history(), error_rate)
    if not samples:
        raise UsageError(
            f"the run {its_run.name!r} kept no samples",
            f"train on without --sample-every 0: charrnn resume {its_run.name} --minutes 5",
        )
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


def verify(
    run: shared.Run = None, replay: flags.Replay = None, as_json: shared.Json = False
) -> None:
    """Check a run: read all its files again, and repeat its last steps.

    For a disk or a memory that you do not trust. Changes nothing. The exit code is 0 if all files
    are as they were written and the steps are bit-identical, else 4.
    """
    from charrnn.cli import inputs
    from charrnn.cli.console.progress import ProgressBar
    from charrnn.cli.console.tables import print_table

    its_run = inputs.root().find(run)
    with closing(ProgressBar(1, what=f"verifying {its_run.name}", at_once=True)) as bar:
        from charrnn.training import verify_run

        findings = verify_run.checked(its_run, at_most=replay, progress=bar.so_far)
    if as_json:
        print_json([vars(finding) for finding in findings])
    else:
        print_table(["", ""], [[finding.what, finding.found] for finding in findings])
    problems = [finding.problem for finding in findings if finding.problem]
    if problems:
        raise CheckpointError("; ".join(problems), verify_run.ADVICE)


def _facts(run: "Run", last: "Checkpoint") -> dict[str, Any]:
    """Return all facts about a run, under names that scripts can rely on."""
    from charrnn.cli.pairs.info import pair_facts

    best, unused = run.best_header(), last.schema.unused
    best_metrics = {} if best is None else best.metrics
    corpus, settings, metrics = (pair_facts if "pairs" in last.corpora else _text_facts)(
        last, best_metrics
    )
    return {
        "run": run.name,
        **corpus,
        **last.model.to_json(),
        "num_parameters": last.num_parameters,
        **{name: value for name, value in last.train.to_json().items() if name not in unused},
        **last.runtime.to_json(),
        **settings,
        "step": last.position.step,
        "elapsed_seconds": round(last.position.elapsed_seconds, 1),
        "train_loss": last.metrics.get("train_loss"),
        **metrics,
        "best_step": 0 if best is None else best.position.step,
        "weights_sha256": last.weights_sha256(),
    }


def _text_facts(
    header: "CheckpointHeader", best_metrics: Mapping[str, float]
) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Return a run's text and vocabulary, the settings of its splits, and what they measured."""
    corpus, vocab, settings = header.corpus, header.vocab, header.data.to_json()
    return (
        {
            "corpus": " ".join(corpus.names),
            "corpus_chars": corpus.num_chars,
            "corpus_sha256": corpus.sha256,
            "corpus_encoding": header.data.encoding,
            **({"corpus_column": header.data.column} if header.data.column else {}),
            "vocab_size": len(vocab),
            "vocab": vocab.decode(range(min(len(vocab), 200))),
        },
        {name: settings[name] for name in _SPLIT_SETTINGS},
        {name: best_metrics.get(name) for name in ("val_loss", "val_loss_reset")},
    )


def _label(name: str) -> str:
    """Return the name of a fact as people read it."""
    return name.removeprefix("num_").replace("_chars", "_characters").replace("_", " ")


def _shown(value: Any) -> str:
    """Return a fact as people read it."""
    if value is None:
        return "not measured yet"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) else str(value)
