"""All tasks by name, as checkpoints name them.

A new task is one module, one line here, and one entry in runs/schemas.py, which says what its
checkpoints hold to readers that do not import torch.
"""

from collections.abc import Sequence

from charrnn.runs.checkpoint import Checkpoint
from charrnn.tasks.captions.captions import CAPTIONS
from charrnn.tasks.distillation import Distillation, teacher_of
from charrnn.tasks.in_step.tagging import TAG
from charrnn.tasks.labels.given import GIVEN
from charrnn.tasks.labels.labels import CLASSIFY
from charrnn.tasks.language_model import LANGUAGE_MODEL
from charrnn.tasks.pairs.seq2seq import SEQ2SEQ
from charrnn.tasks.task import Task

TASKS: dict[str, Task] = {
    task.name: task for task in (LANGUAGE_MODEL, SEQ2SEQ, CLASSIFY, GIVEN, TAG, CAPTIONS)
}


def task_of(name: str, teachers: Sequence[Checkpoint], *, weight: float, device: str) -> Task:
    """Return the task of that name. With teachers, which are models of a text, its loss follows
    them, too: they have that weight, and compute on the device.
    """
    if not teachers:
        return TASKS[name]
    return Distillation([teacher_of(each, device) for each in teachers], weight)
