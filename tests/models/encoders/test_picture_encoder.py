"""The encoder of pictures in torch: equal to the one written out."""

import numpy as np
import pytest
import torch
from test_picture_encoder_numpy import random_pictures
from torch.nn import functional

from charrnn.config import CaptionerConfig
from charrnn.models.encoders.encoder import Dropouts
from charrnn.models.encoders.picture_encoder import Convolution, PictureEncoder
from charrnn.models.encoders.picture_encoder_numpy import NumpyPictureEncoder, PictureWeights
from charrnn.models.tags import tag_of


def made(size=6, layers=2, *, seed=3):
    config = CaptionerConfig(hidden_size=size, encoder_layers=layers)
    encoder = PictureEncoder(config, seed=seed)
    with torch.no_grad():  # biases that matter
        for name, weight in encoder.named_parameters():
            if "bias" in name:
                weight.normal_(generator=torch.Generator().manual_seed(len(name)))
    return encoder


def arrays_of(encoder):
    return {
        f"encoder.{name.removeprefix('layers.')}": weight.detach().numpy()
        for name, weight in encoder.named_parameters()
    }


def read(encoder, pictures, dropouts=None, dtype=None):
    pixels_BYXC, lengths_B = torch.from_numpy(pictures), torch.ones(len(pictures), dtype=torch.long)
    return encoder(pixels_BYXC, lengths_B, dropouts or Dropouts(), dtype)


@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("side", [1, 2, 7, 16])
def test_torch_equals_what_is_written_out(layers, side):
    encoder, pictures = made(8, layers), random_pictures(3, side)
    weights = PictureWeights.from_arrays(encoder.config, arrays_of(encoder))
    expected_SMB, lengths = NumpyPictureEncoder(encoder.config, weights).read(
        pictures, np.ones(3, np.int64)
    )
    vectors_SBM, lengths_B = read(encoder, pictures)
    np.testing.assert_allclose(
        vectors_SBM.detach().permute(0, 2, 1), expected_SMB, atol=1e-5, rtol=1e-5
    )
    assert lengths_B.tolist() == lengths.tolist() == [encoder.config.grid_side(side) ** 2] * 3


def test_a_convolution_is_the_one_of_torch():
    layer = Convolution(3, 4)
    torch.nn.init.normal_(layer.weight)
    torch.nn.init.normal_(layer.bias)
    x_BCYX = torch.randn(2, 3, 7, 7)
    expected = functional.conv2d(x_BCYX, layer.weight.view(4, 3, 3, 3), layer.bias, 2, 1)
    torch.testing.assert_close(layer(x_BCYX), expected)


def test_its_weights_have_the_declared_names_and_shapes():
    encoder = made(12, 3)
    assert encoder.config.channels == (3, 6, 12)
    shapes = {name: array.shape for name, array in arrays_of(encoder).items()}
    assert shapes == encoder.config.encoder_shapes()


def test_another_seed_draws_other_weights():
    one, same, other = (arrays_of(made(seed=seed)) for seed in (1, 1, 2))
    for name, weight in one.items():
        assert (weight == same[name]).all()
        assert "bias" in name or (weight != other[name]).any()


def test_the_gradient_is_that_of_finite_differences():
    encoder, pictures = made(4, 2).double(), random_pictures(2, 6)
    read(encoder, pictures)[0].square().sum().backward()
    for weight in encoder.parameters():
        flat, gradient = weight.data.view(-1), weight.grad.view(-1)
        for i in range(0, len(flat), max(1, len(flat) // 3)):
            sums = []
            for change in (1e-6, -1e-6):
                flat[i] += change
                sums.append(float(read(encoder, pictures)[0].detach().square().sum()))
                flat[i] -= change
            expected = (sums[0] - sums[1]) / 2e-6
            assert gradient[i].item() == pytest.approx(expected, rel=1e-4, abs=1e-6)


def test_low_precision_gives_nearly_the_same():
    encoder, pictures = made(16, 2), random_pictures(2, 8)
    with torch.no_grad():
        full, _ = read(encoder, pictures)
        brief, _ = read(encoder, pictures, dtype=torch.bfloat16)
    assert brief.dtype == torch.bfloat16
    assert 0 < float((full - brief).norm()) < 0.05 * float(full.norm())


def test_what_is_dropped_are_numbers_of_the_memory():
    encoder, pictures = made(), random_pictures(2, 8)
    vectors_SBM, _ = read(encoder, pictures, Dropouts(outputs=lambda x: 2 * x))
    torch.testing.assert_close(vectors_SBM, 2 * read(encoder, pictures)[0])


def test_matrices_are_tagged():
    tags = {name: tag_of(weight) for name, weight in made().named_parameters()}
    assert {name for name, tag in tags.items() if tag == "matrix"} == {
        name for name in tags if name.endswith("weight")
    }
