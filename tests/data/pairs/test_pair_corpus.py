"""Pairs that were read are split, again and again the same way."""

import pytest
from conftest import small_pairs

from charrnn._text import Reporter
from charrnn.config import PairsConfig
from charrnn.data.pairs.read_pairs import read_pairs

CONFIG = PairsConfig(test_fraction=0.2)
SPLITS = ("train", "val", "test")


@pytest.fixture
def corpus(tmp_path):
    (tmp_path / "pairs.tsv").write_text(small_pairs(100))
    return read_pairs(["pairs.tsv"], CONFIG, cache=tmp_path / "cache", reporter=Reporter())


def numbers(dataset):
    return {split: dataset.numbers[split].tolist() for split in SPLITS}


def test_a_split_follows_from_the_settings_and_the_seed(corpus):
    first, again = (numbers(corpus.split(CONFIG, seed=1)) for _ in range(2))
    assert first == again
    assert numbers(corpus.split(CONFIG, seed=2)) != first
    assert sorted(number for each in first.values() for number in each) == list(range(100))


def test_each_split_has_a_list_of_its_own_in_the_cache(corpus, tmp_path):
    for config in (CONFIG, PairsConfig(), PairsConfig(max_val_pairs=3)):
        sizes = [corpus.split(config, seed=1).size(split) for split in SPLITS]
        assert sum(sizes) == 100
    assert len(list((tmp_path / "cache").glob("*-train-*.npy"))) == 3
