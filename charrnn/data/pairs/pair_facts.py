"""What a checkpoint keeps of the pairs of a run: to find them again, and to notice a change."""

import dataclasses
import re
from dataclasses import dataclass
from typing import Any

from charrnn.data.corpus import LEFT_OUT, NO_SHA256

_NAMES = ("names", "target_names", "val_names")


@dataclass(frozen=True)
class PairFacts:
    """What a run learns from: enough to find it again and to know whether it is the same."""

    names: tuple[str, ...]  # as typed
    sha256: str  # of the pairs as they are encoded: normalised, and without bad lines
    num_pairs: int  # those of validation files included
    num_val: int = 0  # pairs of validation files
    num_skipped: int = 0  # bad lines
    longest_source: int = 0  # symbols
    longest_target: int = 0
    target_names: tuple[str, ...] = ()  # of parallel files
    val_names: tuple[str, ...] = ()  # parallel files, too: sources and targets in turn

    @property
    def is_left_out(self) -> bool:
        """Whether names and digest of the pairs were left out, as in a copy to hand over."""
        return self.sha256 == NO_SHA256 and self.num_pairs == 0

    def left_out(self) -> "PairFacts":
        """Return facts with all but the longest lengths left out; these bound a target."""
        longest = self.longest_source, self.longest_target
        return PairFacts((LEFT_OUT,), NO_SHA256, 0, 0, 0, *longest)

    def to_json(self) -> dict[str, Any]:
        """Return plain values, ready for `json.dumps`."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, values: Any) -> "PairFacts":
        """Return the facts with these values. Raises ValueError or TypeError if not valid."""
        facts = cls(**values | {name: tuple(values[name]) for name in _NAMES})
        names = (*facts.names, *facts.target_names, *facts.val_names)
        if not facts.names or not all(isinstance(name, str) for name in names):
            raise TypeError("its pairs have no name")
        counts = facts.num_pairs, facts.num_val, facts.num_skipped
        if any(type(count) is not int or count < 0 for count in counts):
            raise TypeError("the number of its pairs is not valid")
        lengths = facts.longest_source, facts.longest_target
        if any(type(length) is not int or length < 0 for length in lengths):
            raise TypeError("the length of its pairs is not valid")
        if not isinstance(facts.sha256, str) or not re.fullmatch("[0-9a-f]{64}", facts.sha256):
            raise ValueError("its pairs have no SHA-256")
        return facts
