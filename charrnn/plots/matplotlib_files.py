"""matplotlib, where pictures as files need it, and its fonts."""

import functools
import logging
from importlib.util import find_spec
from typing import Any

from charrnn.errors import StorageError, UsageError

_FIRST_FAMILY = "DejaVu Sans"  # comes with matplotlib


def load() -> tuple[Any, Any]:
    """Return matplotlib and its Figure, without the note it logs for a user who has no home.

    Raises `UsageError` if it is missing.
    """
    log = logging.getLogger("matplotlib")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        import matplotlib as mpl
        from matplotlib.figure import Figure
    except ImportError as error:
        raise _missing() from error
    except OSError as error:
        raise StorageError(
            "matplotlib finds no folder where it may write its cache",
            "name one: export MPLCONFIGDIR=FOLDER",
        ) from error
    finally:
        log.setLevel(level)
    return mpl, Figure


def require() -> None:
    """Raise `UsageError` if matplotlib is missing. Nothing is loaded."""
    if find_spec("matplotlib") is None:
        raise _missing()


def _missing() -> UsageError:
    return UsageError("charts as files need matplotlib", 'type: pip install "charrnn[plot]"')


def fonts_for(text: str) -> tuple[list[str], frozenset[str]]:
    """Return the families of fonts that can show a text, and the characters that none has.

    The fonts of this machine are searched only for what matplotlib's own does not have.
    """
    from matplotlib import font_manager

    manager = font_manager.fontManager
    families = [_FIRST_FAMILY]
    missing = set(text) - _characters_of(manager.findfont(_FIRST_FAMILY))
    for entry in manager.ttflist if missing else ():
        is_plain = entry.style == "normal" and "Last Resort" not in entry.name
        if missing and is_plain and entry.name not in families:
            shown = missing & _characters_of(entry.fname)
            if shown:
                families.append(entry.name)
                missing -= shown
    return families, frozenset(missing)


def with_glyphs(text: str, unknown: frozenset[str]) -> str:
    """Return a text with U+FFFD for each character that no font has."""
    return "".join("\N{REPLACEMENT CHARACTER}" if c in unknown else c for c in text)


@functools.cache
def _characters_of(path: str) -> frozenset[str]:
    """Return the characters of a font; none of a font that matplotlib cannot draw."""
    from matplotlib.ft2font import FT2Font

    try:
        font = FT2Font(path)
    except (OSError, RuntimeError):
        return frozenset()
    return frozenset(map(chr, font.get_charmap())) if font.scalable else frozenset()
