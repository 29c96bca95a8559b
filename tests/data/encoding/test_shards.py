import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charrnn._text import ignore_bytes
from charrnn.config import DataConfig
from charrnn.data.encoding import shards
from charrnn.data.encoding.counting import count_shard, text_of
from charrnn.data.encoding.shards import divide
from charrnn.sources import reading
from charrnn.sources.paths import Source

PARTS = st.lists(
    st.sampled_from(["ab", "\r\n", "\r", "\n", "é", "中", "🐉", "\ufeff"]), max_size=40
)


def counted(texts, folder, config=DataConfig(), **settings):
    """The counts of a corpus of some files, in tiny shards and tinier chunks."""
    found = []
    for k, data in enumerate(texts):
        path = folder / str(k)
        path.write_bytes(data)
        found.append((Source(path, path.name, **settings), len(data)))
    made = divide(found, config)
    return made, [count_shard(shard, ignore_bytes) for shard in made]


@given(PARTS, st.integers(1, 12), st.integers(1, 7))
def test_shards_of_a_file_spell_it_wherever_they_are_cut(tmp_path_factory, parts, size, chunk):
    data = "".join(parts).encode()
    folder = tmp_path_factory.mktemp("shards")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shards, "SHARD_BYTES", size)
        patch.setattr(reading, "CHUNK_BYTES", chunk)
        made, found = counted([data], folder)
        spelled = b"".join(b"".join(text_of(*both)) for both in zip(made, found, strict=True))
    plain = data.decode().removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    assert spelled.decode() == plain
    assert sum(its.num_chars for its in found) == len(plain)
    for shard, its in zip(made, found, strict=True):
        assert its.sha256 == hashlib.sha256(b"".join(text_of(shard, its))).hexdigest()


@given(
    st.lists(st.sampled_from([b"ab", b"\n", b"\r\n", "é".encode(), b"\xff"]), max_size=40),
    st.integers(1, 12),
    st.integers(1, 7),
)
def test_lines_with_bad_bytes_are_left_out_wherever_shards_are_cut(
    tmp_path_factory, parts, size, chunk
):
    data = b"".join(parts)
    folder = tmp_path_factory.mktemp("shards")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shards, "SHARD_BYTES", size)
        patch.setattr(reading, "CHUNK_BYTES", chunk)
        made, found = counted([data], folder, DataConfig(errors="skip"))
        spelled = b"".join(b"".join(text_of(*both)) for both in zip(made, found, strict=True))
    lines = data.replace(b"\r\n", b"\n").splitlines(keepends=True)
    assert spelled == b"".join(line for line in lines if b"\xff" not in line)
    assert sum(its.changes.num_left_out for its in found) == sum(b"\xff" in line for line in lines)
    assert sum(shard.num_bytes for shard in made) == len(data)


@given(st.lists(st.integers(0, 30), min_size=1, max_size=12))
def test_shards_hold_every_byte_once_and_none_is_large(tmp_path_factory, sizes):
    folder = tmp_path_factory.mktemp("shards")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shards, "SHARD_BYTES", 10)
        texts = [bytes([97 + k]) * size for k, size in enumerate(sizes)]
        made, found = counted(texts, folder, DataConfig(is_bytes=True))
        spelled = b"".join(b"".join(text_of(*both)) for both in zip(made, found, strict=True))
    assert spelled == b"".join(texts)
    assert sum(shard.num_bytes for shard in made) == sum(sizes)
    assert max(shard.num_bytes for shard in made) <= 10


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1"])
def test_a_file_that_cannot_be_cut_stays_whole(tmp_path, monkeypatch, encoding):
    monkeypatch.setattr(shards, "SHARD_BYTES", 10)
    data = ("naïve\n" * 20).encode(encoding)
    made, (its,) = counted([data], tmp_path, DataConfig(encoding=encoding))
    assert its.num_chars == 120
    assert made[0].num_bytes == len(data)
