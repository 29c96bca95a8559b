"""Numbers in files that are mapped into memory."""

from pathlib import Path

import numpy as np

from charrnn.data.pairs.array_files import load_numbers, path_of, save_numbers


def test_numbers_are_read_as_they_were_written():
    path = path_of(Path("folder/stem"), "starts")
    assert path == Path("folder/stem-starts.npy")
    chunks = [np.array([1, 2]), np.array([1 << 40])]
    assert save_numbers(path, chunks, length=3).tolist() == [1, 2, 1 << 40]
    assert load_numbers(path, length=3).tolist() == [1, 2, 1 << 40]
    assert load_numbers(path).dtype == np.int64


def test_what_is_missing_damaged_or_of_another_length_is_not_read():
    path = Path("stem-starts.npy")
    assert load_numbers(path) is None
    save_numbers(path, [np.array([1, 2, 3])], length=3)
    assert load_numbers(path, length=2) is None
    path.write_bytes(path.read_bytes()[:-1])
    assert load_numbers(path) is None
    np.save(path, np.zeros(3, np.int32))
    assert load_numbers(path) is None
