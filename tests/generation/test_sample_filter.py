import pytest

from charrnn.cli.flags.settings import in_flags
from charrnn.errors import UsageError
from charrnn.generation import sample_filter
from charrnn.generation.sample_filter import SampleFilter, pattern


def passed(made, *texts):
    return [text for text in texts if made.accepts("", text, is_whole=True)]


def test_without_conditions_all_samples_pass():
    assert passed(SampleFilter(), "a", "a", "") == ["a", "a", ""]
    assert SampleFilter().accepts("", "a", is_whole=False)


def test_each_reason_is_counted():
    made = SampleFilter(match=pattern("^[A-M]"), known={"Anna", "Zoe"}, unique=True, whole=True)
    assert passed(made, "Anna", "Berta", "Zoe", "Berta", "Cara", "") == ["Berta", "Cara"]
    assert not made.accepts("D", "ora", is_whole=False)
    assert made.rejected == {
        "in the corpus": 1,
        "without a match": 2,
        "repeated": 1,
        "longer than the length limit": 1,
    }
    assert made.summary(2) == (
        "2 written; rejected: 2 without a match, 1 in the corpus, 1 repeated,"
        " 1 longer than the length limit"
    )
    assert SampleFilter().summary(3) == "3 written; rejected: none"
    assert made.exhausted(2, 5, why="…").hint == "loosen match, or start with a prompt"
    error = SampleFilter().exhausted(0, None, why="…")
    assert (str(error), in_flags(error)) == (
        "found none: …; a higher temperature finds more",
        "found none: …; a higher --temp finds more",
    )


def test_copies_are_rejected_and_have_their_own_patience():
    made = SampleFilter(copies=lambda text: len(text) > 3, patience=2)
    assert passed(made, "Anna", "Bo", "Berta") == ["Bo"]
    assert made.summary(1) == "1 written; rejected: 2 copying the corpus"
    assert not made.is_exhausted
    passed(made, "Clara")
    assert made.is_exhausted


def test_only_what_was_said_copies_and_a_record_has_no_end_within():
    made = SampleFilter(copies=lambda text: len(text) > 3, end="\n")
    assert made.accepts("a long prompt", "ora", is_whole=True)
    assert not made.accepts("", "a\nb", is_whole=True)
    assert made.rejected == {"with more than one record": 1}


def test_a_search_that_finds_hardly_anything_new_is_given_up(monkeypatch):
    monkeypatch.setattr(sample_filter, "PATIENCE", 500)
    made = SampleFilter(unique=True)
    for k in range(10):  # one new one in 101 makes up for the others, however long it takes
        passed(made, str(k), *["0"] * 101)
    assert not made.is_exhausted
    for k in range(10, 15):
        passed(made, str(k), *["0"] * 210)
    assert made.is_exhausted
    assert made.why_exhausted == "fewer than 1 in 100 of the last 500 were new"
    made.start_search()
    assert not made.is_exhausted


def test_a_search_that_few_samples_match_is_not(monkeypatch):
    monkeypatch.setattr(sample_filter, "PATIENCE", 500)
    made = SampleFilter(match=pattern("x"))
    for _ in range(20):
        passed(made, "x", *["a"] * 400)
    assert not made.is_exhausted


def test_the_remaining_time_is_estimated_from_recent_finds():
    made = SampleFilter(unique=True)
    assert made.tries_left(10) is None
    passed(made, *map(str, range(1000)))
    assert made.tries_left(500) == pytest.approx(500, rel=0.02)
    for k in range(1000, 1100):
        passed(made, str(k), *["0"] * 49)
    assert made.tries_left(500) == pytest.approx(500 * 50, rel=0.02)
    passed(made, *["0"] * 5000)
    assert made.tries_left(500) == pytest.approx(500 * 100, rel=0.02)


def test_a_pattern_matches_anywhere_and_must_be_valid():
    assert passed(SampleFilter(match=pattern("nn")), "Anna", "Ada") == ["Anna"]
    with pytest.raises(UsageError, match=r"match '\(' is not a valid regular expression"):
        pattern("(")


def test_a_search_ends_after_many_rejections_in_a_row(monkeypatch):
    monkeypatch.setattr(sample_filter, "PATIENCE", 3)
    made = SampleFilter(unique=True)
    passed(made, "a", "a", "a", "b", "a", "b")
    assert not made.is_exhausted
    passed(made, "a")
    assert made.is_exhausted
