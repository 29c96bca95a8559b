"""All tasks by name, as checkpoints name them.

A new task is one module, one line here, and one entry in runs/schemas.py, which says what its
checkpoints hold to readers that do not import torch.
"""

from charrnn.tasks.captions.captions import CAPTIONS
from charrnn.tasks.in_step.tagging import TAG
from charrnn.tasks.labels.given import GIVEN
from charrnn.tasks.labels.labels import CLASSIFY
from charrnn.tasks.language_model import LANGUAGE_MODEL
from charrnn.tasks.pairs.seq2seq import SEQ2SEQ
from charrnn.tasks.task import Task

TASKS: dict[str, Task] = {
    task.name: task for task in (LANGUAGE_MODEL, SEQ2SEQ, CLASSIFY, GIVEN, TAG, CAPTIONS)
}
