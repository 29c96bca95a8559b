"""Pairs as ids, in files."""

from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from charrnn.config import PairsConfig
from charrnn.data.pairs import encoded
from charrnn.data.pairs.reading import spool
from charrnn.data.pairs.reading.bad_lines import BadLines
from charrnn.data.pairs.reading.spool import PairSpool
from charrnn.data.pairs.reading.table import PairRow
from charrnn.data.pairs.symbols import sides

CACHE = Path("cache")
PAIRS = [(f"source {k * 7919 % 97}", f"t {k} é"[: 2 + k % 5]) for k in range(50)]


@pytest.fixture(params=[1 << 14, 7])
def pairs_on_disk(request, monkeypatch):
    monkeypatch.setattr(spool, "CHUNK_PAIRS", request.param)
    CACHE.mkdir()
    with closing(PairSpool(PairsConfig(), CACHE)) as made:
        rows = [PairRow("t", line, *pair) for line, pair in enumerate(PAIRS, 1)]
        made.add(rows, BadLines(are_skipped=False), for_validation=False)
        yield made


def vocabs(made, max_size=100):
    both = {"source": made.sources, "target": made.targets}
    return {
        side: texts.symbols.counts.vocab(None, max_size=max_size) for side, texts in both.items()
    }


def test_ids_are_those_of_the_sides(pairs_on_disk):
    known = vocabs(pairs_on_disk)
    pairs = encoded.encode(pairs_on_disk, known, cache=CACHE)
    assert len(pairs) == len(PAIRS)
    assert not len(pairs.left_out)
    for k, side in enumerate(sides(PairsConfig(), known)):
        padded, lengths = pairs[k].padded(np.arange(len(PAIRS)))
        decoded = [side.decode(padded[: lengths[n], n]) for n in range(len(PAIRS))]
        assert decoded == [pair[k] for pair in PAIRS]


def test_a_target_that_cannot_be_written_is_left_out(pairs_on_disk):
    known = vocabs(pairs_on_disk, max_size=4)
    pairs = encoded.encode(pairs_on_disk, known, cache=CACHE)
    _, target = sides(PairsConfig(), known)
    unknown = [k for k, (_, text) in enumerate(PAIRS) if 0 in target.encode(text)]
    assert 0 < len(unknown) < len(PAIRS)
    assert pairs.left_out.tolist() == unknown


@pytest.mark.parametrize("damage", ["sources", "source-starts", "targets", "hashes", "left-out"])
def test_a_file_that_is_missing_or_damaged_is_made_again(pairs_on_disk, damage):
    known = vocabs(pairs_on_disk)
    stem = encoded.stem_of(pairs_on_disk.sha256, known, CACHE)
    assert encoded.load(stem, known, len(PAIRS)) is None
    before = encoded.encode(pairs_on_disk, known, cache=CACHE).sources.ids.tolist()
    path = encoded.path_of(stem, damage)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    assert encoded.load(stem, known, len(PAIRS)) is None
    again = encoded.encode(pairs_on_disk, known, cache=CACHE)
    assert path.read_bytes() == data
    assert again.sources.ids.tolist() == before
    assert encoded.load(stem, known, len(PAIRS) + 1) is None


def test_arrays_are_plain_and_read_only(pairs_on_disk):
    pairs = encoded.encode(pairs_on_disk, vocabs(pairs_on_disk), cache=CACHE)
    for array in (pairs.sources.ids, pairs.sources.starts, pairs.left_out):
        assert type(array) is np.ndarray
        assert not array.flags.writeable
