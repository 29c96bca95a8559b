"""The keywords of a call of the library, as fields of its settings."""

import secrets
from collections.abc import Mapping
from typing import Any

from charrnn.config import require_known
from charrnn.errors import SettingError


def fields_of(keywords: Mapping[str, Any], known: type) -> dict[str, Any]:
    """Return the fields that keywords are for: temp is short for temperature, and a call without a
    seed gets one at random.

    Raises `SettingError` for a keyword that is not in the TypedDict `known`.
    """
    require_known(keywords, [*known.__annotations__])
    if {"temp", "temperature"} <= keywords.keys():
        raise SettingError(
            "temp and temperature are the same setting", "give one of them", "temperature"
        )
    fields = {"temperature" if name == "temp" else name: value for name, value in keywords.items()}
    if fields.get("seed") is None:
        fields["seed"] = secrets.randbelow(2**32)
    return fields
