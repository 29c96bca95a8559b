import pytest
from hypothesis import given
from hypothesis import strategies as st

from charrnn.config import DataConfig
from charrnn.sources import reading
from charrnn.sources.changes import Changes
from charrnn.sources.paths import Source
from charrnn.sources.reading import read_text


def read(path, encoding="utf-8"):
    changes = Changes()
    config = DataConfig(encoding=encoding)
    chunks = list(read_text(Source(path, path.name), config, changes))
    assert all(
        data.decode() == (data.decode("ascii") if text is None else text) for data, text in chunks
    )
    return b"".join(data for data, _ in chunks).decode(), changes.sentences(config)


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
        patch.setattr(reading, "CHUNK_BYTES", size)
        assert read(path, encoding)[0] == expected


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
            patch.setattr(reading, "CHUNK_BYTES", size)
            changes = Changes()
            chunks = read_text(Source(path, "text"), DataConfig(errors=errors), changes)
            assert b"".join(chunk.data for chunk in chunks).decode() == expected
    assert changes.num_left_out == sum("\N{REPLACEMENT CHARACTER}" in line for line in lines)
