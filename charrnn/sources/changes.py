"""What reading has changed or left out, to be told in a sentence for each kind of change."""

from collections.abc import Iterator
from dataclasses import dataclass, field, fields

from charrnn._text import number_of, some
from charrnn.config import DataConfig


@dataclass
class Changes:
    """What reading some sources has changed or left out."""

    # of text
    marks: int = 0  # byte order marks dropped
    line_ends: bool = False  # CRLF or CR became a newline
    num_replaced: int = 0  # places with bytes that are not in the encoding
    num_left_out: int = 0  # lines or records with such bytes
    # of rows of tables
    num_folded: int = 0  # had line ends within the cell that a record cannot hold
    num_missing: int = 0  # had no such cell, or nothing in it
    num_malformed: int = 0  # cannot be read
    # of files, by their labels
    skipped: list[str] = field(default_factory=list)  # files of a folder that are not text
    likely: dict[str, str] = field(default_factory=dict)  # the likely encoding of skipped files
    encodings: dict[str, str] = field(default_factory=dict)  # files in an encoding of their own
    packed: list[str] = field(default_factory=list)  # compressed files that are learned as bytes
    num_plain: int = 0  # files in the encoding that was asked for

    def add(self, other: "Changes") -> None:
        """Take in what reading other sources has changed."""
        for each in fields(self):
            mine, others = getattr(self, each.name), getattr(other, each.name)
            both = mine | others if isinstance(mine, bool | dict) else mine + others
            setattr(self, each.name, both)

    def none_in_text(self, config: DataConfig) -> bool:
        """Whether the text is what the files hold, byte for byte."""
        is_changed = self.marks or self.line_ends or self.num_replaced or self.num_left_out
        return not is_changed and config.column is None and is_utf8(config.encoding)

    def sentences(self, config: DataConfig) -> list[str]:
        """A sentence for each kind of change."""
        return [*self._of_text(config), *self._of_rows(config), *self._of_files(config)]

    def _of_text(self, config: DataConfig) -> Iterator[str]:
        if self.marks:
            yield "dropped the byte order mark at the start of the text"
        if self.line_ends:
            yield "turned CRLF and CR line ends into newlines"
        if self.num_replaced:
            what = number_of(self.num_replaced, "place")
            yield f"put � in {what} with bytes that are not {config.encoding}"
        if self.num_left_out:
            is_line = config.records != "blank" and config.column is None
            what = number_of(self.num_left_out, "line" if is_line else "record")
            yield f"left out {what} with bytes that are not {config.encoding}"

    def _of_rows(self, config: DataConfig) -> Iterator[str]:
        if self.num_folded:
            what = number_of(self.num_folded, "record")
            became = "a newline took the place of blank lines"
            if config.records == "lines":
                became = "spaces took the place of the line ends; --records blank keeps them"
            yield f"within {what} {became}"
        if self.num_missing:
            what = number_of(self.num_missing, "row")
            yield f"skipped {what} with nothing in column {config.column}"
        if self.num_malformed:
            yield f"left out {number_of(self.num_malformed, 'row')} that cannot be read"

    def _of_files(self, config: DataConfig) -> Iterator[str]:
        if self.encodings:
            names = [f"{name} ({encoding})" for name, encoding in self.encodings.items()]
            yield f"read {number_of(len(names), 'file')} in another encoding: {some(names)}"
        yield from self._of_skipped(config)
        if self.packed:
            yield (
                f"learning compressed bytes as they are: {some(self.packed)}; to learn the text in"
                " them leave --bytes out, or unpack them first"
            )

    def _of_skipped(self, config: DataConfig) -> Iterator[str]:
        damaged = [name for name, likely in self.likely.items() if likely == config.encoding]
        if damaged:
            yield (
                f"skipped {number_of(len(damaged), 'file')} with bytes that are not"
                f" {config.encoding}: {some(damaged)}; --errors skip leaves out only the lines"
                " with such bytes"
            )
        if others := [name for name in self.likely if name not in damaged]:
            names = [f"{name} (perhaps {self.likely[name]})" for name in others]
            yield f"skipped {_files_that_are(len(names))} not {config.encoding}: {some(names)}"
        if others := [name for name in self.skipped if name not in self.likely]:
            what = "text" if config.column is None else "a table"
            yield f"skipped {_files_that_are(len(others))} not {what}: {some(others)}"


def _files_that_are(count: int) -> str:
    return f"{number_of(count, 'file')} that {'is' if count == 1 else 'are'}"


def is_utf8(encoding: str) -> bool:
    """Whether that is a name of UTF-8 without a byte order mark."""
    return encoding.lower() in ("utf-8", "utf8", "utf_8")
