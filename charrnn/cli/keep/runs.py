"""The commands `runs` and `verify`: which runs there are, and whether one can be trusted."""

import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from charrnn.cli.console.streams import note, print_json
from charrnn.cli.flags import runs as flags
from charrnn.cli.flags import shared
from charrnn.errors import CheckpointError

if TYPE_CHECKING:
    from charrnn.runs.header import CheckpointHeader
    from charrnn.runs.run import Run

_TEACHERS = "taught by"  # a column that is left out where no run has teachers
_COLUMNS = ["run", "corpus", _TEACHERS, "network", "steps", "best validation", "age"]
# left out of a narrow terminal, in turn
_OPTIONAL_COLUMNS = ["corpus", _TEACHERS, "network", "age", "steps"]


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
        columns = [name for name in _COLUMNS if name != _TEACHERS or any(row[name] for row in rows)]
        optional = [name for name in _OPTIONAL_COLUMNS if name in columns]
        print_table(columns, [[row[name] for name in columns] for row in rows], optional=optional)


def _row(run: "Run") -> dict[str, str]:
    """Return the cells of a run, by column."""
    from charrnn.cli.console.figures import age, compact

    last = run.newest_header()
    if last.path != run.last:
        _header(run.last, instead=last)
    its_best = _header(run.best, instead=last)
    best = None if its_best is None else its_best.metrics.get(last.schema.decisive_metric)
    cells = (
        run.name,
        " ".join(last.corpus_names),
        ", ".join(last.train.teachers),
        f"{last.model} ({compact(last.num_parameters)})",
        "" if last.speaks_only else f"{last.position.step:,} of {last.train.steps:,}",
        "" if best is None else _in_words(last.schema.decisive_metric, best),
        age(time.time() - run.last_saved_ns() / 1e9),
    )
    return dict(zip(_COLUMNS, cells, strict=True))


def _header(path: Path, *, instead: "CheckpointHeader") -> "CheckpointHeader | None":
    """Return the header of a checkpoint; None where there is no file, or, with a note, no valid
    header.
    """
    from charrnn.runs import checkpoint
    from charrnn.runs.run import used_instead

    if not path.exists():
        return None
    try:
        return checkpoint.read_header(path)
    except CheckpointError as error:
        note(used_instead(instead, error))
        return None


def _in_words(metric: str, value: float) -> str:
    """Return the metric that decides which checkpoint is the best: a loss in nats, or a share."""
    if metric in ("val_error_rate", "val_symbol_error_rate"):
        return f"{100 * (1 - value):.2f} % right"
    return f"{100 * value:.2f} % WER" if metric == "val_word_error_rate" else f"{value:.4f}"


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
