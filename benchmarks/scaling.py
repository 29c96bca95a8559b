"""How much faster are two processes, and what does their communication cost?

    python benchmarks/scaling.py [15]

Each row trains a network on random text of 65 characters: one process on one core; one process on
two cores; two processes on a core each that divide the lanes; and two with as many lanes each as
the single one. The processes are started once and take turns, some steps each, for so many rounds.
The table has medians and ranges of characters per second, and the median over the rounds of the
ratio to one process on one core. A step is complete: forward, backward, the exchange of gradients,
the update, and the agreement after each step.

Below it: the time of the exchange of so many numbers alone, and of the agreement.
"""

import argparse
import itertools
import json
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator

import measured
import numpy as np
import torch

from charrnn.config import ModelConfig, TrainConfig
from charrnn.data.batches import Lanes
from charrnn.models import device, ngrams
from charrnn.models.network import Network
from charrnn.tasks.language_model import LANGUAGE_MODEL
from charrnn.tasks.prefetch import Prefetcher
from charrnn.training import distributed
from charrnn.training.loop import TrainingState, train

VOCAB_SIZE = 65
WINDOW = 48
SIZES = ((128, 32), (256, 32), (512, 64))  # hidden size, lanes
NUMBERS = (1, 100_000, 1_000_000, 4_000_000)  # of an exchange
SECONDS_A_TURN = 0.7


def text() -> np.ndarray:
    return np.random.default_rng(0).integers(VOCAB_SIZE, size=300_000).astype(np.uint8)


def steps(hidden_size: int, lanes: int, group: distributed.Group) -> Iterator[object]:
    """Yield steps without end."""
    model = ModelConfig(hidden_size=hidden_size)
    config = TrainConfig(steps=2**40, batch_size=lanes, seq_length=WINDOW)
    ids = text()
    keys = ngrams.learn(ids, longest=model.ngrams, min_count=12)
    state = TrainingState.new(
        LANGUAGE_MODEL, Network(model, VOCAB_SIZE, keys, seed=1), config, group=group
    )
    walk = Lanes(ids, batch_size=lanes, seq_length=WINDOW, share=group.share(lanes))
    yield from train(state, Prefetcher(walk, "cpu"), config)


def work() -> None:
    """Work as one process of a group: carry out the orders on standard input, a line each.

    All processes get the same orders; the first prints the seconds of each.
    """
    group = distributed.form_group()
    known: dict[tuple[int, int], Iterator[object]] = {}
    for line in sys.stdin:
        order = json.loads(line)
        device.prepare("cpu", order["threads"])
        if "numbers" in order:
            weight = torch.nn.Parameter(torch.ones(order["numbers"]))
            group.maximum(0)
            began = time.monotonic()
            for _ in range(order["times"]):
                weight.grad = torch.ones_like(weight)
                if order["numbers"] > 1:
                    group.sum_gradients([weight], torch.zeros(()))
                else:
                    group.maximum(0, 0, 0)
        else:
            size = order["hidden_size"], order["lanes"]
            if size not in known:
                known[size] = steps(*size, group)
                next(known[size])  # to warm up
            group.maximum(0)
            began = time.monotonic()
            for _ in range(order["times"]):
                next(known[size])
                group.maximum(0, 0, 0)
        if group.rank == 0:
            print(time.monotonic() - began, flush=True)


class Team:
    """A group of processes that wait for orders."""

    def __init__(self, num_ranks: int, cores: list[int]) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        shared = {"WORLD_SIZE": num_ranks, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
        self._members = []
        for rank in range(num_ranks):
            places = {name: str(value) for name, value in (shared | {"RANK": rank}).items()}
            own = cores if num_ranks == 1 else [cores[rank % len(cores)]]
            self._members.append(
                subprocess.Popen(
                    [sys.executable, __file__, "--work"],
                    env=os.environ | places,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                    preexec_fn=lambda own=own: os.sched_setaffinity(0, own),
                )
            )

    def seconds(self, **order: int) -> float:
        """Give an order; return the seconds of each of its repetitions."""
        for member in self._members:
            assert member.stdin is not None
            member.stdin.write(json.dumps(order) + "\n")
            member.stdin.flush()
        assert self._members[0].stdout is not None
        return float(self._members[0].stdout.readline()) / order["times"]

    def close(self) -> None:
        for member in self._members:
            assert member.stdin is not None
            member.stdin.close()
            member.wait()


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rounds", nargs="?", type=int, default=15)
    return parser.parse_args()


def main() -> None:
    num_rounds, cores = arguments().rounds, measured.cores()[:2]
    alone, both, two = Team(1, cores[:1]), Team(1, cores), Team(2, cores)
    print(f"{measured.heading('torch')}, gloo")
    print(f"{num_rounds} rounds; characters a second, median (range)\n")
    for hidden_size, lanes in SIZES:
        contenders = {
            "1 process, 1 core": (alone, lanes, 1),
            "1 process, 2 cores": (both, lanes, 2),
            "2 processes, lanes divided": (two, lanes, 1),
            "2 processes, as many lanes each": (two, 2 * lanes, 1),
        }
        rates = compare(contenders, hidden_size, num_rounds)
        base = rates["1 process, 1 core"]
        print(f"lstm 1×{hidden_size}, {lanes} lanes of {WINDOW}")
        for name, own in rates.items():
            ratio = statistics.median(a / b for a, b in zip(own, base, strict=True))
            spread = f"({min(own):,.0f} – {max(own):,.0f})"
            print(f"  {name:32s}{statistics.median(own):9,.0f} {spread:22s} × {ratio:.2f}")
    print("\nthe exchange between two processes, median of its times")
    for numbers in NUMBERS:
        times = [two.seconds(numbers=numbers, times=20, threads=1) for _ in range(num_rounds)]
        what = f"{4 * numbers / 1e6:g} MB added up" if numbers > 1 else "the agreement"
        print(
            f"  {what:20s}{1e3 * statistics.median(times):9.2f} ms  (least {1e3 * min(times):.2f})"
        )
    for team in (alone, both, two):
        team.close()


def compare(
    contenders: dict[str, tuple[Team, int, int]], hidden_size: int, num_rounds: int
) -> dict[str, list[float]]:
    """Return each contender's characters per second in each round."""
    times, rates = {}, {name: [] for name in contenders}
    for _, (name, (team, lanes, threads)) in itertools.product(
        range(num_rounds + 1), contenders.items()
    ):
        order = {"hidden_size": hidden_size, "lanes": lanes, "threads": threads}
        seconds = team.seconds(**order, times=times.get(name, 3))
        if name in times:
            rates[name].append(lanes * WINDOW / seconds)
        times[name] = max(1, round(SECONDS_A_TURN / seconds))
    return rates


if __name__ == "__main__":
    if sys.argv[1:] == ["--work"]:
        work()
    else:
        main()
