from collections import Counter

import numpy as np
import pytest
import torch
from conftest import small_text

from charrnn.data.vocab import code_points
from charrnn.models import ngrams

IDS = np.unique(code_points(small_text()), return_inverse=True)[1]


def strings(ids, length):
    return [tuple(ids[i : i + length]) for i in range(len(ids) - length + 1)]


@pytest.mark.parametrize("min_count", [1, 3, 30])
def test_each_frequent_ngram_has_a_row_of_its_own_and_the_others_share_one(min_count):
    """Against a dictionary of counts: the same row exactly for the same frequent string."""
    keys = ngrams.learn(IDS, longest=4, min_count=min_count)
    nothing = np.full((3, 1), ngrams.NOTHING)
    rows = ngrams.rows(keys, IDS[:, None], nothing)[:, 0]
    starts = np.cumsum([0, *map(len, keys)])
    for length in (2, 3, 4):
        counts = Counter(strings(IDS, length))
        frequent = {string for string, count in counts.items() if count >= min_count}
        assert len(keys[length - 2]) == len(frequent) + 1
        row_of = {}
        other = starts[length - 2]
        for i, row in enumerate(rows[:, length - 1]):
            string = tuple(IDS[i - length + 1 : i + 1]) if i >= length - 1 else ()
            if string in frequent:
                assert row_of.setdefault(string, row) == row != other
            else:
                assert row == other
        assert len(set(row_of.values())) == len(frequent)
        assert set(row_of.values()) <= set(range(other + 1, starts[length - 1]))
    assert (rows[:, 0] == IDS + starts[3]).all()


def test_numpy_and_torch_find_the_same_rows():
    keys = ngrams.learn(IDS, longest=3, min_count=2)
    ids_TB = np.random.default_rng(1).integers(IDS.max() + 1, size=(40, 5))
    before_KB = np.random.default_rng(2).integers(-1, 5, size=(2, 5))
    expected = ngrams.rows(keys, ids_TB, before_KB)
    in_torch = tuple(map(torch.from_numpy, keys))
    found = ngrams.rows(in_torch, torch.from_numpy(ids_TB), torch.from_numpy(before_KB), torch)
    np.testing.assert_array_equal(found.numpy(), expected)
    after = ngrams.after(torch.from_numpy(ids_TB), torch.from_numpy(before_KB), torch)
    np.testing.assert_array_equal(after.numpy(), ids_TB[-2:])


def test_reading_in_pieces_gives_the_same_rows():
    keys = ngrams.learn(IDS, longest=5, min_count=2)
    before = np.full((4, 1), ngrams.NOTHING)
    whole = ngrams.rows(keys, IDS[:200, None], before)
    pieces = []
    for piece in np.split(IDS[:200, None], [1, 2, 4, 50]):
        pieces.append(ngrams.rows(keys, piece, before))
        before = ngrams.after(piece, before)
    np.testing.assert_array_equal(np.concatenate(pieces), whole)


def test_the_most_frequent_are_kept_where_there_are_too_many():
    keys = ngrams.learn(IDS, longest=2, min_count=1, max_rows=10)
    counts = Counter(strings(IDS, 2)).most_common()
    assert len(keys[0]) - 1 <= 10
    kept = {(int(key) & (2**21 - 1), int(key) >> 21) for key in keys[0][:-1]}
    assert kept == {string for string, _ in counts[: len(kept)]}


def test_of_a_long_text_evenly_placed_excerpts_are_counted(monkeypatch):
    monkeypatch.setattr(ngrams, "MAX_CHARS", 160)
    ids = np.repeat(np.arange(16), 1000)  # an excerpt falls into every part of it
    keys = ngrams.learn(ids, longest=2, min_count=5)
    assert len(keys[0]) == 16 + 1


def test_without_ngrams_there_is_nothing_but_the_characters():
    assert ngrams.learn(IDS, longest=1, min_count=3) == ()
    rows = ngrams.rows((), IDS[:9, None], np.empty((0, 1), np.int64))
    np.testing.assert_array_equal(rows[:, 0, 0], IDS[:9])
