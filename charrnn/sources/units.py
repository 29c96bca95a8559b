"""The units of a text: lines, or records between blank lines. A damaged unit can be left out."""

import re
from collections.abc import Iterable, Iterator

END = {"lines": "\n", "blank": "\n\n"}  # what ends a record of each kind
BAD = "\udcff"  # stands for bytes that could not be decoded; no text that was decoded holds it
_ENDS = {
    "none": re.compile("(\n)"),
    "lines": re.compile("(\n)"),
    "blank": re.compile(r"(\n(?:[^\S\n]*\n)+)"),
}


def whole(texts: Iterable[str], records: str) -> Iterator[str]:
    """A text in chunks that end where a unit ends."""
    last_end = "\n\n" if records == "blank" else "\n"
    held = ""
    for text in texts:
        before, end, held = (held + text).rpartition(last_end)
        if end:
            yield before + end
    if held:
        yield held


def without_bad(text: str, records: str) -> tuple[str, int]:
    """Whole units without those that hold `BAD`, and how many these were."""
    parts = [*_ENDS[records].split(text), ""]
    pairs = list(zip(parts[::2], parts[1::2], strict=True))
    kept = "".join(unit + end for unit, end in pairs if BAD not in unit)
    return kept, sum(BAD in unit for unit, _ in pairs)
