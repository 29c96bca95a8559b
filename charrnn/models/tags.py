"""Tags that a module puts on its parameters, for the optimiser to choose each one's rule by.

    matrix   multiplied with activations that its rows share (a recurrence, an attention): SOAP
    table    rows that are looked up; a step touches few: Adam for the rows that were read
    other    everything else, such as biases, and what has no tag: Adam

Moving a module to another device or dtype keeps the tags; `copy.deepcopy` drops them.
"""

from typing import Literal, get_args

from torch import Tensor

Tag = Literal["matrix", "table", "other"]


def tag(parameter: Tensor, kind: Tag) -> None:
    """Put a tag on a parameter."""
    assert kind in get_args(Tag)
    parameter.optimizer_tag = kind  # type: ignore[attr-defined]


def tag_of(parameter: Tensor) -> Tag:
    """Return the tag of a parameter."""
    kind: Tag = getattr(parameter, "optimizer_tag", "other")
    return kind
