"""The losses of a text that is learned from while it is scored: by the network, by PPM, or by both.

Every character is scored before anything learns from it.

Shapes: T characters of a segment.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from charrnn._text import ProgressCallback, Reporter
from charrnn.analysis.dynamic_evaluation import adapting_losses
from charrnn.analysis.mixture import Floats, Mixture
from charrnn.analysis.ppm import MAX_COUNTS, PPM
from charrnn.data.batches import Text
from charrnn.data.reload import reload_text
from charrnn.data.vocab import IntArray
from charrnn.errors import CorpusError
from charrnn.models.evaluation import carried_losses
from charrnn.models.network import Network
from charrnn.runs.checkpoint import Checkpoint

MAX_COUNTED = 1_000_000  # characters of the training split, the last ones, that PPM counts before
_SEGMENT = 1024  # characters between two reports of progress
_BEFORE = 256  # characters before those scored: enough for the longest context


@dataclass(frozen=True)
class MixedLosses:
    """Nats of a text, all characters together, by who predicts them."""

    alone: float  # the networks, not learning meanwhile
    network: float  # the networks, learning meanwhile if they adapt
    ppm: float
    mixed: float  # PPM and the networks


def nats_adapting(
    networks: Sequence[Network], ids: IntArray, *, first: int, progress: ProgressCallback
) -> float:
    """Return the nats of ids[first:] for networks that learn from them; they are changed."""
    nats, done = 0.0, 0
    for nats_T in adapting_losses(networks, ids, first=first):
        nats, done = nats + float(nats_T.sum()), done + len(nats_T)
        progress(done, len(ids) - first)
    return nats


def nats_mixed(
    networks: Sequence[Network],
    ids: IntArray,
    *,
    first: int,
    adapt: bool,
    ppm: PPM,
    progress: ProgressCallback,
) -> MixedLosses:
    """Return the nats of ids[first:] for networks, for PPM and for both. PPM is changed, and with
    `adapt` the networks are, too.
    """
    ppm.read(ids[max(0, first - _BEFORE) : first].tolist())
    mixture, sums, done = Mixture(ppm), np.zeros(3), 0
    alone_T = carried_losses(networks, ids, first=first)
    segments = adapting_losses(networks, ids, first=first) if adapt else _segments(alone_T)
    for nats_T in segments:
        start = first + done
        losses = mixture.losses(ids[start : start + len(nats_T)], nats_T)
        sums += [each_T.sum() for each_T in (nats_T, *losses)]
        done += len(nats_T)
        progress(done, len(ids) - first)
    return MixedLosses(float(alone_T.sum()), *sums.tolist())


def _segments(nats_T: Floats) -> Iterator[Floats]:
    for start in range(0, len(nats_T), _SEGMENT):
        yield nats_T[start : start + _SEGMENT]


def ppm_of_run(checkpoint: Checkpoint, reporter: Reporter) -> PPM:
    """Return PPM that has counted the training split of a run, or where the corpus is gone or has
    changed nothing, which the reporter is told.
    """
    try:
        text = reload_text(checkpoint.corpus_reference, keep_corpus=True, reporter=reporter)
    except CorpusError as gone:
        reporter.show(f"{gone.message}: PPM begins without counts")
        return PPM(len(checkpoint.vocab))
    return ppm_of_training(text, len(checkpoint.vocab))


def ppm_of_training(text: Text, vocab_size: int) -> PPM:
    """Return PPM that has counted the last `MAX_COUNTED` characters of the training split, or the
    first of these, where more would leave less than half of the memory for the text that is scored.
    """
    ppm = PPM(vocab_size)
    for id in text.ids[max(0, text.num_train - MAX_COUNTED) : text.num_train].tolist():
        if ppm.num_counts > MAX_COUNTS // 2:
            break
        ppm.learn(id)
    return ppm
