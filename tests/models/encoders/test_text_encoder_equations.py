"""What is read of a text, symbol by symbol: boundaries, and the n-grams across them."""

import numpy as np

from charrnn.models.encoders.text_encoder_equations import BOUNDARY, ngram_rows, with_boundaries

LAST = np.iinfo(np.int64).max  # where every list of n-grams ends


def key_of(shorter, before):
    """The key of an n-gram: the row of the shorter one that it ends with, and what is before."""
    return (shorter << 21) | before


def test_each_source_has_a_boundary_on_both_sides():
    ids_SB, lengths_B = with_boundaries(np.array([[3, 5], [4, 6]]), np.array([2, 1]))
    assert ids_SB.T.tolist() == [[BOUNDARY, 3, 4, BOUNDARY], [BOUNDARY, 5, BOUNDARY, BOUNDARY]]
    assert lengths_B.tolist() == [4, 3]


def test_ngrams_are_read_across_the_boundaries():
    """The first symbol, and the end, have n-grams of their own there."""
    ids_SB, _ = with_boundaries(np.array([[3, 4], [4, 3]]), np.array([2, 2]))
    keys = (np.array([key_of(BOUNDARY, 4), key_of(3, BOUNDARY), LAST]),)
    single, pairs = ngram_rows(keys, ids_SB).transpose(2, 1, 0).tolist()
    assert single == [[3, 6, 7, 3], [3, 7, 6, 3]]  # symbols come after the three rows of pairs
    assert pairs == [[0, 2, 0, 1], [0, 0, 0, 0]]


def test_without_ngrams_each_symbol_has_its_row():
    assert ngram_rows((), np.array([[2, 0], [1, 3]])).tolist() == [[[2], [0]], [[1], [3]]]


def test_where_a_network_may_look_ahead_it_reads_what_begins_with_a_symbol_too():
    """Boundaries are all that comes after the end, whatever the padding."""
    four_and_end, three_four = 1, 2  # rows of pairs, in the order of their keys
    pairs = np.array([key_of(BOUNDARY, 4), key_of(4, 3), LAST])
    keys = (pairs, np.array([key_of(three_four, 5), LAST]))
    for padding in range(3):
        ids_SB, _ = with_boundaries(np.array([[5], [3], [4], *[[6]] * padding]), np.array([3]))
        rows_SN = ngram_rows(keys, ids_SB, reads_ahead=True)[:5, 0]
        ends_2, ends_3, begins_2, begins_3 = rows_SN[:, 1:].T.tolist()
        assert ends_2 == [0, 0, 0, three_four, four_and_end]
        assert begins_2 == [*ends_2[1:], 0]
        assert [row - len(pairs) for row in ends_3] == [0, 0, 0, 1, 0]
        assert [row - len(pairs) for row in begins_3] == [0, 1, 0, 0, 0]
