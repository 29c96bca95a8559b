"""Knowledge distillation: a language model that learns from a text and from other models of it.

The loss of a training step is

    (1 - w) · H(text, p) + w · H(q, p)

where H is the cross-entropy, p what the network predicts, q the mean of the teachers' probabilities
and w the weight of the teachers (Hinton et al., 2015, arXiv:1503.02531, eq. 1 at temperature 1). So
one network learns what several know together, and speaks at the speed of one.

Only the steps differ from those of `LanguageModel`: validation, sampling and what a checkpoint
holds of the model are the same. The teachers are frozen. They read every lane without dropout and
carry their own states, which a checkpoint holds, too.

Shapes: T time, B lanes, V vocabulary.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from charrnn.data.batches import NOT_SCORED
from charrnn.models.dropout import Draws, keep_lanes
from charrnn.models.network import Network
from charrnn.models.reference import State
from charrnn.runs.checkpoint import Checkpoint
from charrnn.tasks.language_model import LANGUAGE_MODEL, LanguageModel, read_window
from charrnn.tasks.prefetch import Batch


class Carried(NamedTuple):
    """What is carried from window to window."""

    student: State
    teachers: tuple[State, ...]


class Distillation(LanguageModel):
    """Next-character prediction, taught by the text and by other networks. A `Task`."""

    def __init__(self, teachers: Sequence[Network], weight: float) -> None:
        """`teachers` are on the device of the run; `weight` is their share of the loss."""
        self._teachers, self._weight = tuple(teachers), weight

    def initial_state(self, module: Network, batch_size: int) -> Any:
        """Return zeros: nothing has been read."""
        student, *teachers = (each.initial_state(batch_size) for each in (module, *self._teachers))
        return Carried(student, tuple(teachers))

    def state_tensors(self, carried: Any) -> dict[str, tuple[Tensor, int]]:
        """Name the state of the network as `LanguageModel` does, then those of the teachers."""
        tensors = super().state_tensors(carried.student)
        for m, state in enumerate(carried.teachers):
            named = super().state_tensors(state)
            tensors |= {f"teachers.{m}.{name}": tensor for name, tensor in named.items()}
        return tensors

    def loss(
        self, module: Network, batch: Batch, carried: Any, draws: Draws
    ) -> tuple[Tensor, int, Any]:
        """Return the weighted sum of both losses in nats, the number of characters that it is of,
        and the next states.
        """
        logits_TBV, student = read_window(module, batch, carried.student, draws)
        probabilities_TBV, teachers = self.expected(batch, carried.teachers, draws.dtype)
        of_text, of_teachers = _cross_entropies(logits_TBV, batch.targets_TB, probabilities_TBV)
        loss = (1 - self._weight) * of_text + self._weight * of_teachers
        return loss, batch.num_scored, Carried(student, teachers)

    @torch.no_grad()
    def expected(
        self, batch: Batch, states: Sequence[State], dtype: torch.dtype | None = None
    ) -> tuple[Tensor, tuple[State, ...]]:
        """Return the mean of the teachers' probabilities, (T, B, V), and their next states.

        A lane that begins a new text begins with a zero state; `dtype` is that of products.
        """
        sum_TBV, after = batch.begins_B.new_zeros((), dtype=torch.float32), []
        for teacher, state in zip(self._teachers, states, strict=True):
            state = keep_lanes(state, ~batch.begins_B)
            logits_TBV, state = teacher(batch.inputs_TB, state, dtype=dtype)
            sum_TBV = sum_TBV + logits_TBV.softmax(-1)
            after.append(state)
        return sum_TBV / len(self._teachers), tuple(after)


def _cross_entropies(
    logits_TBV: Tensor, targets_TB: Tensor, probabilities_TBV: Tensor
) -> tuple[Tensor, Tensor]:
    """Return the summed cross-entropies with the targets and with the probabilities, of the
    positions that are scored.
    """
    log_prob_TBV = logits_TBV.log_softmax(-1)
    of_text = functional.nll_loss(
        log_prob_TBV.flatten(0, 1), targets_TB.flatten(), reduction="sum", ignore_index=NOT_SCORED
    )
    nats_TB = -(probabilities_TBV * log_prob_TBV).sum(-1)
    return of_text, (nats_TB * (targets_TB != NOT_SCORED)).sum()


def teacher_of(checkpoint: Checkpoint, device: str) -> Network:
    """Return the network in a checkpoint, which learns no more, on the device."""
    model, vocabs = checkpoint.model, checkpoint.vocabs
    network = LANGUAGE_MODEL.build(model, vocabs, checkpoint.arrays, seed=0)
    network.load(checkpoint.group("weights"))
    return network.to(device).requires_grad_(False)
