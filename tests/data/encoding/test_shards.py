import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charrnn.config import DataConfig
from charrnn.data.encoding import shards
from charrnn.data.encoding.shards import divided, tally
from charrnn.sources import decoding
from charrnn.sources.paths import Source

PARTS = st.lists(
    st.sampled_from(["ab", "\r\n", "\r", "\n", "é", "中", "🐉", "\ufeff"]), max_size=40
)


def tallies(texts, folder, config=DataConfig(), **settings):
    """The tallies of a corpus of some files, in tiny pieces and tinier chunks."""
    found = []
    for k, data in enumerate(texts):
        path = folder / str(k)
        path.write_bytes(data)
        found.append((Source(path, path.name, **settings), len(data)))
    made = divided(found, config)
    return made, [tally(piece, lambda _: None) for piece in made]


@given(PARTS, st.integers(1, 12), st.integers(1, 7))
def test_pieces_of_a_file_spell_it_wherever_they_are_cut(tmp_path_factory, parts, size, chunk):
    data = "".join(parts).encode()
    folder = tmp_path_factory.mktemp("pieces")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shards, "PIECE_BYTES", size)
        patch.setattr(decoding, "CHUNK_BYTES", chunk)
        made, found = tallies([data], folder)
        spelled = b"".join(b"".join(shards.text(*both)) for both in zip(made, found, strict=True))
    plain = data.decode().removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    assert spelled.decode() == plain
    assert sum(its.num_chars for its in found) == len(plain)
    for piece, its in zip(made, found, strict=True):
        assert its.sha256 == hashlib.sha256(b"".join(shards.text(piece, its))).hexdigest()


@given(
    st.lists(st.sampled_from([b"ab", b"\n", b"\r\n", "é".encode(), b"\xff"]), max_size=40),
    st.integers(1, 12),
    st.integers(1, 7),
)
def test_lines_with_bad_bytes_are_left_out_wherever_pieces_are_cut(
    tmp_path_factory, parts, size, chunk
):
    data = b"".join(parts)
    folder = tmp_path_factory.mktemp("pieces")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shards, "PIECE_BYTES", size)
        patch.setattr(decoding, "CHUNK_BYTES", chunk)
        made, found = tallies([data], folder, DataConfig(errors="skip"))
        spelled = b"".join(b"".join(shards.text(*both)) for both in zip(made, found, strict=True))
    lines = data.replace(b"\r\n", b"\n").splitlines(keepends=True)
    assert spelled == b"".join(line for line in lines if b"\xff" not in line)
    assert sum(its.seen.num_left_out for its in found) == sum(b"\xff" in line for line in lines)
    assert sum(piece.num_bytes for piece in made) == len(data)


@given(st.lists(st.integers(0, 30), min_size=1, max_size=12))
def test_pieces_hold_every_byte_once_and_none_is_large(tmp_path_factory, sizes):
    folder = tmp_path_factory.mktemp("pieces")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shards, "PIECE_BYTES", 10)
        texts = [bytes([97 + k]) * size for k, size in enumerate(sizes)]
        made, found = tallies(texts, folder, DataConfig(is_bytes=True))
        spelled = b"".join(b"".join(shards.text(*both)) for both in zip(made, found, strict=True))
    assert spelled == b"".join(texts)
    assert sum(piece.num_bytes for piece in made) == sum(sizes)
    assert max(piece.num_bytes for piece in made) <= 10


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1"])
def test_where_a_file_cannot_be_cut_it_stays_whole(tmp_path, monkeypatch, encoding):
    monkeypatch.setattr(shards, "PIECE_BYTES", 10)
    data = ("naïve\n" * 20).encode(encoding)
    made, (its,) = tallies([data], tmp_path, DataConfig(encoding=encoding))
    assert its.num_chars == 120
    assert made[0].num_bytes == len(data)
