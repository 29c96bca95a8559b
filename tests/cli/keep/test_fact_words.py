import pytest

from charrnn.cli.keep.fact_words import label, shown


def test_a_name_loses_what_only_code_needs():
    assert label("num_parameters") == "parameters"
    assert label("max_val_chars") == "max val characters"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "not measured yet"),
        (True, "yes"),
        (False, "no"),
        (0.123456, "0.1235"),
        (1234, "1,234"),
    ],
)
def test_a_value_is_written_for_people(value, words):
    assert shown(value) == words
