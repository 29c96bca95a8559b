import pytest

from charrnn.data.pairs.reading.bad_lines import BadLines, Problem
from charrnn.errors import CorpusError

A, B = Problem("a is missing", "write an a"), Problem("b is missing", "raise max_b", ("max_b",))


def test_the_first_bad_line_stands_for_all():
    bad = BadLines(are_skipped=False)
    bad.require_none()
    bad.add("t", 7, B, seen="3 of 4")
    with pytest.raises(CorpusError) as error:
        bad.require_none()
    assert str(error.value) == (
        "t, line 7: b is missing (3 of 4); raise max_b, or leave such lines out with errors skip"
    )
    assert error.value.fields == ("max_b", "errors")
    bad.add("t", 9, A)
    with pytest.raises(CorpusError, match="t, line 7, the first of 2 bad lines: b is missing"):
        bad.require_none()


def test_very_many_bad_lines_end_the_reading():
    bad = BadLines(are_skipped=False)
    with pytest.raises(CorpusError, match="line 1, the first of 1,000 bad lines or more: a is"):
        for number in range(1, 5000):
            bad.add("t", number, A)
    assert bad.num == 1000


def test_skipped_lines_are_counted_and_the_first_few_are_named():
    bad = BadLines(are_skipped=True)
    for number in range(1, 2001):
        bad.add("t", number, A)
    bad.add("u", 3, B, seen="what was seen is told of the first line alone")
    bad.require_none()
    assert list(bad.sentences()) == [
        "skipped 2,000 lines (a is missing): t line 1, t line 2, t line 3, …",
        "skipped 1 line (b is missing): u line 3",
    ]
    assert bad.first_problem() == "t, line 1: a is missing"
