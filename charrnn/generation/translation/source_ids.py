"""A text as ids, or the reason why a model cannot read it."""

from charrnn.data.pairs.symbols import Ids, Side
from charrnn.errors import UsageError


def source_ids(side: Side, text: str, *, at_most: int, purpose: str, hint: str) -> Ids:
    """Return the ids of a text of at most so many symbols. `purpose` is a verb for the message,
    `hint` says what to do with a longer text.

    Raises `UsageError` for a text that is too long, or that is no text.
    """
    try:
        ids_S = side.encode(text)
    except UnicodeEncodeError as error:  # half of a surrogate pair has no bytes
        raise UsageError(
            f"the text is not UTF-8: character {error.start + 1}",
            "convert it first: iconv -f latin1 -t utf-8",
        ) from error
    if len(ids_S) > at_most:
        raise UsageError(
            f"a text of {len(ids_S):,} symbols is too long to {purpose}; at most {at_most:,} are"
            " possible",
            hint,
        )
    return ids_S
