"""The training state that a run starts with, or continues with."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from charrnn.config import RuntimeConfig, TrainConfig
from charrnn.errors import CheckpointError
from charrnn.models import device
from charrnn.runs.checkpoint import Checkpoint
from charrnn.runs.safetensors_file import Arrays
from charrnn.tasks.registry import task_of
from charrnn.tasks.task import Constants, Task, Vocabs
from charrnn.training.distributed import ALONE, Group
from charrnn.training.loop import TrainingState


@dataclass(frozen=True)
class Origin:
    """What the module of a new run is made of, besides its configuration."""

    task: Task
    vocabs: Vocabs
    constants: Constants
    weights: Arrays | None = None  # of another run; None: drawn at random


def new_state(
    origin: Origin,
    model: Any,
    train: TrainConfig,
    *,
    runtime: RuntimeConfig,
    group: Group = ALONE,
) -> TrainingState:
    """Return a training state at step 0. Raises `NoMemoryError` before it takes the memory."""
    task = origin.task
    sizes = [name for name in model.to_json() if name == "hidden_size" or name.endswith("layers")]
    device.require_memory(_num_parameters(origin, model), runtime.device, sizes=sizes)
    module = task.build(model, origin.vocabs, origin.constants, seed=train.seed)
    if origin.weights is not None:
        module.load(origin.weights)
    return TrainingState.new(task, module, train, runtime=runtime, group=group)


def _num_parameters(origin: Origin, model: Any) -> int:
    """Count the numbers that a module learns, without building it."""
    schema = origin.task.schema
    constants = {name: origin.constants[name].shape for name in schema.constants(model)}
    shapes = schema.weights(model, origin.vocabs, constants)
    return sum(math.prod(shape) for shape in shapes.values())


def state_at_start(
    checkpoint: Checkpoint, group: Group = ALONE, *, teachers: Sequence[Checkpoint] = ()
) -> TrainingState:
    """Return the training state at step 0 that has the weights of a checkpoint."""
    state = _without_weights(checkpoint, group, teachers)
    state.module.load(checkpoint.group("weights"))
    return state


def state_of(
    checkpoint: Checkpoint, group: Group = ALONE, *, teachers: Sequence[Checkpoint] = ()
) -> TrainingState:
    """Return the training state that a checkpoint holds, on its device; `teachers` are those that
    its configuration names, or none if no step is to be made.

    Raises `CheckpointError` for a checkpoint that holds weights and no training state.
    """
    state = _without_weights(checkpoint, group, teachers)
    try:
        state.restore(checkpoint.arrays, step=checkpoint.position.step)
    except (KeyError, ValueError) as error:
        raise CheckpointError(
            f"the checkpoint lacks what resuming needs: {error}",
            "init_from starts a new run with its weights",
            "init_from",
        ) from error
    return state


def _without_weights(
    checkpoint: Checkpoint, group: Group, teachers: Sequence[Checkpoint]
) -> TrainingState:
    train, runtime, constants = checkpoint.train, checkpoint.runtime, checkpoint.arrays
    assert len(teachers) in (0, len(train.teachers))
    task = task_of(checkpoint.task, teachers, weight=train.teacher_weight, device=runtime.device)
    module = task.build(checkpoint.model, checkpoint.vocabs, constants, seed=train.seed)
    return TrainingState.new(task, module, train, runtime=runtime, group=group)
