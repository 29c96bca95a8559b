"""The editor that shows what may come next, typed into and looked at."""

import pytest

pytest.importorskip("termios")
pytest.importorskip("prompt_toolkit")

from typist import (
    BACKSPACE,
    CTRL_C,
    CTRL_D,
    CTRL_RIGHT,
    ENTER,
    LEFT,
    PASTE,
    PASTE_END,
    RIGHT,
    TAB,
    Scripted,
    typing_into,
)

from charrnn.cli.typing.editor import Editor

OFFERS = {
    "I am go": ["ing", "od", "ne", "ing to be"],
    "I am going": [" to", " and", " to be"],
    "I am gone": [" to", " to"],
    "": ["I", "You", "I am"],
}


@pytest.fixture
def scripted():
    return Scripted(OFFERS, {"teh": "the", "hav": "have"})


def test_what_may_come_is_grey_ahead_of_the_cursor_and_alternatives_stand_below(scripted):
    with typing_into(Editor(scripted)) as typist:
        typist.sees("I am", "1 I  2 You")
        typist.types("I am go")
        typist.sees("I am going to be", "1 going  2 good  3 gone", "Ctrl-D ends")
        typed, ahead = (typist.screen.style_of(text) for text in ("I am go", "ing to be"))
        assert (typed.fg, typed.italics) == ("default", False)
        assert (ahead.fg, ahead.italics) == ("brightblack", True)
        assert typist.screen.shown.cursor.x == len("I am go")
        typist.has_written("I am go")


@pytest.mark.parametrize(
    ("key", "text"),
    [
        (TAB, "I am going to be"),
        (RIGHT, "I am going to be"),
        (CTRL_RIGHT, "I am going"),
        ("\x1b1", "I am going"),
        ("\x1b2", "I am good"),
        ("\x1b3", "I am gone"),
        ("in", "I am goin"),
        (ENTER, "I am go\n"),
        (BACKSPACE, "I am g"),
    ],
)
def test_a_key_takes_what_it_is_for(scripted, key, text):
    with typing_into(Editor(scripted)) as typist:
        typist.types("I am go")
        typist.sees("going to be")
        typist.types(key)
        typist.has_written(text)


def test_what_is_typed_as_it_was_offered_needs_no_new_answer(scripted):
    with typing_into(Editor(scripted)) as typist:
        typist.types("I am go")
        typist.sees("going to be")
        scripted.may_answer.clear()
        typist.types("i")
        typist.has_written("I am goi")
        typist.sees("I am going to be", "1 going  Tab")
        typist.types("\x1b2")  # it was not typed on, and is not there
        typist.types(TAB)
        typist.has_written("I am going to be")
        scripted.may_answer.set()


def test_keys_do_not_wait_for_the_model(scripted):
    with typing_into(Editor(scripted)) as typist:
        typist.sees("I am")
        scripted.may_answer.clear()
        typist.types("I am go")
        typist.has_written("I am go")
        typist.types(LEFT, BACKSPACE)
        typist.has_written("I am o")
        scripted.may_answer.set()
        typist.types("\x05g")  # to the end of the line
        typist.has_written("I am og")
    assert len(scripted.asked) < 9  # those in between were never asked


def test_within_a_line_alternatives_stand_below_alone_and_before_a_word_none(scripted):
    with typing_into(Editor(scripted)) as typist:
        typist.types("I am go now", *[LEFT] * 4)
        typist.sees("1 going  2 good")
        assert "going to be" not in typist.screen
        typist.types(TAB)
        typist.has_written("I am going now")
        typist.types("x", BACKSPACE, LEFT, "\x1b1", TAB, RIGHT, "!")
        typist.has_written("I am going! now")


def test_a_done_word_is_corrected_and_backspace_undoes_it(scripted):
    with typing_into(Editor(scripted, corrects=True)) as typist:
        typist.types("in teh ")
        typist.has_written("in the ")
        typist.sees("teh → the  Backspace undoes")
        assert typist.screen.style_of("the").underscore
        typist.types(BACKSPACE)
        typist.has_written("in teh ")
        typist.types("x teh ")  # it is left alone from now on
        typist.types("hav ")
        typist.has_written("in teh x teh have ")
        typist.types("y", BACKSPACE, BACKSPACE)
        typist.has_written("in teh x teh have")


def test_a_correction_finds_its_word_when_more_was_typed_meanwhile(scripted):
    with typing_into(Editor(scripted, corrects=True)) as typist:
        typist.sees("I am")
        scripted.may_answer.clear()
        typist.types("hav teh ")
        typist.has_written("hav teh ")
        typist.types("end")
        scripted.may_answer.set()
        typist.has_written("have the end")
        typist.types("!")
        typist.has_written("have the end!")


def test_only_typed_words_are_corrected_and_only_where_it_is_asked_for(scripted):
    with typing_into(Editor(scripted, corrects=True)) as typist:
        typist.types(PASTE, "teh end of teh ", PASTE_END, "x ")
        typist.has_written("teh end of teh x ")
        typist.types("hav ")
        typist.has_written("teh end of teh x have ")
    with typing_into(Editor(scripted)) as typist:
        typist.types("teh hav ")
        typist.has_written("teh hav ")
        typist.sees("Ctrl-D ends")


@pytest.mark.parametrize(("key", "code"), [(CTRL_D, 0), (CTRL_C, 130)])
def test_it_ends_with_the_text_and_a_clean_screen(scripted, key, code):
    editor = Editor(scripted)
    with typing_into(editor) as typist:
        typist.types("I am go", ENTER, "x")
        typist.sees("I am go", "x")
        typist.types(key)
        assert typist.waits_for_the_end() == code
        assert "".join(typist.screen.shown.display).strip() == ""
    assert editor.text == "I am go\nx"


def test_it_ends_when_the_terminal_goes_or_a_signal_asks(scripted):
    for end, code in ((lambda typist, editor: typist.closes(), 129),
                      (lambda typist, editor: editor.end(143), 143)):  # fmt: skip
        editor = Editor(scripted)
        with typing_into(editor) as typist:
            typist.types("abc")
            typist.has_written("abc")
            end(typist, editor)
            assert typist.waits_for_the_end() == code
        assert editor.text == "abc"
    editor.end(0)
    assert editor.text == "abc"


def test_an_error_of_the_model_comes_out_and_the_text_is_there(scripted):
    editor = Editor(scripted)
    with typing_into(editor) as typist:
        typist.types("abc")
        typist.has_written("abc")
        scripted.offer = None
        typist.types("d")
        typist.waits_for_the_end()
        assert isinstance(typist.error, TypeError)
    assert editor.text.startswith("abc")


def test_what_drives_a_terminal_is_shown_as_symbols():
    with typing_into(Editor(Scripted({"": ["\x1b[2Jx", "\x1b[2Jx\ny"]}))) as typist:
        typist.sees("␛[2Jx↵y", "1 ␛[2Jx")
        typist.types(PASTE, "a\x1b[31mb", PASTE_END)
        typist.sees("a^[[31mb")


def test_on_a_narrow_terminal_the_way_out_is_still_shown(scripted):
    with typing_into(Editor(scripted), columns=30) as typist:
        typist.types("I am go")
        typist.sees("1 going  2", "Ctrl-D ends")
