"""How well does training go on a machine that other programs use too?

    python benchmarks/in_use.py CORPUS --minutes 1 --rounds 2 --before WORKTREE
    python benchmarks/in_use.py CORPUS --waits --rounds 2

Trains the same network (one LSTM layer of 128 units, 32 lanes of 48 characters) for the same time

    idle           with the machine to itself
    1 neighbour    beside a program that keeps a core busy
    2 neighbours   beside two such programs
    passing        beside such a program for 14 of 60 seconds (from 30 to 53 % of the time)
    2 trainings    beside another training of the same kind; both are shown

with each of

    charrnn        charrnn train CORPUS --minutes M --hidden-size 128, of this worktree
    before         the same command of another version, in a worktree; left out without --before
    plain          a loop in plain torch: embedding, nn.LSTM, head, AdamW, torch's own settings

and prints the characters trained on per second, the ratio to the idle rate, the seconds of the
whole command (for the plain loop, of training alone) and the validation loss with the state
carried. The contestants take turns; with several rounds, medians and ranges are shown. Nothing else
may run on the machine.

With --waits: characters per second in some steps of one layer of 128, 256 and 512 units, idle and
beside one neighbour, by how long threads spin while they wait (`charrnn/_cores.py`).
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import measured

BUSY = "while True: pass"
HIDDEN, LANES, WINDOW = 128, 32, 48
CONDITIONS = ("idle", "1 neighbour", "2 neighbours", "passing", "2 trainings")
PASSING = (0.30, 0.53)  # of the time


def plain(corpus: Path, seconds: float) -> dict:
    """Train a plain loop for so many seconds; return its figures."""
    import numpy as np
    import torch
    from torch import nn
    from torch.nn import functional

    from charrnn.models.evaluation import evaluate_carried

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
    while (elapsed := time.monotonic() - began) < seconds:
        positions = (starts + step * WINDOW + np.arange(WINDOW + 1)[:, None]) % num_train
        window = torch.from_numpy(ids[positions])
        logits, state = network(window[:-1], state)
        loss = functional.cross_entropy(logits.flatten(0, 1), window[1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        for group in optimizer.param_groups:
            group["lr"] = 5e-3 * (1 - elapsed / seconds)
        optimizer.step()
        state = tuple(part.detach() for part in state)
        step += 1
    wall = time.monotonic() - began
    loss = evaluate_carried(network, ids, first=num_train)  # type: ignore[arg-type]
    return {"rate": step * LANES * WINDOW / wall, "wall": wall, "loss": loss}


class Training:
    """A training in its own process and folder."""

    def __init__(self, name: str, corpus: Path, minutes: float, before: Path | None) -> None:
        self._name, self._folder = name, tempfile.TemporaryDirectory()
        self._environment = measured.environment()
        if name == "before":
            self._environment["PYTHONPATH"] = str(before)
        self._began = time.monotonic()
        if name == "plain":
            arguments = [__file__, str(corpus), "--plain", str(60 * minutes)]
        else:
            sizes = ["--hidden-size", str(HIDDEN), "--dropout", "0", "--run", "a", "--quiet"]
            if name == "charrnn":  # else a short run validates on a part of the last tenth
                sizes += ["--max-val-chars", "0"]
            arguments = ["-m", "charrnn", "train", str(corpus), "--minutes", str(minutes), *sizes]
        self._process = self._start(arguments)

    def _start(self, arguments: list[str]) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, *arguments],
            cwd=self._folder.name,
            env=self._environment,
            stdout=subprocess.PIPE,
            text=True,
        )

    def figures(self) -> dict:
        """Wait for its end; return rate, seconds of wall time and loss."""
        out, _ = self._process.communicate()
        wall = time.monotonic() - self._began
        if self._name == "plain":
            return json.loads(out)
        info = self._start(["-m", "charrnn", "info", "a", "--json"])
        facts = json.loads(info.communicate()[0])
        num_chars = facts["step"] * facts["batch_size"] * facts["seq_length"]
        return {
            "rate": num_chars / facts["elapsed_seconds"],
            "wall": wall,
            "loss": facts["val_loss"],
            "threads": facts["threads"],
        }

    def end(self) -> None:
        """End it, if it has not ended, and remove its folder."""
        assert self._process.stdout is not None
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()
        self._folder.cleanup()


@contextmanager
def neighbours(num: int) -> Iterator[None]:
    """Run other programs that keep cores busy."""
    busy = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(num)]
    try:
        yield
    finally:
        for process in busy:
            process.kill()
            process.wait()


def measure(name: str, condition: str, corpus: Path, minutes: float, before: Path | None) -> list:
    """Return the figures of one contestant under one condition: two for two trainings."""
    with neighbours({"1 neighbour": 1, "2 neighbours": 2}.get(condition, 0)):
        num_trainings = 2 if condition == "2 trainings" else 1
        trainings = [Training(name, corpus, minutes, before) for _ in range(num_trainings)]
        try:
            if condition == "passing":
                time.sleep(60 * minutes * PASSING[0])
                with neighbours(1):
                    time.sleep(60 * minutes * (PASSING[1] - PASSING[0]))
            return [training.figures() for training in trainings]
        finally:
            for training in trainings:
                training.end()


WAITS = {
    "torch's own, 2 threads": ({"GOMP_SPINCOUNT": "300000"}, 2),  # libgomp's own default
    "OMP_WAIT_POLICY=PASSIVE, 2 threads": ({"OMP_WAIT_POLICY": "PASSIVE"}, 2),
    "GOMP_SPINCOUNT=0, 2 threads": ({"GOMP_SPINCOUNT": "0"}, 2),
    "GOMP_SPINCOUNT=1000 (ours), 2 threads": ({"GOMP_SPINCOUNT": "1000"}, 2),
    "GOMP_SPINCOUNT=30000, 2 threads": ({"GOMP_SPINCOUNT": "30000"}, 2),
    "1 thread": ({}, 1),
}
TOO_SLOW_BESIDE = ("torch's own, 2 threads", "GOMP_SPINCOUNT=30000, 2 threads")  # minutes a run


def training_rate(corpus: Path, variables: dict[str, str], threads: int, units: int) -> float:
    """Return characters per second of a short run, without its first steps."""
    with tempfile.TemporaryDirectory() as folder:
        sizes = ["--hidden-size", str(units), "--threads", str(threads), "--dropout", "0"]
        lengths = ["--steps", str(25_600 // units), "--eval-every", "100000", "--sample-every", "0"]
        subprocess.run(
            [sys.executable, "-m", "charrnn", "train", str(corpus), *sizes, *lengths, "--quiet"],
            cwd=folder,
            env=measured.environment() | variables,
            check=True,
        )
        (metrics,) = Path(folder).glob("checkpoints/*/metrics.jsonl")
        lines = map(json.loads, metrics.read_text().splitlines())
        rates = [line["chars_per_second"] for line in lines if "chars_per_second" in line]
    return statistics.median(rates[1:])


def show_waits(corpus: Path, rounds: int) -> None:
    """Print the table of --waits."""
    columns = [(units, beside) for units in (128, 256, 512) for beside in (False, True)]
    found: dict[tuple[str, int, bool], list[float]] = {}
    for _ in range(rounds):
        for units, beside in columns:
            for name, (variables, threads) in WAITS.items():
                if beside and name in TOO_SLOW_BESIDE:
                    continue
                with neighbours(int(beside)):
                    rate = training_rate(corpus, variables, threads, units)
                found.setdefault((name, units, beside), []).append(rate)
    heads = [f"{units} {'beside one' if beside else 'idle'}" for units, beside in columns]
    print(f"| | {' | '.join(heads)} |\n|---|{'---|' * len(heads)}")
    for name in WAITS:
        rates = [found.get((name, units, beside)) for units, beside in columns]
        cells = [measured.shown(each) if each else "" for each in rates]
        print(f"| {name} | {' | '.join(cells)} |")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--before", type=Path, help="a worktree of another version")
    parser.add_argument("--waits", action="store_true", help="how long threads spin instead")
    parser.add_argument("--plain", type=float, help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    given = arguments()
    if given.plain is not None:
        print(json.dumps(plain(given.corpus, given.plain)))
        return
    print(measured.heading("torch"))
    if given.waits:
        show_waits(given.corpus.resolve(), given.rounds)
        return
    names = ("charrnn", "before", "plain") if given.before else ("charrnn", "plain")
    found: dict[tuple[str, str], list[dict]] = {}
    corpus, before = given.corpus.resolve(), given.before and given.before.resolve()
    for _ in range(given.rounds):
        for condition in CONDITIONS:
            for name in names:
                new = measure(name, condition, corpus, given.minutes, before)
                found.setdefault((condition, name), []).extend(new)
                print(condition, name, json.dumps(new), file=sys.stderr, flush=True)
    print(f"{given.minutes:g} minutes each, {given.rounds} rounds\n")
    print("| | | characters a second | of idle | seconds | validation loss |")
    print("|---|---|---|---|---|---|")
    for condition in CONDITIONS:
        for name in names:
            rows = found[condition, name]
            idle = statistics.median(row["rate"] for row in found["idle", name])
            rates = [row["rate"] for row in rows]
            print(
                f"| {condition} | {name} | {measured.shown(rates)}"
                f" | {100 * statistics.median(rates) / idle:.0f} %"
                f" | {measured.shown([row['wall'] for row in rows], 1)}"
                f" | {measured.shown([row['loss'] for row in rows], 3)} |"
            )


if __name__ == "__main__":
    main()
