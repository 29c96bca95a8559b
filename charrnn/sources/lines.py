"""Lines and records of a text in chunks: regroup the chunks, leave out what is damaged."""

import re
from collections.abc import Iterable, Iterator

RECORD_END = {"lines": "\n", "blank": "\n\n"}  # by the kind of records
UNDECODABLE = "\udcff"  # stands for bytes that could not be decoded; decoded text never holds it

# What ends a line, or a record between blank lines: by the kind of records that a text holds.
_ENDS = {
    "none": re.compile("(\n)"),
    "lines": re.compile("(\n)"),
    "blank": re.compile(r"(\n(?:[^\S\n]*\n)+)"),
}


def regroup(texts: Iterable[str], records: str) -> Iterator[str]:
    """Regroup chunks so that each ends where a line, or a record of that kind, ends."""
    last_end = "\n\n" if records == "blank" else "\n"
    held = ""
    for text in texts:
        before, end, held = (held + text).rpartition(last_end)
        if end:
            yield before + end
    if held:
        yield held


def without_damaged(text: str, records: str) -> tuple[str, int]:
    """Whole lines or records without those that hold `UNDECODABLE`; how many these were."""
    parts = [*_ENDS[records].split(text), ""]
    pairs = list(zip(parts[::2], parts[1::2], strict=True))
    kept = "".join(line + end for line, end in pairs if UNDECODABLE not in line)
    return kept, sum(UNDECODABLE in line for line, _ in pairs)
