import pytest

from charrnn.cli.console.figures import age, compact, duration


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0"), (999, "999"), (999.9, "1k"), (48_123, "48.1k"), (1.2e6, "1.2M")]
)
def test_numbers_are_shown_in_three_digits(number, text):
    assert compact(number) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(5, "5 s"), (90, "2 min"), (7300, "2 h"), (2e5, "2 d")]
)
def test_age_is_shown_in_the_largest_unit(seconds, text):
    assert age(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.9, "0:00"), (42, "0:42"), (180, "3:00"), (3661, "1:01:01")]
)
def test_a_duration_looks_as_on_a_clock(seconds, text):
    assert duration(seconds) == text
