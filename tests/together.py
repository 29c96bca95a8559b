"""One of several processes for test_distributed.py: trains every case and writes down the results.

python together.py FOLDER, with RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT set
"""

import dataclasses
import json
import os
import sys
from pathlib import Path

import numpy as np
import torch
from conftest import small_text
from test_loop import CONFIG, IDS, state_of

from charrnn.cells import CELLS
from charrnn.config import TrainConfig
from charrnn.data.batches import Text
from charrnn.errors import PeerError
from charrnn.tasks.language_model import LANGUAGE_MODEL
from charrnn.tasks.prefetch import Prefetcher
from charrnn.training import distributed
from charrnn.training.loop import TrainingState, train

SPLIT = 9  # the step after which a second state continues
_ADAMW = dataclasses.replace(CONFIG, optimizer="adamw", weight_decay=0.1)
_RECORDS = dataclasses.replace(_ADAMW, batch_size=6, steps=40)
CASES = {cell: (cell, _ADAMW) for cell in CELLS} | {
    "clipped": ("lstm", dataclasses.replace(_ADAMW, grad_clip=0.05)),
    "records": ("gru", _RECORDS),
    "soap": ("cifg", CONFIG),
    "soap rnn": ("rnn", CONFIG),
}


def text_of(config: TrainConfig) -> Text:
    if config != _RECORDS:
        return Text(IDS, len(IDS), len(IDS))
    ends = np.flatnonzero([letter == "\n" for letter in small_text()])[:14] + 1  # idle lanes, too
    return Text(IDS[: ends[-1]], int(ends[-1]), int(ends[-1]), np.append(0, ends))


def start(cell: str, config: TrainConfig, group: distributed.Group) -> TrainingState:
    made = state_of(cell, config)
    return TrainingState.new(LANGUAGE_MODEL, made.module, config, group=group)


def losses(state: TrainingState, config: TrainConfig, until: int) -> list[float]:
    lanes = text_of(config).lanes(config, state.group.share(config.batch_size))
    steps = train(state, Prefetcher(lanes, "cpu"), config)
    return [float(next(steps).loss) for _ in range(state.step, until)]


def learn(name: str, group: distributed.Group, folder: Path) -> dict[str, object]:
    """Train a case to the end; and again, resumed halfway from saved arrays."""
    cell, config = CASES[name]
    whole = start(cell, config, group)
    found = losses(whole, config, config.steps)
    first = start(cell, config, group)
    losses(first, config, SPLIT)
    handed_on = first.arrays()
    second = start(cell, dataclasses.replace(config, seed=77), group)
    second.restore(handed_on, step=SPLIT)
    losses(second, config, config.steps)
    last, resumed = whole.arrays(), second.arrays()
    if group.rank == 0:
        np.savez(folder / f"{name}.npz", **handed_on)
    return {
        "losses": found,
        "weights": [weight.sum().item() for weight in whole.module.parameters()],
        "is_resume_exact": all(last[key].tobytes() == resumed[key].tobytes() for key in last),
    }


def talk(group: distributed.Group) -> dict[str, object]:
    """Exchange everything but gradients between the processes."""
    with group.one_per_machine_first():
        pass
    return {
        "agreed": group.maximum(group.rank, 5 - group.rank),
        "number": group.broadcast_number(0.1 + group.rank),
        "bytes": group.broadcast_bytes(b"12" if group.rank == 0 else b"").decode(),
        "nothing": group.broadcast_bytes(b"").decode(),
        "whole": group.gather(torch.full((2, 1), group.rank), axis=1).tolist(),
    }


def main() -> None:
    torch.set_num_threads(1)
    folder = Path(sys.argv[1])
    group = distributed.form_group()
    results = {"talk": talk(group)} | {name: learn(name, group, folder) for name in CASES}
    (folder / f"rank{group.rank}.json").write_text(json.dumps(results))
    if group.rank > 0:
        return  # without a word
    try:
        group.maximum(1)
    except PeerError as error:
        (folder / "error").write_text(str(error))


if __name__ == "__main__":
    main()
    os._exit(0)  # gloo's threads may abort a process that ends without having left its group
