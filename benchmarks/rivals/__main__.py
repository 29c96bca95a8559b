"""Train a rival for so many minutes, and print a line of JSON: its scores on dev, and their curve.

    python -m rivals NAME TRAIN DEV --minutes 5 --seed 1 [--threads 1] [--target-symbols spaces]
        [--source-normalise nfd]

Names: tutorial (one pair at a time), tutorial-32 (batches of 32, as the tutorial has),
transformer (batches of 400, as published), transformer-32 (smaller batches, more steps). The clock
runs only while it trains. Of the models that the curve shows, the one with the lowest word error
rate on dev is reported.
"""

import argparse
import json
import time
import warnings
from pathlib import Path

import torch
from torch import nn

from charrnn.config import PairsConfig

from . import MARKS, examples
from .transformer import Transformer
from .tutorial import Tutorial

RIVALS = {
    "tutorial": (Tutorial, 1),
    "tutorial-32": (Tutorial, 32),
    "transformer": (Transformer, 400),
    "transformer-32": (Transformer, 32),
}
CLIP = {Tutorial: float("inf"), Transformer: 1.0}


def train(name: str, data: examples.Examples, *, seconds: float, seed: int) -> list[dict]:
    """Train a rival; return its scores at the marks, with the seconds of training and the steps."""
    network, batch_size = RIVALS[name]
    torch.manual_seed(seed)
    model = network(data.source.size, data.target.size)
    optimizer, marks, curve = model.optimizer(), list(MARKS), []
    began, evaluating = time.monotonic(), 0.0
    for step, batch in enumerate(data.batches(batch_size, seed)):
        elapsed = time.monotonic() - began - evaluating
        if elapsed >= marks[0] * seconds:
            now = time.monotonic()
            curve.append({"seconds": round(elapsed, 1), "steps": step, **data.score(model)})
            evaluating += time.monotonic() - now
            marks = [mark for mark in marks if mark * seconds > elapsed]
            if not marks:
                return curve
        for group in optimizer.param_groups:
            group["lr"] = model.rate(step, elapsed / seconds)
        optimizer.zero_grad()
        model.loss(batch).backward()
        nn.utils.clip_grad_norm_(model.parameters(), CLIP[network])
        optimizer.step()
    raise AssertionError("batches never end")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m rivals", description=__doc__.splitlines()[0])
    parser.add_argument("name", choices=RIVALS)
    parser.add_argument("train", type=Path)
    parser.add_argument("dev", type=Path)
    parser.add_argument("--minutes", type=float, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    for flag in ("source-symbols", "target-symbols"):
        parser.add_argument(f"--{flag}", default="characters")
    for flag in ("source-normalise", "target-normalise"):
        parser.add_argument(f"--{flag}", default="none")
    given = vars(parser.parse_args())
    torch.set_num_threads(given["threads"])
    torch.set_flush_denormal(True)
    warnings.filterwarnings("ignore", "enable_nested_tensor")
    config = PairsConfig.among(given)
    data = examples.read(given["train"], given["dev"], config)
    curve = train(given["name"], data, seconds=60 * given["minutes"], seed=given["seed"])
    best = min(curve, key=lambda scores: scores["word_error_rate"])
    print(json.dumps({**best, "curve": curve}))


if __name__ == "__main__":
    main()
