"""The commands `plot` and `history` of a run of pairs."""

import json


def test_plot_draws_loss_and_errors(charrnn, pair_runs):
    shown = charrnn("plot", "p").out
    assert "loss of p\nnats per symbol\n" in shown
    assert "validation errors of p\n% of the targets' words or symbols\n" in shown
    done = charrnn("plot", "p", "plain", "--export", "a.svg")
    assert done.err == "charrnn: wrote a-loss.svg\ncharrnn: wrote a-errors.svg\n"
    (data,) = json.loads(charrnn("plot", "p", "--json").out)
    assert data["error_rates"]["word_error_rate"]["steps"] == [20, 40]


def test_history_shows_translations(charrnn, pair_runs):
    shown = charrnn("history", "p").out
    assert " → " in shown
    every = json.loads(charrnn("history", "p", "--json").out)
    rates = {one["step"]: one["val_word_error_rate"] for one in every}
    assert [step for step, rate in rates.items() if rate is not None] == [20, 40]
    assert f"word errors {100 * rates[40]:.1f} %\n" in shown
