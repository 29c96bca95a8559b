"""A cell is one file: a copy of charrnn with one more module in cells/ trains with it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import SMALL

import charrnn as package

LEAKY = '''
"""A leaky integrator."""

from charrnn.cells import CellSpec


def step(layer, x_BD, state, xp):
    (h_BH,) = state
    from_input = x_BD @ layer.weight_ih_GD.T + layer.bias_ih_G
    from_state = h_BH @ layer.weight_hh_GH.T + layer.bias_hh_G
    return (0.9 * h_BH + 0.1 * xp.tanh(from_input + from_state),)


CELL = CellSpec(gates=("h",), step=step, learning_rates={"soap": 1e-2, "adamw": 1e-2})
'''
TRAIN = ("train", "corpus.txt", *SMALL, "--cell", "leaky", "--steps", 20, "--run", "a", "--quiet")
COMMANDS = [
    (("train", "--help"), "leaky"),
    (TRAIN, ""),
    (("resume", "a", "--steps", 30, "--quiet"), ""),
    (("info", "a", "--json"), '"leaky"'),
    (("sample", "a", "-n", 20, "--seed", 1), " "),
    (("score", "--run", "a", "--json"), "bits_per_char"),
    (("neurons", "a", "--text", "corpus.txt", "--json"), "h0."),
    (("verify", "a", "--json"), "bit-identical"),
]


@pytest.mark.slow
def test_one_more_module_is_one_more_cell(corpus, tmp_path):
    tree = tmp_path / "tree"
    shutil.copytree(Path(package.__file__).parent, tree / "charrnn")
    (tree / "charrnn" / "cells" / "leaky.py").write_text(LEAKY)
    environment = {**os.environ, "PYTHONPATH": str(tree)}
    for arguments, phrase in COMMANDS:
        done = subprocess.run(
            [sys.executable, "-m", "charrnn", *map(str, arguments)],
            env=environment, capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert phrase in done.stdout, done.stdout
