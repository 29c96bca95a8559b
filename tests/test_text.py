import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charrnn import _text
from charrnn._text import in_a_shell, json_text, lone_symbol, one_line, symbol, visible


@pytest.mark.parametrize(("count", "words"), [(0, "0 steps"), (1, "1 step"), (2000, "2,000 steps")])
def test_a_thing_is_counted_in_its_number(count, words):
    assert _text.number_of(count, "step") == words


def test_of_many_names_the_first_are_told():
    assert _text.some(iter("abc")) == "a, b, c"
    assert _text.some("abcd") == "a, b, c, …"
    assert _text.some("abcd", 1) == "a, …"


EVERY_CONTROL = "".join(map(chr, [*range(32), *range(0x7F, 0xA0)]))


HALVES = st.characters(min_codepoint=0xD800, max_codepoint=0xDFFF)  # of surrogate pairs


@given(st.text() | st.sampled_from([EVERY_CONTROL, "\x1b[2J", "\x9b2J", "x [/bold]"]))
def test_no_text_can_drive_the_terminal(text):
    shown = visible(text)
    assert len(shown) == len(text)
    assert not set(shown) & (set(EVERY_CONTROL) - {"\n", "\t"})


@given(st.text(st.characters() | HALVES))
def test_whatever_is_shown_can_be_encoded(text):
    assert len(visible(text).encode().decode()) == len(text)


@given(st.text(st.sampled_from('\\"ud8\n') | st.characters() | HALVES))
def test_json_holds_any_text_with_a_mark_for_half_of_a_surrogate_pair(text):
    paired = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    assert json.loads(json_text({text: [text]})) == {paired: [paired]}


def test_what_cannot_be_seen_has_a_symbol():
    shown = "".join(map(symbol, "a \n\t\u200d\ufeff"))
    assert shown == "a␣↵⇥U+200DU+FEFF"


def test_a_text_on_one_line_has_symbols_for_what_would_break_it():
    assert one_line("a b\n\tc\x1b\u200d") == "a b↵⇥c␛U+200D"


def test_a_symbol_by_itself_can_be_seen_whatever_it_combines_with():
    assert [lone_symbol(c) for c in unicodedata.normalize("NFD", "값é")] == [*"ㄱㅏㅄe", "◌\u0301"]
    assert [lone_symbol(text) for text in ("t͡ʃ", " ", "a b", "\x1b", "\u1113", "")] == [
        *("t͡ʃ", "␣", "a␣b", "␛", "\u1113", "")
    ]


def test_control_characters_show_as_symbols():
    assert visible("\x1b[2J\x00\x7f\n\t") == "␛[2J␀␡\n\t"


def test_a_word_for_a_shell_is_quoted_where_it_has_to_be():
    assert in_a_shell("names-2") == "names-2"
    assert in_a_shell("$(id) b") == "'$(id) b'"
