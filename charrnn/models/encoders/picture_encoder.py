"""The learning half of the encoder of pictures, in torch.

The picture and the equations are in picture_encoder_numpy.py.

Shapes: B pictures, Y rows and X columns of a grid, C channels, S = Y × X cells, M memory.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from charrnn.config import KERNEL_SIDE, CaptionerConfig
from charrnn.models.encoders.encoder import Dropouts
from charrnn.models.encoders.picture_encoder_numpy import HALF_RANGE, positions
from charrnn.models.tags import tag


class Convolution(nn.Module):
    """A convolution that halves a picture. Its weight is a matrix, for the optimiser as well."""

    def __init__(self, num_before: int, num_after: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(num_after, num_before * KERNEL_SIDE**2))
        self.bias = nn.Parameter(torch.empty(num_after))

    def forward(self, x_BCYX: Tensor) -> Tensor:
        """Return the channels after the convolution, (B, C', Y', X')."""
        shape = len(self.weight), -1, KERNEL_SIDE, KERNEL_SIDE
        weight, bias = self.weight.view(shape).to(x_BCYX.dtype), self.bias.to(x_BCYX.dtype)
        return functional.conv2d(x_BCYX, weight, bias, stride=2, padding=1)


class PictureEncoder(nn.Module):
    """The encoder of a captioner: pixels in, the memory out."""

    def __init__(self, config: CaptionerConfig, *, seed: int = 0) -> None:
        super().__init__()
        self.config = config
        sizes = zip((3, *config.channels), config.channels, strict=False)
        self.layers = nn.ModuleList(Convolution(*both) for both in sizes)
        num_read = config.encoder_shapes()["encoder.memory.weight"][1]
        self.memory = nn.Linear(num_read, config.memory_size)
        self._initialise(seed)

    @torch.no_grad()
    def _initialise(self, seed: int) -> None:
        """Draw the weights, convolutions so that they keep the size of what they read (He et al.,
        2015, arXiv:1502.01852); tag them.
        """
        generator = torch.Generator().manual_seed(seed)
        for name, weight in self.named_parameters():
            if name.endswith("bias"):
                weight.zero_()
                continue
            tag(weight, "matrix")
            if weight is self.memory.weight:
                nn.init.xavier_uniform_(weight, generator=generator)
            else:
                nn.init.kaiming_normal_(weight, nonlinearity="relu", generator=generator)

    @property
    def recurrent_layers(self) -> list[nn.Module]:
        """None: a picture is not read in an order."""
        return []

    @property
    def numbers_held(self) -> int:
        """Numbers in memory, about, for each pixel that is read: each layer halves those of the one
        before.
        """
        return max(3, self.config.channels[0] // 2)

    def forward(
        self,
        pixels_BYXC: Tensor,
        lengths_B: Tensor,
        dropouts: Dropouts,
        dtype: torch.dtype | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Return a vector for each cell of the grid, (S, B, M), row by row, and how many each
        picture has. All pictures have one size, so lengths tell nothing.

        Layers compute in `dtype`, if one is given.
        """
        pixels_BCYX = pixels_BYXC.permute(0, 3, 1, 2).to(self.memory.weight.dtype)
        x_BCYX = (pixels_BCYX / HALF_RANGE - 1).to(dtype or pixels_BCYX.dtype)
        for layer in self.layers:
            x_BCYX = functional.relu(layer(x_BCYX))
        x_SBC = x_BCYX.flatten(2).permute(2, 0, 1)
        where_SP = torch.from_numpy(positions(x_BCYX.shape[-1])).to(x_SBC)
        where_SBP = where_SP[:, None].expand(-1, x_SBC.shape[1], -1)
        read = torch.cat([x_SBC, where_SBP], -1)
        weight, bias = self.memory.weight.to(read.dtype), self.memory.bias.to(read.dtype)
        vectors_SBM = dropouts.outputs(torch.tanh(functional.linear(read, weight, bias)))
        return vectors_SBM, torch.full_like(lengths_B, len(vectors_SBM))
