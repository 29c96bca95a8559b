"""What torch networks that decide about a text share: their start, and what is read."""

import numpy as np
import torch

from charrnn.config import ClassifierConfig
from charrnn.models.classifier.classifier import ClassifierNetwork
from charrnn.models.encoders.encoder import Dropouts
from charrnn.models.tags import tag_of

KEYS = (np.array([7, np.iinfo(np.int64).max]),)


def network(cell, seed=0):
    config = ClassifierConfig(cell, hidden_size=4, embedding_size=3, ngrams=2)
    return ClassifierNetwork(config, 5, 2, KEYS, seed=seed)


def test_matrices_and_tables_are_tagged(cell):
    tags = {name: tag_of(weight) for name, weight in network(cell).named_weights().items()}
    assert tags["embedding"] == "table"
    assert tags["encoder.0.forwards.weight_hh"] == "matrix"
    assert tags["head.weight"] == "other"


def test_the_seed_alone_decides_where_it_starts(cell):
    one, other, third = (network(cell, seed).arrays() for seed in (1, 1, 2))
    assert all(np.array_equal(one[name], other[name]) for name in one)
    assert not np.array_equal(one["embedding"], third["embedding"])


def test_what_is_read_has_a_place_for_each_boundary(cell):
    made = network(cell)
    ids_SB, lengths_B = torch.tensor([[1, 2], [3, 0]]), torch.tensor([2, 1])
    x_SBD, h_SBM, read_B = made.read(ids_SB, lengths_B, Dropouts(), None)
    assert (x_SBD.shape, h_SBM.shape, read_B.tolist()) == ((4, 2, 6), (4, 2, 4), [4, 3])
    assert [keys.tolist() for keys in made.ngram_keys] == [keys.tolist() for keys in KEYS]
