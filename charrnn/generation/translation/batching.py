"""Many texts at once: batches of like length from a window that is read ahead, answered in order.

Memory is bounded, whatever the number of texts: a window ends after so many texts, or so many
numbers in their alignments.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

from charrnn import _cores
from charrnn.errors import CharRNNError
from charrnn.models.step_numpy import blas

MAX_WINDOW = 1024  # texts that are read ahead
MAX_NUMBERS = 1 << 26  # of their alignments, about, unless one has more
MAX_COLUMNS = 128  # targets under way in a batch; more gain little
MIN_COLUMNS = 16  # that are worth a core of their own
MAX_SYMBOLS = 8192  # of the sources of a batch, the padding included, unless one is longer

_Item = TypeVar("_Item")
_Answer = TypeVar("_Answer")


def in_order(
    items: Iterable[_Item],
    length: Callable[[_Item], int],
    answer: Callable[[Sequence[_Item]], Sequence[_Answer]],
    *,
    num_targets: int = 1,
) -> Iterator[_Answer]:
    """Yield an answer to each item, in order; `answer` gets batches of like length.

    The first windows are small, so that the first answers come soon. The batches of a window are
    computed side by side on all cores, with one thread of BLAS each, which is not limited while the
    caller has control. Where `items` raises an error, the items before it are answered first.
    """

    def alignment_size(item: _Item) -> int:
        return num_targets * length(item) ** 2  # targets are about as long as sources

    for window, error in _windows(items, alignment_size):
        lengths = [length(item) for item in window]
        batches = by_length(lengths, num_targets=num_targets, num_cores=_cores.num_cores())
        answers: dict[int, _Answer] = {}
        computed = _on_all_cores(answer, [[window[n] for n in batch] for batch in batches])
        for batch, answered in zip(batches, computed, strict=True):
            answers.update(zip(batch, answered, strict=True))
        yield from (answers[n] for n in range(len(window)))
        if error is not None:
            raise error


def by_length(
    lengths: Sequence[int], *, num_targets: int = 1, num_cores: int = 1
) -> list[list[int]]:
    """Return the numbers of texts in batches, the shortest texts first; several batches where that
    gives more cores enough to do.
    """
    share = max(MIN_COLUMNS, -(-len(lengths) * num_targets // num_cores))
    max_texts = max(1, min(MAX_COLUMNS, share) // num_targets)
    batches: list[list[int]] = []
    for n in sorted(range(len(lengths)), key=lengths.__getitem__):
        if not batches or not (
            len(batches[-1]) < max_texts and lengths[n] * (len(batches[-1]) + 1) <= MAX_SYMBOLS
        ):
            batches.append([])
        batches[-1].append(n)
    return batches


def _windows(
    items: Iterable[_Item], alignment_size: Callable[[_Item], int]
) -> Iterator[tuple[list[_Item], CharRNNError | None]]:
    """Yield windows of growing size; the last one with the error that ended the items."""
    iterator, size = iter(items), 1
    while True:
        window: list[_Item] = []
        num_numbers = 0
        try:
            for item in islice(iterator, size):
                window.append(item)
                num_numbers += alignment_size(item)
                if num_numbers >= MAX_NUMBERS:
                    break
        except CharRNNError as error:
            yield window, error
            return
        if not window:
            return
        yield window, None
        size = min(2 * size, MAX_WINDOW)


def _on_all_cores(
    answer: Callable[[Sequence[_Item]], Sequence[_Answer]], batches: Sequence[Sequence[_Item]]
) -> Iterable[Sequence[_Answer]]:
    if sum(map(len, batches)) < 2:  # a single text waits for no imports
        return [answer(batch) for batch in batches]
    from concurrent.futures import ThreadPoolExecutor

    num_threads = min(_cores.num_cores(), len(batches))
    with blas().limit(limits=1, user_api="blas"), ThreadPoolExecutor(num_threads) as pool:
        return list(pool.map(answer, batches))
