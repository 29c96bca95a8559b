"""Join a run that the first of several processes has set up."""

import dataclasses
import math

from charrnn._text import Reporter
from charrnn.tasks.registry import TASKS
from charrnn.training import handover
from charrnn.training.distributed import Group
from charrnn.training.setup import machine
from charrnn.training.setup.state import state_at_start, state_of
from charrnn.training.trainer import Trainer


def join_run(group: Group) -> Trainer:
    """Return the trainer of the run that the first process announces.

    It computes this process's share of every batch; the first process saves and reports.
    """
    handed = handover.receive(group)
    checkpoint = dataclasses.replace(handed.checkpoint, path=handed.run.last)
    machine.prepare(checkpoint.runtime, group)
    task = TASKS[checkpoint.task]
    with group.one_per_machine_first():  # the corpus is encoded once on each machine
        dataset = task.dataset(checkpoint, keep_corpus=True, reporter=Reporter())
    begin = state_at_start if handed.is_new else state_of
    state = begin(checkpoint, group, teachers=handed.teachers)
    return Trainer(handed.run, state, dataset, checkpoint, save_every=math.inf)
