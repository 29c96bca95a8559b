"""One step of training, and the state that steps change.

`train` is the whole loop; `trainer.Trainer` is the same loop with saves, validation and reports
around it. Between two steps nothing is half done. Every random draw and every position follows from
(seed, step), so saving, evaluating or sampling more often changes nothing.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from charrnn.config import CPU, RuntimeConfig, TrainConfig
from charrnn.models.device import to_numpy
from charrnn.models.dropout import Draws
from charrnn.models.tags import tag_of
from charrnn.tasks.task import Batches, Task
from charrnn.training.distributed import ALONE, Group
from charrnn.training.optimizer import Optimizer
from charrnn.training.schedule import learning_rate


@dataclass(frozen=True)
class Report:
    """One finished step. Each tensor holds one number; float() of it waits for the device."""

    step: int  # how many steps were made, this one included
    loss: Tensor  # mean over the batch, before the update
    grad_norm: Tensor  # of the whole gradient, before clipping
    learning_rate: float


@dataclass
class TrainingState:
    """All that steps change: what a checkpoint has to hold."""

    task: Task
    module: Any
    optimizer: Optimizer
    carried: Any  # from batch to batch, for this process's lanes
    step: int = 0
    group: Group = ALONE  # of processes that train together
    runtime: RuntimeConfig = CPU

    @classmethod
    def new(
        cls,
        task: Task,
        module: Any,
        config: TrainConfig,
        *,
        runtime: RuntimeConfig = CPU,
        group: Group = ALONE,
    ) -> "TrainingState":
        """Return the state at step 0, on the device of the runtime."""
        module.to(runtime.device)
        for part in module.modules():
            if isinstance(part, nn.Embedding) and tag_of(part.weight) == "table":
                part.sparse = runtime.device == "cpu"  # see RowAdam
        optimizer = Optimizer(
            module.named_weights(), kind=config.optimizer, weight_decay=config.weight_decay
        )
        carried = task.initial_state(module, config.batch_size // group.num_ranks)
        return cls(task, module, optimizer, carried, group=group, runtime=runtime)

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Return copies of everything by name, the same for any number of processes. Collective:
        all processes of the group have to call it.
        """
        arrays = self.task.arrays(self.module)
        for name, tensor in self.optimizer.tensors().items():
            arrays[f"optimizer.{name}"] = to_numpy(tensor)
        for name, (tensor, axis) in self.task.state_tensors(self.carried).items():
            arrays[f"state.{name}"] = to_numpy(self.group.gather(tensor, axis=axis))
        return arrays

    @torch.no_grad()
    def restore(self, arrays: Mapping[str, npt.NDArray[Any]], *, step: int) -> None:
        """Take over what `arrays` returned; of the lanes, the share of this process.

        Raises KeyError or ValueError where an array is missing or has another shape.
        """
        weights = self.module.named_weights()
        self.module.load({name: arrays[f"weights.{name}"] for name in weights})
        for name, tensor in self.optimizer.tensors().items():
            _overwrite(tensor, name=f"optimizer.{name}", arrays=arrays)
        for name, (tensor, axis) in self.task.state_tensors(self.carried).items():
            _overwrite(tensor, name=f"state.{name}", arrays=arrays, axis=axis, group=self.group)
        self.step = step


def _overwrite(
    tensor: Tensor,
    *,
    name: str,
    arrays: Mapping[str, npt.NDArray[Any]],
    axis: int = 0,
    group: Group = ALONE,
) -> None:
    """Copy an array into a tensor; of several processes each takes its share along the axis."""
    values = torch.from_numpy(np.array(arrays[name]))
    if group.num_ranks > 1:
        share = group.share(values.shape[axis])
        values = values.narrow(axis, share.start, share.stop - share.start)
    if values.shape != tensor.shape:  # copy_ would broadcast it
        raise ValueError(f"{name} has the shape {tuple(values.shape)}")
    tensor.copy_(values)


def train(state: TrainingState, batches: Batches, config: TrainConfig) -> Iterator[Report]:
    """Take the steps that are left, yielding a report after each."""
    while state.step < config.steps:
        yield take_step(state, batches, config)


def take_step(state: TrainingState, batches: Batches, config: TrainConfig) -> Report:
    """Take one step. Collective: all processes of the group take the same one."""
    loss, carried = _backward(state, batches.batch(state.step), config)
    loss = state.group.sum_gradients(list(state.module.parameters()), loss)
    rate = learning_rate(state.step, config)
    grad_norm = state.optimizer.step(rate=rate, number=state.step + 1, clip=config.grad_clip)
    state.carried = carried
    state.step += 1
    return Report(state.step, loss, grad_norm, rate)


def rehearse(state: TrainingState, batch: Any, config: TrainConfig) -> None:
    """Compute the gradient of the next step on its batch and drop it: most of a step's time, and no
    effect.
    """
    _backward(state, batch, config)
    for weight in state.module.parameters():
        weight.grad = None


def _backward(state: TrainingState, batch: Any, config: TrainConfig) -> tuple[Tensor, Any]:
    """Leave the gradient of the next step in the weights; return its loss, and what it carries on.

    The loss of a process is its part of the mean over the whole batch.
    """
    share = state.group.share(config.batch_size)
    draws = Draws(config, state.step, share, state.runtime)
    total, count, carried = state.task.loss(state.module, batch, state.carried, draws)
    loss = total.div(count)
    loss.backward()  # type: ignore[no-untyped-call]
    return loss.detach(), carried
