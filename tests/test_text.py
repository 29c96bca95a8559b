import pytest

from charrnn import _text


@pytest.mark.parametrize(("count", "words"), [(0, "0 steps"), (1, "1 step"), (2000, "2,000 steps")])
def test_a_thing_is_counted_in_its_number(count, words):
    assert _text.number_of(count, "step") == words


def test_of_many_names_the_first_are_told():
    assert _text.some(iter("abc")) == "a, b, c"
    assert _text.some("abcd") == "a, b, c, …"
    assert _text.some("abcd", 1) == "a, …"
