"""A trained captioner as a library: it describes pictures. Numpy, and Pillow to read a file.

captioner = charrnn.load("shapes")
print(captioner.caption("a.png", beam=5, num=3))
captioner.caption("a.png", with_attention=True)[0].picture().save("where.svg")
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Unpack

import numpy as np

from charrnn.config import with_keywords
from charrnn.data.pairs.symbols import SymbolVocab, sides
from charrnn.errors import UsageError
from charrnn.generation.ensemble import require_alike
from charrnn.generation.sampler import FloatArray
from charrnn.generation.translation.members import EnsembleDecoder, Member, start
from charrnn.generation.translation.search import Hypothesis
from charrnn.generation.translation.target_writer import (
    SLACK,
    Source,
    TargetStream,
    TargetWriter,
    TranslateSettings,
)
from charrnn.models.encoders.picture_encoder_numpy import NumpyPictureEncoder, PictureWeights
from charrnn.models.seq2seq.equations import Weights
from charrnn.runs.checkpoint import Checkpoint
from charrnn.sources.pictures import PictureError, Pixels, read_picture, require_pillow

if TYPE_CHECKING:
    from charrnn.plots.picture_attention import PictureAttention

GivenPicture = str | Path | Pixels  # a file, or what `read_picture` makes of one


class Word(NamedTuple):
    """A word of a caption, and where the model looked while it wrote it."""

    text: str
    attention_YX: FloatArray  # the share of each cell of the picture; their sum is 1


@dataclass(frozen=True)
class Caption:
    """What a model makes of a picture. `str(caption)` is the text."""

    text: str
    symbols: tuple[str, ...]  # of the text as the model gives them: decomposed, bytes as C3
    path: str  # of the picture; empty for one that was given as pixels
    log_probability: float  # in nats; the end is included if it is complete
    score: float  # the log probability, normalised by length (`Hypothesis.score`)
    is_complete: bool = True  # ended by itself; False: cut off at the longest length
    # How much each symbol looks at each cell of the picture, and what the model saw of it; None
    # unless asked for.
    attention_TYX: FloatArray | None = None
    pixels_YXC: Pixels | None = None
    has_spaces: bool = False  # symbols stand between spaces: each is a word

    def __str__(self) -> str:
        return self.text

    def words(self) -> list[Word]:
        """Return the words, each with the mean of its symbols. Raises `UsageError` unless the
        caption was made `with_attention`.
        """
        if self.attention_TYX is None:
            raise UsageError("this caption has no attention", "make it with_attention=True")
        spans = _spans(self.symbols, are_words=self.has_spaces)
        return [
            Word("".join(self.symbols[begin:end]), self.attention_TYX[begin:end].mean(0))
            for begin, end in spans
        ]

    def picture(self) -> "PictureAttention":
        """Return the picture once for each word, bright where the model looked: a notebook shows
        it, `save("a.svg")` writes it.

        Raises `UsageError` unless the caption was made `with_attention`.
        """
        from charrnn.plots.picture_attention import PictureAttention

        words = self.words()
        assert self.pixels_YXC is not None
        shares = [word.attention_YX.tolist() for word in words]
        return PictureAttention(self.pixels_YXC, [word.text for word in words], shares)


def _spans(symbols: Sequence[str], *, are_words: bool) -> list[tuple[int, int]]:
    """Return where each word begins and ends among the symbols."""
    if are_words:
        return [(t, t + 1) for t in range(len(symbols))]
    spans, begin = [], 0
    for t, symbol in enumerate([*symbols, " "]):
        if symbol.isspace():
            if t > begin:
                spans.append((begin, t))
            begin = t + 1
    return spans


@dataclass(frozen=True, repr=False)
class Captioner(TargetWriter[Caption]):
    """A network that describes pictures, or several whose probabilities are averaged."""

    image_size: int  # pixels of a picture in each direction
    longest_learned: int  # symbols of the longest caption it learned from
    name: str = ""  # of its run

    @classmethod
    def of(cls, checkpoints: Sequence[Checkpoint], name: str = "") -> "Captioner":
        """Return the captioner of one checkpoint, or of several as an ensemble.

        Raises `UsageError` if their symbols or the sizes of their pictures differ.
        """
        require_alike(checkpoints)
        members = tuple(
            Member(
                one.model,
                Weights.from_arrays(one.model, one.group("weights"), PictureWeights),
                NumpyPictureEncoder,
            )
            for one in checkpoints
        )
        first = checkpoints[0]
        _, target = sides(first.data, first.vocabs)
        longest = max(one.corpora["pairs"].longest_target for one in checkpoints)
        return cls(members, target, first.data.image_size, longest, name)

    def __repr__(self) -> str:
        name = f"{self.name!r}, " if self.name else ""
        sizes = " and ".join(str(member.config) for member in self.members)
        return f"Captioner({name}{sizes}, {self.image_size} × {self.image_size} pixels)"

    @with_keywords(TranslateSettings)
    def caption(
        self,
        picture: GivenPicture,
        *,
        with_attention: bool = False,
        **settings: Unpack[TranslateSettings],
    ) -> list[Caption]:
        """Return the caption of a picture; with `num`, the `num` best of a beam, or as many draws.

        A picture is a file, or an array of pixels of the model's own size. The best score comes
        first, and what has no end comes last; draws come as they are drawn. Raises `CorpusError`
        for a file that is no picture, `SettingError` for a setting that is unknown or not allowed.
        """
        return next(self.caption_many([picture], with_attention=with_attention, **settings))

    @with_keywords(TranslateSettings)
    def caption_many(
        self,
        pictures: Iterable[GivenPicture],
        *,
        with_attention: bool = False,
        first_number: int = 0,
        **settings: Unpack[TranslateSettings],
    ) -> Iterator[list[Caption]]:
        """Yield what `caption` returns for each picture, in order, computed in batches.

        Draws are a function of the seed and the number of the picture, which begins at
        `first_number`.
        """
        return self.write_many(
            pictures, settings, with_alignment=with_attention, first_number=first_number
        )

    @with_keywords(TranslateSettings)
    def stream(
        self, picture: GivenPicture, *, number: int = 0, **settings: Unpack[TranslateSettings]
    ) -> TargetStream[Caption]:
        """Return an iterator over the characters of a caption, each given as soon as it is known.
        It is the one that `caption_many` makes of a picture with that number.

        Raises `SettingError` for a beam, whose best caption is known only at its end.
        """
        return self.write_one(picture, settings, number=number)

    def read(self, given: GivenPicture, number: int = 0) -> Source:
        """Read a picture. Raises `CorpusError` for a file that is none, `UsageError` without
        Pillow and for pixels of another size.
        """
        side = self.image_size
        if isinstance(given, np.ndarray):
            if given.shape != (side, side, 3) or given.dtype != np.uint8:
                raise UsageError(
                    f"pixels of the shape {given.shape} and type {given.dtype} are no picture here",
                    f"give bytes of the shape ({side}, {side}, 3), or the name of a file",
                )
            return Source(number, "", given, 2 * side)
        require_pillow()
        try:
            return Source(number, str(given), read_picture(Path(given), side), 2 * side)
        except PictureError as error:
            raise PictureError(f"{given}: {error.message}", error.hint) from error

    def start(self, sources: Sequence[Source], *, num_targets: int = 1) -> EnsembleDecoder:
        """Return a decoder at the beginning of so many captions of each picture."""
        pixels_BYXC = np.stack([source.read for source in sources])
        lengths_B = np.ones(len(sources), np.int64)
        return start(self.members, pixels_BYXC, lengths_B, num_targets=num_targets)

    def limit(self, source: Source) -> int:
        """Return how many symbols a caption may have: ten more than the longest one learned. A
        model that repeats itself without end is cut off there.
        """
        return SLACK + self.longest_learned

    def made(
        self, source: Source, target: Hypothesis, alignment_TS: FloatArray | None = None
    ) -> Caption:
        """Return what is known of a caption."""
        side = self.members[0].config.grid_side(self.image_size)
        has_attention = alignment_TS is not None
        return Caption(
            self.target.decode(target.ids),
            tuple(self.target.labels(map(self.target.symbol, target.ids))),
            source.given,
            target.log_probability,
            target.score,
            target.is_complete,
            alignment_TS.reshape(-1, side, side).copy() if alignment_TS is not None else None,
            source.read if has_attention else None,
            isinstance(self.target.vocab, SymbolVocab),
        )
