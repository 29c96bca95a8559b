"""The names and the values of facts about runs, as people read them."""

from typing import Any

# for scripts alone: what the clock corrected, and by what teachers are known again
HIDDEN = ("schedule_step", "schedule_done", "teacher_sha256")


def label(name: str) -> str:
    """Return the name of a fact as people read it."""
    return name.removeprefix("num_").replace("_chars", "_characters").replace("_", " ")


def shown(value: Any) -> str:
    """Return a fact as people read it."""
    if value is None:
        return "not measured yet"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(value)
    if isinstance(value, float):
        return f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) else str(value)
