"""What many tests share: a small text, a folder of their own, the command line in this process."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch

from charrnn import __main__ as program
from charrnn import device, ngrams
from charrnn.config import CELLS, ModelConfig
from charrnn.recurrence import Weights

torch.set_num_threads(1)  # small networks gain nothing from more
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in a script's background job


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test works in an empty folder, so checkpoints/ and data/ are its own."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture(params=CELLS)
def cell(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def small_text(num_chars: int = 6000, *, seed: int = 0) -> str:
    """Lines of invented words: learnable, and the same every time."""
    random = np.random.default_rng(seed)
    words = ["".join(random.choice(list("aeioulmnrst"), size=4)) for _ in range(30)]
    text = ""
    while len(text) < num_chars:
        text += " ".join(random.choice(words, size=6)).capitalize() + ".\n"
    return text[:num_chars]


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    path = tmp_path / "corpus.txt"
    path.write_text(small_text())
    return path


@dataclass
class Result:
    code: int
    out: str
    err: str


Run = Callable[..., Result]


@pytest.fixture
def charrnn(monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> Run:
    """The command line in this process: quick, for torch is imported once."""

    monkeypatch.setattr(device, "default_threads", lambda: 1)

    def run(*arguments: object) -> Result:
        monkeypatch.setattr(sys, "argv", ["charrnn", *map(str, arguments)])
        capfdbinary.readouterr()
        with pytest.raises(SystemExit) as ended:
            program.main()
        torch.set_flush_denormal(False)  # hypothesis draws denormals and minds
        sys.stdout.flush()
        out, err = capfdbinary.readouterr()
        return Result(int(ended.value.code or 0), out.decode("utf-8", "replace"), err.decode())

    return run


def start(*arguments: object, **settings: object) -> "subprocess.Popen[bytes]":
    """The command line in a process of its own."""
    command = [sys.executable, "-m", "charrnn", *map(str, arguments)]
    return subprocess.Popen(command, **settings)  # type: ignore[call-overload, no-any-return]


def peak_memory(*arguments: object) -> int:
    """The largest resident set, in bytes, of one command."""
    command = [sys.executable, "-m", "charrnn", *map(str, arguments)]
    process = subprocess.Popen(command)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)  # it need not be waited for again
    assert process.returncode == 0
    return usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


SMALL = ("--hidden-size", 12, "--embedding-size", 8, "--batch-size", 4, "--seq-length", 8)


def random_weights(
    config: ModelConfig, vocab_size: int, *, seed: int = 0
) -> tuple[dict[str, np.ndarray], Weights]:
    """Weights drawn at random, under their names and gathered; half of all pairs, triples … have
    an embedding of their own.
    """
    random = np.random.default_rng(seed)
    keys = random_ngrams(config, vocab_size)
    arrays = {
        name: random.normal(0, 0.4, shape).astype(np.float32)
        for name, shape in config.weight_shapes(vocab_size, ngrams.num_rows(keys)).items()
    }
    return arrays, Weights.from_arrays(config, arrays, keys)


def random_ngrams(config: ModelConfig, vocab_size: int) -> tuple[np.ndarray, ...]:
    """The keys of the n-grams that are frequent in a random text."""
    text = np.random.default_rng(5).integers(vocab_size, size=20 * vocab_size)  # the same always
    return ngrams.learn(text, longest=config.ngrams, min_count=2)
