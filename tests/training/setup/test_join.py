"""A process joins a run that the first process has set up."""

import dataclasses

import numpy as np
import pytest
import torch
from conftest import SMALL, run_of
from test_handover import Wire

from charrnn.models.device import settings_restored
from charrnn.runs import checkpoint
from charrnn.runs.header import Position
from charrnn.training import handover
from charrnn.training.budget import Budget
from charrnn.training.handover import Handover, RemoteRun
from charrnn.training.setup.join import join_run
from charrnn.training.setup.request import ResumeRequest
from charrnn.training.setup.resume import resume_run
from charrnn.training.setup.session import Session


@pytest.fixture
def saved(charrnn, corpus, tmp_path):
    assert charrnn("train", corpus, *SMALL, "--steps", 3, "--run", "a").code == 0
    return checkpoint.read(run_of(tmp_path).last)


def joined(handed):
    first = Wire(0, 2)
    handover.announce(first, handed)
    with settings_restored():
        return join_run(Wire(1, 2, sent=first.sent))


def test_it_continues_a_run_with_its_share_of_the_lanes(saved, tmp_path):
    trainer = joined(Handover(run_of(tmp_path), saved))
    assert (type(trainer.run), trainer.run.folder) == (RemoteRun, run_of(tmp_path).folder)
    assert trainer.state.step == 3
    own = trainer.state.task.state_tensors(trainer.state.carried)
    for name, (tensor, axis) in own.items():
        whole = saved.arrays[f"state.{name}"]
        second_half = np.split(whole, 2, axis)[1]
        np.testing.assert_array_equal(tensor.numpy(), second_half)


def test_it_gets_the_teachers_of_the_run(saved, charrnn, corpus, tmp_path):
    flags = ("--steps", 3, "--run", "s", "--teacher", "a")
    assert charrnn("train", corpus, *SMALL, *flags).code == 0
    taught, teacher = (checkpoint.read(run_of(tmp_path, name).last) for name in ("s", "a"))
    run = run_of(tmp_path, "s")
    with settings_restored():
        longer = resume_run(ResumeRequest(run, budget=Budget(steps=6)), Session())
        whole = longer.batches.batch(3).expected_TBV
    own = joined(Handover(run, taught, [teacher])).batches.batch(3).expected_TBV
    torch.testing.assert_close(own, whole[:, len(whole[0]) // 2 :], atol=1e-3, rtol=0)


def test_it_starts_a_new_run_with_the_weights_of_the_first_process(saved, tmp_path):
    new = dataclasses.replace(saved.without_training_state(), position=Position())
    trainer = joined(Handover(run_of(tmp_path), new, is_new=True))
    assert trainer.state.step == 0
    for name, array in trainer.state.task.arrays(trainer.state.module).items():
        np.testing.assert_array_equal(array, saved.arrays[name])
