"""The examples that make pairs write pairs that are right, and keep the test apart."""

import importlib
import json
import random
import re
import unicodedata
from itertools import islice
from pathlib import Path

import numpy as np
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


@pytest.mark.parametrize(
    ("taken", "source", "target"),
    [
        (["diacritics"], "Prilis, zlutoucky kun.", "Příliš, žluťoučký kůň."),
        (["capitals"], "příliš, žluťoučký kůň.", "Příliš, žluťoučký kůň."),
        (["diacritics", "capitals"], "prilis, zlutoucky kun.", "Příliš, žluťoučký kůň."),
        (["punctuation"], "Příliš žluťoučký kůň ", "Příliš,žluťoučký kůň."),
    ],
)
def test_what_is_taken_away_leaves_a_text_of_equal_length(example, taken, source, target):
    diacritics = example("diacritics")
    for text in ("Příliš, žluťoučký kůň.", unicodedata.normalize("NFD", "Příliš, žluťoučký kůň.")):
        assert diacritics.pair(text, taken) == (source, target)


def test_a_letter_loses_its_marks_and_nothing_else(example):
    diacritics = example("diacritics")
    bases = {"ů": "u", "ö": "o", "ø": "ø", "ß": "ß", "ǘ": "u", "한": "한", "й": "и", " ": " "}
    assert {letter: diacritics.base_letter(letter) for letter in bases} == bases
    assert [diacritics.small_letter(letter) for letter in "ÁİßX"] == list("áİßx")


def test_any_text_in_any_language_makes_pairs_of_equal_length(example):
    diacritics = example("diacritics")
    every = ["".join(map(chr, range(first, first + 300))) for first in range(32, 0x3000, 300)]
    kinds = ["diacritics", "capitals", "punctuation"]
    for text in (*every, "“It’s 3.5 – e.g. well-made…” Is it?!", "", "?!"):
        for taken in ([kind] for kind in kinds), [kinds]:
            for kind in taken:
                source, target = diacritics.pair(text, kind)
                assert len(source) == len(target)
    assert diacritics.pair("“It’s 3.5 – e.g. well-made…” Is it?!", ["punctuation"]) == (
        "It’s 3 5 e g well-made Is it ", "It’s 3.5 e.g.well-made Is it?",
    )  # fmt: skip


def test_long_lines_are_divided_where_sentences_end(example):
    lines_of = example("diacritics").lines_of
    text = "One. Two two.\tThree?\n\n" + "word " * 12 + "\nNext"
    assert list(lines_of(text, longest=15, in_paragraphs=False)) == [
        "One. Two two.", "Three?", "word word word", "word word word", "word word word",
        "word word word", "Next",
    ]  # fmt: skip
    whole = list(lines_of(text, longest=99, in_paragraphs=True))
    assert whole == ["One. Two two. Three?", "word " * 12 + "Next"]


def test_marks_that_took_the_place_of_spaces_get_one_again(example):
    made = {"source_symbols": list("well i see "), "symbols": list("Well,I see.")}
    diacritics = example("diacritics")
    assert list(diacritics.join([json.dumps(made)])) == ["Well, I see."]


def test_the_last_tenth_of_a_text_is_kept_for_the_test(example, monkeypatch, capsys):
    Path("a.txt").write_text("".join(f"Žá {n}\n" for n in range(50)), "utf-8")
    monkeypatch.setattr("sys.argv", ["diacritics.py", "a.txt", "--capitals", "--diacritics"])
    example("diacritics").main()
    learned, kept = (Path(name).read_text("utf-8").splitlines() for name in ("a.tsv", "a-test.tsv"))
    assert (len(learned), kept) == (45, [f"za {n}\tŽá {n}" for n in range(45, 50)])
    assert "a-test.tsv: 5 pairs; 60.00 % of the symbols need no change" in capsys.readouterr().out
    monkeypatch.setattr("sys.argv", ["diacritics.py", "a.txt", "--test", "a.txt"])
    example("diacritics").main()
    assert Path("a.tsv").read_text("utf-8") == Path("a-test.tsv").read_text("utf-8")


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


def test_shapes_that_are_held_out_are_never_learned_in_that_place(example):
    shapes = example("shapes")
    learned, new = (
        list(islice(shapes.scenes(random.Random(1), held_out=held_out), 2000))
        for held_out in (False, True)
    )
    first, second = ({each[k][1:] for each in learned} for k in (0, 2))
    everything = {(colour, shape) for colour in shapes.COLOURS for shape in shapes.SHAPES}
    assert first == everything - shapes.NEVER_FIRST
    assert second == everything - shapes.NEVER_SECOND
    assert first | second == everything  # each is known from one of the places
    for scene in new:
        assert scene.first[1:] in shapes.NEVER_FIRST or scene.second[1:] in shapes.NEVER_SECOND


def test_a_picture_of_shapes_shows_what_its_caption_says(example):
    shapes = example("shapes")
    scene = shapes.Scene(
        shapes.Thing("small", "red", "circle"), "left of", shapes.Thing("large", "blue", "star")
    )
    assert str(scene) == "a small red circle left of a large blue star"
    pixels = np.asarray(shapes.picture(scene, random.Random(1))).astype(int)
    assert pixels.shape == (64, 64, 3)
    red = (pixels[..., 0] > 150) & (pixels[..., 2] < 100)
    blue = (pixels[..., 2] > 150) & (pixels[..., 0] < 100)
    assert 80 < red.sum() < blue.sum()
    assert np.argwhere(red)[:, 1].mean() < 24 < 40 < np.argwhere(blue)[:, 1].mean()


def test_pictures_of_shapes_are_the_same_each_time(example, tmp_path):
    shapes = example("shapes")
    one, other = (shapes.write(3, tmp_path / name, held_out=False) for name in "ab")
    assert one == other and len(one) == 3
    for name, _ in one:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_without_a_colour_font_there_are_no_emoji(example, monkeypatch, capsys):
    emoji = example("emoji")
    monkeypatch.setattr(emoji, "FONTS", ())
    monkeypatch.setattr("sys.argv", ["emoji.py"])
    with pytest.raises(SystemExit, match="there is no font with coloured pictures here; name one"):
        emoji.main()
    plain = emoji.ImageFont.load_default(20)
    assert emoji.drawn("A", plain, 16) is None  # it has no colour
