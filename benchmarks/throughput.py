"""How many characters per second does training read, and how near is that to the machine's limit?

    python benchmarks/throughput.py [5]

Each row trains a network on random text of 65 characters: ours, and the loop of the tutorials
(nn.Embedding, nn.LSTM, nn.Linear, torch.optim.Adam, clip_grad_norm_, loss.item() at each step) at
the same sizes. All take turns, a few steps each, for so many rounds; the table has medians and
ranges. The limit is the rate of a matrix product of the shape of one time step,
(batch, inputs + hidden) by (inputs + hidden, gates), timed in the same turns. The share is the rate
of the whole step (forward, backward, update; counted as three forward passes) over that limit.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import measured
import numpy as np
import torch
from torch import nn
from torch.nn import functional

from charrnn import _cores
from charrnn.config import ModelConfig, TrainConfig
from charrnn.data.batches import Lanes
from charrnn.models import device, ngrams
from charrnn.models.network import Network
from charrnn.tasks import autosize
from charrnn.tasks.language_model import LANGUAGE_MODEL
from charrnn.tasks.prefetch import Prefetcher
from charrnn.training.loop import TrainingState, train

VOCAB_SIZE = 65
SECONDS_A_TURN = 0.5


@dataclass(frozen=True)
class Contender:
    """A training step, and its size."""

    name: str
    step: Callable[[], object]
    chars_per_step: float
    flops_per_char: float
    gemm: tuple[int, int, int]  # rows, inner, columns of a time step's product


def ours(name: str, ids: np.ndarray, **sizes: object) -> Contender:
    model = ModelConfig.among(sizes)
    config = TrainConfig.among({"steps": 2**40, **sizes})
    keys = ngrams.learn(ids, longest=model.ngrams, min_count=config.ngram_min_count)
    state = TrainingState.new(LANGUAGE_MODEL, Network(model, VOCAB_SIZE, keys, seed=1), config)
    lanes = Lanes(ids, batch_size=config.batch_size, seq_length=config.seq_length)
    steps: Iterator[object] = train(state, Prefetcher(lanes, "cpu"), config)
    return Contender(
        name,
        lambda: next(steps),
        lanes.chars_per_step,
        6 * autosize.cost(model, VOCAB_SIZE),
        gemm_of(model, config.batch_size),
    )


def tutorial(name: str, ids: np.ndarray, **sizes: object) -> Contender:
    model = ModelConfig.among({"ngrams": 1, "skip": False, **sizes})
    config = TrainConfig.among(sizes)
    text = torch.from_numpy(ids.astype(np.int64))
    lanes = text[: len(text) // config.batch_size * config.batch_size].view(config.batch_size, -1)
    embedding = nn.Embedding(VOCAB_SIZE, model.embedding_size)
    layers = nn.LSTM(model.embedding_size, model.hidden_size, model.num_layers, batch_first=True)
    head = nn.Linear(model.hidden_size, VOCAB_SIZE)
    weights = [*embedding.parameters(), *layers.parameters(), *head.parameters()]
    optimizer = torch.optim.Adam(weights, lr=2e-3)
    state, at, T = None, 0, config.seq_length

    def step() -> float:
        nonlocal state, at
        at = (at + T) % (lanes.shape[1] - T - 1)
        optimizer.zero_grad()
        hidden, new_state = layers(embedding(lanes[:, at : at + T]), state)
        logits = head(hidden)
        targets = lanes[:, at + 1 : at + T + 1]
        loss = functional.cross_entropy(logits.flatten(0, 1), targets.flatten())
        loss.backward()
        nn.utils.clip_grad_norm_(weights, 5.0)
        optimizer.step()
        state = tuple(part.detach() for part in new_state)
        return loss.item()

    return Contender(
        name,
        step,
        config.batch_size * T,
        6 * autosize.cost(model, VOCAB_SIZE),
        gemm_of(model, config.batch_size),
    )


def gemm_of(model: ModelConfig, batch_size: int) -> tuple[int, int, int]:
    inner = (model.input_size if model.num_layers == 1 else model.hidden_size) + model.hidden_size
    return batch_size, inner, model.num_gates * model.hidden_size


def rate(work: Callable[[], object], units: float) -> float:
    """Return units of work per second, over half a second."""
    work()
    began, count = time.perf_counter(), 0
    while time.perf_counter() - began < SECONDS_A_TURN:
        work()
        count += 1
    return units * count / (time.perf_counter() - began)


def gemm_rate(shape: tuple[int, int, int]) -> float:
    """Return floating-point operations per second, in the faster of the two layouts."""
    rows, inner, columns = shape
    a, b = torch.randn(rows, inner), torch.randn(inner, columns)
    out, turned = torch.empty(rows, columns), torch.empty(columns, rows)
    a_turned, b_turned = a.t().contiguous(), b.t().contiguous()
    flops = 2.0 * rows * inner * columns
    return max(
        rate(lambda: torch.mm(a, b, out=out), flops),
        rate(lambda: torch.mm(b_turned, a_turned, out=turned), flops),
    )


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rounds", nargs="?", type=int, default=5)
    return parser.parse_args()


def main() -> None:
    rounds = arguments().rounds
    device.prepare("cpu", _cores.num_cores())
    ids = np.random.default_rng(0).integers(VOCAB_SIZE, size=200_000).astype(np.uint8)
    plain = {"ngrams": 1, "skip": False, "embedding_size": 64, "optimizer": "adamw"}
    small = {"hidden_size": 128, "num_layers": 2, "batch_size": 50, "seq_length": 50}
    large = {"hidden_size": 512, "num_layers": 2, "batch_size": 64, "seq_length": 64}
    wide = {"hidden_size": 512, "batch_size": 64, "seq_length": 64}
    contenders = [
        tutorial("tutorial loop, lstm 2×128, 50×50", ids, embedding_size=64, **small),
        ours("ours, lstm 2×128, 50×50", ids, **plain, **small),
        tutorial("tutorial loop, lstm 2×512, 64×64", ids, embedding_size=64, **large),
        ours("ours, lstm 2×512, 64×64", ids, **plain, **large),
        ours("ours, cifg 2×512, 64×64", ids, cell="cifg", **plain, **large),
        ours("ours, lstm 1×512, 64×64", ids, **plain, **wide),
        ours("ours, cifg 1×512, 64×64", ids, cell="cifg", **plain, **wide),
        ours("ours, the default recipe, lstm 1×256, 32×48", ids, hidden_size=256),
        ours("ours, the default recipe, cifg 1×256, 32×48", ids, cell="cifg", hidden_size=256),
        ours("ours, the default recipe, cifg 1×512, 32×48", ids, cell="cifg", hidden_size=512),
    ]
    rates: dict[str, list[tuple[float, float]]] = {each.name: [] for each in contenders}
    for each in contenders:
        rate(each.step, 1)
    for _ in range(rounds):
        for each in contenders:
            chars = rate(each.step, each.chars_per_step)
            rates[each.name].append((chars, chars * each.flops_per_char / gemm_rate(each.gemm)))
    print(f"{measured.heading('torch')}; {_cores.num_cores()} threads, {rounds} rounds\n")
    print(
        "| | chars/s, median (range) | GFLOP/s | share of the GEMM rate (range) |\n"
        "|---|---|---|---|"
    )
    for each in contenders:
        chars, shares = zip(*rates[each.name], strict=True)
        middle = statistics.median(chars)
        print(
            f"| {each.name} | {measured.shown(chars)} |"
            f" {middle * each.flops_per_char / 1e9:.0f} |"
            f" {statistics.median(shares):.0%} ({min(shares):.0%}–{max(shares):.0%}) |"
        )


if __name__ == "__main__":
    main()
