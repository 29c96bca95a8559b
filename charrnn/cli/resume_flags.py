"""The flags of `charrnn train` after `charrnn resume`: read as train reads them, and compared with
what the run has. A run keeps what it began with, so all they can do is say the same.
"""

import copy
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import typer.core

from charrnn.errors import UsageError

if TYPE_CHECKING:
    from charrnn.runs.checkpoint import Checkpoint

_TYPED = "charrnn.typed"  # the key in the context's meta
_RUN = "named"  # train's --run, beside the argument of resume

Typed = Mapping[str, tuple[Any, Any]]  # train's option and the value that was typed, by its name


class Resume(typer.core.TyperCommand):
    """`resume`, which takes the options of train too; its help does not list them."""

    def get_params(self, ctx: Any) -> list[Any]:
        """See click."""
        own = super().get_params(ctx)
        flags = {flag for param in own for flag in param.opts}
        train = ctx.parent.command.get_command(ctx.parent, "train")
        others = [
            param
            for param in train.params
            if param.param_type_name == "option" and not flags & set(param.opts)
        ]
        return own + [_watched(param) for param in others]


def _watched(param: Any) -> Any:
    """An option of train that notes what was typed."""
    watched = copy.copy(param)
    watched.name = _RUN if param.name == "run" else param.name
    watched.hidden, watched.expose_value, watched.callback = True, False, _note
    return watched


def _note(context: Any, param: Any, value: Any) -> None:
    source = context.get_parameter_source(param.name)
    if source is not None and source.name == "COMMANDLINE":
        context.meta.setdefault(_TYPED, {})[param.name] = param, value


def typed(context: typer.Context, run: str | None) -> tuple[str | None, Typed]:
    """The name of the run, by the argument or by --run; train's other options that were typed."""
    found = dict(context.meta.get(_TYPED, {}))
    _, named = found.pop(_RUN, (None, None))
    if run is not None and named not in (None, run):
        raise UsageError(f"{run} and --run {named} were both given", "choose one")
    return run or named, found


def require_same(typed: Typed, found: "Checkpoint") -> None:
    """Raise `UsageError` for the first option that says something else than the run has."""
    has = {
        **found.model.to_json(),
        **found.data.to_json(),
        **found.train.to_json(),
        **found.runtime.to_json(),
        "lines": found.data.records == "lines",
        "val": list(found.corpus.val_names),
        "allow_short": True,  # whatever was typed: the run is there
    }
    del has["max_vocab"]  # no checkpoint keeps it yet
    has["learning_rate"] *= 2**found.progress.rollbacks  # each has halved it
    for name, (param, value) in typed.items():
        value = list(value) if isinstance(value, tuple) else value
        if name not in has:
            raise UsageError(f"{param.opts[0]} is for a new run", "leave it out, or train anew")
        if value != has[name]:
            raise UsageError(
                f"{_flag(param, value)} is not what the run has: {_value(param, has[name])}",
                "a run keeps what it began with; leave the flag out, or train anew",
            )


def _flag(param: Any, value: Any) -> str:
    """An option as it is typed."""
    return _value(param, value) if isinstance(value, bool) else f"{param.opts[0]} {value}"


def _value(param: Any, value: Any) -> str:
    """The value of an option; of a switch, how it is typed."""
    if not isinstance(value, bool):
        return str(value)
    no = param.secondary_opts or [f"no {param.opts[0]}"]
    return str(param.opts[0] if value else no[0])
