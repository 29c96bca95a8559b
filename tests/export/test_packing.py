import base64

import numpy as np
import pytest
from conftest import random_ngrams
from in_node import in_node

from charrnn.config import ModelConfig
from charrnn.errors import SettingError
from charrnn.export import packing
from charrnn.models import ngrams


def matrix(num_rows=7, num_columns=5):
    array = np.random.default_rng(1).normal(0, 2, (num_rows, num_columns)).astype(np.float32)
    array[3:4] = 0  # a row that has no scale
    array[4:5] *= 1e-6  # below what float16 has with all its digits
    return array


@pytest.mark.parametrize("weights", packing.WEIGHTS)
def test_the_page_reads_back_what_the_loss_is_measured_with(weights):
    arrays = [matrix(), matrix(1, 1), matrix()[:, 0]]
    packed = [packing.packed(array, weights) for array in arrays]
    read = in_node("return data.map((each) => Array.from(matrixOf(each).values));", packed)
    for array, numbers in zip(arrays, read, strict=True):
        expected = packing.rounded(array, weights)
        assert expected.dtype == np.float32
        assert np.array(numbers, np.float32).tobytes() == np.ascontiguousarray(expected).tobytes()


def test_a_byte_is_wrong_by_half_a_step_of_its_row_at_most():
    array = matrix()
    steps = np.abs(array).max(1, keepdims=True) / 127
    assert (np.abs(packing.rounded(array, "int8") - array) <= steps * 0.5001).all()


def test_sizes_are_those_of_the_numbers():
    array = np.ones((100, 64), np.float32)
    sizes = [len(base64.b64decode(packing.packed(array, each)["data"])) for each in packing.WEIGHTS]
    assert sizes == [6400, 12800, 25600]


def test_a_number_beyond_float16_is_refused():
    array = np.full((2, 2), 7e4, np.float32)
    with pytest.raises(SettingError, match="cannot hold 70000"):
        packing.packed(array, "float16")
    assert [each for each in packing.WEIGHTS if packing.can_hold([array], each)] == [
        "int8",
        "float32",
    ]


def test_the_page_finds_the_rows_of_all_ngrams():
    keys = random_ngrams(ModelConfig(ngrams=4), 40)
    embedding = packing.packed(np.zeros((ngrams.num_rows(keys) + 40, 2), np.float32), "float32")
    random = np.random.default_rng(0)
    contexts = random.integers(-1, 40, (500, 4))
    contexts[:, -1] = np.maximum(contexts[:, -1], 0)
    rows = in_node(
        "const embeddings = new Embeddings(data.arrays, 4);"
        " return data.contexts.map((context) => embeddings.rowsOf(context));",
        {
            "arrays": packing.packed_ngrams(keys) | {"embedding": embedding},
            "contexts": contexts.tolist(),
        },
    )
    expected = ngrams.rows(keys, contexts.T[-1:], contexts.T[:-1])[0]
    assert rows == expected.tolist()
    assert len(np.unique(expected[:, 1:])) > 20  # of n-grams that are known
