"""Equations give as a graph what they give in numpy."""

import numpy as np
import pytest

from charrnn.cells import Layer
from charrnn.errors import UsageError
from charrnn.export import onnx_graph
from charrnn.export.onnx_graph import Graph, TracedMath

onnx = pytest.importorskip("onnx")
runtime = pytest.importorskip("onnxruntime")
RANDOM = np.random.default_rng(0)
WEIGHT_DG, BIAS_G = RANDOM.normal(size=(4, 6)), RANDOM.normal(size=6)
X_BD = RANDOM.normal(size=(3, 4)).astype(np.float32)


def leaky(layer, x_BD, state, xp):
    """The cell of the tour: a step that charrnn does not have."""
    (h_BH,) = state
    from_input = x_BD @ layer.weight_ih_GD.T + layer.bias_ih_G
    from_state = h_BH @ layer.weight_hh_GH.T + layer.bias_hh_G
    return (0.9 * h_BH + 0.1 * xp.tanh(from_input + from_state),)


def leaky_from_itself(x_BD, xp):
    layer = Layer(WEIGHT_DG[:, :4], WEIGHT_DG[:, 2:], BIAS_G[:4], BIAS_G[2:])
    return leaky(layer, x_BD, (2 * x_BD,), xp)[0]


EQUATIONS = {
    "a cell that charrnn has not got": leaky_from_itself,
    "a whole number less a value": lambda x, xp: 1 - x,
    "a value less a number": lambda x, xp: x - 0.5,
    "an array and a value": lambda x, xp: BIAS_G[:4] * x + WEIGHT_DG[:1, :4],
    "an array less a value": lambda x, xp: BIAS_G[:4] - x,
    "a product": lambda x, xp: x @ WEIGHT_DG + BIAS_G,
    "columns": lambda x, xp: x[:, 1:3] * x[:, -2:],
    "side by side": lambda x, xp: xp.concatenate([x[:, 2:], xp.exp(x)], -1),
    "turned": lambda x, xp: x.T.T,
    "the larger": lambda x, xp: xp.maximum(x, 0.25 * x),
}


def run(equations):
    graph = Graph()
    x = graph.input("x", np.float32, (None, 4))
    y = equations(x, TracedMath(graph))
    assert y.shape == (None, *equations(X_BD, np).shape[1:])
    graph.output("y", y)
    data = graph.serialized(name="test", about="", facts={})
    settings = runtime.SessionOptions()
    settings.intra_op_num_threads = settings.inter_op_num_threads = 1
    session = runtime.InferenceSession(data, settings, ["CPUExecutionProvider"])
    return session.run(None, {"x": X_BD})[0]


@pytest.mark.parametrize("what", EQUATIONS)
def test_a_graph_gives_what_the_equations_give_in_numpy(what):
    found, expected = run(EQUATIONS[what]), EQUATIONS[what](X_BD, np)
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_a_function_that_is_not_there_is_named():
    with pytest.raises(UsageError, match="need arcsinh, which no .onnx file has got yet; add it"):
        run(lambda x, xp: xp.arcsinh(x))


def test_more_than_a_file_holds_is_refused(monkeypatch):
    monkeypatch.setattr(onnx_graph, "MAX_BYTES", 90)
    with pytest.raises(UsageError, match="are too much for an .onnx file; it holds 2 GB at most"):
        run(EQUATIONS["a product"])
