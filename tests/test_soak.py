"""Slower proofs: a run killed again and again, and a corpus far larger than the memory it needs."""

import json
from pathlib import Path

import numpy as np
import pytest
from conftest import SMALL, peak_memory, small_text, start
from test_cli import wait_until

pytestmark = pytest.mark.slow


def test_a_run_killed_twelve_times_ends_with_the_weights_of_one_that_was_not(charrnn, corpus):
    train = ("train", corpus, *SMALL, "--cell", "gru", "--num-layers", 2, "--dropout", 0.3)
    train += ("--steps", 4000, "--eval-every", 700, "--threads", 1, "--quiet")
    random = np.random.default_rng(0)
    process = start(*train, "--run", "a", "--save-every", 0)
    metrics = Path("checkpoints/a/metrics.jsonl")
    for _ in range(12):
        wait_until(lambda: metrics.exists() and metrics.stat().st_size > 100)
        before = last_step()
        wait_until(lambda before=before: last_step() > before + random.integers(20, 120))
        process.kill()
        process.wait()
        process = start("resume", "a", "--save-every", 0, "--quiet")
    assert process.wait() == 0
    assert charrnn(*train, "--run", "b").code == 0
    one, other = (json.loads(charrnn("info", name, "--json").out) for name in "ab")
    for name in ("weights_sha256", "val_loss", "val_loss_reset", "step", "best_step"):
        assert one[name] == other[name]


def last_step() -> int:
    lines = Path("checkpoints/a/metrics.jsonl").read_text().splitlines()
    steps = [json.loads(line)["step"] for line in lines if line.endswith("}")]
    return max(steps, default=0)


@pytest.mark.parametrize("flags", [(), ("--bytes",)])
def test_memory_does_not_grow_with_the_corpus(tmp_path, flags):
    """Encoding and training take as much at 400 MB as at 40 MB, within 30 MB."""
    text = small_text(1_000_000).encode()
    peaks = []
    for num_megabytes in (40, 400):
        with (tmp_path / "large.txt").open("wb") as file:
            for _ in range(num_megabytes):
                file.write(text)
        settings = (*flags, *SMALL, "--steps", 3000, "--threads", 1, "--quiet")
        peaks.append(peak_memory("train", "large.txt", *settings))
    assert peaks[1] < peaks[0] + 30_000_000
