"""The flags of `charrnn train` that are typed after `charrnn resume`.

A run keeps its settings, so these flags may only repeat them: train's own options parse them, and
the values are compared with those of the run.
"""

import copy
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import typer.core

from charrnn.config import LABEL
from charrnn.errors import UsageError

if TYPE_CHECKING:
    from charrnn.runs.header import CheckpointHeader

_TYPED = "charrnn.typed"  # the key in the context's meta
_RUN = "named"  # train's --run, beside the argument of resume

Typed = Mapping[str, tuple[Any, Any]]  # train's option and its typed value, by the option's name


class ResumeCommand(typer.core.TyperCommand):
    """Takes the options of train as well, which its help does not list."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the options of resume, and hidden ones of train."""
        own = super().get_params(ctx)
        flags = {flag for param in own for flag in param.opts}
        train = ctx.parent.command.get_command(ctx.parent, "train")
        others = [
            param
            for param in train.params
            if param.param_type_name == "option" and not flags & set(param.opts)
        ]
        return own + [_hidden(param) for param in others]


def _hidden(param: Any) -> Any:
    """Return a hidden copy of an option, which records its value if it is typed."""
    hidden = copy.copy(param)
    hidden.name = _RUN if param.name == "run" else param.name
    hidden.hidden, hidden.expose_value, hidden.callback = True, False, _record
    return hidden


def _record(context: Any, param: Any, value: Any) -> None:
    source = context.get_parameter_source(param.name)
    if source is not None and source.name == "COMMANDLINE":
        context.meta.setdefault(_TYPED, {})[param.name] = param, value


def typed(context: typer.Context, run: str | None) -> tuple[str | None, Typed]:
    """Return the name of the run, from the argument or --run, and train's other typed options."""
    options = dict(context.meta.get(_TYPED, {}))
    _, named = options.pop(_RUN, (None, None))
    if run is not None and named not in (None, run):
        raise UsageError(f"{run} and --run {named} were both given", "choose one")
    return run or named, options


def require_same(typed: Typed, header: "CheckpointHeader") -> None:
    """Raise `UsageError` for the first option whose value differs from the run's."""
    settings = _settings(header)
    for name, (param, value) in typed.items():
        value = list(value) if isinstance(value, tuple) else value
        if name == "given_label" and value == settings.get("target_column"):
            value = LABEL
        if name not in settings:
            raise UsageError(
                f"{param.opts[0]} is for a new run", "leave it out, or train a new run"
            )
        if value != settings[name]:
            raise UsageError(
                f"{_spelled(param, value)} differs from the run's setting,"
                f" {_shown(param, settings[name])}",
                "a run keeps its settings: leave the flag out, or train a new run",
            )


def _settings(header: "CheckpointHeader") -> dict[str, Any]:
    """Return what a run began with, by the names of train's options."""
    groups = header.model, header.data, header.train, header.runtime
    settings = {name: value for group in groups for name, value in group.to_json().items()}
    settings["learning_rate"] *= 2**header.position.rollbacks  # each has halved it
    settings["allow_short"] = True  # whatever was typed: the run exists
    return settings | (_names_of_pairs(header) if "pairs" in header.corpora else _names(header))


def _names(header: "CheckpointHeader") -> dict[str, Any]:
    return {
        "pairs": False,
        "labels": False,
        "given_label": None,
        "in_step": False,
        "images": None,
        "lines": header.data.records == "lines",
        "val": list(header.corpus.val_names),
    }


def _names_of_pairs(header: "CheckpointHeader") -> dict[str, Any]:
    facts, data = header.corpora["pairs"], header.data
    forms = {data.source_normalise, data.target_normalise}
    return {
        "pairs": header.schema.flag == "pairs",
        "labels": header.schema.flag in ("labels", "given"),
        "given_label": LABEL if header.schema.flag == "given" else None,
        "in_step": header.schema.flag == "in_step",
        "images": getattr(data, "images", None),
        "source": list(facts.names) if facts.target_names else [],
        "target": list(facts.target_names),
        "val": list(facts.val_names),
        "normalise": " and ".join(sorted(forms)),
    }


def _spelled(param: Any, value: Any) -> str:
    """Return an option as it is typed."""
    shown = _shown(param, value)
    return shown if isinstance(value, bool) else f"{param.opts[0]} {shown}"


def _shown(param: Any, value: Any) -> str:
    """Return the value of an option; of a switch, how it is typed; of no value, no option."""
    if value is None:
        return f"no {param.opts[0]}"
    if isinstance(value, list):
        return ", ".join(value) or f"no {param.opts[0]}"
    if not isinstance(value, bool):
        return str(value)
    no = param.secondary_opts or [f"no {param.opts[0]}"]
    return str(param.opts[0] if value else no[0])
