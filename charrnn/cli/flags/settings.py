"""Flags made from settings, so that a setting is declared in charrnn/config alone.

A command asks for the settings of some groups, or for the fields of a dataclass of flags, with one
parameter each; `expanded` gives typer a signature with a parameter for every flag:

    @app.command()
    @expanded
    def train(corpus: Corpus = None, *, given: Annotated[Values, TrainConfig], display: Display)
"""

import dataclasses
import functools
import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import typer
from typer.models import OptionInfo

from charrnn.config import (
    CaptionsConfig,
    Checked,
    DataConfig,
    EncoderDecoderConfig,
    ModelConfig,
    PairsConfig,
    RuntimeConfig,
    SampleConfig,
    Setting,
    TaggerConfig,
    TrainConfig,
    TranslateConfig,
    setting_of,
)
from charrnn.errors import CharRNNError, SettingError

Values = Mapping[str, Any]  # of settings: those typed, and the defaults that a run does not choose
_PANELS = (  # in the order of help
    "Network",
    "Learning",
    "How long",
    "Corpus",
    "Pairs",
    "Run and display",
    "How a character is drawn",
    "Many samples",
    "Limits",
)


def flag_of(field: str) -> str:
    """Return the flag of a setting, as it is typed."""
    setting = _SETTINGS.get(field, Setting())
    return setting.flag.partition("/")[0] or _dashed(field)


def in_flags(error: CharRNNError) -> str:
    """Return an error as a line that calls settings by their flags."""
    quoted, rest = "", str(error)
    if not isinstance(error, SettingError):  # its message may quote a text; the hint does not
        quoted, rest = error.message, rest.removeprefix(error.message)
    for field in error.fields:
        rest = re.sub(rf"\b{field}\b", flag_of(field), rest, count=1)
    return quoted + rest


def option(group: type[Checked], name: str) -> OptionInfo:
    """Return typer's option for a setting."""
    (setting,) = (setting_of(spec) for spec in dataclasses.fields(group) if spec.name == name)  # type: ignore[arg-type]
    info: OptionInfo = typer.Option(
        setting.flag or _dashed(name),
        *setting.aliases,
        help=setting.help,
        metavar=setting.metavar,
        show_default=setting.shown_default or True,
        rich_help_panel=setting.panel,
    )
    return info


def expanded(command: Callable[..., Any]) -> Callable[..., Any]:
    """Return the command with its groups of flags spread out in its signature."""
    parameters = inspect.signature(command).parameters.values()
    groups = {parameter.name: flags for parameter in parameters if (flags := _flags_of(parameter))}

    @functools.wraps(command)
    def spread(**values: Any) -> Any:
        for name, (make, flags) in groups.items():
            values[name] = make({flag.name: values.pop(flag.name) for flag in flags})
        return command(**values)

    spread.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        sorted(_spread_out(parameters, groups), key=_panel)
    )
    return spread


_Make = Callable[[dict[str, Any]], Any]


def _flags_of(parameter: inspect.Parameter) -> tuple[_Make, list[inspect.Parameter]] | None:
    """Return the flags that a parameter stands for, and what makes its value of theirs."""
    kind = parameter.annotation
    if get_origin(kind) is Annotated and get_args(kind)[0] == Values:
        groups = get_args(kind)[1:]
        flags: dict[str, inspect.Parameter] = {}
        for flag in (flag for group in groups for flag in _settings_flags(group)):
            flags.setdefault(flag.name, flag)  # a group may have those of another
        return _given, list(flags.values())
    if dataclasses.is_dataclass(kind):
        return lambda values: kind(**values), list(_own_flags(kind))  # type: ignore[operator]
    return None


def _given(values: dict[str, Any]) -> Values:
    return {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in values.items()
        if value is not None
    }


def _settings_flags(group: type[Checked]) -> Iterator[inspect.Parameter]:
    hints = get_type_hints(group)
    for spec in dataclasses.fields(group):  # type: ignore[arg-type]
        setting = setting_of(spec)
        if not setting.help:
            continue
        is_many = get_origin(hints[spec.name]) is tuple
        kind = list[str] if is_many else setting.typed or hints[spec.name]
        is_optional = is_many or setting.is_chosen
        default = spec.default if setting.typed is None else setting.typed(spec.default)
        yield inspect.Parameter(
            spec.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=None if is_optional else default,
            annotation=Annotated[kind | None if is_optional else kind, option(group, spec.name)],
        )


def _own_flags(kind: Any) -> Iterator[inspect.Parameter]:
    hints = get_type_hints(kind, include_extras=True)
    for spec in dataclasses.fields(kind):
        yield inspect.Parameter(
            spec.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=spec.default,
            annotation=hints[spec.name],
        )


def _spread_out(
    parameters: Iterable[inspect.Parameter],
    groups: Mapping[str, tuple[_Make, list[inspect.Parameter]]],
) -> Iterator[inspect.Parameter]:
    for parameter in parameters:
        if parameter.name in groups:
            yield from groups[parameter.name][1]
        else:
            yield parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)


def _panel(parameter: inspect.Parameter) -> int:
    """Return where the panel of a flag comes in help."""
    details = get_args(parameter.annotation)[1:]
    panel = getattr(details[0], "rich_help_panel", None) if details else None
    return _PANELS.index(panel) + 1 if panel in _PANELS else 0


def _dashed(name: str) -> str:
    return "--" + name.replace("_", "-")


# where a setting is in several groups, the last one declares its flag
_GROUPS: tuple[type[Checked], ...] = (
    TaggerConfig, EncoderDecoderConfig, CaptionsConfig, PairsConfig,
    ModelConfig, DataConfig, TrainConfig, RuntimeConfig, SampleConfig, TranslateConfig,
)  # fmt: skip
_SETTINGS = {
    spec.name: setting_of(spec)
    for group in _GROUPS
    for spec in dataclasses.fields(group)  # type: ignore[arg-type]
}
