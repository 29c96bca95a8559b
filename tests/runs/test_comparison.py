import numpy as np
from conftest import ROOT

from charrnn.runs.comparison import compared


def comparison(*names):
    runs = [ROOT.find(name) for name in names]
    return compared(runs, [run.newest_valid()[0] for run in runs])


def test_only_what_differs_is_a_setting_and_all_that_was_measured_is_there(charrnn, pair_runs):
    found = comparison("p", "plain")
    assert found.settings == {"attention": ["dot", "none"]}
    for k, name in enumerate(("p", "plain")):
        run = ROOT.find(name)
        best, last = run.best_header(), run.newest_header()
        for metric in ("val_word_error_rate", "val_symbol_error_rate", "val_loss"):
            assert found.measured[metric][k] == best.metrics[metric]
        assert found.measured["num_parameters"][k] == last.num_parameters
        assert found.measured["checkpoint_bytes"][k] == run.last.stat().st_size
        (unit,) = (name for name in found.measured if name.endswith("_per_second"))
        speeds = [row.metrics[unit] for row in run.history() if unit in row.metrics]
        assert found.measured[unit][k] == round(float(np.median(speeds)))


def test_a_run_beside_itself_differs_in_nothing(trained):
    assert comparison("a", "a").settings == {}


def test_a_copy_to_hand_over_has_gaps(charrnn, trained):
    charrnn("copy", "a", "voice")
    found = comparison("a", "voice")
    assert found.settings["corpus"] == ["corpus.txt", None]
    assert found.measured["val_loss"][0] > 0
    assert found.measured["val_loss"][1] is None
    assert found.measured["num_parameters"][0] == found.measured["num_parameters"][1]
