"""Several networks that predict as one: their probabilities are averaged at every character.

Each network reads every character and carries its own state; they may differ in all but the
vocabulary. The mean of probabilities, rather than of logits, loses at most what its members lose on
average, whatever the text (Jensen's inequality).

Shapes: T time, B streams, V vocabulary, M members, K characters before the current one.
"""

from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from charrnn._text import ProgressCallback, ignore_progress
from charrnn.cells import FloatArray
from charrnn.data.vocab import IntArray
from charrnn.models.reference import State

if TYPE_CHECKING:
    from charrnn.models.step_backend import Batch, StepBackend, Stepper

Floats = npt.NDArray[np.floating[Any]]  # of any dtype


def log_softmax(logits_V: Floats, axis: int = 0) -> Floats:
    """Return the log probabilities, in nats and in the dtype of the logits."""
    log_prob_V: Floats = logits_V - logits_V.max(axis, keepdims=True)
    log_prob_V -= np.log(np.exp(log_prob_V).sum(axis, keepdims=True))
    return log_prob_V


def log_mean_probabilities(logits_MV: Iterable[Floats], axis: int = 0) -> Floats:
    """Return the log of the members' mean probabilities, given the logits of each.

    One array at a time is taken and added up, so that many members take the memory of one.
    """
    others = iter(logits_MV)
    num, sum_V = 1, log_softmax(next(others), axis)
    for logits_V in others:
        num, sum_V = num + 1, np.logaddexp(sum_V, log_softmax(logits_V, axis))
    sum_V -= sum_V.dtype.type(np.log(num))
    return sum_V


def _joint(logits_MV: Iterable[FloatArray]) -> FloatArray:
    """Return what stands for the logits of all members, computed in float64."""
    in_float64 = (logits_V.astype(np.float64) for logits_V in logits_MV)
    return log_mean_probabilities(in_float64).astype(np.float32)


class EnsembleBackend:
    """The networks of an ensemble, each on its own backend. A `step_backend.StepBackend`.

    The state of an ensemble has the layers of all members, in order, and as many characters before
    as the member that looks back farthest.
    """

    def __init__(self, members: Sequence["StepBackend"]) -> None:
        self.members = tuple(members)

    @property
    def is_parallel(self) -> bool:
        """Whether several batches at once are faster than one, for every member."""
        return all(member.is_parallel for member in self.members)

    def stepper(self, start: State | None = None) -> "EnsembleStepper":
        """Return a stream in the state `start`; one that has read nothing if None."""
        if start is None:
            return EnsembleStepper([member.stepper() for member in self.members])
        states = zip(self.members, self._states(start), strict=True)
        return EnsembleStepper([member.stepper(state) for member, state in states])

    def batch(self, start: State, num_streams: int) -> "EnsembleBatch":
        """Return so many streams, all in the state `start` of one stream, or each in its own."""
        states = self._states(start)
        batches = zip(self.members, states, strict=True)
        return EnsembleBatch([member.batch(state, num_streams) for member, state in batches])

    def _states(self, joint: State) -> list[State]:
        """Return the state of each member."""
        alone = [member.stepper().state() for member in self.members]
        bounds = pairwise(accumulate((len(state.layers) for state in alone), initial=0))
        num_before = [len(state.before_KB) for state in alone]
        return [
            State(joint.layers[first:end], joint.before_KB[len(joint.before_KB) - K :])
            for (first, end), K in zip(bounds, num_before, strict=True)
        ]


class EnsembleStepper:
    """One stream that every member reads. A `step_backend.Stepper`."""

    def __init__(self, members: Sequence["Stepper"]) -> None:
        self._members = members

    def step(self, i: int) -> FloatArray:
        """Read one character; return logits_V for the next one."""
        return _joint(member.step(i) for member in self._members)

    def read(self, ids_T: IntArray, progress: ProgressCallback = ignore_progress) -> FloatArray:
        """Read a text of at least one character; return logits_V for what follows it."""
        num = len(self._members)

        def progress_of(k: int) -> ProgressCallback:
            return lambda done, total: progress(k * total + done, num * total)

        return _joint(member.read(ids_T, progress_of(k)) for k, member in enumerate(self._members))

    def read_all(self, ids_T: IntArray) -> FloatArray:
        """Read a text; return logits_VT for what follows each of its characters."""
        return _joint(member.read_all(ids_T) for member in self._members)

    def state(self) -> State:
        """Return a copy of the state of all members."""
        return _joint_state(self._members)


class EnsembleBatch:
    """Streams side by side that every member reads. A `step_backend.Batch`."""

    def __init__(self, members: Sequence["Batch"]) -> None:
        self._members = members

    def step(self, ids_B: IntArray) -> FloatArray:
        """Read a character on each stream; return logits_VB for the next ones."""
        return _joint(member.step(ids_B) for member in self._members)

    def restart(self, streams: Sequence[int]) -> None:
        """Put some streams back into the state that the batch began with."""
        for member in self._members:
            member.restart(streams)

    def keep(self, streams: Sequence[int]) -> None:
        """Drop all other streams."""
        for member in self._members:
            member.keep(streams)

    def state(self) -> State:
        """Return a copy of the state of all streams of all members."""
        return _joint_state(self._members)


def _joint_state(members: "Sequence[Stepper] | Sequence[Batch]") -> State:
    """Return the layers of all members, and the characters before of the one that looks back
    farthest.
    """
    states = [member.state() for member in members]
    layers = tuple(layer for state in states for layer in state.layers)
    return State(layers, max((state.before_KB for state in states), key=len))
