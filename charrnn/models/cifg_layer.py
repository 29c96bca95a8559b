"""The CIFG layer over a window of time in torch, with its gradient written out by hand.

torch has fused layers for the LSTM, the GRU and the simple network, but none for this one, and
autograd through its steps would take several times longer. The equations are
`charrnn.cells.cifg.step`, transposed: the lanes are columns. [W_ih W_hh] @ [x; h] is the form of a
matrix product that is fastest at the few lanes of a step, and it leaves each gate in one block.

The loops hold what depends on the step before. All the rest is done for the whole window at once,
before a loop or after it.

Shapes: T time, B lanes, D inputs, H hidden, G = 3 H (forget, output, candidate), I = D + H, what a
step reads.
"""

from typing import Any

import torch
from torch import Tensor, nn


class CifgLayer(nn.Module):
    """One layer, called like `nn.LSTM`; its weights have the same names."""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        num_rows = 3 * hidden_size
        self.weight_ih_l0 = nn.Parameter(torch.empty(num_rows, input_size))
        self.weight_hh_l0 = nn.Parameter(torch.empty(num_rows, hidden_size))
        self.bias_ih_l0 = nn.Parameter(torch.empty(num_rows))
        self.bias_hh_l0 = nn.Parameter(torch.empty(num_rows))

    def forward(
        self, x_TBD: Tensor, state: tuple[Tensor, Tensor]
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Return y_TBH, and the state after it; states are (1, B, H), as in torch's layers."""
        weight_GI = torch.cat([self.weight_ih_l0, self.weight_hh_l0], 1)
        h_HB, c_HB = (part.squeeze(0).t().contiguous() for part in state)
        y_THB, c_HB = _Window.apply(  # type: ignore[no-untyped-call]
            x_TBD.transpose(1, 2), weight_GI, self.bias_ih_l0 + self.bias_hh_l0, h_HB, c_HB
        )
        return y_THB.transpose(1, 2), (y_THB[-1].t()[None], c_HB.t()[None])


class _Window(torch.autograd.Function):
    """All steps of a window, forwards and back.

    With a = [W_ih W_hh] [x; h] + b, and δ short for ∂loss/∂:

        f, o = σ(a_f), σ(a_o)    g = tanh(a_g)    c = g + f (c' - g)    h = o tanh c

        δc += δh o (1 - tanh² c)
        δa_o = δh tanh c · o (1 - o)
        δa_f = δc (c' - g) f (1 - f)
        δa_g = δc (1 - f) (1 - g²)
        δc' = δc f               δh' += W_hhᵀ δa
    """

    @staticmethod
    def forward(
        ctx: Any, x_TDB: Tensor, weight_GI: Tensor, bias_G: Tensor, h_HB: Tensor, c_HB: Tensor
    ) -> tuple[Tensor, Tensor]:
        T, D, B = x_TDB.shape
        H = len(h_HB)
        read_TIB = x_TDB.new_empty(T + 1, D + H, B)  # [x; h before], what each step reads
        read_TIB[:T, :D] = x_TDB
        read_TIB[0, D:] = h_HB
        gates_TGB = x_TDB.new_empty(T, 3 * H, B)
        c_THB = x_TDB.new_empty(T + 1, H, B)
        c_THB[0] = c_HB
        tanh_c_THB = x_TDB.new_empty(T, H, B)
        bias_GB = bias_G[:, None].expand(-1, B).contiguous()
        f_o_TB = gates_TGB[:, : 2 * H]
        before = zip(*map(torch.unbind, (read_TIB[:T], c_THB[:T])), strict=True)
        gates = zip(*map(torch.unbind, (gates_TGB, f_o_TB, *gates_TGB.chunk(3, 1))), strict=True)
        after = zip(*map(torch.unbind, (c_THB[1:], tanh_c_THB, read_TIB[1:, D:])), strict=True)
        for (read_IB, c), (a, f_o, f, o, g), (c_after, tanh_c, h) in zip(
            before, gates, after, strict=True
        ):
            torch.addmm(bias_GB, weight_GI, read_IB, out=a)
            f_o.sigmoid_()
            g.tanh_()
            torch.lerp(g, c, f, out=c_after)
            torch.tanh(c_after, out=tanh_c)
            torch.mul(o, tanh_c, out=h)
        ctx.save_for_backward(weight_GI)
        ctx.window = read_TIB, gates_TGB, c_THB, tanh_c_THB
        return read_TIB[1:, D:].clone(), c_THB[T].clone()

    @staticmethod
    def backward(ctx: Any, dy_THB: Tensor, dc_HB: Tensor) -> tuple[Tensor | None, ...]:
        (weight_GI,) = ctx.saved_tensors
        read_TIB, gates_TGB, c_THB, tanh_c_THB = ctx.window
        T, H, B = tanh_c_THB.shape
        D = read_TIB.shape[1] - H
        weight_HG = weight_GI[:, D:].t().contiguous()
        da_TGB, dc_HB = _gate_gradients(gates_TGB, c_THB, tanh_c_THB, weight_HG, dy_THB, dc_HB)
        da_GTB = da_TGB.transpose(0, 1).reshape(3 * H, T * B)
        read_ITB = read_TIB[:T].transpose(0, 1).reshape(D + H, T * B)
        dx_TDB = (weight_GI[:, :D].t() @ da_GTB).view(D, T, B).transpose(0, 1)
        return dx_TDB, da_GTB @ read_ITB.t(), da_GTB.sum(1), weight_HG @ da_TGB[0], dc_HB


def _gate_gradients(
    gates_TGB: Tensor,
    c_THB: Tensor,
    tanh_c_THB: Tensor,
    weight_HG: Tensor,
    dy_THB: Tensor,
    dc_HB: Tensor,
) -> tuple[Tensor, Tensor]:
    """Go back in time: return δa_TGB, and δc before the window."""
    T, H, B = tanh_c_THB.shape
    f, o, g = gates_TGB.chunk(3, 1)
    # what δh and δc are multiplied with in each step
    c_by_h = (1 - tanh_c_THB.square()).mul_(o)
    o_by_h = (1 - o).mul_(o).mul_(tanh_c_THB)
    kept = 1 - f
    fg_by_c = torch.stack([(c_THB[:T] - g).mul_(f).mul_(kept), (1 - g * g).mul_(kept)], 1)
    dh_THB, dc_HB = dy_THB.clone(memory_format=torch.contiguous_format), dc_HB.clone()
    da_TGB = torch.empty_like(gates_TGB)
    da_T3HB = da_TGB.view(T, 3, H, B)
    factors = zip(*map(torch.unbind, (c_by_h, o_by_h, fg_by_c, f)), strict=True)
    gradients = zip(*map(torch.unbind, (da_TGB, da_T3HB[:, 1], da_T3HB[:, 0::2])), strict=True)
    dh = dh_THB.unbind()
    steps = zip(dh, (None, *dh[:-1]), factors, gradients, strict=True)
    for dh_HB, dh_before, (to_c, to_o, to_fg, f_t), (da, da_o, da_fg) in reversed(list(steps)):
        torch.mul(dh_HB, to_o, out=da_o)
        dc_HB.addcmul_(dh_HB, to_c)
        torch.mul(to_fg, dc_HB, out=da_fg)
        dc_HB.mul_(f_t)
        if dh_before is not None:
            dh_before.addmm_(weight_HG, da)
    return da_TGB, dc_HB
