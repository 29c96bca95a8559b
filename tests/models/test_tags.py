import pytest
import torch
from torch import nn

from charrnn.config import ModelConfig
from charrnn.models.network import Network
from charrnn.models.tags import tag, tag_of


def test_a_network_tags_its_table_and_the_matrices_of_its_recurrence(cell):
    config = ModelConfig(cell=cell, hidden_size=3, embedding_size=2, num_layers=2, ngrams=1)
    tags = {name: tag_of(weight) for name, weight in Network(config, 5).named_weights().items()}
    assert {name for name in tags if tags[name] == "table"} == {"embedding"}
    assert {name for name in tags if tags[name] == "matrix"} == {
        f"layers.{k}.weight_{end}" for k in (0, 1) for end in ("ih", "hh")
    }


def test_a_parameter_without_a_tag_is_other():
    assert tag_of(torch.zeros(2)) == "other"


def test_tags_stay_in_another_dtype():
    module = nn.Linear(2, 2)
    tag(module.weight, "matrix")
    assert tag_of(module.double().weight) == "matrix"


def test_an_unknown_tag_is_refused():
    with pytest.raises(AssertionError):
        tag(torch.zeros(2), "metal")
