"""What a user sees during training: samples in the log and in the metrics, and the time of a run of
minutes.
"""

import json
import re
import signal

import pytest
from conftest import ROOT, SMALL, metrics, run_of, same_files, signal_at
from stumbles import stumble

TRAIN = ("train", "corpus.txt", *SMALL, "--steps", 60, "--eval-every", 20, "--threads", 1)


def sampled(run):
    return [line["step"] for line in metrics(run) if "sample" in line]


@stumble(26)
@stumble(43)
def test_a_log_and_the_metrics_hold_a_sample_at_the_first_steps_and_at_each_validation(
    charrnn, corpus, tmp_path
):
    log = charrnn(*TRAIN, "--run", "a").err.splitlines()
    assert sampled(run_of(tmp_path)) == [0, 10, 20, 40, 50, 60]
    for line in metrics(run_of(tmp_path)):
        if "sample" in line:
            at = next(
                k for k, output in enumerate(log) if output.startswith(f"step {line['step']}/60")
            )
            after = [output for output in log[at + 1 :] if not output.startswith("val ")]
            written = line["sample"].rstrip().split("\n")
            assert after[: len(written)] == [f"  | {part}".rstrip() for part in written]


@stumble(26)
@pytest.mark.parametrize(("every", "steps"), [(0, []), (15, [0, 15, 30, 45, 60])])
def test_sample_every_is_a_flag_of_train_and_of_resume(charrnn, corpus, tmp_path, every, steps):
    charrnn(*TRAIN[:-4], "--steps", 30, "--run", "a", "--sample-every", every)
    log = charrnn("resume", "a", "--steps", 60, "--sample-every", every)
    assert sampled(run_of(tmp_path)) == steps
    assert log.err.count("  | ") > 0 or not every
    assert charrnn(*TRAIN, "--sample-every", -1).code == 2


@stumble(26)
def test_samples_change_nothing_and_a_resumed_run_has_the_same(charrnn, corpus, tmp_path):
    charrnn(*TRAIN, "--run", "whole")
    charrnn(*TRAIN, "--run", "silent", "--sample-every", 0)
    weights = [ROOT.find(name).newest_valid()[0].weights_sha256() for name in ("whole", "silent")]
    assert weights[0] == weights[1]


@stumble(43)
def test_samples_of_steps_that_are_made_again_are_dropped(charrnn, corpus, tmp_path, monkeypatch):
    """The run was stopped after step 30, with samples of later steps in its metrics."""
    charrnn(*TRAIN, "--run", "whole")
    with monkeypatch.context() as patch:
        signal_at(patch, 30, signal.SIGTERM)
        assert charrnn(*TRAIN, "--run", "a").code == 143
    stopped = run_of(tmp_path)
    with stopped.metrics.open("a") as file:
        file.write(json.dumps({"step": 40, "sample": "of another path"}) + "\n")
    assert charrnn("resume", "a").code == 0
    same_files(run_of(tmp_path, "a"), run_of(tmp_path, "whole"))


@stumble(26)
def test_json_has_samples_as_lines_and_quiet_shows_none(charrnn, corpus):
    as_json = charrnn(*TRAIN, "--json")
    lines = [json.loads(line) for line in as_json.out.splitlines()]
    found = [line for line in lines if "sample" in line]
    assert [line["step"] for line in found] == [0, 10, 20, 40, 50, 60]
    assert {frozenset(line) for line in found} == {frozenset({"step", "sample", "elapsed_seconds"})}
    quiet = charrnn(*TRAIN, "--quiet")
    assert (quiet.out, quiet.err) == ("", "")


@stumble(42)
def test_minutes_are_shown_as_time_and_steps_as_steps(charrnn, corpus):
    output = charrnn("train", corpus, *SMALL, "--minutes", 0.02, "--threads", 1).err.splitlines()
    assert output[0].startswith("corpus: 6,000 characters, a very small text, soon memorised; ")
    assert output[0].endswith("; training for 1.2 seconds")
    steps = [line for line in output if line.startswith("step ")]
    assert all(re.match(r"step \d+  0:0\d/0:01", line) for line in steps)
    assert re.match(r"done: [\d,]+ steps in 0:0\d, validation loss ", output[-2])
    output = charrnn(*TRAIN).err.splitlines()
    assert output[0].endswith("; training for 60 steps")
    assert output[-2].startswith("done: 60 steps, validation loss ")
    output = charrnn("resume", "--minutes", 0.02).err.splitlines()
    assert output[0] == "run corpus-2: continuing after step 60; training for 1.2 seconds"
    assert charrnn(*TRAIN[:-6], "--epochs", 1.5).err.splitlines()[0].endswith(" for 1.5 epochs")


@stumble(43)
def test_history_shows_the_samples_of_a_run(charrnn, corpus):
    charrnn(*TRAIN, "--run", "a")
    shown = charrnn("history", "a")
    assert shown.code == 0
    steps = [line.split()[1] for line in shown.out.splitlines() if line.startswith("step ")]
    assert steps == ["0", "10", "20", "40", "50", "60"]
