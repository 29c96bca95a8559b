"""How well a model expects a text: files, each of their lines, or a split of its own corpus.

Files are read, scored and compressed in pieces, so that one of any size takes the same memory.
"""

import math
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from charrnn import _cores
from charrnn._text import Reporter, bits
from charrnn.analysis.baselines import Compressors
from charrnn.analysis.dynamic_evaluation import evaluate_adapting
from charrnn.data.batches import Text
from charrnn.data.records import Records, last_begin
from charrnn.data.reload import reload_text, split_bounds
from charrnn.data.vocab import IntArray, Vocab, code_points
from charrnn.errors import CorpusError, UsageError
from charrnn.generation.model import Model
from charrnn.models import device, ngrams
from charrnn.models.evaluation import record_losses, validation_loss, validation_loss_reset
from charrnn.models.network import Network
from charrnn.runs.checkpoint import Checkpoint
from charrnn.runs.header import CheckpointHeader
from charrnn.sources.input_text import InputText
from charrnn.sources.lines import regroup

_PIECE = 1 << 20  # characters: whole blocks of validation_loss_reset
_CONTEXT = 257  # characters before a piece that are read once more: what validation_loss warms up


@dataclass(frozen=True)
class Score:
    """What a model made of a text, and what gzip and xz made of it."""

    num_chars: int
    nats_per_char: float  # the state carried from the first character to the last
    nats_per_char_reset: float | None  # the state zero every 256 characters, where it was measured
    num_unknown: int  # characters that are left out, or read as the unknown symbol
    # None where a character is unknown, for then the model could not give the text back
    num_bytes: int | None
    model_bytes: int | None  # what an arithmetic coder would need with it, itself not counted
    gzip_bytes: int | None
    xz_bytes: int | None
    chars_per_second: int

    def figures(self) -> dict[str, float | None]:
        """All of it and what follows from it, by name."""
        nats = self.nats_per_char
        return {**vars(self), "bits_per_char": bits(nats), "perplexity": math.exp(nats)}


@dataclass(frozen=True)
class LineScore:
    """What a model made of one line."""

    line: int  # 1 is the first
    text: str
    num_chars: int  # with the newline that ends it, where the model knows one
    nats: float
    bits_per_char: float | None  # None where it holds no character that the model knows
    num_unknown: int


def _network(found: Checkpoint) -> Network:
    """The learning half of a model, ready to read. The caller restores torch's settings."""
    device.prepare("cpu", _cores.num_cores())
    keys = ngrams.keys_in(found.arrays, longest=found.model.ngrams)
    network = Network(found.model, len(found.vocab), keys)
    network.load(found.group("weights"))
    return network


class _Scorer:
    """A model at work: the sums so far."""

    def __init__(self, found: Checkpoint) -> None:
        self.began = time.monotonic()
        self.network = _network(found)
        self.num_chars = self.num_bytes = self.num_unknown = 0
        self.nats = self.nats_reset = 0.0
        self.has_reset = False
        self.compressors = Compressors()

    def compress(self, data: bytes) -> None:
        self.num_bytes += len(data)
        self.compressors.add(data)

    def read(self, text: Text, split: str, *, adapt: bool = False) -> None:
        """Score a part of a text; of one that adapts, or of records, there is one score."""
        first, end = text.part(split)
        if first == end:
            return
        if adapt:
            carried = evaluate_adapting(self.network, text.ids[:end], first=first)
        else:
            carried = validation_loss(self.network, text, split)
        self.num_chars += end - first
        self.nats += carried * (end - first)
        self.has_reset = not adapt and text.starts is None
        if self.has_reset:
            self.nats_reset += validation_loss_reset(self.network, text, split) * (end - first)

    def score(self) -> Score:
        sizes, is_known = self.compressors.sizes(), not self.num_unknown
        return Score(
            num_chars=self.num_chars,
            nats_per_char=self.nats / self.num_chars,
            nats_per_char_reset=self.nats_reset / self.num_chars if self.has_reset else None,
            num_unknown=self.num_unknown,
            num_bytes=self.num_bytes if is_known else None,
            model_bytes=math.ceil(self.nats / math.log(256)) if is_known else None,
            gzip_bytes=sizes["gzip"] if is_known else None,
            xz_bytes=sizes["xz"] if is_known else None,
            chars_per_second=round(self.num_chars / (time.monotonic() - self.began)),
        )


@device.settings_restored()
def score_files(found: Checkpoint, files: Sequence[InputText], *, adapt: bool) -> Score:
    """The score of texts, one after another, from a new start; of a model of records, each of
    theirs from a new one.

    Raises `UsageError` for what is not in its encoding and `CorpusError` where none has a character
    that the model knows.
    """
    kind = found.data.records
    _require_one_text(kind, adapt)
    scorer, start_id = _Scorer(found), Model.of(found).start_id
    before = start = np.array([start_id], found.vocab.dtype)
    texts = [files] if kind == "none" else [[file] for file in files]  # a file ends a record
    known = [_known(text, found, scorer) for text in texts]
    for piece in (
        [np.concatenate([start[:0], *known[0]])]
        if adapt
        else chain.from_iterable(_pieces(text, found) for text in known)
    ):
        if kind == "none":
            ids = np.concatenate([before, piece])
            scorer.read(Text(ids, len(before), len(ids)), "val", adapt=adapt)
            before = ids[-_CONTEXT:]
        else:
            records = Records.found(piece, kind, start_id, white_V=found.vocab.white_V)
            ids = np.concatenate([start, *records.arranged(piece)])
            scorer.read(Text(ids, 1, len(ids), records.starts + 1), "val")
    if not scorer.num_chars:
        raise CorpusError("there is no character to score", "give a file with text")
    return scorer.score()


@device.settings_restored()
def score_split(found: Checkpoint, split: str, *, adapt: bool) -> Score:
    """The score of the run's own validation or test split.

    Raises `CorpusError` where the corpus is gone or changed, or there is no such split.
    """
    _require_one_text(found.data.records, adapt)
    text = reload_text(found.corpus_reference, keep_corpus=True, reporter=Reporter())
    first, end = split_bounds(text, split, found.data)
    scorer = _Scorer(found)
    scorer.read(text, split, adapt=adapt)
    for t in range(first, end, _PIECE):
        ids = text.ids[t : min(t + _PIECE, end)]
        scorer.num_unknown += _num_folded(ids, found.vocab)
        piece = found.vocab.decode(ids.tolist())
        scorer.compress(piece.encode("latin-1" if found.vocab.is_bytes else "utf-8"))
    return scorer.score()


def score_lines(found: Checkpoint, files: Sequence[InputText]) -> Iterator[LineScore]:
    """The score of each line, in order: read from a new start, after a newline; the newline that
    ends it counts as a character of it, for to end here may be what is surprising.

    Raises `UsageError` for what is not in its encoding.
    """
    model, number = Model.of(found), 1
    with device.settings_restored():
        network = _network(found)
    for file in files:
        for text in regroup(file.decoded(), "lines"):
            lines = text.removesuffix("\n")
            with device.settings_restored():  # only while it computes, not while the caller does
                device.prepare("cpu", _cores.num_cores())
                scores = list(_line_scores(network, model, lines, number))
            yield from scores
            number += lines.count("\n") + 1


def _line_scores(network: Network, model: Model, text: str, number: int) -> Iterator[LineScore]:
    """The scores of all lines of a text, the first of which has that number."""
    codes = code_points(text + "\n")
    ids = model.vocab.ids_of(codes)
    is_end = codes == ord("\n")
    knows_end = ord("\n") in model.vocab.code_points
    ids[is_end] = model.start_id
    is_known = ids >= 0
    ends = np.cumsum(is_known)[is_end]  # in the known ids, what is read at the start before them
    begins = np.append(1, ends[:-1] + 1)
    ends += knows_end
    nats = record_losses(network, np.append(model.start_id, ids[is_known]), begins, ends)
    is_unknown = ~is_known
    if model.vocab.unknown_id is not None:
        is_unknown |= ids == model.vocab.unknown_id
    num_unknown = np.diff(np.append(0, np.cumsum(is_unknown)[is_end]))
    for k, line in enumerate(text.split("\n")):
        num_chars = int(ends[k] - begins[k])
        yield LineScore(
            line=number + k,
            text=model.text(line),
            num_chars=num_chars,
            nats=float(nats[k]),
            bits_per_char=bits(float(nats[k])) / num_chars if num_chars else None,
            num_unknown=int(num_unknown[k]),
        )


def _require_one_text(kind: str, adapt: bool) -> None:
    if adapt and kind != "none":
        raise UsageError("--adapt reads one text on", "a model of records has none: leave it out")


def _num_folded(ids: IntArray, vocab: Vocab) -> int:
    """How many of them are the unknown symbol."""
    return 0 if vocab.unknown_id is None else int((ids == vocab.unknown_id).sum())


def _known(
    files: Sequence[InputText], found: CheckpointHeader, scorer: _Scorer
) -> Iterator[IntArray]:
    """The ids of all that the model knows, as it is read."""
    for file in files:
        for text in file.decoded(tee=scorer.compress):
            ids = found.vocab.ids_of(code_points(text))
            known = ids[ids >= 0]
            scorer.num_unknown += len(ids) - len(known) + _num_folded(known, found.vocab)
            yield known.astype(found.vocab.dtype)


def _pieces(known: Iterable[IntArray], found: CheckpointHeader) -> Iterator[IntArray]:
    """Regroup ids so that each piece ends at a block or record boundary."""
    held: IntArray = np.empty(0, np.uint8)
    kind, vocab = found.data.records, found.vocab
    for ids in known:
        held = np.concatenate([held, ids])
        if len(held) >= _PIECE:
            end = len(held) // _PIECE * _PIECE
            if kind != "none":
                end = last_begin(held, kind, vocab.newline, vocab.white_V)
            yield held[:end]
            held = held[end:]
    yield held
