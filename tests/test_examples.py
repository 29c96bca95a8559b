"""The examples that make pairs write pairs that are right, and keep the test apart."""

import importlib
import random
import re
from itertools import islice
from pathlib import Path

import pytest
from conftest import small_text

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"


@pytest.fixture
def example(monkeypatch):
    """Return a function that imports an example by its name."""
    monkeypatch.syspath_prepend(str(EXAMPLES))
    return importlib.import_module


@pytest.mark.parametrize(
    ("n", "english", "german"),
    [
        (1, "one", "eins"),
        (97, "ninety-seven", "siebenundneunzig"),
        (101, "one hundred one", "einhunderteins"),
        (1_011, "one thousand eleven", "eintausendelf"),
        (21_000, "twenty-one thousand", "einundzwanzigtausend"),
        (301_020, "three hundred one thousand twenty", "dreihunderteintausendzwanzig"),
        (
            999_999,
            "nine hundred ninety-nine thousand nine hundred ninety-nine",
            "neunhundertneunundneunzigtausendneunhundertneunundneunzig",
        ),
    ],
)
def test_numbers_are_right_in_both_languages(example, n, english, german):
    number_words = example("number_words")
    assert (number_words.english(n), number_words.german(n)) == (english, german)


def test_each_number_has_words_of_its_own(example):
    number_words = example("number_words")
    for language in (number_words.english, number_words.german):
        assert len({language(n) for n in range(1, 20_000)}) == 19_999


def test_numbers_that_are_held_out_are_never_learned(example):
    numbers = example("number_words").numbers
    learned = numbers(500, most_digits=3, held_out=False)
    held_out = numbers(100, most_digits=3, held_out=True)
    assert len(set(learned)) == 500
    assert not set(learned) & set(held_out)
    assert max(learned) < 1000


def test_a_date_can_be_read_back_from_its_forms(example):
    dates = example("dates")
    (day,) = islice((one for one in dates.dates(1, are_held_out=False) if one.day == 22), 1)
    for form in dates.FORMS + dates.NEW_FORMS:
        text = dates.written(day, form)
        assert f"{day.year % 100:02}" in text
        assert "22" in text
    assert dates.written(day, "{d}{th}") == "22nd"
    assert not set(dates.FORMS) & set(dates.NEW_FORMS)


@pytest.mark.parametrize(
    ("number", "text"),
    [(1, "1st"), (2, "2nd"), (3, "3rd"), (11, "11th"), (13, "13th"), (31, "31st")],
)
def test_days_have_the_ending_that_english_gives_them(example, number, text):
    dates = example("dates")
    day = dates.datetime.date(1998, 5, number)
    assert dates.written(day, "{d}{th}") == text


def test_days_that_are_held_out_are_never_learned(example):
    dates = example("dates")
    learned = set(islice(dates.dates(1, are_held_out=False), 5000))
    assert not learned & set(islice(dates.dates(1, are_held_out=True), 500))


def test_pairs_of_dates_are_the_same_each_time(example, tmp_path):
    dates = example("dates")
    dates.write_pairs(tmp_path / "a.tsv", 50)
    dates.write_pairs(tmp_path / "b.tsv", 50)
    text = (tmp_path / "a.tsv").read_text("utf-8")
    assert text == (tmp_path / "b.tsv").read_text("utf-8")
    assert all(re.fullmatch(r"[^\t]+\t\d{4}-\d\d-\d\d", line) for line in text.splitlines())


def test_typing_errors_are_near_on_the_keyboard_and_can_be_repeated(example):
    spelling = example("spelling")
    assert set(spelling.NEIGHBOURS["g"]) == set("rtyfghvbn")
    assert spelling.mistyped("Nothing.", random.Random(1), 0.0) == "Nothing."
    text = "the quick brown fox jumps over the lazy dog " * 20
    one, other = (spelling.mistyped(text, random.Random(1), 0.05) for _ in range(2))
    edits = spelling.edit_distance(one, text)
    assert one == other
    assert 15 < edits < 90


def test_windows_hold_all_words_and_are_short(example):
    windows = example("spelling").windows("One two three.\nFour\n\n" + "word " * 30)
    assert " ".join(windows).split() == ["One", "two", "three.", "Four", *["word"] * 30]
    assert windows[0] == "One two three. Four"
    assert max(map(len, windows)) <= 40


def test_no_source_of_the_spelling_pairs_is_empty(example, tmp_path):
    spelling = example("spelling")
    spelling.write_pairs(tmp_path / "s.tsv", ["I", "a"], copies=50, rate=1.0)
    lines = (tmp_path / "s.tsv").read_text("utf-8").splitlines()
    assert all(line.partition("\t")[0] for line in lines)


def test_pronunciations_come_from_the_lines_of_the_dictionary(example):
    lines = ["'bout B AW1 T", "cat K AE1 T", "cats(2) K AE1 T S", "cats K AE1 T S # plural"]
    pairs = example("pronunciation").pairs
    assert list(pairs(lines, has_stress=True)) == [("cat", "K AE1 T"), ("cats", "K AE1 T S")]
    assert list(pairs(lines[1:2], has_stress=False)) == [("cat", "K AE T")]


def test_sentences_come_once_and_all_translations_of_one_are_on_the_same_side(example):
    english_french = example("english_french")
    lines = ["Go.\tVa !\tCC-BY a\n", "Go.\tVa !\tCC-BY b\n", "Go.\tBouge !\tc\n", "no tab\n"]
    assert list(english_french.pairs(lines, longest=9)) == [("Go.", "Va !"), ("Go.", "Bouge !")]
    assert list(english_french.pairs(lines, longest=4)) == [("Go.", "Va !")]
    assert english_french.is_test("GO ON.") == english_french.is_test("go on.")


@pytest.mark.slow
def test_dates_are_learned_and_read(example, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["dates.py", "--num", "200", "--minutes", "0.05"])
    dates = example("dates")
    dates.main()
    assert len(Path("dates.tsv").read_text("utf-8").splitlines()) == 200
    assert capsys.readouterr().out.count("new to it") == len(dates.NEW_FORMS)


@pytest.mark.slow
def test_a_spelling_corrector_is_made_of_a_text(example, monkeypatch, capsys):
    Path("text.txt").write_text(small_text(), encoding="utf-8")
    monkeypatch.setattr("sys.argv", ["spelling.py", "text.txt", "--minutes", "0.05"])
    example("spelling").main()
    assert re.search(r"held-out windows need: \d+, corrected \d+", capsys.readouterr().out)
