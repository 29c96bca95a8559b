"""How well a network does on pairs that it does not learn from: the loss, and greedy translations.

Pairs of like length are read side by side, so that few wait for a long one.

Shapes: B examples, S source and T target symbols (padded), V target vocabulary.
"""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from charrnn.data.batches import NOT_SCORED
from charrnn.data.pairs.buckets import Ids, Sources, Texts, as_batch, within_memory
from charrnn.models.device import to_device
from charrnn.models.encoders.encoder import Dropouts
from charrnn.models.seq2seq.encoder_decoder import EncoderDecoder
from charrnn.models.seq2seq.equations import BOUNDARY


@torch.no_grad()
def mean_loss(network: EncoderDecoder, sources: Sources, targets: Texts, numbers: Ids) -> float:
    """Return mean nats per target symbol of these pairs, the boundary at the end included."""
    device = str(network.head.weight.device)
    nats, num_scored = 0.0, 0
    for batch in _of_like_length(network, sources, numbers, targets.lengths(numbers)):
        padded = as_batch(*sources.padded(batch), *targets.padded(batch))
        inputs, lengths_B, inputs_TB, targets_TB = (to_device(part, device) for part in padded[:4])
        logits_TBV = network(inputs, lengths_B, inputs_TB)
        nats += float(
            functional.cross_entropy(
                logits_TBV.flatten(0, 1),
                targets_TB.flatten(),
                reduction="sum",
                ignore_index=NOT_SCORED,
            )
        )
        num_scored += padded.num_symbols + padded.num_pairs
    return nats / num_scored


def translations(
    network: EncoderDecoder, sources: Sources, numbers: Ids, *, max_lengths: Ids
) -> list[list[int]]:
    """Return the greedy translations of sources, in the order of their numbers.

    A translation has at most the greatest of the `max_lengths` in its batch.
    """
    device = str(network.head.weight.device)
    made: dict[int, list[int]] = {}
    longest = dict(zip(numbers.tolist(), max_lengths.tolist(), strict=True))
    for batch in _of_like_length(network, sources, numbers, max_lengths):
        max_length = max(longest[number] for number in batch.tolist())
        read, lengths_B = (to_device(part, device) for part in sources.padded(batch))
        every = greedy(network, read, lengths_B, max_length=max_length)
        made |= zip(batch.tolist(), every, strict=True)
    return [made[number] for number in numbers.tolist()]


@torch.no_grad()
def greedy(
    network: EncoderDecoder, sources: Tensor, lengths_B: Tensor, *, max_length: int
) -> list[list[int]]:
    """Return the translation of each source that takes the likeliest symbol at every step, without
    boundaries. One without an end after `max_length` symbols is cut there.
    """
    memory, states = network.encode(sources, lengths_B, Dropouts())
    ids_1B = torch.full_like(lengths_B[None], BOUNDARY)
    has_ended_B = torch.zeros_like(ids_1B[0], dtype=torch.bool)
    steps = []
    for _ in range(max_length):
        logits_1BV, states = network.decode(memory, states, ids_1B, Dropouts())
        ids_1B = logits_1BV.argmax(-1)
        steps.append(ids_1B[0])
        has_ended_B |= ids_1B[0] == BOUNDARY
        if bool(has_ended_B.all()):
            break
    ids_BT = torch.stack(steps, 1).tolist() if steps else [[] for _ in lengths_B]
    return [ids_T[: ids_T.index(BOUNDARY)] if BOUNDARY in ids_T else ids_T for ids_T in ids_BT]


def _of_like_length(
    network: EncoderDecoder, sources: Sources, numbers: Ids, target_lengths: Ids
) -> Iterator[Ids]:
    """Yield the numbers of pairs in batches that fit into memory, the shortest first."""
    source_lengths = sources.lengths(numbers)
    order = np.lexsort((source_lengths, target_lengths))
    vocab_size, held = len(network.head.weight), network.encoder.numbers_held
    costs = np.maximum((target_lengths + 1) * vocab_size, source_lengths * held)[order]
    for begin, end in within_memory(costs):
        yield numbers[order[begin:end]]
