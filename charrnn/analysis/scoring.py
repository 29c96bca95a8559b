"""How well a model predicts a text: files, each of their lines, or a split of its own corpus.

Files are read, scored and compressed in chunks, so a file of any size takes the same memory.
Several checkpoints are scored as one model that averages their probabilities. A text that is
learned from while it is scored (`adapt`, `mix`) is kept in memory as ids.
"""

import math
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from charrnn import _cores
from charrnn._text import ProgressCallback, Reporter, bits, ignore_progress
from charrnn.analysis import adaptive
from charrnn.analysis.baselines import Compressors
from charrnn.analysis.ppm import PPM
from charrnn.data.batches import Text
from charrnn.data.records import Records, start_of_last_record
from charrnn.data.reload import reload_text, split_bounds
from charrnn.data.vocab import IntArray, Vocab, code_points
from charrnn.errors import CorpusError, SettingError, UsageError
from charrnn.generation.model import Model
from charrnn.models import device, ngrams
from charrnn.models.evaluation import record_losses, validation_loss, validation_loss_reset
from charrnn.models.network import Network
from charrnn.runs.checkpoint import Checkpoint
from charrnn.sources.input_text import InputText
from charrnn.sources.lines import regroup

CHUNK_CHARS = 1 << 20  # characters; a multiple of the blocks of validation_loss_reset
_CONTEXT = 257  # characters before a chunk that are read again: the warm-up of validation_loss
MIXES = ("ppm",)  # what the predictions of a network can be mixed with


@dataclass(frozen=True)
class Score:
    """How well a model predicts a text, and how small it, gzip and xz can make the text."""

    num_chars: int
    nats_per_char: float  # with the state carried from the first character to the last
    # with the state zero every 256 characters; None of records, and where the text is learned from
    nats_per_char_reset: float | None
    # None without a mixture: of the model that does not learn from the text, of PPM, of the mixture
    nats_per_char_alone: float | None
    nats_per_char_ppm: float | None
    nats_per_char_mixed: float | None
    num_unknown: int  # characters that are left out, or read as the unknown symbol
    # Sizes are None if a character is unknown, for then the model could not restore the text
    num_bytes: int | None
    model_bytes: int | None  # what an arithmetic coder would need with the model, or the mixture
    gzip_bytes: int | None
    xz_bytes: int | None
    chars_per_second: int

    def figures(self) -> dict[str, float | None]:
        """Return all figures by name, with bits per character and perplexity."""
        nats = self.nats_per_char
        return {**vars(self), "bits_per_char": bits(nats), "perplexity": math.exp(nats)}


@dataclass(frozen=True)
class LineScore:
    """How well a model predicts one line."""

    line: int  # from 1
    text: str
    num_chars: int  # with the newline that ends it, if the model knows newlines
    nats: float
    bits_per_char: float | None  # None if the model knows none of its characters
    num_unknown: int


@device.settings_restored()
def score_files(
    checkpoints: Sequence[Checkpoint],
    files: Sequence[InputText],
    *,
    adapt: bool,
    mix: str | None = None,
    reporter: Reporter | None = None,
    progress: ProgressCallback = ignore_progress,
) -> Score:
    """Score files as one text; with a model of records, each record of each file.

    adapt: each network learns from what was scored.
    mix: "ppm": PPM-D predicts, too, and the predictions are mixed.
    reporter: told where PPM cannot count the training text, as the corpus is gone.
    progress: called with the characters scored of a text that is learned from.

    Raises `UsageError` for a file that is not in its encoding, or for checkpoints that cannot be
    averaged; `CorpusError` if the files have no character that the model knows.
    """
    _require_learnable(checkpoints, adapt=adapt, mix=mix)
    scorer, checkpoint = _Scorer(checkpoints), checkpoints[0]
    if checkpoint.data.records != "none":
        for file in files:  # the end of a file ends a record
            for chunk in _regrouped(scorer.known_ids([file]), checkpoint):
                scorer.score_records(chunk)
    elif adapt or mix:
        start = np.array([scorer.start_id], checkpoint.vocab.dtype)
        ids = np.concatenate([start, *scorer.known_ids(files)])
        ppm = adaptive.ppm_of_run(checkpoint, reporter or Reporter()) if mix else None
        scorer.score_learning(ids, first=1, adapt=adapt, ppm=ppm, progress=progress)
    else:
        for chunk in _regrouped(scorer.known_ids(files), checkpoint):
            scorer.score_chunk(chunk)
    if not scorer.num_chars:
        raise CorpusError(
            "there is no character to score", "give a file with characters that the model knows"
        )
    return scorer.score()


@device.settings_restored()
def score_split(
    checkpoints: Sequence[Checkpoint],
    split: str,
    *,
    adapt: bool,
    mix: str | None = None,
    progress: ProgressCallback = ignore_progress,
) -> Score:
    """Score the runs' own validation or test split ("val", "test"); see `score_files`.

    Raises `CorpusError` if the corpus is gone or has changed, or if there is no such split;
    `UsageError` if the checkpoints have different splits, or cannot be averaged.
    """
    _require_learnable(checkpoints, adapt=adapt, mix=mix)
    scorer, checkpoint = _Scorer(checkpoints), checkpoints[0]
    _require_same_splits(checkpoints)
    text = reload_text(checkpoint.corpus_reference, keep_corpus=True, reporter=Reporter())
    first, end = split_bounds(text, split, checkpoint.data)
    if adapt or mix:
        ppm = adaptive.ppm_of_training(text, len(checkpoint.vocab)) if mix else None
        scorer.score_learning(text.ids[:end], first=first, adapt=adapt, ppm=ppm, progress=progress)
    else:
        scorer.score_part(text, split)
    for begin in range(first, end, CHUNK_CHARS):
        scorer.compress_ids(text.ids[begin : min(begin + CHUNK_CHARS, end)])
    return scorer.score()


class _Scorer:
    """A model, and the sums over the text that it has scored."""

    def __init__(self, checkpoints: Sequence[Checkpoint]) -> None:
        self._began = time.monotonic()
        model = Model.ensemble(checkpoints)
        self._kind, self._vocab, self.start_id = model.records, model.vocab, model.start_id
        self._networks = _networks(checkpoints)
        self._compressors = Compressors()
        self._num_bytes = self._num_unknown = 0
        self._nats = self._nats_reset = 0.0
        self._has_reset = False
        self._mixed: adaptive.MixedLosses | None = None
        self._before = np.array([self.start_id], self._vocab.dtype)  # the next chunk
        self.num_chars = 0

    def known_ids(self, files: Sequence[InputText]) -> Iterator[IntArray]:
        """Read files: compress them, count unknown characters, and yield the ids of the others."""
        for file in files:
            for text in file.decoded(tee=self._compress):
                ids = self._vocab.ids_of(code_points(text))
                known = ids[ids >= 0]
                self._num_unknown += len(ids) - len(known) + _num_rare(known, self._vocab)
                yield known.astype(self._vocab.dtype)

    def score_chunk(self, chunk: IntArray) -> None:
        """Score the next chunk of a text."""
        ids = np.concatenate([self._before, chunk])
        self.score_part(Text(ids, len(self._before), len(ids)), "val")
        self._before = ids[-_CONTEXT:]

    def score_records(self, chunk: IntArray) -> None:
        """Score a chunk of whole records."""
        white_V = self._vocab.white_V
        records = Records.find(chunk, self._kind, self.start_id, white_V=white_V)
        start = np.array([self.start_id], self._vocab.dtype)
        ids = np.concatenate([start, *records.arrange(chunk)])
        self.score_part(Text(ids, 1, len(ids), records.arranged_starts + 1), "val")

    def score_part(self, text: Text, split: str) -> None:
        """Score a part of a text. Records have no loss with resets."""
        first, end = text.part(split)
        if first == end:
            return
        self.num_chars += end - first
        self._nats += validation_loss(self._networks, text, split) * (end - first)
        self._has_reset = text.starts is None
        if self._has_reset:
            self._nats_reset += validation_loss_reset(self._networks, text, split) * (end - first)

    def score_learning(
        self,
        ids: IntArray,
        *,
        first: int,
        adapt: bool,
        ppm: PPM | None,
        progress: ProgressCallback,
    ) -> None:
        """Score ids[first:]; the networks (`adapt`) and PPM learn from what was scored."""
        self.num_chars = len(ids) - first
        if not self.num_chars:
            return
        if ppm is None:
            self._nats = adaptive.nats_adapting(self._networks, ids, first=first, progress=progress)
        else:
            self._mixed = adaptive.nats_mixed(
                self._networks, ids, first=first, adapt=adapt, ppm=ppm, progress=progress
            )
            self._nats = self._mixed.network

    def compress_ids(self, ids: IntArray) -> None:
        """Compress text that the model has scored."""
        self._num_unknown += _num_rare(ids, self._vocab)
        text = self._vocab.decode(ids.tolist())
        self._compress(text.encode("latin-1" if self._vocab.is_bytes else "utf-8"))

    def _compress(self, data: bytes) -> None:
        self._num_bytes += len(data)
        self._compressors.add(data)

    def score(self) -> Score:
        """Return the score of all that was read."""
        sizes, is_known = self._compressors.sizes(), not self._num_unknown
        mixed = self._mixed
        coded = mixed.mixed if mixed else self._nats
        return Score(
            num_chars=self.num_chars,
            nats_per_char=self._nats / self.num_chars,
            nats_per_char_reset=self._nats_reset / self.num_chars if self._has_reset else None,
            nats_per_char_alone=mixed.alone / self.num_chars if mixed else None,
            nats_per_char_ppm=mixed.ppm / self.num_chars if mixed else None,
            nats_per_char_mixed=mixed.mixed / self.num_chars if mixed else None,
            num_unknown=self._num_unknown,
            num_bytes=self._num_bytes if is_known else None,
            model_bytes=math.ceil(coded / math.log(256)) if is_known else None,
            gzip_bytes=sizes["gzip"] if is_known else None,
            xz_bytes=sizes["xz"] if is_known else None,
            chars_per_second=round(self.num_chars / (time.monotonic() - self._began)),
        )


def _networks(checkpoints: Sequence[Checkpoint]) -> list[Network]:
    """Return each checkpoint's network, and prepare torch. The caller restores its settings."""
    device.prepare("cpu", _cores.num_cores())
    networks = []
    for checkpoint in checkpoints:
        keys = ngrams.keys_in(checkpoint.arrays, longest=checkpoint.model.ngrams)
        network = Network(checkpoint.model, len(checkpoint.vocab), keys)
        network.load(checkpoint.group("weights"))
        networks.append(network)
    return networks


def _require_learnable(checkpoints: Sequence[Checkpoint], *, adapt: bool, mix: str | None) -> None:
    """Raise `SettingError` where a text cannot be learned from in this way."""
    if mix not in (None, *MIXES):
        raise SettingError(f"mix {mix!r} is not known", f"choose {' or '.join(MIXES)}", "mix")
    if checkpoints[0].data.records != "none" and (adapt or mix):
        name = "adapt" if adapt else "mix"
        raise SettingError(f"{name} needs one text", "leave it out for a model of records", name)


def _require_same_splits(checkpoints: Sequence[Checkpoint]) -> None:
    """Raise `UsageError` where one may have learned what another keeps for validation."""
    first, *others = checkpoints
    for other in others:
        if _what_splits(first) != _what_splits(other):
            raise UsageError(
                f"runs {first.run_name} and {other.run_name} do not have the same validation text",
                "give a file to score",
            )


def _what_splits(checkpoint: Checkpoint) -> tuple[object, ...]:
    """Return what decides which text is in which split."""
    facts, config = checkpoint.corpus, checkpoint.data
    if facts.val_names:
        bounds: tuple[float, ...]
        bounds = config.val_fraction, config.test_fraction, config.max_val_chars
    else:  # a limit that leaves out nothing is no other split
        bounds = config.num_train(facts.num_chars), config.num_before_test(facts.num_chars)
    seed = None if config.records == "none" else checkpoint.train.seed
    return facts.sha256, facts.files_sha256, len(facts.val_names), *bounds, seed


def _num_rare(ids: IntArray, vocab: Vocab) -> int:
    """Return how many ids are the unknown symbol."""
    return 0 if vocab.unknown_id is None else int((ids == vocab.unknown_id).sum())


def _regrouped(chunks: Iterable[IntArray], checkpoint: Checkpoint) -> Iterator[IntArray]:
    """Regroup ids so that each chunk ends at a block or record boundary."""
    held: IntArray = np.empty(0, np.uint8)
    kind, vocab = checkpoint.data.records, checkpoint.vocab
    for ids in chunks:
        held = np.concatenate([held, ids])
        if len(held) >= CHUNK_CHARS:
            end = len(held) // CHUNK_CHARS * CHUNK_CHARS
            if kind != "none":
                end = start_of_last_record(held, kind, vocab.newline, vocab.white_V)
            yield held[:end]
            held = held[end:]
    yield held


def score_lines(
    checkpoints: Sequence[Checkpoint], files: Sequence[InputText]
) -> Iterator[LineScore]:
    """Yield the score of each line, read with a new state after a newline.

    The newline that ends a line counts as one of its characters, since that a line ends there may
    be what is surprising. Raises `UsageError` for a file that is not in its encoding.
    """
    model, number = Model.ensemble(checkpoints), 1
    with device.settings_restored():
        networks = _networks(checkpoints)
    for file in files:
        for text in regroup(file.decoded(), "lines"):
            lines = text.removesuffix("\n")
            with device.settings_restored():  # only while it computes, not while the caller does
                device.prepare("cpu", _cores.num_cores())
                scores = list(_line_scores(networks, model, lines, number))
            yield from scores
            number += lines.count("\n") + 1


def _line_scores(
    networks: Sequence[Network], model: Model, text: str, number: int
) -> Iterator[LineScore]:
    """Yield the scores of the lines of a text; `number` is that of the first."""
    codes = code_points(text + "\n")
    ids = model.vocab.ids_of(codes)
    is_end = codes == ord("\n")
    knows_end = ord("\n") in model.vocab.code_points
    ids[is_end] = model.start_id
    is_known = ids >= 0
    ends = np.cumsum(is_known)[is_end]  # among the known ids, after the one at the start
    begins = np.append(1, ends[:-1] + 1)
    ends += knows_end
    nats = record_losses(networks, np.append(model.start_id, ids[is_known]), begins, ends)
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
