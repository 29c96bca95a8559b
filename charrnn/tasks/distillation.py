"""Knowledge distillation: a language model that learns from a text and from other models of it.

The loss of a training step is

    (1 - w) · H(text, p) + w · H(q, p)

where H is the cross-entropy, p what the network predicts, q the mean of the teachers' probabilities
and w the weight of the teachers (Hinton et al., 2015, arXiv:1503.02531, eq. 1 at temperature 1). So
one network learns what several know together, and speaks at the speed of one.

Only batches and the loss differ from those of `LanguageModel`: validation, sampling and checkpoints
are the same. The teachers are frozen, and read without dropout.

Shapes: T time, B lanes, V vocabulary.
"""

from collections.abc import Sequence
from typing import Any

from torch import Tensor
from torch.nn import functional

from charrnn.config import TrainConfig
from charrnn.data.batches import ALL, NOT_SCORED, Text
from charrnn.models.dropout import Draws
from charrnn.models.network import Network
from charrnn.models.reference import State
from charrnn.runs.checkpoint import Checkpoint
from charrnn.tasks.language_model import LANGUAGE_MODEL, LanguageModel, read_window
from charrnn.tasks.taught_batches import TaughtBatches


class Distillation(LanguageModel):
    """Next-character prediction, taught by the text and by other networks. A `Task`."""

    def __init__(self, teachers: Sequence[Network], weight: float) -> None:
        """`teachers` are on the device of the run; `weight` is their share of the loss."""
        self._teachers, self._weight = tuple(teachers), weight

    def batches(
        self, dataset: Text, config: TrainConfig, share: slice = ALL, *, device: str
    ) -> TaughtBatches:
        """Return windows along the lanes, with what the teachers expect in each."""
        return TaughtBatches(dataset, config, share, self._teachers, device=device)

    def loss(
        self, module: Network, batch: Any, carried: State, draws: Draws
    ) -> tuple[Tensor, int, State]:
        """Return the weighted sum of both losses in nats, the number of characters that it is of,
        and the next state.

        `batch` is a `TaughtBatch`.
        """
        text, expected_TBV = batch
        logits_TBV, state = read_window(module, text, carried, draws)
        of_text, of_teachers = _cross_entropies(logits_TBV, text.targets_TB, expected_TBV.float())
        loss = (1 - self._weight) * of_text + self._weight * of_teachers
        return loss, text.num_scored, state


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
