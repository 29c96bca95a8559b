import numpy as np
import pytest

from charrnn.data.encoding import cache_files
from charrnn.data.splits import FileStarts

DTYPE = np.dtype(np.uint8)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "cache" / "ids.npy"
    cache_files.save_array(path, [b"ab", b"c"], length=3, dtype=DTYPE)
    return path


def test_what_is_saved_in_chunks_is_loaded_as_one_array(path):
    for length in (3, None):
        array = cache_files.load_array(path, length=length, dtype=DTYPE)
        assert bytes(array) == b"abc"
        assert not array.flags.writeable
    assert bytes(np.load(path)) == b"abc"


@pytest.mark.parametrize(("length", "dtype"), [(4, "u1"), (3, "u2"), (None, "i1")])
def test_an_array_of_another_length_or_type_counts_as_missing(path, length, dtype):
    assert cache_files.load_array(path, length=length, dtype=np.dtype(dtype)) is None


@pytest.mark.parametrize("size", [0, 5, 64, 130])
def test_an_array_that_was_cut_short_counts_as_missing(path, size):
    path.write_bytes(path.read_bytes()[:size])
    assert cache_files.load_array(path, length=3, dtype=DTYPE) is None


@pytest.mark.parametrize("files", [FileStarts(), FileStarts((0, 7, 9), num_val=1)])
def test_where_files_begin_is_found_by_its_digest(tmp_path, files):
    cache_files.save_file_starts(files, cache=tmp_path)
    assert cache_files.load_file_starts(files.sha256, cache=tmp_path) == files
    assert cache_files.load_file_starts("", cache=tmp_path) is None
    for saved in tmp_path.iterdir():
        saved.write_text("[[0, 8, 9], 1]")
        assert cache_files.load_file_starts(files.sha256, cache=tmp_path) is None
