"""The numbers of a run that nobody gave, by what a trial measures."""

import os
import signal
import time

import pytest
from conftest import SMALL, small_text

from charrnn.tasks import language_model
from charrnn.training.clock import Pace
from charrnn.training.setup import trial


@pytest.mark.parametrize(("flags", "seconds"), [((), 3 / 30), (("--max-val-chars", 10_000), 0.4)])
def test_time_is_kept_for_the_validation_that_there_will_be(
    charrnn, tmp_path, monkeypatch, flags, seconds
):
    """For a part of it, if all of it takes too long: else the run would be over too early."""
    (tmp_path / "text.txt").write_text(small_text(100_000))
    measured, reserved = trial.run_trial, []

    def tried(state, text, config, **settings):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(language_model, "validation_loss", lambda *_: time.sleep(0.4) or 1.0)
            return measured(state, text, config, **settings)

    def correction(self, *_, **__):
        if not reserved:
            os.kill(os.getpid(), signal.SIGINT)  # the rest of the time proves nothing
        reserved.append(self.deadline - self.end_of_training)

    monkeypatch.setattr(trial, "run_trial", tried)
    monkeypatch.setattr(Pace, "correction", correction)
    done = charrnn("train", "text.txt", *SMALL, "--minutes", 0.05, "--run", "a", *flags)
    assert done.code == 130
    assert ("validating on" in done.err) == (not flags)
    assert reserved[0] == pytest.approx(seconds + 0.2, rel=0.1)
