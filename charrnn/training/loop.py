"""Learning: one loop, truncated backpropagation through time along the lanes.

`train` is a generator: it takes a step and yields a report. Saving, drawing, Ctrl-C and stopping
live in its caller, and between two reports nothing is half done, so the caller may save whenever
it likes. Every random draw and every position follows from (seed, step): to save more often, to
evaluate or to sample changes nothing.

Shapes: T time, B lanes, V vocabulary.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from charrnn.config import TrainConfig
from charrnn.data.batches import ALL, NOT_SCORED
from charrnn.models import ngrams
from charrnn.models.cells import State
from charrnn.models.network import Dropout, Network, to_numpy
from charrnn.training.distributed import ALONE, Group
from charrnn.training.optimizer import Optimizer
from charrnn.training.prefetch import Feed, sent

# What products are computed in, if not in what weights are: tf32 is a setting (device.prepare).
DTYPES = {"float32": None, "tf32": None, "bf16": torch.bfloat16}
_WARM_UP_FRACTION = 0.02
# so that the draws of one purpose tell nothing of the other's
_FORGET, _DROPOUT, _WEIGHT_DROPOUT = 0, 1, 2


@dataclass(frozen=True)
class Report:
    """One step, done. The tensors hold one number each; float() of one waits for the device."""

    step: int  # how many steps were made, this one included
    loss: Tensor  # mean nats per character of this window, before the update
    grad_norm: Tensor  # of the whole gradient, before clipping
    learning_rate: float


@dataclass
class Learner:
    """All that changes while a network learns: what a checkpoint has to hold."""

    network: Network
    optimizer: Optimizer
    state: State  # carried from window to window, of this process's lanes
    step: int = 0
    group: Group = ALONE  # of processes that learn together

    @classmethod
    def new(cls, network: Network, config: TrainConfig, group: Group = ALONE) -> "Learner":
        """A learner at step 0, on the configuration's device."""
        network.to(config.device)
        network.embedding.sparse = config.device == "cpu"  # see RowAdam
        optimizer = Optimizer(
            network.named_weights(), kind=config.optimizer, weight_decay=config.weight_decay
        )
        state = network.initial_state(config.batch_size // group.num_ranks)
        return cls(network, optimizer, state, group=group)

    def weights(self) -> dict[str, npt.NDArray[Any]]:
        """Weights and n-grams by name, copied: what it takes to speak."""
        arrays = {f"weights.{name}": array for name, array in self.network.arrays().items()}
        for length, keys in enumerate(self.network.ngram_keys, start=2):
            arrays[f"ngrams.{length}"] = to_numpy(keys)
        return arrays

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Weights, n-grams, optimiser and carried state by name, copied: the same whatever the
        number of processes. All of the group have to ask for it.
        """
        moving = {
            name: self.group.whole(tensor, axis=_lanes_axis(name)) if _is_state(name) else tensor
            for name, tensor in self._moving().items()
        }
        return self.weights() | {name: to_numpy(tensor) for name, tensor in moving.items()}

    @torch.no_grad()
    def restore(self, arrays: Mapping[str, npt.NDArray[Any]], *, step: int) -> None:
        """Become the learner whose `arrays()` these are; of a group, one with its share of the
        lanes.

        Raises KeyError or ValueError where one is missing or has another shape.
        """
        self.network.load(
            {name: arrays[f"weights.{name}"] for name in self.network.named_weights()}
        )
        for name, tensor in self._moving().items():
            values = torch.from_numpy(np.array(arrays[name]))
            if _is_state(name):
                axis = _lanes_axis(name)
                share = self.group.share(values.shape[axis])
                values = values.narrow(axis, share.start, share.stop - share.start)
            if values.shape != tensor.shape:  # copy_ would stretch it in silence
                raise ValueError(f"{name} has the shape {tuple(values.shape)}")
            tensor.copy_(values)
        self.step = step

    def _moving(self) -> dict[str, Tensor]:
        """The tensors besides the weights that change from step to step, by name."""
        tensors = {f"optimizer.{name}": t for name, t in self.optimizer.tensors().items()}
        for k, layer_state in enumerate(self.state.layers):
            tensors |= {f"state.{k}.{j}": part_BH for j, part_BH in enumerate(layer_state)}
        if len(self.state.before_KB):
            tensors["state.before"] = self.state.before_KB
        return tensors


def _is_state(name: str) -> bool:
    return name.startswith("state.")


def _lanes_axis(name: str) -> int:
    """Where the lanes are in a part of the state: (K, B) or (B, H)."""
    return 1 if name == "state.before" else 0


def train(learner: Learner, feed: Feed, config: TrainConfig) -> Iterator[Report]:
    """Take the steps that are left, yielding a report after each; `feed` has the lanes of the
    learner's process, and all of its group take the same steps.
    """
    group = learner.group
    weights = list(learner.network.parameters())
    while learner.step < config.steps:
        loss, state = _gradient(learner, feed, config)
        loss = group.add_up(weights, loss)
        rate = learning_rate(learner.step, config)
        grad_norm = learner.optimizer.step(
            rate=rate, number=learner.step + 1, clip=config.grad_clip
        )
        layers = tuple(tuple(part.detach() for part in layer) for layer in state.layers)
        learner.state = State(layers, state.before_KB)
        learner.step += 1
        yield Report(learner.step, loss, grad_norm, rate)


def rehearse(learner: Learner, feed: Feed, config: TrainConfig) -> None:
    """Compute the gradient of the next step and drop it: most of a step's time, and no effect."""
    _gradient(learner, feed, config)
    for weight in learner.network.parameters():
        weight.grad = None


def _gradient(learner: Learner, feed: Feed, config: TrainConfig) -> tuple[Tensor, State]:
    """Leave the gradient of the next step in the weights; its loss, and the state after it."""
    share = learner.group.share(config.batch_size)
    inputs_TB, targets_TB, begins_B, num_scored = feed.window(learner.step)
    logits_TBV, state = learner.network(
        inputs_TB,
        forget(learner.state, begins_B, config, learner.step, share),
        lane_dropout(config, learner.step, share),
        weight_dropout(config, learner.step),
        DTYPES[config.precision],
    )
    loss = functional.cross_entropy(
        logits_TBV.flatten(0, 1), targets_TB.flatten(), reduction="sum", ignore_index=NOT_SCORED
    ).div(num_scored)
    loss.backward()  # type: ignore[no-untyped-call]
    return loss.detach(), state


def learning_rate(step: int, config: TrainConfig) -> float:
    """The rate of the step that follows `step` steps: a short warm-up, then linearly to zero at
    the end.

    A function of the step and of how many there will be: a run that is given more steps goes on
    at the rate that a run of the new length would have there.
    """
    is_corrected = config.schedule_step > 0
    at = schedule_share(step, config) * config.steps if is_corrected else step
    warm_up = max(1, round(config.steps * _WARM_UP_FRACTION))
    rising = min(1.0, (at + 1) / warm_up)
    falling = min(1.0, (config.steps - at) / max(1, config.steps - warm_up))
    return config.learning_rate * min(rising, falling)


def schedule_share(step: int, config: TrainConfig) -> float:
    """How much of the schedule is over after `step` steps, from 0 to 1.

    It grows evenly with the steps. Where the clock corrects a run of minutes, at `schedule_step`,
    it stands at the share of the time that has passed, and grows evenly from there to the end:

        1 ┤                      ● steps
          │               ╱
          │        ╱             fast: many steps in the time, a gentle slope
          │   ●                  schedule_step, schedule_done
          │  ╱                   slow: few steps in the time, a steep slope
        0 ┼─╱──────────────────► step
    """
    first, done = config.schedule_step, config.schedule_done
    return done + (1 - done) * (step - first) / max(1, config.steps - first)


def forget(
    state: State, begins_B: Tensor, config: TrainConfig, step: int, share: slice = ALL
) -> State:
    """Lanes that begin anew start this window from nothing, and so does each other one with the
    chance of `state_reset`, by (seed, step). `share` says which of all lanes these are.

    A network that never started from nothing speaks badly at first. The random state reset is
    from Melis et al., 2020 (arXiv:1909.01792).
    """
    draws_B = _random(config.seed, step, _FORGET).random(config.batch_size)
    draws_B = draws_B[share]
    kept_B = sent(draws_B >= config.state_reset, config.device) & ~begins_B
    layers = tuple(
        tuple(part_BH * kept_B[:, None] for part_BH in layer_state) for layer_state in state.layers
    )
    return State(layers, torch.where(kept_B, state.before_KB, ngrams.NOTHING))


def lane_dropout(config: TrainConfig, step: int, share: slice = ALL) -> Dropout | None:
    """Dropout (Srivastava et al., 2014) for values in time, (T, B, …); None where it is 0.

    A mask is held over the window, as Gal & Ghahramani propose (2016, arXiv:1512.05287). It is
    drawn for all lanes, by (seed, step), so that those of a `share` have the same masks in
    whatever company.
    """
    if not config.dropout:
        return None
    draw = _masks(config.dropout, config, step, _DROPOUT)
    return lambda x_TBD: x_TBD * draw(x_TBD, config.batch_size)[share]


def weight_dropout(config: TrainConfig, step: int) -> Dropout | None:
    """Dropout for a matrix, where each number has its own (Merity et al., 2018, arXiv:1708.02182);
    None where it is 0.
    """
    if not config.weight_dropout:
        return None
    draw = _masks(config.weight_dropout, config, step, _WEIGHT_DROPOUT)
    return lambda matrix: matrix * draw(matrix, len(matrix))


def _masks(
    share: float, config: TrainConfig, step: int, purpose: int
) -> Callable[[Tensor, int], Tensor]:
    """Draws masks that follow from (seed, step), each for so many rows as wide as a tensor."""
    seed = int(_random(config.seed, step, purpose).integers(2**63))
    generator = torch.Generator(config.device).manual_seed(seed)
    keep = 1 - share

    def draw(x: Tensor, num_rows: int) -> Tensor:
        return x.new_empty(num_rows, x.shape[-1]).bernoulli_(keep, generator=generator).div_(keep)

    return draw


def _random(seed: int, step: int, purpose: int) -> np.random.Generator:
    """The draws for one purpose at one step, and at no other."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(step, purpose)))
