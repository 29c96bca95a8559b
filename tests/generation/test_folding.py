"""Characters in a form that an alphabet has."""

import pytest

from charrnn.generation import folding


@pytest.mark.parametrize(
    ("text", "alphabet", "read"),
    [
        ("“a” – b’s…", "\"' -.abs", '"a" - b\'s...'),
        ("\"a\" - 'b'", "“–’ ab", "“a“ – ’b’"),
        ("cafe\u0301", "acfé", "café"),
        ("café", "acfe\u0301", "cafe\u0301"),
        ("a\u00a0b\tc", "abc ", "a b c"),
        ("ﬁne ＡＢ", "fine AB", "fine AB"),
        ("“a”", '“”"a', "“a”"),
        ("naïve ☃", "naive ", "naïve ☃"),
        ("", "ab", ""),
    ],
)
def test_a_text_is_read_in_the_forms_that_are_known(text, alphabet, read):
    assert folding.folded(text, set(alphabet)) == read


def test_what_has_a_known_form_is_listed_once():
    assert folding.simpler("“a” “b” ☃", set('"ab ')) == {"“": '"', "”": '"'}
