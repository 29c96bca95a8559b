"""The encoder in torch: equal to the equations in every direction, whatever the padding."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch

from charrnn.config import EncoderConfig, setting
from charrnn.models.encoders import encoder_equations
from charrnn.models.encoders.encoder import Dropouts, Encoder, is_source

WAYS = [("forwards", "backwards"), ("forwards",), ("backwards",)]


@dataclass(frozen=True)
class Config(EncoderConfig):
    cell: str = setting("lstm")
    hidden_size: int = setting(5)
    embedding_size: int = setting(4)
    encoder_layers: int = setting(2)
    ways: str = setting("forwards backwards")

    @property
    def directions(self):
        return tuple(self.ways.split())


def config_of(cell, ways, layers=2):
    return Config(cell, encoder_layers=layers, ways=" ".join(ways))


def random_arrays(config, *, seed=1):
    random = np.random.default_rng(seed)
    shapes = config.encoder_shapes()
    return {name: random.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}


def inputs(lengths, *, seed=0):
    """What is read, with rubbish in the padding."""
    random = np.random.default_rng(seed)
    x_SBD = random.normal(size=(max(lengths), len(lengths), 4)).astype(np.float32)
    return x_SBD, np.array(lengths)


def textbook(config, arrays, x_SBD, lengths_B):
    """What the equations give for each symbol, 0 in the padding."""
    layers = encoder_equations.layers_from(config, arrays)
    last = encoder_equations.read(config, layers, x_SBD, lengths_B)[-1]
    is_source_SB1 = np.arange(len(x_SBD))[:, None, None] < lengths_B[:, None]
    return np.concatenate(list(last.values()), -1) * is_source_SB1


def encoder_of(config, arrays):
    made = Encoder(config)
    for name, weight in made.named_parameters():
        weight.data = torch.from_numpy(arrays[f"encoder.{name}".removesuffix("_l0")])
    return made


@pytest.mark.parametrize("ways", WAYS, ids=" ".join)
@pytest.mark.parametrize("layers", [1, 3])
def test_it_reads_as_the_textbook_does(cell, ways, layers):
    config = config_of(cell, ways, layers)
    arrays = random_arrays(config)
    x_SBD, lengths_B = inputs([4, 1, 3])
    x, lengths = torch.from_numpy(x_SBD), torch.from_numpy(lengths_B)
    y_SBM = encoder_of(config, arrays)(x, lengths, Dropouts()).detach()
    y_SBM = y_SBM * is_source(len(x), lengths)[..., None]
    np.testing.assert_allclose(y_SBM, textbook(config, arrays, x_SBD, lengths_B), atol=1e-5)


@pytest.mark.parametrize("ways", WAYS, ids=" ".join)
def test_its_weights_have_the_declared_names_and_shapes(cell, ways):
    config = config_of(cell, ways)
    named = Encoder(config).named_parameters()
    shapes = {f"encoder.{name}".removesuffix("_l0"): tuple(each.shape) for name, each in named}
    assert shapes == config.encoder_shapes()
