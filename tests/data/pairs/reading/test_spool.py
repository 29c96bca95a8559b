"""The first pass over pairs."""

import hashlib
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
import pytest

from charrnn.config import PairsConfig
from charrnn.data.pairs.reading import spool
from charrnn.data.pairs.reading.bad_lines import BadLines
from charrnn.data.pairs.reading.spool import ArrayFile, PairSpool
from charrnn.data.pairs.reading.table import PairRow
from charrnn.errors import CorpusError

PAIRS = [("ab", "c"), ("d", "é 한"), ("ab", "x")]


def rows(pairs=PAIRS):
    return [PairRow("t", line, *pair) for line, pair in enumerate(pairs, 1)]


@contextmanager
def filled(pairs=PAIRS, val=None, bad=None, **settings):
    bad = BadLines(are_skipped=True) if bad is None else bad
    with closing(PairSpool(PairsConfig(**settings), Path())) as made:
        made.add(rows(pairs), bad, for_validation=False)
        if val is not None:
            made.add(rows(val), bad, for_validation=True)
        yield made


def test_arrays_on_the_disk_are_read_as_often_as_one_likes():
    arrays = [np.arange(5, dtype=np.uint8), np.array([1 << 40])]
    with closing(ArrayFile(Path())) as file:
        for array in arrays:
            file.append(array)
        for _ in range(2):
            assert [array.tolist() for array in file] == [array.tolist() for array in arrays]
        assert file.size == 6
    assert not list(Path().iterdir())


@pytest.mark.parametrize("chunk", [1, 2, 99])
def test_pairs_are_the_same_in_chunks_of_any_size(chunk, monkeypatch):
    monkeypatch.setattr(spool, "CHUNK_PAIRS", chunk)
    with filled() as made:
        numbers = np.concatenate([*made.sources.numbers]).tolist()
        assert "".join(map(chr, numbers)) == "abdab"
        assert np.concatenate([*made.targets.lengths]).tolist() == [1, 3, 1]
        hashes = np.concatenate([*made.hashes])
        assert hashes[0] == hashes[2] != hashes[1]
        assert made.num_pairs == 3
        assert made.sha256 == hashlib.sha256("ab\nc\nd\né 한\nab\nx\n".encode()).hexdigest()


def test_the_digest_tells_what_is_for_validation():
    made = [filled(PAIRS), filled(PAIRS[:2], PAIRS[2:]), filled(PAIRS[:1], PAIRS[1:])]
    digests, num_val = set(), []
    for context in made:
        with context as one:
            digests.add(one.sha256)
            num_val.append(one.num_val)
    assert len(digests) == 3
    assert num_val == [0, 1, 2]


def test_the_digest_is_of_normalised_pairs():
    with filled([("e\u0301", " a  b ")], source_normalise="nfc", target_symbols="spaces") as made:
        assert made.sha256 == hashlib.sha256("é\na b\n".encode()).hexdigest()


def test_a_length_is_in_symbols_after_normalisation():
    bad = BadLines(are_skipped=True)
    pairs = [("é", "aaa"), ("한", "a"), ("a", "aaaa b c d"), ("a", "aa " * 4), ("éé", "a")]
    settings = {"max_length": 3, "source_normalise": "nfd", "target_symbols": "spaces"}
    with filled(pairs, bad=bad, **settings) as made:
        assert made.num_pairs == 2
    assert list(bad.sentences()) == [
        "skipped 3 lines (more than 3 symbols in a source or target): t line 3, t line 4, t line 5"
    ]
    with filled([("éé", "a"), ("é", "a")], bad=bad, max_length=3, is_bytes=True) as made:
        assert made.num_pairs == 1


@pytest.mark.parametrize("is_bytes", [False, True])
def test_half_a_surrogate_pair_is_no_character(is_bytes):
    with pytest.raises(CorpusError, match="half a surrogate pair; is its encoding right"):
        with filled([("c", "d"), ("a", "\ud800")], is_bytes=is_bytes):
            pass
