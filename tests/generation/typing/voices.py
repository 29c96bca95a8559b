"""Small models with random weights, for tests of this folder."""

import numpy as np
from conftest import random_weights

from charrnn.config import ModelConfig
from charrnn.data.vocab import Vocab
from charrnn.generation.model import Model

CONFIG = ModelConfig(hidden_size=8, embedding_size=4, ngrams=3)


def model_of(characters, *, records="none", seed=0, scale=1.0, space=0.0, points=None, **vocab):
    """Return a model of these characters; a larger `scale` makes it surer of what comes, a larger
    `space` makes words shorter.
    """
    points = points or tuple(map(ord, characters))
    weights = random_weights(CONFIG, len(points), seed=seed)[1]
    bias_V = weights.head_bias_V + space * (np.array(points) == ord(" "))
    weights = weights._replace(head_VH=weights.head_VH * scale, head_bias_V=bias_V)
    return Model(CONFIG, Vocab(points, **vocab), weights, records)
