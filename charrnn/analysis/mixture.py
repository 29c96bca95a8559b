"""A network and PPM-D mixed: character by character, with a share that is learned on the way.

    p(x) = (1 - w) p_network(x) + w p_ppm(x)

The share w depends on what is known before the character comes, so the mixture is a distribution,
and no text is predicted that was already seen. How well which of the two predicts is kept apart for
situations: how much PPM has seen after the context at hand, and which of the two was the better one
at the character before.

Shapes: T characters, K shares.
"""

import math
from collections import defaultdict

import numpy as np
import numpy.typing as npt

from charrnn.analysis.ppm import PPM, Evidence
from charrnn.data.vocab import IntArray

Floats = npt.NDArray[np.float64]
Situation = tuple[int, int, int]

NUM_SHARES = 21  # 0, 0.05, … 1
_MOST_DISTINCT, _MOST_BITS = 4, 5  # of the numbers in `Evidence`; more is taken as so many
_LEADS = (-0.5, 0.0, 0.5)  # nats between two classes of leads
NUM_SITUATIONS = (_MOST_DISTINCT + 1) * (_MOST_BITS + 1) * (len(_LEADS) + 1)
_MOST_NATS = 700.0  # exp(-700) is a float


class Gate:
    """Chooses the share of PPM in each situation, from what was right before.

    It is Bayes' rule over K fixed shares that are equally likely at first: the mixture is the mean
    of K mixtures, weighted by how well each predicted in this situation. So its nats are at most
    ln K in each situation above those of the best of the K, hence of the network and of PPM alone.
    """

    def __init__(self) -> None:
        self._share_K = np.linspace(0.0, 1.0, NUM_SHARES)
        self._log_weights = defaultdict[Situation, Floats](lambda: np.zeros(NUM_SHARES))

    def share(self, situation: Situation) -> float:
        """Return w, between 0 and 1."""
        log_weight_K = self._log_weights[situation]
        weight_K = np.exp(log_weight_K - log_weight_K.max())
        return float(weight_K @ self._share_K / weight_K.sum())

    def learn(self, situation: Situation, *, network: float, ppm: float) -> None:
        """Learn from the two probabilities (above 0) of the character that came."""
        share_K = self._share_K
        self._log_weights[situation] += np.log((1 - share_K) * network + share_K * ppm)


class Mixture:
    """PPM, and the gate between it and a network that reads the same text."""

    def __init__(self, ppm: PPM) -> None:
        """Begin where PPM stands in the text."""
        self._ppm, self._gate = ppm, Gate()
        self._lead = 0.0  # nats by which PPM was better at the last character

    def losses(self, ids_T: IntArray, network_T: Floats) -> tuple[Floats, Floats]:
        """Return the nats, shape (T,), of the next characters for PPM and for the mixture of it
        with a network, whose nats are given. Each character is learned after it was scored.
        """
        ppm_T, mixed_T = np.empty(len(ids_T)), np.empty(len(ids_T))
        for t, (id, nats) in enumerate(zip(ids_T.tolist(), network_T.tolist(), strict=True)):
            situation = _situation(self._ppm.evidence(), self._lead)
            share = self._gate.share(situation)
            network, ppm = math.exp(-min(nats, _MOST_NATS)), self._ppm.probability(id)
            ppm_T[t] = -math.log(ppm)
            mixed_T[t] = -math.log((1 - share) * network + share * ppm)
            self._lead = nats - ppm_T[t]
            self._gate.learn(situation, network=network, ppm=ppm)
            self._ppm.learn(id)
        return ppm_T, mixed_T


def _situation(evidence: Evidence, lead: float) -> Situation:
    return (
        min(evidence.num_distinct, _MOST_DISTINCT),
        min(evidence.total.bit_length(), _MOST_BITS),
        sum(lead > bound for bound in _LEADS),
    )
