"""Tagging: learn which symbol of the target belongs to each symbol of the source, in step with it.

Shapes: B examples, S source symbols (padded), N pairs, C symbols of targets.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from charrnn._text import Reporter
from charrnn.config import TaggerConfig
from charrnn.data.batches import NOT_SCORED
from charrnn.data.pairs.buckets import Ids, PairBatch, of_like_length
from charrnn.data.pairs.error_rates import EditCounts, edit_counts
from charrnn.generation.translation.in_step import Tagger
from charrnn.models import ngrams
from charrnn.models.device import to_device, to_numpy
from charrnn.models.dropout import Draws
from charrnn.models.encoders.encoder import Dropouts
from charrnn.models.tagger.tagger import TaggerNetwork
from charrnn.runs import task_names
from charrnn.runs.checkpoint import Checkpoint
from charrnn.runs.schemas import SCHEMAS
from charrnn.tasks.in_step import tag_sizes
from charrnn.tasks.pairs import learned_pairs
from charrnn.tasks.pairs.learned_pairs import LearnedPairs, PairTexts
from charrnn.tasks.pairs.ngram_task import NgramTask
from charrnn.tasks.task import Constants, ValidationSize


class Batch(NamedTuple):
    """Sources and the numbers of their targets' symbols, on a device."""

    sources_SB: Tensor
    lengths_B: Tensor
    choices_SB: Tensor  # from 0; `NOT_SCORED` in the padding
    num_symbols: int  # of the whole batch, also where the examples are a share of it


class Tag(NgramTask):
    """A source and a target in step with it, as a `Task`."""

    name = task_names.TAG
    unit = "pairs"
    schema = SCHEMAS[name]
    validation_size = ValidationSize("max_val_pairs", "pair", at_least=20, tried=(32, 512))
    sizes = tag_sizes.SIZES
    model, network = TaggerConfig, TaggerNetwork

    def show_notes(self, corpus: LearnedPairs, dataset: PairTexts, reporter: Reporter) -> None:
        """Tell how many pairs are for validation, and what they decide."""
        learned_pairs.show_validation_split(dataset, reporter, best="the lowest symbol error rate")

    def facts(self, dataset: PairTexts, constants: Constants, shared: Mapping[str, Any]) -> Any:
        """Return what the sizes are chosen by."""
        return tag_sizes.Facts(
            **shared,
            length=dataset.mean_lengths()[0],
            source_size=dataset.source.size,
            target_size=len(dataset.target.vocab),
            ngram_rows=ngrams.num_rows_in(constants),
        )

    def on_device(self, pairs: PairBatch, device: str) -> Batch:
        """Return sources and the numbers of their targets' symbols."""
        choices = np.full(pairs.sources.shape, NOT_SCORED)
        targets_SB = pairs.targets_TB[:-1]  # without the row of the last boundary
        is_scored_SB = np.arange(len(targets_SB))[:, None] < pairs.lengths_B
        is_scored_SB &= targets_SB != NOT_SCORED  # an idle example
        choices[: len(targets_SB)][is_scored_SB] = targets_SB[is_scored_SB] - 1
        sources_SB, lengths_B, choices_SB = (
            to_device(part, device) for part in (pairs.sources, pairs.lengths_B, choices)
        )
        return Batch(sources_SB, lengths_B, choices_SB, pairs.num_symbols)

    def loss(
        self, module: TaggerNetwork, batch: Batch, carried: None, draws: Draws
    ) -> tuple[Tensor, int, None]:
        """Return summed nats of the targets, and how many symbols they have."""
        dropouts = Dropouts.of(draws)
        logits_SBC = module(batch.sources_SB, batch.lengths_B, dropouts, draws.dtype)
        return _nats(logits_SBC, batch.choices_SB), batch.num_symbols, None

    def metrics(self, module: TaggerNetwork, dataset: PairTexts, split: str) -> dict[str, float]:
        """Measure error rates and the loss.

        The symbol error rate decides: a network that becomes too sure of itself has a rising loss
        while it still learns, and words are not what every target is made of.
        """
        pairs, target = dataset.pairs, dataset.target
        nats, edits = 0.0, EditCounts()
        for number, made_S, its_nats in decisions(module, dataset, pairs.numbers[split]):
            expected_S = pairs.targets.ids[pairs.targets.starts[number] :][: len(made_S)]
            num_wrong = int((made_S != expected_S).sum())
            made, expected = (target.decode(ids.tolist()) for ids in (made_S, expected_S))
            edits += edit_counts(num_wrong, len(made_S), made, expected, target)
            nats += its_nats
        return {
            "symbol_error_rate": edits.symbol_error_rate,
            "word_error_rate": edits.word_error_rate,
            "loss": nats / edits.num_symbols,
        }

    def sample(self, checkpoint: Checkpoint, dataset: PairTexts, *, seed: int) -> str:
        """Translate some sources of the validation split, always the same ones."""
        pairs = dataset.examples(self.num_samples)
        every = Tagger.of((checkpoint,)).translate_many(source for source, _ in pairs)
        return "\n".join(
            learned_pairs.compared(source, made.text, target)
            for (source, target), [made] in zip(pairs, every, strict=True)
        )


TAG = Tag()


@torch.no_grad()
def decisions(
    network: TaggerNetwork, dataset: PairTexts, numbers: Ids
) -> Iterator[tuple[int, Ids, float]]:
    """Yield the number of each pair, the likeliest ids of its target, and the nats of the right
    ones; those of like length come together.
    """
    sources, targets = dataset.pairs.sources, dataset.pairs.targets
    device = str(network.head.weight.device)
    config = network.config
    size = max(config.input_size, 2 * config.memory_size, 2 * len(network.head.weight))  # about
    for places in of_like_length(sources, numbers, size):
        batch = numbers[places]
        ids_SB, lengths_B = (to_device(part, device) for part in sources.padded(batch))
        choices_SB = to_device(targets.padded(batch)[0] - 1, device)
        logits_SBC = network(ids_SB, lengths_B)
        made_SB = to_numpy(logits_SBC.argmax(-1)) + 1
        nats_SB = to_numpy(_nats(logits_SBC, choices_SB.clamp(min=0), reduction="none").double())
        for b, (number, length) in enumerate(
            zip(batch.tolist(), sources.lengths(batch).tolist(), strict=True)
        ):
            yield number, made_SB[:length, b], float(nats_SB[:length, b].sum())


def _nats(logits_SBC: Tensor, choices_SB: Tensor, *, reduction: str = "sum") -> Tensor:
    """Return -log p of the choices: their sum, or (S, B) if nothing is to be reduced."""
    nats = functional.cross_entropy(
        logits_SBC.flatten(0, 1), choices_SB.flatten(), reduction=reduction, ignore_index=NOT_SCORED
    )
    return nats if reduction == "sum" else nats.view_as(choices_SB)
