"""Pairs as ids, in files of the cache that are mapped into memory.

All files of some pairs and vocabularies begin with the same stem:

    STEM-sources.npy, STEM-source-starts.npy    the texts of one side, one after another
    STEM-targets.npy, STEM-target-starts.npy
    STEM-hashes.npy                             of each source (if that is a label, of the target):
                                                what its split is decided by
    STEM-left-out.npy                           numbers of pairs whose target has no ids
    STEM-pixels.npy, …                          of pictures (pictures/encoded_pictures.py)

A target with a symbol that is not in the vocabulary cannot be written: the pair is left out.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np

from charrnn.data.encoding import cache_files
from charrnn.data.pairs.array_files import load_numbers, path_of, save_numbers
from charrnn.data.pairs.buckets import Texts
from charrnn.data.pairs.pictures import encoded_pictures
from charrnn.data.pairs.pictures.caption_spool import CaptionSpool
from charrnn.data.pairs.pictures.encoded_pictures import Pictures
from charrnn.data.pairs.reading.spool import PairSpool, SideSpool
from charrnn.data.pairs.symbols import RESERVED, AnyVocab, Ids, SymbolVocab
from charrnn.data.vocab import IntArray

PairVocabs = Mapping[str, AnyVocab]  # "source" and "target"
_PAIRS_AT_ONCE = 1 << 16
_IDS_AT_ONCE = 1 << 24
_UINT64 = np.dtype("<u8")


class EncodedPairs(NamedTuple):
    """Pairs as ids; those of validation files come last."""

    sources: Texts
    targets: Texts
    hashes: IntArray  # of the sources
    left_out: Ids  # the numbers of pairs that are not learned, in order
    pictures: Pictures | None = None  # where sources are paths of pictures

    def __len__(self) -> int:
        return len(self.sources)


def stem_of(sha256: str, vocabs: PairVocabs, cache: Path) -> Path:
    """Return what the paths of the files of some pairs begin with."""
    values = {name: vocab.to_json() for name, vocab in vocabs.items()}
    return cache_files.stem(sha256, values, cache)


def load(
    stem: Path, vocabs: PairVocabs, num_pairs: int, *, picture_side: int = 0
) -> EncodedPairs | None:
    """Return the pairs with this stem; None where a file is missing or damaged. `picture_side` is
    that of pictures, 0 where sources are texts.
    """
    sources = _load_texts(stem, "source", vocabs, num_pairs)
    targets = _load_texts(stem, "target", vocabs, num_pairs)
    hashes = cache_files.load_array(path_of(stem, "hashes"), length=num_pairs, dtype=_UINT64)
    left_out = load_numbers(path_of(stem, "left-out"))
    if sources is None or targets is None or hashes is None or left_out is None:
        return None
    if not picture_side:
        return EncodedPairs(sources, targets, hashes, left_out)
    of_pairs = encoded_pictures.load(stem, sources, side=picture_side)
    if of_pairs is None:
        return None
    return EncodedPairs(sources, targets, hashes, left_out, of_pairs)


def encode(spool: PairSpool, vocabs: PairVocabs, *, cache: Path) -> EncodedPairs:
    """Return pairs as ids; they are encoded now unless they are in the cache.

    Raises `StorageError` where the disk has no room.
    """
    stem = stem_of(spool.sha256, vocabs, cache)
    with cache_files.lock_for(path_of(stem, "pairs")):
        side = spool.picture_side
        encoded = load(stem, vocabs, spool.num_pairs, picture_side=side)
        if encoded is None:
            _save(stem, spool, vocabs)
            encoded = load(stem, vocabs, spool.num_pairs, picture_side=side)
    assert encoded is not None
    return encoded


def has_unknown(pairs: EncodedPairs) -> bool:
    """Return whether there is a symbol without an id in any text."""
    every = (texts.ids for texts in (pairs.sources, pairs.targets))
    return any(
        bool((ids[first : first + _IDS_AT_ONCE] == RESERVED).any())
        for ids in every
        for first in range(0, len(ids), _IDS_AT_ONCE)
    )


def sha256_of(pairs: EncodedPairs, vocabs: PairVocabs, *, num_val: int) -> str:
    """Return the digest of the texts behind ids, as `PairSpool` computes it; "" if there is an id
    without a symbol.
    """
    digest = hashlib.sha256()
    first_val = len(pairs) - num_val
    for first in range(0, len(pairs), _PAIRS_AT_ONCE):
        end = min(first + _PAIRS_AT_ONCE, len(pairs))
        sources = _decoded(pairs.sources, vocabs["source"], first, end)
        targets = _decoded(pairs.targets, vocabs["target"], first, end)
        if sources is None or targets is None:
            return ""
        if pairs.pictures is not None:
            digests = pairs.pictures.digests(first, end)
            both = zip(sources, digests, strict=True)
            sources = [b"%b\n%b" % (path, digest.encode()) for path, digest in both]
        for number, pair in enumerate(zip(sources, targets, strict=True), first):
            if num_val and number == first_val:
                digest.update(b"\n")
            digest.update(b"%b\n%b\n" % pair)
    return digest.hexdigest()


def _decoded(texts: Texts, vocab: AnyVocab, first: int, end: int) -> list[bytes] | None:
    """Return the texts from one number to another, in the form that is learned, as UTF-8."""
    starts = texts.starts[first : end + 1]
    numbers = texts.ids[starts[0] : starts[-1]].astype(np.int64) - 1
    if numbers.min(initial=0) < 0 or numbers.max(initial=0) >= len(vocab):
        return None
    bounds = list(pairwise((starts - starts[0]).tolist()))
    if isinstance(vocab, SymbolVocab):
        symbols = [vocab.symbols[number] for number in numbers.tolist()]
        return [" ".join(symbols[begin:stop]).encode() for begin, stop in bounds]
    text = vocab.decode(numbers.tolist())
    encoding = "latin-1" if vocab.is_bytes else "utf-8"
    return [text[begin:stop].encode(encoding, "surrogatepass") for begin, stop in bounds]


def _load_texts(stem: Path, side: str, vocabs: PairVocabs, num_texts: int) -> Texts | None:
    starts = load_numbers(path_of(stem, f"{side}-starts"), length=num_texts + 1)
    if starts is None:
        return None
    dtype = np.min_scalar_type(len(vocabs[side]))
    ids = cache_files.load_array(path_of(stem, f"{side}s"), length=int(starts[-1]), dtype=dtype)
    return None if ids is None else Texts(np.asarray(ids), starts)


def _save(stem: Path, spool: PairSpool, vocabs: PairVocabs) -> None:
    num_pairs = spool.num_pairs
    for side, texts in {"source": spool.sources, "target": spool.targets}.items():
        id_of = texts.symbols.id_of(vocabs[side])
        chunks = (id_of[numbers].tobytes() for numbers in texts.numbers)
        cache_files.save_array(
            path_of(stem, f"{side}s"), chunks, length=texts.numbers.size, dtype=id_of.dtype
        )
        starts = _starts(texts.lengths)
        save_numbers(path_of(stem, f"{side}-starts"), starts, length=num_pairs + 1)
    hashes = (chunk.tobytes() for chunk in spool.hashes)
    cache_files.save_array(path_of(stem, "hashes"), hashes, length=num_pairs, dtype=_UINT64)
    if isinstance(spool, CaptionSpool):
        encoded_pictures.save(stem, spool)
    left_out = np.concatenate([*_with_unknown(spool.targets, vocabs["target"])])
    save_numbers(path_of(stem, "left-out"), [left_out], length=len(left_out))


def _starts(lengths: Iterable[IntArray]) -> Iterator[Ids]:
    """Yield where each text begins, then where the last one ends."""
    end = 0
    yield np.zeros(1, np.int64)
    for chunk in lengths:
        ends = end + np.cumsum(chunk, dtype=np.int64)
        end = int(ends[-1])
        yield ends


def _with_unknown(texts: SideSpool, vocab: AnyVocab) -> Iterator[Ids]:
    """Yield the numbers of the texts that hold a symbol without an id."""
    is_unknown = texts.symbols.id_of(vocab) == RESERVED
    first = 0
    for numbers, lengths in zip(texts.numbers, texts.lengths, strict=True):
        starts = np.cumsum(lengths) - lengths
        yield first + np.flatnonzero(np.logical_or.reduceat(is_unknown[numbers], starts))
        first += len(lengths)
