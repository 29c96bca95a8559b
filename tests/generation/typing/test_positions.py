"""Cursors along a text that changes: what they predict, and how much is read for it."""

import random
import weakref

import pytest
from voices import model_of

from charrnn.generation.model import Cursor
from charrnn.generation.typing import positions
from charrnn.generation.typing.positions import Positions, num_shared_characters


@pytest.fixture
def num_read(monkeypatch):
    """The number of characters that were read by each call."""
    lengths, read = [], Cursor.read

    def counting(self, text):
        lengths.append(len(text))
        return read(self, text)

    monkeypatch.setattr(Cursor, "read", counting)
    return lengths


def same(model, cursor, text):
    expected = model.cursor().read(text).predict()
    assert cursor.predict()[0].prob == pytest.approx(expected[0].prob, abs=1e-4)
    assert cursor.predict()[0].char == expected[0].char


def test_wherever_a_text_is_changed_the_cursor_is_that_of_the_whole_text(monkeypatch):
    monkeypatch.setattr(positions, "SPACING", 4)
    monkeypatch.setattr(positions, "MAX_KEPT", 5)
    model = model_of("abc \n", seed=1)
    draws, kept, text = random.Random(1), Positions(model), ""
    for _ in range(60):
        place = draws.randrange(len(text) + 1)
        added = "".join(draws.choices("abc \n", k=draws.randrange(6)))
        text = draws.choice([text[:place], text + added, text[:place] + added + text[place:]])
        same(model, kept.cursor_after(text), text)


def test_typing_reads_each_character_once_and_going_back_not_much(num_read):
    kept = Positions(model_of("abc "))
    text = "abc " * 2000
    for length in range(7900, 8000):
        kept.cursor_after(text[:length])
    assert sum(num_read) == 7999
    num_read.clear()
    kept.cursor_after(text[:5000])
    assert sum(num_read) < 4 * positions.SPACING
    num_read.clear()
    kept.cursor_after(text[:5000] + "x" + text[5000:5050])
    assert sum(num_read) < 51 + 4 * positions.SPACING


def test_the_number_of_cursors_is_bounded(monkeypatch):
    monkeypatch.setattr(positions, "SPACING", 2)
    monkeypatch.setattr(positions, "MAX_KEPT", 8)
    alive, copy = weakref.WeakSet(), Cursor.copy

    def counted(self):
        other = copy(self)
        alive.add(other)
        return other

    monkeypatch.setattr(Cursor, "copy", counted)
    kept = Positions(model_of("abc "))
    kept.cursor_after("abc " * 100)
    assert 3 < len(alive) <= 8 + 2


def test_a_cursor_may_be_moved(num_read):
    model = model_of("abc ", seed=1)
    kept = Positions(model)
    kept.cursor_after("ab").read("cc")
    same(model, kept.cursor_after("ab"), "ab")


def test_of_records_the_last_one_is_read_alone():
    model = model_of("abc\n", seed=1, records="lines")
    same(model, Positions(model).cursor_after("abc\nba\nab"), "ab")


def test_reading_stops_when_it_is_stale_and_is_not_lost(num_read):
    kept = Positions(model_of("abc "))
    text = "abc " * 200
    answers = iter([False] * 5 + [True])
    assert kept.cursor_after(text, is_stale=lambda: next(answers)) is None
    assert kept.cursor_after(text) is not None
    assert sum(num_read) == len(text)


def test_the_common_beginning_is_found():
    draws = random.Random(1)
    for _ in range(100):
        one, other = ("".join(draws.choices("ab", k=draws.randrange(9))) for _ in range(2))
        same = [a == b for a, b in zip(one, other, strict=False)]
        expected = [*same, False].index(False)
        assert num_shared_characters(one, other) == expected
