"""A run that is killed two hundred times ends with the weights of one that was never killed.

Each trainer is forked from a server that has imported everything already, so that the time goes
into training, saving and being killed rather than into starting.
"""

import json
import multiprocessing
import os
import sys

import numpy as np
import pytest
from conftest import SMALL, run_of, wait_until
from matrix import crash_points, row

from charrnn import __main__ as program
from charrnn.runs import checkpoint

NUM_KILLS, NUM_STEPS = 200, 4000
FLAGS = (*SMALL, "--cell", "gru", "--num-layers", 2, "--dropout", 0.3, "--threads", 1, "--quiet")
TRAIN = ("train", "corpus.txt", *FLAGS, "--steps", NUM_STEPS, "--eval-every", 700)


def train_in(folder, arguments):
    os.chdir(folder)
    sys.argv = ["charrnn", *map(str, arguments)]
    program.main()


def step_of(run):
    return checkpoint.read_header(run.last).position.step


@row(1)
@row(13)
@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_run_killed_two_hundred_times_ends_with_the_same_weights(charrnn, corpus, tmp_path):
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        ["charrnn.training.setup.start", "charrnn.cli.app", "charrnn.analysis.scoring"]
    )
    random = np.random.default_rng(0)

    def begin(*arguments):
        process = context.Process(target=train_in, args=(tmp_path, arguments))
        process.start()
        return process

    run = run_of(tmp_path)
    process = begin(*TRAIN, "--run", "a", "--save-every", 0)
    wait_until(lambda: run.last.exists())
    for kill in range(NUM_KILLS):
        if kill % 2:  # all over the run, on a busy machine too
            goal = kill * 0.9 * NUM_STEPS / NUM_KILLS
            wait_until(lambda goal=goal: step_of(run) >= goal)
        process.join(float(random.uniform(0.05, 0.3)))  # anywhere from its start on
        process.kill()
        process.join()
        crash_points[1] += 1
        checkpoint.read(run.last)
        process = begin("resume", "a", "--save-every", 0, "--quiet")
    killed_last_at = step_of(run)
    process.join()
    assert process.exitcode == 0
    assert killed_last_at < NUM_STEPS
    assert charrnn(*TRAIN, "--run", "b").code == 0
    one, other = (json.loads(charrnn("info", name, "--json").out) for name in "ab")
    for name in ("weights_sha256", "val_loss", "val_loss_reset", "step", "best_step"):
        assert one[name] == other[name]
    print(f"{NUM_KILLS} kills, the last at step {killed_last_at}: {one['weights_sha256']}")
