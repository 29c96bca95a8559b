"""Which of train's flags mean something: those of the task, and those that were typed.

A flag that was typed and means nothing to the task stays, and is refused with the request.
"""

from typing import Any

import typer

from charrnn.cli.flags.settings import Values, flag_of
from charrnn.config import NORMALISATIONS
from charrnn.errors import UsageError

_BOTH_SIDES = ("source_normalise", "target_normalise")


def typed_settings(
    context: typer.Context, given: Values, task: str, *, lines: bool, normalise: str | None
) -> dict[str, Any]:
    """Return the settings of a new run of a task. `lines` is short for records of lines,
    `normalise` for a form of Unicode on both sides. Raises `UsageError` for what contradicts them.
    """
    from charrnn.runs.schemas import SCHEMAS

    meaningful, flag = SCHEMAS[task].settings, SCHEMAS[task].flag
    if lines and "records" not in meaningful:
        raise UsageError(f"--lines does not work with {flag_of(flag)}", "leave it out")
    if normalise is not None and "source_normalise" not in meaningful:
        raise UsageError(
            "--normalise works only with --pairs, --labels or --in-step", "leave it out"
        )
    if normalise is not None and normalise not in NORMALISATIONS:
        hint = f"choose one of {', '.join(NORMALISATIONS)}"
        raise UsageError(f"--normalise {normalise!r} is not known", hint)
    typed = {name for name in given if _is_typed(context, name)}
    settings = {name: given[name] for name in given if name in meaningful | typed}
    if lines:
        if settings["records"] not in ("none", "lines"):
            raise UsageError(
                f"--lines and --records {settings['records']} were both given", "choose one"
            )
        settings["records"] = "lines"
    if normalise is not None:
        if typed & set(_BOTH_SIDES):
            raise UsageError(
                "--normalise and a form of one side were both given", "give a form for each side"
            )
        settings |= dict.fromkeys(_BOTH_SIDES, normalise)
    return settings


def _is_typed(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"
