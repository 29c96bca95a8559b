import pytest
from hypothesis import given
from hypothesis import strategies as st

from charrnn import decoding
from charrnn.decoding import Normalised, read_text
from charrnn.errors import CorpusError, UsageError
from charrnn.sources import Source


def read(path, encoding="utf-8"):
    seen = Normalised()
    chunks = list(read_text(Source(path, path.name), encoding, seen))
    assert all(
        data.decode() == (data.decode("ascii") if text is None else text) for data, text in chunks
    )
    return b"".join(data for data, _ in chunks).decode(), seen.notes()


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


@pytest.mark.parametrize("encoding", ["klingon", "hex", "a\0b"])
def test_an_encoding_that_is_none_is_refused(tmp_path, encoding):
    (tmp_path / "text").write_text("x")
    with pytest.raises(UsageError, match="is not known"):
        read(tmp_path / "text", encoding)
