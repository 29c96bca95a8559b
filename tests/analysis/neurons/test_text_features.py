import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charrnn.analysis.neurons.text_features import FEATURES


def marks(name, text):
    """A digit for each character: 0 is off."""
    return "".join(f"{value:d}" for value in FEATURES[name].of(text))


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("double-quotes", 'a "b c" d "e" "', "001111000011001"),
        ("double-quotes", 'a "b\nc" d', "001111000"),
        ("double-quotes", 'a "b\n\nc" d "', "001100011110"),
        ("double-quotes", "“a” b", "11000"),
        ("single-quotes", "say 'it's I,' don't 'a", "0000111111110000000000"),
        ("single-quotes", "‘a’ b", "11000"),
        ("single-quotes", "'tis so\nth' a", "0000000000000"),
        ("brackets", "a(b[c]d)e)f", "01111110000"),
        ("brackets", "(a\n\nb)", "111000"),
        ("line-position", "ab\ncd\n\ne", "12012001"),
        ("line-start", "ab\ncd\n\ne", "10010001"),
        ("newline", "ab\n\nc", "00110"),
        ("indentation", "a\n    b\n c", "0012344011"),
        ("speaker", "KING LEAR:\nO: no\n", "1" * 11 + "000000"),
        ("after-speaker", "LEAR:\nO me\nmy", "000000" + "1111" + "000"),
        ("word-start", "it's a b", "10000101"),
        ("word-inside", "it's abc", "01000011"),
        ("word-position", "it's ab", "1234012"),
        ("space", "a b", "010"),
        ("capital", "aBÉ1", "0110"),
        ("vowel", "bAe", "011"),
        ("digit", "a1", "01"),
        ("punctuation", "a,b !", "01001"),
    ],
)
def test_a_feature_of_an_example(name, text, expected):
    assert marks(name, text) == expected


def test_every_feature_has_its_example():
    examples = test_a_feature_of_an_example.pytestmark[0].args[1]
    assert {name for name, *_ in examples} == set(FEATURES)


@given(st.text(alphabet="aB1 '\"‘’“”()[]\n\t:.é☃"))
def test_every_character_has_one_finite_number(text):
    for name, feature in FEATURES.items():
        values = np.asarray(feature.of(text), float)
        assert values.shape == (len(text),), name
        assert np.isfinite(values).all(), name
