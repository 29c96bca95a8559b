"""The confusion matrix of a classifier: which labels are taken for which.

A row is what became of the texts of one label, in shares of them: a perfect classifier has its
diagonal alone.
"""

from collections.abc import Sequence

from charrnn.plots.share_matrix import MOST_NAMES, Matrix


def confusion(labels: Sequence[str], counts: Sequence[Sequence[int]], *, title: str) -> Matrix:
    """Return the picture of a confusion matrix.

    `counts` has a row for each label, with the number of its texts that were taken for each label;
    rows may be for more labels than columns, since a model does not know all of them.
    """
    shares = [[count / max(1, sum(row)) for count in row] for row in counts]
    num = len(labels)
    left_out = f"drawn: the first {MOST_NAMES} of {num:,} labels" if num > MOST_NAMES else ""
    columns = labels[: len(counts[0])] if counts else ()
    return Matrix(
        columns, labels, shares, title,
        top="taken for", side="label", measure="texts of a label", joint="taken for",
        left_out=left_out,
    )  # fmt: skip
