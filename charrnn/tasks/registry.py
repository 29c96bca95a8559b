"""All tasks by name, as checkpoints name them: a new task is one module and one line here."""

from charrnn.tasks.language_model import LANGUAGE_MODEL
from charrnn.tasks.task import Task

TASKS: dict[str, Task] = {task.name: task for task in (LANGUAGE_MODEL,)}
