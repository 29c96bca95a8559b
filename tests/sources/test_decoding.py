import pytest
from hypothesis import given
from hypothesis import strategies as st

from charrnn.config import DataConfig
from charrnn.errors import CorpusError, UsageError
from charrnn.sources import decoding
from charrnn.sources.decoding import Normalised, read_text
from charrnn.sources.paths import Source


def read(path, encoding="utf-8"):
    seen = Normalised()
    config = DataConfig(encoding=encoding)
    chunks = list(read_text(Source(path, path.name), config, seen))
    assert all(
        data.decode() == (data.decode("ascii") if text is None else text) for data, text in chunks
    )
    return b"".join(data for data, _ in chunks).decode(), seen.notes(config)


@given(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=60),
    st.integers(1, 7),
    st.sampled_from(["utf-8", "utf-16", "utf-32"]),
)
def test_text_reads_the_same_however_the_chunks_fall(tmp_path_factory, text, size, encoding):
    path = tmp_path_factory.mktemp("chunks") / "text"
    path.write_bytes(text.encode(encoding))
    expected = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decoding, "CHUNK_BYTES", size)
        assert read(path, encoding)[0] == expected


def test_a_cut_character_at_the_end_is_an_error_too(tmp_path):
    path = tmp_path / "cut"
    path.write_bytes("naïveté".encode()[:-1])
    with pytest.raises(CorpusError, match="line 1, byte 7"):
        read(path)


@given(
    st.lists(st.sampled_from([b"ab", b"\n", b"\r\n", "é".encode(), b"\xff", "中".encode()[:2]])),
    st.integers(1, 7),
)
def test_bad_bytes_cost_their_line_or_become_one_sign(tmp_path_factory, parts, size):
    """Python's own decoder says which lines are whole and where something is missing."""
    path = tmp_path_factory.mktemp("bad") / "text"
    path.write_bytes(b"".join(parts))
    text = path.read_bytes().decode("utf-8", "replace").replace("\r\n", "\n")
    lines = text.splitlines(keepends=True)
    kept = "".join(line for line in lines if "\N{REPLACEMENT CHARACTER}" not in line)
    for errors, expected in (("replace", text), ("skip", kept)):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(decoding, "CHUNK_BYTES", size)
            seen = Normalised()
            chunks = read_text(Source(path, "text"), DataConfig(errors=errors), seen)
            assert b"".join(chunk.data for chunk in chunks).decode() == expected
    assert seen.num_left_out == sum("\N{REPLACEMENT CHARACTER}" in line for line in lines)


@pytest.mark.parametrize("encoding", ["klingon", "hex", "a\0b"])
def test_an_encoding_that_is_none_is_refused(tmp_path, encoding):
    (tmp_path / "text").write_text("x")
    with pytest.raises(UsageError, match="is not known"):
        read(tmp_path / "text", encoding)
