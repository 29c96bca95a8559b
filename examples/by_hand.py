"""One character through a network of three units, and its gradient back through time, in numbers
that a pocket calculator can follow.

    python examples/by_hand.py

The equations are those of charrnn/cells/rnn.py and docs/recurrences.md. What comes out by hand is
compared with the library: the forward pass with `reference.step`, the gradient with torch's.
"""

import numpy as np

from charrnn.analysis.context import Places, reach
from charrnn.config import ModelConfig
from charrnn.data.vocab import Vocab
from charrnn.generation.model import Model
from charrnn.models.reference import Weights, initial_state, step

# Shapes: V letters, D numbers that stand for a letter, H units.
CONFIG = ModelConfig(cell="rnn", hidden_size=3, embedding_size=2, ngrams=1, skip=False)
LETTERS, TEXT = "ehlo", "hello"
IDS = np.array([LETTERS.index(letter) for letter in TEXT])


def drawn_weights() -> Weights:
    """Random numbers with one decimal, and no biases."""
    random = np.random.default_rng(4)
    arrays = {
        name: np.zeros(shape) if "bias" in name else random.normal(0, 0.7, shape).round(1) + 0.0
        for name, shape in CONFIG.weight_shapes(len(LETTERS), 0).items()
    }
    return Weights.from_arrays(CONFIG, arrays)


def show(name: str, array: np.ndarray) -> None:
    """The rows of an array, named."""
    for row in np.atleast_2d(array):
        print(f"{name:>14}  " + " ".join(f"{x + 0.0:6.2f}" for x in row.round(2)))
        name = ""


def forward(weights: Weights) -> tuple[list[np.ndarray], np.ndarray]:
    """Read all letters but the last: the state after each, and how likely each letter is next."""
    layer, h_H, states = weights.layers[0], np.zeros(3), []
    for i in IDS[:-1]:
        print(f"reads {LETTERS[i]}")
        x_D = weights.embedding_RD[i]
        sum_H = layer.weight_ih_GD @ x_D + layer.weight_hh_GH @ h_H
        h_H = np.tanh(sum_H)
        show("x", x_D)
        show("W_ih x + W_hh h", sum_H)
        show("h, its tanh", h_H)
        states.append(h_H)
    logits_V = weights.head_VH @ h_H
    prob_V = np.exp(logits_V) / np.exp(logits_V).sum()
    print("expects " + "      ".join(["", *LETTERS]))
    show("logits", logits_V)
    show("probabilities", prob_V)
    return states, prob_V


def backward(weights: Weights, states: list[np.ndarray], prob_V: np.ndarray) -> list[float]:
    """The gradient of the last letter's loss by each state, the last first; its norms."""
    came_V = (np.arange(len(LETTERS)) == IDS[-1]).astype(float)
    grad_H = weights.head_VH.T @ (prob_V - came_V)
    norms: list[float] = []
    for h_H in reversed(states):
        print(f"by the state after {TEXT[: len(states) - len(norms)]}")
        through_H = grad_H * (1 - h_H**2)
        norms.append(float(np.linalg.norm(grad_H)))
        show("∂loss/∂h", grad_H)
        show("its length", np.array(norms[-1:]))
        show("times 1 - h²", through_H)
        grad_H = weights.layers[0].weight_hh_GH.T @ through_H
    return norms


def check(weights: Weights, prob_V: np.ndarray, norms: list[float]) -> None:
    """Hold all this against the library."""
    state = initial_state(CONFIG, 1)
    for i in IDS[:-1]:
        logits_BV, state = step(CONFIG, weights, np.array([i]), state)
    expected_V = np.exp(logits_BV[0]) / np.exp(logits_BV[0]).sum()
    assert np.allclose(prob_V, expected_V, atol=1e-6)
    model = Model(CONFIG, Vocab(tuple(map(ord, LETTERS))), weights)
    last = len(IDS) - 1
    found = reach(model, Places(IDS, np.array([last]), np.array([last])))
    assert np.allclose(norms[1:], found.norms)  # which begin one step back, at k = 1
    print("torch's lengths " + " ".join(f"{norm:6.2f}" for norm in found.norms))


def main() -> None:
    """All of it."""
    weights = drawn_weights()
    show("W_ih", weights.layers[0].weight_ih_GD)
    show("W_hh", weights.layers[0].weight_hh_GH)
    show("W_head", weights.head_VH)
    states, prob_V = forward(weights)
    print(f"loss   -ln {prob_V[IDS[-1]]:.3f} = {-np.log(prob_V[IDS[-1]]):.3f} nats")
    check(weights, prob_V, backward(weights, states, prob_V))


if __name__ == "__main__":
    main()
