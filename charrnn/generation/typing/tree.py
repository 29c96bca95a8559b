"""A tree of ways in which a text may go on, read in batches: several branches advance in one step.

Shapes: B branches, V vocabulary, K characters before the current one.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from charrnn.generation.sampler import FloatArray, log_probabilities
from charrnn.models.reference import State
from charrnn.models.step_backend import StepBackend


class Branch(NamedTuple):
    """A place in the tree: what a network predicts there, and its state."""

    log_prob_V: FloatArray  # of the next character, in nats
    states: State  # of all branches that were read together
    row: int  # of this one


def root(state: State, logits_V: FloatArray) -> Branch:
    """Return the place from which a tree grows: a state of one stream, and what it predicts."""
    return Branch(log_probabilities(logits_V), state, 0)


def read(backend: StepBackend, steps: Sequence[tuple[Branch, int]]) -> list[Branch]:
    """Read a character, given by its id, after each of some branches: one step for all of them."""
    batch = backend.batch(_states([branch for branch, _ in steps]), len(steps))
    logits_VB = batch.step(np.array([i for _, i in steps]))
    log_prob_BV = np.ascontiguousarray(log_probabilities(logits_VB).T)
    states = batch.state()
    return [Branch(log_prob_V, states, row) for row, log_prob_V in enumerate(log_prob_BV)]


def _states(branches: Sequence[Branch]) -> State:
    """Return the states of some branches as one."""
    layers = tuple(
        tuple(
            np.stack([branch.states.layers[k][part][branch.row] for branch in branches])
            for part in range(len(layer))
        )
        for k, layer in enumerate(branches[0].states.layers)
    )
    before = [branch.states.before_KB[:, branch.row] for branch in branches]
    return State(layers, np.stack(before, 1))
