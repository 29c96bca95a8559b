import pytest

from charrnn.cli.console.figures import age, compact, duration, errors, summary


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


def test_a_run_of_pairs_shows_word_errors_and_no_bits():
    metrics = {"step": 9, "loss": 0.5, "pairs_per_second": 1520}
    assert summary(metrics) == "loss 0.500  1.52k pairs/s"
    metrics |= {"val_loss": 0.4, "val_word_error_rate": 0.083}
    assert summary(metrics) == "loss 0.500  val 0.400  word errors 8.3 %  1.52k pairs/s"
    assert summary(metrics, room=40) == "loss 0.500  val 0.400  word errors 8.3 %"
    assert errors({"val_symbol_error_rate": 0.25}) == "symbol errors 25.0 %"
    assert errors({"val_symbol_error_rate": 0.25, "val_word_error_rate": 0.5}) == (
        "symbol errors 25.0 %"
    )
    assert errors({"val_loss": 0.25}) == ""
