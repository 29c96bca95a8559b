"""The folder of one run."""

import json
from pathlib import Path

from charrnn.runs.run import Run


def test_metrics_of_steps_to_be_made_again_are_forgotten():
    run = Run(Path())
    run.drop_metrics_after(3)  # nothing there: nothing to do
    for step in range(1, 6):
        run.append_metrics({"step": step, "loss": 1.0})
    with run.metrics.open("a") as file:
        file.write('{"step": 2, "lo')  # cut short by a crash
    run.drop_metrics_after(3)
    assert [json.loads(line)["step"] for line in run.metrics.read_text().splitlines()] == [1, 2, 3]
