"""Branches that are read side by side."""

import numpy as np
from voices import model_of

from charrnn.generation.typing import tree


def test_branches_of_different_depths_advance_in_one_step():
    model = model_of("abcd")
    stepper = model.backend.stepper()
    logits_V = stepper.step(2)
    root = tree.root(stepper.state(), logits_V)
    (deep,) = tree.read(model.backend, [(root, 1)])
    deeper, other = tree.read(model.backend, [(deep, 3), (root, 0)])
    (deepest,) = tree.read(model.backend, [(deeper, 0)])
    for branch, ids in ((other, [2, 0]), (deepest, [2, 1, 3, 0])):
        logits_V = model.backend.stepper().read(np.array(ids))
        log_prob_V = logits_V - np.log(np.exp(logits_V).sum())
        np.testing.assert_allclose(branch.log_prob_V, log_prob_V, atol=1e-5)
