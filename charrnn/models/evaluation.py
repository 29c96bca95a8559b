"""The loss of a network on a text that it does not learn from, in nats per character.

There are two losses of a text: with the state carried along, and with the state reset every 256
characters, as in models that see a text in blocks (docs/tour.md says why). Of records, each begins
with a zero state. Several networks are measured as one that averages their probabilities.

Shapes: T time, B lanes, V vocabulary, R records, M networks.
"""

import math
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from charrnn.data.batches import Text
from charrnn.data.vocab import IntArray
from charrnn.models.network import Network
from charrnn.models.reference import State

_BLOCK = 256  # characters between two resets
_WARM_UP = 256  # characters that a lane reads before its own, unscored
_MAX_LANES, _MIN_LANE = 64, 1024  # lanes of a text; the fewest characters of each
_MAX_SIDE_BY_SIDE = 256  # blocks or records
_MAX_WINDOW = 256  # characters read at once on each lane
_MAX_LOGITS = 1 << 24  # numbers in memory at once

Places = npt.NDArray[np.int64]  # of characters in a text
Networks = Network | Sequence[Network]


def validation_loss(network: Networks, text: Text, split: str = "val") -> float:
    """Return mean nats per character of a split, with the state carried along; each record begins
    with a zero state.
    """
    if text.starts is not None:
        return evaluate_records(network, text.ids, text.starts_of(split))
    first, end = text.part(split)
    return evaluate_carried(network, text.ids[:end], first=first)


def validation_loss_reset(network: Networks, text: Text, split: str = "val") -> float:
    """Return mean nats per character of a split, with the state reset every 256 characters, or for
    each record.
    """
    if text.starts is not None:
        return evaluate_records(network, text.ids, text.starts_of(split))
    first, end = text.part(split)
    return evaluate_reset(network, text.ids[:end], first=first)


def evaluate_records(network: Networks, ids: IntArray, starts: Places) -> float:
    """Return mean nats per character of the records that begin at `starts`, each from a zero state;
    the last start is where the last record ends.
    """
    nats_R = record_losses(network, ids, starts[:-1], starts[1:])
    return float(nats_R.sum()) / int(starts[-1] - starts[0])


def record_losses(
    network: Networks, ids: IntArray, starts_R: Places, ends_R: Places
) -> npt.NDArray[np.float64]:
    """Return the nats, shape (R,), of the records ids[start:end], each from a zero state.

    Records of similar lengths are read side by side, so that few wait for a long one.
    """
    lengths_R = ends_R - starts_R
    by_length_R = np.argsort(lengths_R, kind="stable")
    sorted_R = lengths_R[by_length_R]
    nats_R = np.zeros(len(lengths_R))
    r = 0
    while r < len(by_length_R):
        end_of_similar = int(np.searchsorted(sorted_R, 2 * sorted_R[r] + 64, side="right"))
        batch = by_length_R[r : min(r + _MAX_SIDE_BY_SIDE, end_of_similar)]
        nats_R[batch] = _losses(network, ids, starts_R[batch], ends_R[batch])
        r += len(batch)
    return nats_R


def evaluate_carried(network: Networks, ids: IntArray, *, first: int) -> float:
    """Return mean nats per character of ids[first:], with the state carried along.

    The text is read on up to 64 lanes side by side. Each lane first reads the 256 characters
    before its own without being scored (fewer where `first` is smaller), so it begins with nearly
    the state of a single reader of the whole text.
    """
    bounds, warm_up = _carried_lanes(ids, first)
    nats_B = _losses(network, ids, bounds[:-1], bounds[1:], warm_up=warm_up)
    return float(nats_B.sum()) / (len(ids) - first)


def carried_losses(network: Networks, ids: IntArray, *, first: int) -> npt.NDArray[np.float64]:
    """Return the nats of each of ids[first:], shape (T,); read as `evaluate_carried` does."""
    bounds, warm_up = _carried_lanes(ids, first)
    nats_T = np.empty(len(ids) - first)
    windows = _windows(network, ids, bounds[:-1], bounds[1:], warm_up=warm_up)
    for places_TB, is_scored_TB, nats_TB in windows:
        nats_T[places_TB[is_scored_TB] - first] = nats_TB.cpu().numpy()[is_scored_TB]
    return nats_T


def _carried_lanes(ids: IntArray, first: int) -> tuple[Places, int]:
    """Return where the lanes of a carried evaluation begin (and the last one ends), and how many
    characters each reads before.
    """
    num_scored = len(ids) - first
    num_lanes = max(1, min(_MAX_LANES, num_scored // _MIN_LANE))
    bounds = first + np.arange(num_lanes + 1) * num_scored // num_lanes
    return bounds, min(_WARM_UP, first - 1)


def evaluate_reset(network: Networks, ids: IntArray, *, first: int) -> float:
    """Return mean nats per character of ids[first:], with the state reset every 256 characters.

    No context reaches across the start of a block, as in nanoGPT.
    """
    starts = np.arange(first, len(ids), _BLOCK)
    ends = np.minimum(starts + _BLOCK, len(ids))
    total = 0.0
    for b in range(0, len(starts), _MAX_SIDE_BY_SIDE):
        batch = slice(b, b + _MAX_SIDE_BY_SIDE)
        total += float(_losses(network, ids, starts[batch], ends[batch]).sum())
    return total / (len(ids) - first)


def _losses(
    network: Networks, ids: IntArray, starts_B: Places, ends_B: Places, *, warm_up: int = 0
) -> npt.NDArray[np.float64]:
    """Return the nats, shape (B,), for predicting ids[start:end] on each lane, from a zero state
    `warm_up` characters before.
    """
    nats_B = torch.zeros(len(starts_B), dtype=torch.float64)
    windows = _windows(network, ids, starts_B, ends_B, warm_up=warm_up)
    for _, is_scored_TB, nats_TB in windows:
        is_scored = torch.from_numpy(is_scored_TB).to(nats_TB.device)
        nats_B += (nats_TB * is_scored).sum(0).cpu().double()
    return nats_B.numpy()


@torch.no_grad()
def _windows(
    network: Networks, ids: IntArray, starts_B: Places, ends_B: Places, *, warm_up: int
) -> Iterator[tuple[Places, npt.NDArray[np.bool_], Tensor]]:
    """Yield places_TB, which of them are on their lane and scored, and their nats_TB."""
    networks = tuple(network) if isinstance(network, Sequence) else (network,)
    num_lanes, vocab_size = len(starts_B), len(networks[0].head.weight)
    window = max(1, min(_MAX_WINDOW, _MAX_LOGITS // (num_lanes * vocab_size)))
    states = [each.initial_state(num_lanes) for each in networks]
    length = int((ends_B - starts_B).max())
    for t in range(-warm_up, length, window):
        places_TB = starts_B + np.arange(t, min(t + window, length))[:, None]
        nats_MTB = []
        for m, each in enumerate(networks):
            nats_TB, states[m] = _window_losses(each, ids, places_TB, states[m])
            nats_MTB.append(nats_TB)
        is_scored_TB = (starts_B <= places_TB) & (places_TB < ends_B)
        yield places_TB, is_scored_TB, _of_mean_probabilities(nats_MTB)


def _of_mean_probabilities(nats_MTB: Sequence[Tensor]) -> Tensor:
    """Return -ln of the mean of probabilities, given -ln of each."""
    if len(nats_MTB) == 1:
        return nats_MTB[0]
    log_prob_MTB = -torch.stack(tuple(nats_MTB)).double()
    return math.log(len(nats_MTB)) - log_prob_MTB.logsumexp(0)


def _window_losses(
    network: Network, ids: IntArray, places_TB: Places, state: State
) -> tuple[Tensor, State]:
    """Return the nats for predicting the character at each place, and the state after the window.

    Past the end of the text the last character is read again.
    """
    device = network.head.weight.device
    places_TB = np.minimum(places_TB, len(ids) - 1)
    inputs_TB = torch.from_numpy(ids[places_TB - 1].astype(np.int64)).to(device)
    targets_TB = torch.from_numpy(ids[places_TB].astype(np.int64)).to(device)
    logits_TBV, state = network(inputs_TB, state)
    nats = functional.cross_entropy(
        logits_TBV.flatten(0, 1), targets_TB.flatten(), reduction="none"
    )
    return nats.view_as(targets_TB), state
