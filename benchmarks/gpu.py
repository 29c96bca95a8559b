"""How near does a training step on a GPU come to the card's limits, and how good is a short run?

    python benchmarks/gpu.py [5] [--device cuda] [--quality tinyshakespeare.txt]

Each row trains an LSTM on random text of 65 characters, in one precision. These take turns at the
same sizes, for so many rounds; the table has medians, and the range of the first ratio:

- ours: the whole step of `charrnn train` (window, embeddings, layers, head, loss, clipped gradient,
  update);
- bare: forward and backward of the same `nn.LSTM` alone, on random numbers;
- the bounds: the recurrence needs T products of (lanes, hidden) by (hidden, 4 hidden), one after
  another, once forwards and twice backwards. Each takes at least the time of such a product (GEMM),
  and at least the time of reading its matrix once (bandwidth).

--quality trains for three minutes and prints the validation loss with the state reset every 256
characters, beside what nanoGPT publishes for about three minutes of an A100: 1.4697
(github.com/karpathy/nanoGPT).
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import measured
import numpy as np
import torch
from torch import nn

from charrnn.config import PRECISIONS, ModelConfig, RuntimeConfig, TrainConfig
from charrnn.data.batches import Lanes
from charrnn.models import device as devices
from charrnn.models.dropout import Draws
from charrnn.models.network import Network
from charrnn.tasks.language_model import LANGUAGE_MODEL
from charrnn.tasks.prefetch import Prefetcher
from charrnn.training.loop import TrainingState, train

VOCAB_SIZE = 65
SECONDS_A_TURN = 0.5
ON_A_GPU = [(512, 1, 64, 128), (512, 2, 128, 128), (1024, 1, 128, 256), (2048, 1, 128, 256)]
ON_A_CPU = [(128, 1, 32, 32), (256, 1, 32, 48)]  # only to try the script
NANOGPT = 1.4697


def ours(
    sizes: tuple[int, ...], config: TrainConfig, runtime: RuntimeConfig
) -> Callable[[], object]:
    hidden, layers, *_ = sizes
    model = ModelConfig(
        hidden_size=hidden, num_layers=layers, embedding_size=64, ngrams=1, skip=False
    )
    ids = np.random.default_rng(0).integers(VOCAB_SIZE, size=1_000_000).astype(np.uint8)
    lanes = Lanes(ids, batch_size=config.batch_size, seq_length=config.seq_length)
    steps = train(
        TrainingState.new(
            LANGUAGE_MODEL, Network(model, VOCAB_SIZE, seed=1), config, runtime=runtime
        ),
        Prefetcher(lanes, runtime.device),
        config,
    )
    return lambda: next(steps)


def bare(
    sizes: tuple[int, ...], config: TrainConfig, runtime: RuntimeConfig
) -> Callable[[], object]:
    hidden, layers, lanes, window = sizes
    dtype = Draws(config, 0, runtime=runtime).dtype or torch.float32
    lstm = nn.LSTM(64, hidden, layers).to(runtime.device, dtype)
    x_TBD = torch.randn(window, lanes, 64, device=runtime.device, dtype=dtype)
    gradient_TBH = torch.randn(window, lanes, hidden, device=runtime.device, dtype=dtype)

    def step() -> None:
        lstm.zero_grad()
        lstm(x_TBD)[0].backward(gradient_TBH)

    return step


def products(
    sizes: tuple[int, ...], config: TrainConfig, runtime: RuntimeConfig
) -> Callable[[], object]:
    """Return a step that makes the products of a window, forwards and backwards, independently."""
    hidden, layers, lanes, window = sizes
    dtype = Draws(config, 0, runtime=runtime).dtype or torch.float32
    h_BH = torch.randn(lanes, hidden, device=runtime.device, dtype=dtype)
    weight_HG = torch.randn(hidden, 4 * hidden, device=runtime.device, dtype=dtype)
    out_BG = torch.empty(lanes, 4 * hidden, device=runtime.device, dtype=dtype)

    def step() -> None:
        for _ in range(3 * layers * window):
            torch.mm(h_BH, weight_HG, out=out_BG)

    return step


def reading_seconds(sizes: tuple[int, ...], config: TrainConfig, runtime: RuntimeConfig) -> float:
    """Return the time of reading the recurrent matrix once for each product."""
    hidden, layers, _, window = sizes
    size = torch.finfo(Draws(config, 0, runtime=runtime).dtype or torch.float32).bits // 8
    source = torch.empty(1 << 28, dtype=torch.uint8, device=runtime.device)
    target = torch.empty_like(source)
    bytes_a_second = 2 * len(source) / seconds(lambda: target.copy_(source), runtime.device)
    return 3 * layers * window * 4 * hidden**2 * size / bytes_a_second


def seconds(step: Callable[[], object], device: str) -> float:
    """Return the mean time of a call over a turn."""
    step()
    wait(device)
    began, count = time.perf_counter(), 0
    while time.perf_counter() - began < SECONDS_A_TURN:
        for _ in range(5):
            step()
        count += 5
        wait(device)
    return (time.perf_counter() - began) / count


def wait(device: str) -> None:
    if device.startswith("cuda"):
        torch.cuda.synchronize(device)


def row(sizes: tuple[int, ...], precision: str, device: str, rounds: int) -> str:
    hidden, layers, lanes, window = sizes
    config = TrainConfig(steps=2**40, batch_size=lanes, seq_length=window, optimizer="adamw")
    threads = torch.get_num_threads()
    runtime = RuntimeConfig(device=device, precision=precision, threads=threads)
    devices.prepare(device, threads, precision=precision)
    contenders = [make(sizes, config, runtime) for make in (ours, bare, products)]
    taken = [[seconds(step, device) for step in contenders] for _ in range(rounds)]
    own, _, gemm = (statistics.median(column) for column in zip(*taken, strict=True))
    shares = [each[1] / each[0] for each in taken]
    reading = reading_seconds(sizes, config, runtime)
    return (
        f"| {layers}×{hidden}, {lanes}×{window} | {precision} | {lanes * window / own:,.0f} |"
        f" {measured.shown(shares, 2)} |"
        f" {gemm / own:.2f} | {reading / own:.2f} |"
    )


def quality(text: Path, device: str) -> None:
    """Train for three minutes with two seeds; print the losses."""
    for seed in (1, 2):
        with tempfile.TemporaryDirectory() as folder:
            began = time.monotonic()
            measured.train_in(folder, "a", text, 3, seed, "--device", device)
            taken = time.monotonic() - began
            facts = json.loads(measured.charrnn(folder, "info", "a", "--json"))
            print(
                f"seed {seed}, {taken:.0f} s: {facts['val_loss_reset']:.4f}"
                f" ({facts['val_loss']:.4f} carried); nanoGPT publishes {NANOGPT}"
            )


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rounds", nargs="?", type=int, default=5)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--quality", type=Path)
    return parser.parse_args()


def main() -> None:
    given = arguments()
    on_gpu = given.device.startswith("cuda")
    if on_gpu and not torch.cuda.is_available():
        raise SystemExit("there is no GPU here; --device cpu tries the script without one")
    name = torch.cuda.get_device_name(given.device) if on_gpu else "CPU"
    print(f"{name}, torch {torch.__version__}, {given.rounds} rounds\n")
    if given.quality:
        quality(given.quality, given.device)
        return
    print(
        "| layers×hidden, lanes×window | precision | chars/s | of the bare LSTM (range) |"
        " of GEMM | of bandwidth |\n|---|---|---|---|---|---|"
    )
    for sizes in ON_A_GPU if on_gpu else ON_A_CPU:
        for precision in PRECISIONS if on_gpu else ("float32", "bf16"):
            print(row(sizes, precision, given.device, given.rounds), flush=True)


if __name__ == "__main__":
    main()
