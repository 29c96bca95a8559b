"""How a setting is declared: a field of a frozen dataclass with default, help, range and flag.

The checks here and the flags of the command line (cli/flags/settings.py) follow from it.
"""

import dataclasses
import inspect
import types
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Self, TypeVar, get_args, get_origin, get_type_hints

from charrnn.errors import SettingError, UsageError

BY_CORPUS = "by corpus"

_Function = TypeVar("_Function", bound=Callable[..., Any])


class Panel:
    """Headings of flags in `--help`."""

    NETWORK, LEARNING, LENGTH = "Network", "Learning", "How long"
    CORPUS, MACHINE, DRAWING = "Corpus", "Run and display", "How a character is drawn"
    PAIRS = "Pairs"


@dataclass(frozen=True)
class Setting:
    """What a field's metadata says of it, besides its default."""

    help: str = ""  # of its flag; a setting without help has no flag of its own
    panel: str = ""  # the heading of the flag's help
    low: float | None = None  # the allowed range, both ends included
    high: float | None = None
    choices: tuple[str, ...] = ()
    flag: str = ""  # where it is not the field's name
    aliases: tuple[str, ...] = ()  # other spellings of the flag
    metavar: str | None = None
    typed: type | None = None  # the type of the flag, where it takes more than the setting
    is_chosen: bool = False  # a run chooses the value unless it is given
    shown_default: str | None = None  # in help, where the default is not a plain value


def setting(default: Any, **details: Any) -> Any:
    """A dataclass field with a default and the details of a `Setting`."""
    return field(default=default, metadata={"setting": Setting(**details)})


def setting_of(spec: dataclasses.Field[Any]) -> Setting:
    """What a field's metadata says of it."""
    declared: Setting = spec.metadata["setting"]
    return declared


class Checked:
    """Base of the settings: type and range checks on construction, and JSON both ways."""

    def __post_init__(self) -> None:
        kind: Any = type(self)
        for name, hint, allowed in _settings_of(kind):
            _check(name, getattr(self, name), hint, allowed)

    def to_json(self) -> dict[str, Any]:
        """Plain values, ready for `json.dumps`."""
        values: dict[str, Any] = dataclasses.asdict(self)  # type: ignore[call-overload]
        return {name: _to_json(value) for name, value in values.items()}

    @classmethod
    def names(cls) -> frozenset[str]:
        """The names of the settings."""
        return frozenset(spec.name for spec in dataclasses.fields(cls))  # type: ignore[arg-type]

    @classmethod
    def among(cls, values: Mapping[str, Any]) -> Self:
        """Take those values that are settings of this class, and defaults for the rest."""
        return cls(**{name: value for name, value in values.items() if name in cls.names()})

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """The inverse of `to_json`. Raises `UsageError` for missing or impossible values."""
        if set(values) != cls.names():
            wrong = ", ".join(sorted(set(values) ^ cls.names()))
            raise UsageError(f"{cls.__name__} has missing or unknown fields: {wrong}")
        return cls(**{name: _from_json(value) for name, value in values.items()})


def _to_json(value: Any) -> Any:
    """Return a value as JSON has it: tuples are lists there."""
    return list(value) if isinstance(value, tuple) else value


def _from_json(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


@cache
def _settings_of(kind: type) -> list[tuple[str, Any, Setting]]:
    """Return name, type and details of each setting: found once, for a list of runs makes many."""
    hints = get_type_hints(kind)
    return [(spec.name, hints[spec.name], setting_of(spec)) for spec in dataclasses.fields(kind)]


class _NotGiven:
    """Stands for a default that is chosen later."""

    def __repr__(self) -> str:
        return "..."


_NOT_GIVEN = _NotGiven()


def with_keywords(settings: type) -> Callable[[_Function], _Function]:
    """Show the keys of a TypedDict as keywords of a function that takes them as `**settings`, in
    help() and in the completion of a notebook.
    """

    def decorated(function: _Function) -> _Function:
        signature = inspect.signature(function)
        *others, _ = signature.parameters.values()
        kind = inspect.Parameter.KEYWORD_ONLY
        keys = [
            inspect.Parameter(name, kind, default=_NOT_GIVEN, annotation=annotation)
            for name, annotation in settings.__annotations__.items()
        ]
        function.__signature__ = signature.replace(parameters=[*others, *keys])  # type: ignore[attr-defined]
        return function

    return decorated


def require_known(names: Iterable[str], known: Iterable[str]) -> None:
    """Raise `SettingError` for a name that is not one of the known settings."""
    known = sorted(known)
    for name in names:
        if name not in known:
            from difflib import get_close_matches  # here, for it takes time and is rarely needed

            close = get_close_matches(name, known, 1)
            hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(known)}"
            raise SettingError(f"there is no setting {name!r}", hint, name)


def _check(name: str, value: Any, hint: Any, allowed: Setting) -> None:
    """Raise `SettingError` unless `value` has the hinted type and is in the allowed range."""
    kinds = get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    if value is None and type(None) in kinds:
        return
    if not any(_is_of_kind(value, kind) for kind in kinds):
        raise SettingError(f"{name} cannot be {value!r}", f"it must be {_described(kinds)}", name)
    low, high = allowed.low, allowed.high
    if low is not None and high is not None and not low <= value <= high:  # NaN fails too
        hint = f"it must be from {low} to {high}"
        raise SettingError(f"{name} {value} is out of range", hint, name)
    if allowed.choices and value not in allowed.choices:
        hint = f"choose one of {', '.join(allowed.choices)}"
        raise SettingError(f"{name} {value!r} is not known", hint, name)


def _is_of_kind(value: Any, kind: Any) -> bool:
    """Whether a value has that type; an integer is a float too, and a bool is no number."""
    if kind in (int, float):
        return isinstance(value, int | kind) and not isinstance(value, bool)
    if get_origin(kind) is tuple:
        return isinstance(value, tuple) and all(isinstance(each, str) for each in value)
    return isinstance(value, kind)


def _described(kinds: tuple[Any, ...]) -> str:
    words = {int: "a whole number", float: "a number", bool: "True or False", str: "a text"}
    return " or ".join(words.get(kind, "texts") for kind in kinds if kind is not type(None))
