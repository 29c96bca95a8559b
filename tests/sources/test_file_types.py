import bz2
import gzip
import lzma

import pytest

from charrnn.errors import CorpusError
from charrnn.sources import file_types
from charrnn.sources.file_types import uncompressed_name

PACKERS = {"gzip": gzip.compress, "bzip2": bz2.compress, "xz": lzma.compress}


@pytest.mark.parametrize("kind", PACKERS)
@pytest.mark.parametrize("data", [b"", b"some text\n" * 500])
def test_compressed_data_is_unpacked(tmp_path, kind, data):
    (tmp_path / "packed").write_bytes(PACKERS[kind](data))
    assert file_types.compression((tmp_path / "packed").read_bytes()) == kind
    with (tmp_path / "packed").open("rb", buffering=0) as file:
        assert file_types.unpacked(file).read(9999) == data


@pytest.mark.parametrize("kind", PACKERS)
@pytest.mark.parametrize("cut", [True, False])
def test_damaged_data_is_reported(tmp_path, kind, cut):
    data = bytearray(PACKERS[kind](bytes(range(256)) * 9))
    data[60] ^= 255
    (tmp_path / "packed").write_bytes(data[:70] if cut else data)
    with (tmp_path / "packed").open("rb", buffering=0) as file:
        with pytest.raises(CorpusError, match="packed is compressed, and cut short or damaged"):
            with file_types.damage_named("packed"):
                file_types.unpacked(file).read(9999)


def test_errors_of_the_disk_are_not_called_damage():
    with pytest.raises(PermissionError), file_types.damage_named("x"):
        raise PermissionError(13, "Permission denied")


@pytest.mark.parametrize(
    "text",
    [
        b"", b"PK", b"BM is how it began", b"MZ", b"BZh9 is no archive", b"GIF87a was a format",
        b"RIFF", b"ID3 decision trees", b"{\\rt", b"Once upon a time \0", "Ünder".encode(),
        b"OggS und fLaC", b"the ftyp box",
    ],
)  # fmt: skip
def test_a_text_may_begin_in_many_ways(text):
    file_types.require_text(text, "text")
    assert file_types.compression(text) is None


@pytest.mark.parametrize("beginning", [b"GIF89a", b"BM", b"MZ", b"RIFF", b"PAR1", b"\0\0\0 ftyp"])
def test_what_holds_zeros_as_well_is_no_text(beginning):
    with pytest.raises(CorpusError, match="film is a.*, not a text"):
        file_types.require_text(beginning + bytes(20), "film")


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a.txt.gz", "a.txt"), ("A.XZ", "A"), ("x/b.bz2", "x/b"), (".gz", ".gz"), ("c.zip", "c.zip")],
)
def test_a_compressed_file_is_named_after_what_is_in_it(name, expected):
    assert uncompressed_name(name) == expected
