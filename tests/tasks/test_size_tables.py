"""Tables of sizes, and sentences about the time."""

import pytest

from charrnn.tasks.size_tables import row, time_for


def test_a_row_holds_from_its_first_entry_on():
    table = ((10, "many"), (3, "some"), (0, "few"))
    assert [row(table, number)[1] for number in (11, 10, 9.9, 3, 0)] == [
        "many", "many", "some", "some", "few",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("epochs", "sentence"),
    [
        (1.0, "enough time for 1 epoch"),
        (1.04, "enough time for 1 epoch"),
        (0.0123, "enough time for 0.012 epochs"),
        (12.3, "enough time for 12 epochs"),
        (12_345.6, "enough time for 12,346 epochs"),
    ],
)
def test_epochs_are_told_in_two_digits(epochs, sentence):
    assert time_for(epochs) == sentence
