"""The loss of a network on a text that it does not learn from, in nats per character.

Two losses of a text: with the state carried along, and with the state reset every 256 characters,
as in models that see a text in blocks. Each record begins with a zero state. docs/tour.md says why.

Shapes: T time, B lanes, V vocabulary, R records.
"""

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from charrnn.data.batches import Text
from charrnn.data.vocab import IntArray
from charrnn.models.network import Network

_MAX_LOGITS = 1 << 24  # numbers in memory at once


def validation_loss(network: Network, text: Text, split: str = "val") -> float:
    """Return mean nats per character of a split, with the state carried along; each record begins
    with a zero state.
    """
    if text.starts is not None:
        return evaluate_records(network, text.ids, text.starts_of(split))
    first, end = text.part(split)
    return evaluate(network, text.ids[:end], first=first)


def validation_loss_reset(network: Network, text: Text, split: str = "val") -> float:
    """Return mean nats per character of a split, with the state reset every 256 characters, or for
    each record.
    """
    if text.starts is not None:
        return evaluate_records(network, text.ids, text.starts_of(split))
    first, end = text.part(split)
    return evaluate_reset(network, text.ids[:end], first=first)


def evaluate_records(network: Network, ids: IntArray, starts: npt.NDArray[np.int64]) -> float:
    """Return mean nats per character of the records that begin at `starts`, each from a zero state;
    the last start is where the last record ends.
    """
    total = record_losses(network, ids, starts[:-1], starts[1:]).sum()
    return float(total) / int(starts[-1] - starts[0])


def record_losses(
    network: Network,
    ids: IntArray,
    starts_R: npt.NDArray[np.int64],
    ends_R: npt.NDArray[np.int64],
) -> npt.NDArray[np.float64]:
    """Return the nats, shape (R,), of the records ids[start:end], each from a zero state.

    Records of similar lengths are read side by side, so that few wait for a long one.
    """
    lengths_R = ends_R - starts_R
    by_length = np.argsort(lengths_R, kind="stable")
    sorted_R = lengths_R[by_length]
    nats_R = np.zeros(len(lengths_R))
    b = 0
    while b < len(by_length):
        alike = np.searchsorted(sorted_R, 2 * sorted_R[b] + 64, side="right")
        batch = by_length[b : min(b + 256, int(alike))]
        nats_R[batch] = _losses(network, ids, starts_R[batch], ends_R[batch], warm_up=0)
        b += len(batch)
    return nats_R


def evaluate(network: Network, ids: IntArray, *, first: int) -> float:
    """Return mean nats per character of ids[first:], with the state carried along.

    The text is read on up to 64 lanes side by side. Each lane first reads the 256 characters
    before its own without being scored (fewer where `first` is smaller), so it begins with nearly
    the state of a single reader of the whole text.
    """
    num_scored = len(ids) - first
    num_lanes = max(1, min(64, num_scored // 1024))
    bounds = first + np.arange(num_lanes + 1) * num_scored // num_lanes
    warm_up = min(256, first - 1)
    nats_B = _losses(network, ids, bounds[:-1], bounds[1:], warm_up=warm_up)
    return float(nats_B.sum()) / num_scored


def evaluate_reset(network: Network, ids: IntArray, *, first: int, block: int = 256) -> float:
    """Return mean nats per character of ids[first:], with the state reset every `block` characters.

    No context reaches across the start of a block, as in nanoGPT.
    """
    starts = np.arange(first, len(ids), block)
    ends = np.minimum(starts + block, len(ids))
    total = 0.0
    for b in range(0, len(starts), 256):
        nats_B = _losses(network, ids, starts[b : b + 256], ends[b : b + 256], warm_up=0)
        total += float(nats_B.sum())
    return total / (len(ids) - first)


@torch.no_grad()
def _losses(
    network: Network,
    ids: IntArray,
    starts_B: npt.NDArray[np.int64],
    ends_B: npt.NDArray[np.int64],
    *,
    warm_up: int,
) -> npt.NDArray[np.float64]:
    """Return the nats, shape (B,), for predicting ids[start:end] on each lane, from a zero state
    `warm_up` characters before.
    """
    device = network.head.weight.device
    num_lanes, vocab_size = len(starts_B), len(network.head.weight)
    window = max(1, min(256, _MAX_LOGITS // (num_lanes * vocab_size)))
    state = network.initial_state(num_lanes)
    nats_B = torch.zeros(num_lanes, dtype=torch.float64)
    length = int((ends_B - starts_B).max())
    for t in range(-warm_up, length, window):
        places_TB = starts_B + np.arange(t, min(t + window, length))[:, None]
        scored_TB = torch.from_numpy((starts_B <= places_TB) & (places_TB < ends_B)).to(device)
        places_TB = np.minimum(
            places_TB, len(ids) - 1
        )  # past a shorter lane's end: read, not scored
        inputs_TB = torch.from_numpy(ids[places_TB - 1].astype(np.int64)).to(device)
        targets_TB = torch.from_numpy(ids[places_TB].astype(np.int64)).to(device)
        logits_TBV, state = network(inputs_TB, state)
        losses = functional.cross_entropy(
            logits_TBV.flatten(0, 1), targets_TB.flatten(), reduction="none"
        )
        nats_B += (losses.view_as(scored_TB) * scored_TB).sum(0).cpu().double()
    return nats_B.numpy()
