"""Recurrent layers in torch, called like `nn.LSTM`: the cell's own, or one made from its equations.

Shapes: T time, B lanes, D inputs, H hidden, G = gates × H.
"""

import pkgutil
from typing import Any

import torch
from torch import Tensor, nn

from charrnn.cells import CellSpec, Layer, cell_spec


def recurrent_layer(cell: str, input_size: int, hidden_size: int) -> nn.Module:
    """Make one layer of a cell."""
    spec = cell_spec(cell)
    if spec.torch_layer is None:
        return WrittenOut(spec, input_size, hidden_size)
    layer: nn.Module = pkgutil.resolve_name(spec.torch_layer)(input_size, hidden_size)
    return layer


class WrittenOut(nn.Module):
    """A layer that takes the steps of a cell one by one. Autograd makes the gradient."""

    def __init__(self, spec: CellSpec, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self._step = spec.step
        num_rows = len(spec.gates) * hidden_size
        self.weight_ih_l0 = nn.Parameter(torch.empty(num_rows, input_size))
        self.weight_hh_l0 = nn.Parameter(torch.empty(num_rows, hidden_size))
        self.bias_ih_l0 = nn.Parameter(torch.empty(num_rows))
        self.bias_hh_l0 = nn.Parameter(torch.empty(num_rows))

    def forward(self, x_TBD: Tensor, state: Any) -> tuple[Tensor, Any]:
        """Return y_TBH, and the state after it. A state is an array (1, B, H), or a tuple of them
        where the cell has several.
        """
        is_one = isinstance(state, Tensor)
        parts = tuple(part.squeeze(0) for part in ([state] if is_one else state))
        layer = Layer(self.weight_ih_l0, self.weight_hh_l0, self.bias_ih_l0, self.bias_hh_l0)
        y_TBH = []
        for x_BD in x_TBD.unbind():
            parts = self._step(layer, x_BD, parts, torch)
            y_TBH.append(parts[0])
        final = tuple(part.unsqueeze(0) for part in parts)
        return torch.stack(y_TBH), final[0] if is_one else final
