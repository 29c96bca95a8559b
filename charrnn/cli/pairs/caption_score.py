"""What `score` measures of a run of captions: how well they agree with given ones."""

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from charrnn._text import Reporter
from charrnn.cli.console.streams import print_json
from charrnn.cli.pairs import score as pair_score
from charrnn.cli.pairs.score import Notes, PairFiles
from charrnn.errors import CorpusError

if TYPE_CHECKING:
    from charrnn.analysis.pair_scores import Pair
    from charrnn.runs.checkpoint import Checkpoint


class _Captions(NamedTuple):
    """Captions to compare with, and the pixels of their pictures."""

    pairs: "Sequence[Pair]"
    pictures: Iterable[Any]


def score(
    checkpoints: "Sequence[Checkpoint]",
    files: PairFiles,
    *,
    images: str | None,
    beam: int,
    per_line: bool,
    as_json: bool,
) -> None:
    """Score files of captions, or a split; print the sum, or (`per_line`) the worst ones."""
    from charrnn.analysis.pair_scores import PairScore, worst_first
    from charrnn.generation.translation.captioner import Captioner

    captioner = Captioner.of(checkpoints)
    with _captions_to_score(checkpoints, files, images) as captions:
        pairs, pictures = captions
        every = pair_score.scored(captioner, pairs, beam=beam, what="describing", pictures=pictures)
    if per_line:
        pair_score.print_worst(worst_first(every), as_json=as_json)
        return
    total = PairScore.of(every)
    if as_json:
        print_json({**total.figures(), "beam": beam})
        return
    pair_score.note_unknown_of_targets(sum(one.num_unknown for one in every))
    pair_score.print_score(total, captioner, beam, words=("captions", "described"))
    pair_score.note_sacrebleu(every)


@contextlib.contextmanager
def _captions_to_score(
    checkpoints: "Sequence[Checkpoint]", files: PairFiles, images: str | None
) -> Iterator[_Captions]:
    """Read the captions. Raises `CorpusError` where there are none."""
    from charrnn.analysis.pair_scores import Pair
    from charrnn.data.pairs.pictures.given_captions import given_captions

    checkpoint = checkpoints[0]
    if not files.names:
        pair_score.require_same_split(checkpoints, files.split)
        yield _own_captions(checkpoint, files.split)
        return
    config = files.as_read(checkpoint.data)
    if images is not None:
        config = replace(config, images=images)
    with (
        pair_score.errors_without_flags_of_train(),
        given_captions(
            files.names, config, target_names=files.target_names, reporter=Notes()
        ) as given,
    ):
        if not given.rows:
            raise CorpusError("there is no caption to score", "give a file with captions")
        pairs = [Pair(row.line, row.source, row.target) for row in given.rows]
        yield _Captions(pairs, given.pictures)


def _own_captions(checkpoint: "Checkpoint", split: str) -> _Captions:
    from charrnn.tasks.pairs import learned_pairs

    dataset = learned_pairs.reload(checkpoint, keep_corpus=True, reporter=Reporter())
    pairs = pair_score.pairs_of_split(dataset, split)
    return _Captions(pairs, dataset.pairs.sources.each(dataset.pairs.numbers[split]))
