"""What does a training come to on a machine that other programs use too?

    python benchmarks/in_use.py CORPUS --minutes 1 --rounds 2 --before WORKTREE
    python benchmarks/in_use.py CORPUS --waits --rounds 2

Trains the same network (one LSTM layer of 128 units, 32 lanes of 48 characters) for the same time

    idle           with the machine to itself
    1 neighbour    beside a program that takes all the time it gets
    2 neighbours   beside two of them
    passing        beside one that comes for 14 of 60 seconds (from 30 to 53 % of the time)
    2 trainings    beside another training like itself; both are shown

by each of

    charrnn        charrnn train CORPUS --minutes M --hidden-size 128, as it is here
    before         the same command of another version, in a worktree; left out without --before
    plain          a loop in plain torch: embedding, nn.LSTM, head, AdamW, as torch comes

and prints characters learned per second, that as a share of the idle rate, how many seconds the
whole command took (of the plain loop: its training), and the validation loss, the state carried.
The contestants take turns; of several rounds the median is shown, with least and most in brackets.
Nothing else may run on the machine meanwhile.

With --waits: characters learned per second in some steps of one layer of 128, 256 and 512
units, idle and beside one neighbour, by how long threads spin while they wait (`charrnn/cores.py`).
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

BUSY = "while True: pass"
HIDDEN, LANES, WINDOW = 128, 32, 48
CONDITIONS = ("idle", "1 neighbour", "2 neighbours", "passing", "2 trainings")
PASSING = (0.30, 0.53)  # of the time
HERE = Path(__file__).resolve().parents[1]


def plain(corpus: Path, seconds: float) -> dict:
    """A plain loop: its figures after so many seconds of training."""
    import numpy as np
    import torch
    from torch import nn
    from torch.nn import functional

    from charrnn.models.evaluation import evaluate

    characters, ids = np.unique(list(corpus.read_text(encoding="utf-8")), return_inverse=True)
    num_train = int(0.9 * len(ids))
    starts = np.arange(LANES) * (num_train // LANES)

    class Loop(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding = nn.Embedding(len(characters), HIDDEN)
            self.layer = nn.LSTM(HIDDEN, HIDDEN)
            self.head = nn.Linear(HIDDEN, len(characters))

        def initial_state(self, num_lanes: int):
            return torch.zeros(1, num_lanes, HIDDEN), torch.zeros(1, num_lanes, HIDDEN)

        def forward(self, ids_TB, state):
            x_TBH, state = self.layer(self.embedding(ids_TB), state)
            return self.head(x_TBH), state

    torch.manual_seed(1)
    network = Loop()
    optimizer = torch.optim.AdamW(network.parameters(), lr=5e-3, weight_decay=0.0)
    state, step, began = network.initial_state(LANES), 0, time.monotonic()
    while (spent := time.monotonic() - began) < seconds:
        places = (starts + step * WINDOW + np.arange(WINDOW + 1)[:, None]) % num_train
        window = torch.from_numpy(ids[places])
        logits, state = network(window[:-1], state)
        loss = functional.cross_entropy(logits.flatten(0, 1), window[1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        for group in optimizer.param_groups:
            group["lr"] = 5e-3 * (1 - spent / seconds)
        optimizer.step()
        state = tuple(part.detach() for part in state)
        step += 1
    took = time.monotonic() - began
    loss = evaluate(network, ids, first=num_train)  # type: ignore[arg-type]
    return {"rate": step * LANES * WINDOW / took, "wall": took, "loss": loss}


class Training:
    """A contestant at work, in a process and a folder of its own."""

    def __init__(self, name: str, corpus: Path, minutes: float, before: Path | None) -> None:
        self._name, self._folder = name, tempfile.TemporaryDirectory()
        tree = before if name == "before" and before else HERE
        self._environment = {**os.environ, "PYTHONPATH": str(tree)}
        self._began = time.monotonic()
        if name == "plain":
            arguments = [__file__, str(corpus), "--plain", str(60 * minutes)]
        else:
            sizes = ["--hidden-size", str(HIDDEN), "--dropout", "0", "--run", "a", "--quiet"]
            arguments = ["-m", "charrnn", "train", str(corpus), "--minutes", str(minutes), *sizes]
        self._process = self._started(arguments)

    def _started(self, arguments: list[str]) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, *arguments],
            cwd=self._folder.name,
            env=self._environment,
            stdout=subprocess.PIPE,
            text=True,
        )

    def figures(self) -> dict:
        """Wait for its end; rate, seconds of wall time, loss."""
        out, _ = self._process.communicate()
        wall = time.monotonic() - self._began
        if self._name == "plain":
            return json.loads(out)
        info = self._started(["-m", "charrnn", "info", "a", "--json"])
        found = json.loads(info.communicate()[0])
        num_chars = found["step"] * found["batch_size"] * found["seq_length"]
        return {
            "rate": num_chars / found["elapsed_seconds"],
            "wall": wall,
            "loss": found["val_loss"],
            "threads": found["threads"],
        }


@contextmanager
def neighbours(num: int) -> Iterator[None]:
    """Meanwhile so many other programs take all the time they get."""
    busy = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(num)]
    try:
        yield
    finally:
        for process in busy:
            process.kill()
            process.wait()


def measured(name: str, condition: str, corpus: Path, minutes: float, before: Path | None) -> list:
    """The figures of one contestant under one condition; of two trainings, both."""
    with neighbours({"1 neighbour": 1, "2 neighbours": 2}.get(condition, 0)):
        num_trainings = 2 if condition == "2 trainings" else 1
        trainings = [Training(name, corpus, minutes, before) for _ in range(num_trainings)]
        if condition == "passing":
            time.sleep(60 * minutes * PASSING[0])
            with neighbours(1):
                time.sleep(60 * minutes * (PASSING[1] - PASSING[0]))
        return [training.figures() for training in trainings]


WAITS = {
    "as torch comes, 2 threads": ({"GOMP_SPINCOUNT": "300000"}, 2),  # libgomp's own default
    "OMP_WAIT_POLICY=PASSIVE, 2 threads": ({"OMP_WAIT_POLICY": "PASSIVE"}, 2),
    "GOMP_SPINCOUNT=0, 2 threads": ({"GOMP_SPINCOUNT": "0"}, 2),
    "GOMP_SPINCOUNT=1000 (ours), 2 threads": ({"GOMP_SPINCOUNT": "1000"}, 2),
    "GOMP_SPINCOUNT=30000, 2 threads": ({"GOMP_SPINCOUNT": "30000"}, 2),
    "1 thread": ({}, 1),
}
TOO_SLOW_BESIDE = ("as torch comes, 2 threads", "GOMP_SPINCOUNT=30000, 2 threads")  # minutes a run


def learned_per_second(corpus: Path, variables: dict[str, str], threads: int, units: int) -> float:
    """Characters per second of a short run, its first steps left out."""
    with tempfile.TemporaryDirectory() as folder:
        sizes = ["--hidden-size", str(units), "--threads", str(threads), "--dropout", "0"]
        lengths = ["--steps", str(25_600 // units), "--eval-every", "100000", "--sample-every", "0"]
        subprocess.run(
            [sys.executable, "-m", "charrnn", "train", str(corpus), *sizes, *lengths, "--quiet"],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(HERE), **variables},
            check=True,
        )
        (metrics,) = Path(folder).glob("checkpoints/*/metrics.jsonl")
        lines = map(json.loads, metrics.read_text().splitlines())
        rates = [line["chars_per_second"] for line in lines if "chars_per_second" in line]
    return statistics.median(rates[1:])


def show_waits(corpus: Path, rounds: int) -> None:
    """The table of --waits."""
    columns = [(units, beside) for units in (128, 256, 512) for beside in (False, True)]
    found: dict[tuple[str, int, bool], list[float]] = {}
    for _ in range(rounds):
        for units, beside in columns:
            for name, (variables, threads) in WAITS.items():
                if beside and name in TOO_SLOW_BESIDE:
                    continue
                with neighbours(int(beside)):
                    rate = learned_per_second(corpus, variables, threads, units)
                found.setdefault((name, units, beside), []).append(rate)
    heads = [f"{units} {'beside one' if beside else 'idle'}" for units, beside in columns]
    print(f"| | {' | '.join(heads)} |\n|---|{'---|' * len(heads)}")
    for name in WAITS:
        rates = [found.get((name, units, beside)) for units, beside in columns]
        cells = [spread(each, 0) if each else "" for each in rates]
        print(f"| {name} | {' | '.join(cells)} |")


def spread(values: list[float], digits: int) -> str:
    """The median, with the least and the most where there are several."""
    middle = f"{statistics.median(values):,.{digits}f}"
    if len(values) < 2:
        return middle
    return f"{middle} ({min(values):,.{digits}f}–{max(values):,.{digits}f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--before", type=Path, help="a worktree of another version")
    parser.add_argument("--waits", action="store_true", help="how long threads spin instead")
    parser.add_argument("--plain", type=float, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.plain is not None:
        print(json.dumps(plain(asked.corpus, asked.plain)))
        return
    print(f"{date.today()}, {platform.processor() or platform.machine()}, {os.cpu_count()} cores;")
    if asked.waits:
        show_waits(asked.corpus.resolve(), asked.rounds)
        return
    names = ("charrnn", "before", "plain") if asked.before else ("charrnn", "plain")
    found: dict[tuple[str, str], list[dict]] = {}
    corpus, before = asked.corpus.resolve(), asked.before and asked.before.resolve()
    for _ in range(asked.rounds):
        for condition in CONDITIONS:
            for name in names:
                new = measured(name, condition, corpus, asked.minutes, before)
                found.setdefault((condition, name), []).extend(new)
                print(condition, name, json.dumps(new), file=sys.stderr, flush=True)
    print(f"{asked.minutes:g} minutes each, {asked.rounds} rounds\n")
    print("| | | characters a second | of idle | seconds | validation loss |")
    print("|---|---|---|---|---|---|")
    for condition in CONDITIONS:
        for name in names:
            rows = found[condition, name]
            idle = statistics.median(row["rate"] for row in found["idle", name])
            rates = [row["rate"] for row in rows]
            print(
                f"| {condition} | {name} | {spread(rates, 0)}"
                f" | {100 * statistics.median(rates) / idle:.0f} %"
                f" | {spread([row['wall'] for row in rows], 1)}"
                f" | {spread([row['loss'] for row in rows], 3)} |"
            )


if __name__ == "__main__":
    main()
