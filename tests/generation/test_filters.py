import pytest

from charrnn.errors import UsageError
from charrnn.generation import filters
from charrnn.generation.filters import Sieve, pattern


def passed(made, *texts):
    return [text for text in texts if made.passes("", text, is_whole=True)]


def test_without_a_wish_all_pass():
    assert passed(Sieve(), "a", "a", "") == ["a", "a", ""]
    assert Sieve().passes("", "a", is_whole=False)


def test_each_reason_is_counted():
    made = Sieve(match=pattern("^[A-M]"), known={"Anna", "Zoe"}, unique=True, whole=True)
    assert passed(made, "Anna", "Berta", "Zoe", "Berta", "Cara", "") == ["Berta", "Cara"]
    assert not made.passes("D", "ora", is_whole=False)
    assert made.refused == {
        "in the corpus": 1,
        "without a match": 2,
        "said before": 1,
        "longer than --length": 1,
    }
    assert made.summary(2) == (
        "2 written; refused: 2 without a match, 1 in the corpus, 1 said before,"
        " 1 longer than --length"
    )
    assert Sieve().summary(3) == "3 written; refused: none"
    assert made.advice.startswith("a --match that more samples fit")
    assert Sieve().advice == "a higher --temp finds more"


def test_what_copies_is_refused_and_its_patience_may_be_its_own():
    made = Sieve(copies=lambda text: len(text) > 3, patience=2)
    assert passed(made, "Anna", "Bo", "Berta") == ["Bo"]
    assert made.summary(1) == "1 written; refused: 2 copying the corpus"
    assert not made.has_given_up
    passed(made, "Clara")
    assert made.has_given_up


def test_only_what_was_said_copies_and_a_record_has_no_end_within():
    made = Sieve(copies=lambda said: len(said) > 3, end="\n")
    assert made.passes("a long prompt", "ora", is_whole=True)
    assert not made.passes("", "a\nb", is_whole=True)
    assert made.refused == {"more than one record": 1}


def test_a_search_that_finds_hardly_anything_new_is_given_up(monkeypatch):
    monkeypatch.setattr(filters, "PATIENCE", 500)
    made = Sieve(unique=True)
    for k in range(10):  # one new one in 101 makes up for the others, however long it takes
        passed(made, str(k), *["0"] * 101)
    assert not made.has_given_up
    for k in range(10, 15):
        passed(made, str(k), *["0"] * 210)
    assert made.has_given_up
    assert made.why == "hardly one in 100 of the last 500 was new"
    made.begin()
    assert not made.has_given_up


def test_a_search_that_few_samples_match_is_not(monkeypatch):
    monkeypatch.setattr(filters, "PATIENCE", 500)
    made = Sieve(match=pattern("x"))
    for _ in range(20):
        passed(made, "x", *["a"] * 400)
    assert not made.has_given_up


def test_how_long_it_takes_is_told_by_what_is_still_found():
    made = Sieve(unique=True)
    assert made.tries_left(10) is None
    passed(made, *map(str, range(1000)))
    assert made.tries_left(500) == pytest.approx(500, rel=0.02)
    for k in range(1000, 1100):
        passed(made, str(k), *["0"] * 49)
    assert made.tries_left(500) == pytest.approx(500 * 50, rel=0.02)
    passed(made, *["0"] * 5000)
    assert made.tries_left(500) == pytest.approx(500 * 100, rel=0.02)


def test_a_pattern_is_found_anywhere_and_must_be_one():
    assert passed(Sieve(match=pattern("nn")), "Anna", "Ada") == ["Anna"]
    with pytest.raises(UsageError, match=r"--match '\(' is not a valid regular expression"):
        pattern("(")


def test_it_gives_up_after_many_refusals_in_a_row(monkeypatch):
    monkeypatch.setattr(filters, "PATIENCE", 3)
    made = Sieve(unique=True)
    passed(made, "a", "a", "a", "b", "a", "b")
    assert not made.has_given_up
    passed(made, "a")
    assert made.has_given_up
