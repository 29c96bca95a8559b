"""Verify the encoded copy of a corpus: is it what the run began with?"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from charrnn._text import number_of
from charrnn.data.encoding import cache_files
from charrnn.data.pairs import encoded
from charrnn.data.vocab import IntArray, Vocab
from charrnn.runs.header import CheckpointHeader

_WHAT = "encoded corpus"
_CHARS_AT_ONCE = 1 << 22


@dataclass(frozen=True)
class Finding:
    """The result of one check; `problem` is empty if all is well."""

    what: str
    found: str
    problem: str = ""


def encoded_corpus(start: CheckpointHeader, cache: Path) -> Finding:
    """Check the encoded copy in a cache."""
    check = _encoded_pairs if "pairs" in start.corpora else _encoded_text
    return check(start, cache)


def _encoded_text(start: CheckpointHeader, cache: Path) -> Finding:
    facts, vocab = start.corpus, start.vocab
    ids = cache_files.load_ids(facts.sha256, vocab, facts.num_chars, cache=cache)
    if ids is None:
        return _MISSING
    if vocab.unknown_id is not None:
        return _UNKNOWN
    if _sha256(ids, vocab) != facts.sha256:
        path = cache_files.ids_path(facts.sha256, vocab, cache)
        return Finding(_WHAT, "damaged", f"{path} is not the text that the run began with")
    return Finding(_WHAT, f"{len(ids):,} characters, the digest matches")


def _encoded_pairs(start: CheckpointHeader, cache: Path) -> Finding:
    facts, vocabs = start.corpora["pairs"], start.vocabs
    stem = encoded.stem_of(facts.sha256, vocabs, cache)
    side = start.data.picture_side
    pairs = encoded.load(stem, vocabs, facts.num_pairs, picture_side=side)
    if pairs is None:
        return _MISSING
    is_limited = any(len(vocab) >= start.data.max_vocab for vocab in vocabs.values())
    if is_limited and encoded.has_unknown(pairs):
        return _UNKNOWN
    if encoded.sha256_of(pairs, vocabs, num_val=facts.num_val) != facts.sha256:
        return Finding(_WHAT, "damaged", f"{stem}-… are not the pairs that the run began with")
    return Finding(_WHAT, f"{number_of(len(pairs), 'pair')}, the digest matches")


_MISSING = Finding(_WHAT, "not there: it is made again when it is needed")
_UNKNOWN = Finding(_WHAT, "there; with an unknown symbol in it, it cannot be compared")


def _sha256(ids: IntArray, vocab: Vocab) -> str:
    """Return the digest of the text behind ids, as the scan of a corpus computes it; "" if an id is
    not in the vocabulary.
    """
    codes = np.array(vocab.code_points, "<u4")
    digest = hashlib.sha256()
    for start in range(0, len(ids), _CHARS_AT_ONCE):
        chunk = ids[start : start + _CHARS_AT_ONCE]
        if int(chunk.max()) >= len(codes):
            return ""
        if vocab.is_bytes:
            digest.update(codes[chunk].astype(np.uint8).tobytes())
        else:
            digest.update(codes[chunk].tobytes().decode("utf-32-le").encode())
    return digest.hexdigest()
