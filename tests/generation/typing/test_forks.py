"""What may come next, by what it says about word ends."""

from charrnn.generation.typing import forks
from charrnn.generation.typing.forks import Language

CHARACTERS = ["a", "b", " ", "'", "\n"]


def spelled(language, text, **settings):
    """The fork after a text, in characters."""
    fork = language.fork(language.borders.tail_of(text), text, **settings)

    def characters(ids):
        return "".join(CHARACTERS[i] for i in ids)

    groups = ([(back, characters(ids)) for back, ids in group] for group in fork[1:])
    return characters(fork.within), *groups


def test_the_end_of_a_word_ahead_is_told_from_one_that_was_there():
    language = Language(None, CHARACTERS)
    assert spelled(language, "ab", num_ahead=1) == ("ab", [(0, " \n")], [(0, "'")], [])
    assert spelled(language, "ab", num_ahead=0) == ("ab '\n", [], [], [])
    assert spelled(language, "ab'", num_ahead=2) == ("ab", [(1, " '\n")], [], [])
    assert spelled(language, "ab'", num_ahead=1) == ("ab '\n", [], [], [])
    assert spelled(language, "ab ", num_ahead=3) == ("ab '\n", [], [], [])


def test_nothing_follows_the_end_of_a_record_and_the_unknown_symbol_never_comes():
    lines = Language(None, CHARACTERS, unknown_id=1, record_end="\n")
    assert spelled(lines, "a", num_ahead=1) == ("a", [(0, " ")], [(0, "'")], [(0, "\n")])
    assert spelled(lines, " ", num_ahead=1) == ("a '", [], [], [])
    blank = Language(None, CHARACTERS, record_end="\n\n")
    assert spelled(blank, "a", num_ahead=1) == ("ab", [(0, " \n")], [(0, "'")], [])
    assert spelled(blank, "a\n", num_ahead=1) == ("ab '", [], [], [])
    assert "b" not in lines.ids and lines.letters == ["a", "'"]


def test_forks_are_kept_but_not_all_of_them(monkeypatch):
    language = Language(None, CHARACTERS)
    tail = language.borders.tail_of("ab")
    first = language.fork(tail, "ab", num_ahead=1)
    assert language.fork(tail, "ba", num_ahead=1) is first
    monkeypatch.setattr(forks, "MAX_FORKS", 1)
    language.fork((), "", num_ahead=0)
    assert language.fork(tail, "ab", num_ahead=1) is not first
