"""Cursors kept along a text that is being written, so that no part of it is read again and again.

One is kept every so many characters. Where the text is changed, those behind the change are
dropped; going back into the text costs the steps from the cursor before that place. Their number is
bounded: in a longer text they stand farther apart.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from charrnn.sources.lines import RECORD_END

if TYPE_CHECKING:
    from charrnn.generation.model import Cursor, Model

SPACING = 64  # characters between two cursors, at first
MAX_KEPT = 256  # cursors; past them every second one is dropped


class Positions:
    """Cursors at places of one text."""

    def __init__(self, model: "Model") -> None:
        self._record_end = RECORD_END.get(model.records, "")
        self._spacing = SPACING
        self._text = ""
        self._kept = {0: model.cursor()}  # by place
        self._last = self._kept.copy()  # the one that was asked for last

    def cursor_after(
        self, text: str, *, is_stale: Callable[[], bool] = lambda: False
    ) -> "Cursor | None":
        """Return a cursor at the end of a text; of a model of records, of its last record.

        Reads no further once `is_stale`, and returns None.
        """
        if self._record_end:
            text = text.rpartition(self._record_end)[2]
        self._follow(text)
        near = {place: cursor for place, cursor in self._places() if place <= len(text)}
        place = max(near)
        cursor = near[place].copy()
        while place < len(text):
            if is_stale():
                return None
            end = min(len(text), place - place % self._spacing + self._spacing)
            cursor.read(text[place:end])
            place = end
            if place % self._spacing == 0:
                self._keep(place, cursor.copy())
        self._last = {place: cursor}
        return cursor.copy()

    def _places(self) -> "list[tuple[int, Cursor]]":
        return [*self._kept.items(), *self._last.items()]

    def _follow(self, text: str) -> None:
        """Drop the cursors of another text. Those behind the end of this one stay, if all of it is
        the beginning of the text that was known.
        """
        num_shared = num_shared_characters(self._text, text)
        if num_shared < len(text):
            self._text = text
            for kept in (self._kept, self._last):
                for place in [place for place in kept if place > num_shared]:
                    del kept[place]

    def _keep(self, place: int, cursor: "Cursor") -> None:
        self._kept[place] = cursor
        if len(self._kept) > MAX_KEPT:
            self._spacing *= 2
            for other in [other for other in self._kept if other % self._spacing]:
                del self._kept[other]


def num_shared_characters(one: str, other: str) -> int:
    """Return how many characters two texts have in common at their beginnings."""
    low, high = 0, min(len(one), len(other))
    while low < high:  # comparing halves is far faster than characters
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
