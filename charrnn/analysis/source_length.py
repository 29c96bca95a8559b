"""How well a model translates short sources, and how well long ones.

Without attention all of a source has to go through one state, and what does not fit is lost: errors
grow with the length (Cho et al., 2014, arXiv:1409.1259; Bahdanau et al., 2015, arXiv:1409.0473,
figure 2).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from charrnn.analysis.pair_scores import ScoredPair
from charrnn.data.pairs.error_rates import EditCounts
from charrnn.plots.charts import Chart, Curve

MIN_PAIRS = 20  # of a group: a mean over fewer says little
MAX_GROUPS = 12


@dataclass(frozen=True)
class LengthGroup:
    """Pairs whose sources are about as long, and how well they are translated."""

    shortest: int  # source, in symbols
    longest: int
    mean_length: float
    num_pairs: int
    nats_per_symbol: float
    exact_match: float  # a share, as are the error rates
    word_error_rate: float
    symbol_error_rate: float

    @classmethod
    def of(cls, lengths: Sequence[int], scored: Sequence[ScoredPair]) -> "LengthGroup":
        """Sum up pairs whose sources have these lengths."""
        edits = sum((one.edits for one in scored), EditCounts())
        return cls(
            shortest=min(lengths),
            longest=max(lengths),
            mean_length=sum(lengths) / len(lengths),
            num_pairs=len(scored),
            nats_per_symbol=sum(one.nats for one in scored) / sum(one.num_scored for one in scored),
            exact_match=edits.exact_match,
            word_error_rate=edits.word_error_rate,
            symbol_error_rate=edits.symbol_error_rate,
        )


def by_length(lengths: Sequence[int], scored: Sequence[ScoredPair]) -> list[LengthGroup]:
    """Group pairs by the length of their sources, the shortest first.

    The groups are equally wide, as far as each has `MIN_PAIRS`: a smaller one is joined with the
    next.
    """
    order = sorted(range(len(lengths)), key=lengths.__getitem__)
    shortest, longest = lengths[order[0]], lengths[order[-1]]
    width = -(-(longest - shortest + 1) // MAX_GROUPS)
    groups: list[list[int]] = []
    last_band = -1
    for k in order:
        band = (lengths[k] - shortest) // width
        if band != last_band and (not groups or len(groups[-1]) >= MIN_PAIRS):
            groups.append([])
        groups[-1].append(k)
        last_band = band
    if len(groups) > 1 and len(groups[-1]) < MIN_PAIRS:
        last = groups.pop()
        groups[-1] += last
    return [
        LengthGroup.of([lengths[k] for k in group], [scored[k] for k in group]) for group in groups
    ]


def charts(measured: Mapping[str, Sequence[LengthGroup]]) -> dict[str, Chart]:
    """Return charts of the loss and of the errors, with a curve for each run."""
    x = {run: [group.mean_length for group in groups] for run, groups in measured.items()}
    losses = tuple(
        Curve(run, x[run], [group.nats_per_symbol for group in groups])
        for run, groups in measured.items()
    )
    errors = tuple(
        Curve(run, x[run], [100 * group.word_error_rate for group in groups])
        for run, groups in measured.items()
    )
    length = "symbols of the source"
    return {
        "loss": Chart("loss, by the length of the source", length, "nats per symbol", losses),
        "errors": Chart("errors, by the length of the source", length, "% of words wrong", errors),
    }
