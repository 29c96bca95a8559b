from charrnn.config import (
    ModelConfig,
)
from charrnn.models.layers import recurrent_layer


def test_num_parameters_counts_every_weight(cell):
    config = ModelConfig(cell=cell, hidden_size=5, num_layers=2, embedding_size=3, ngrams=2)
    layers = recurrent_layer(cell, 6, 5), recurrent_layer(cell, 5, 5)
    layer_0, layer_1 = (sum(each.numel() for each in layer.parameters()) for layer in layers)
    rest = layer_0 + layer_1 + 11 * (5 + 6) + 11
    assert config.num_parameters(11) == 11 * 3 + rest
    assert config.num_parameters(11, ngram_rows=40) == 51 * 3 + rest
