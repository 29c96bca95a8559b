"""How fast does it write text, and how near is that to the machine's limit?

    python benchmarks/sampling.py CORPUS [--seconds 1] [--rounds 7] [--plot sampling.svg]

The contenders take turns in one run; the tables have medians and ranges:

- one stream: ours against the loop of the tutorials (nn.LSTM or nn.GRU one character at a time,
  softmax, multinomial), with and without oneDNN, which torch uses by default. The bound is the time
  of reading the weights of a step, at the rate at which this machine reads arrays of that size
  repeatedly (by a dot product), on as many threads.
- many streams side by side. The bound is the arithmetic of all products at the rate of the largest
  product alone.
- from Enter to the first character, and the memory by then: `charrnn sample` against a Python that
  imports torch and loads the same weights.

The default model is trained for a minute on CORPUS, so that contexts recur as in a text; the others
have random weights. Needs matplotlib for --plot.
"""

import argparse
import os
import pkgutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import measured
import numpy as np
import torch
from measured import shown
from threadpoolctl import threadpool_limits
from torch import nn
from torch.backends import mkldnn

from charrnn import load
from charrnn.cells import cell_spec
from charrnn.config import ModelConfig, SampleConfig
from charrnn.data.vocab import Vocab
from charrnn.generation.model import Model
from charrnn.generation.prompted import PromptedSampler
from charrnn.models.reference import Weights
from charrnn.models.step_numpy import NumpyBackend

SAMPLE = SampleConfig(length=-1, seed=1)
SHAPES = [("lstm", 2, 128), ("lstm", 1, 256), ("lstm", 2, 512), ("lstm", 3, 512), ("gru", 1, 256)]
STREAMS = (1, 8, 64, 512)
LENGTH = 50  # of each of many texts
WITH_TORCH = """
import sys, time
import torch
from threadpoolctl import threadpool_limits
from torch import nn
saved = torch.load(sys.argv[1], weights_only=True)
layers = nn.LSTM(saved["inputs"], saved["hidden"])
layers.load_state_dict(saved["layers"])
state = torch.zeros(1, 1, saved["hidden"]), torch.zeros(1, 1, saved["hidden"])
with torch.no_grad():
    h, state = layers(torch.zeros(1, 1, saved["inputs"]), state)
    logits = h[0, 0] @ saved["head"][:, : saved["hidden"]].T
    print(chr(97 + int(torch.multinomial((logits / 0.8).softmax(0), 1)) % 26), flush=True)
time.sleep(60)
"""


def random_model(cell: str, num_layers: int, hidden_size: int, vocab_size: int) -> Model:
    """Return a plain recurrence with random weights, as in the tutorials."""
    config = ModelConfig(
        cell=cell, num_layers=num_layers, hidden_size=hidden_size, embedding_size=64,
        ngrams=1, skip=False,
    )  # fmt: skip
    random = np.random.default_rng(0)
    arrays = {
        name: random.normal(0, 0.05, shape).astype(np.float32)
        for name, shape in config.weight_shapes(vocab_size).items()
    }
    return Model(config, Vocab(tuple(range(vocab_size))), Weights.from_arrays(config, arrays))


def ours(model: Model) -> Iterator[object]:
    """Yield one character after another."""
    return PromptedSampler(model, "", SAMPLE).characters()


def tutorial(model: Model, *, onednn: bool) -> Iterator[object]:
    """Step the network as the tutorials do, with an embedding table as ours has."""
    config = model.config
    kind = pkgutil.resolve_name(cell_spec(config.cell).torch_layer)
    layers = kind(config.input_size, config.hidden_size, config.num_layers)
    embedding = nn.Embedding(len(model.vocab), config.input_size)
    head = nn.Linear(config.hidden_size, len(model.vocab))
    state, i = None, torch.zeros(1, 1, dtype=torch.int64)
    while True:
        with torch.no_grad(), mkldnn.flags(enabled=onednn):
            h, state = layers(embedding(i), state)
            probabilities = (head(h[0, 0]) / SAMPLE.temperature).softmax(0)
            i = torch.multinomial(probabilities, 1)[None]
        yield int(i)


def rate(steps: Iterator[object], seconds: float, *, chars: int = 1) -> float:
    """Return characters per second."""
    began, num_steps = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        next(steps)
        num_steps += 1
    return chars * num_steps / (time.perf_counter() - began)


def repeated(call: Callable[[], object]) -> Iterator[object]:
    """Repeat a call for ever, 16 calls at a time, so that counting costs nothing."""
    while True:
        for _ in range(16):
            call()
        yield None


def bytes_read(model: Model) -> int:
    """Return the bytes of weights that a step reads: all matrices but the embeddings."""
    backend = NumpyBackend(model.config, model.weights)
    layers = backend.layers
    read = [layer.weight_hh_GH for layer in layers] + [backend.head_VH]
    read += [layer.weight_ih_GD for layer in layers[1:]]
    return sum(matrix.nbytes for matrix in read)


def bandwidth(num_bytes: int, seconds: float) -> float:
    """Return bytes per second of reading so many bytes repeatedly."""
    x, y = np.ones((2, num_bytes // 8), np.float32)
    return rate(repeated(lambda: np.dot(x, y)), seconds, chars=16 * num_bytes)


def one_stream(models: dict[str, Model], seconds: float, rounds: int) -> None:
    heads = "one stream|ours, chars/s|loop, no oneDNN|loop as shipped|ours / loop|bound|share"
    print(f"\n| {heads.replace('|', ' | ')} |\n{'|---' * 7}|")
    for name, model in models.items():
        makers = {
            "ours": lambda model=model: ours(model),
            "without": lambda model=model: tutorial(model, onednn=False),
            "shipped": lambda model=model: tutorial(model, onednn=True),
        }
        contenders = {key: make() for key, make in makers.items()}
        for steps in contenders.values():
            rate(steps, seconds / 2)
        rates: dict[str, list[float]] = {key: [] for key in [*contenders, "bound"]}
        num_bytes = bytes_read(model)
        for _ in range(rounds):
            for key, steps in contenders.items():
                rates[key].append(rate(steps, seconds))
            rates["bound"].append(bandwidth(num_bytes, seconds / 2) / num_bytes)
        ratios = [a / b for a, b in zip(rates["ours"], rates["without"], strict=True)]
        shares = [a / b for a, b in zip(rates["ours"], rates["bound"], strict=True)]
        print(
            f"| {name} | {shown(rates['ours'])} | {shown(rates['without'])} |"
            f" {shown(rates['shipped'])} | {shown(ratios, 1)} | {shown(rates['bound'])} |"
            f" {statistics.median(shares):.0%} |",
            flush=True,
        )


def many_streams(name: str, model: Model, seconds: float, rounds: int) -> dict[int, list[float]]:
    print(f"\n| {name}, streams | chars/s | GEMM bound | share |\n|---|---|---|---|")
    config, V = model.config, len(model.vocab)
    H, D, G = config.hidden_size, config.input_size, config.num_gates * config.hidden_size
    flops = 2 * (G * (H + D) + (config.num_layers - 1) * 2 * G * H + V * (H + config.skip * D))
    every = {}
    for B in STREAMS:
        batches = many(model, B)
        W, x = np.ones((G, H), np.float32, order="F"), np.ones((H, B), np.float32)
        rates, shares = [], []
        rate(batches, seconds / 2)
        for _ in range(rounds):
            rates.append(rate(batches, seconds, chars=B * LENGTH))
            with threadpool_limits(os.cpu_count(), "blas"):  # streams on all cores leave one each
                gemm = rate(repeated(lambda W=W, x=x: np.dot(W, x)), seconds / 2, chars=16)
            shares.append(rates[-1] / (gemm * 2 * G * H * B / flops))
        bound = statistics.median(rates) / statistics.median(shares)
        print(f"| {B} | {shown(rates)} | {bound:,.0f} | {statistics.median(shares):.0%} |")
        every[B] = [statistics.median(rates), bound]
    return every


def many(model: Model, num_streams: int) -> Iterator[object]:
    """Write as many texts as there are streams, again and again."""
    sample = SampleConfig(length=LENGTH, seed=1)
    samples = PromptedSampler(model, "", sample).samples(None, num_at_once=num_streams)
    while True:
        for _ in range(num_streams):
            next(samples)
        yield None


def starts(run: Path, model: Model, rounds: int) -> None:
    """Print the time from Enter to the first character, and peak memory."""
    with tempfile.TemporaryDirectory() as folder:
        layers = nn.LSTM(model.config.input_size, model.config.hidden_size)
        sizes = {"inputs": model.config.input_size, "hidden": model.config.hidden_size}
        head = torch.from_numpy(model.weights.head_VH)
        saved = Path(folder, "saved.pt")
        torch.save({**sizes, "layers": layers.state_dict(), "head": head}, saved)
        command, endless = [sys.executable, "-m", "charrnn"], ["-s", "1", "-n", "-1"]
        commands = {
            "charrnn sample, first character": [*command, "sample", str(run), *endless],
            "with torch instead": [sys.executable, "-c", WITH_TORCH, str(saved)],
            "charrnn --help": [*command, "--help"],
        }
        began: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
        for _ in range(rounds):
            for name, line in commands.items():
                began[name].append(measured.started(line))
    print("\n| | seconds to the first output | peak MB |\n|---|---|---|")
    for name, results in began.items():
        seconds, megabytes = zip(*results, strict=True)
        print(f"| {name} | {shown(seconds, 3)} | {max(megabytes):.0f} |")


def trained(corpus: Path, folder: Path) -> Path:
    """Train the default recipe at 1×256 for a minute; return the run's folder."""
    sizes = ["--hidden-size", 256, "--minutes", 1]
    measured.charrnn(folder, "train", corpus.resolve(), "--run", "default", *sizes, "--quiet")
    return folder / "checkpoints/default"


def plot(every: dict[int, list[float]], name: str, path: Path) -> None:
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(6, 3.6))
    streams = list(every)
    axes.loglog(streams, [bound for _, bound in every.values()], "--", color="0.6", label="GEMM")
    axes.loglog(streams, [rate for rate, _ in every.values()], "o-", label="charrnn")
    axes.set(xlabel="streams side by side", ylabel="characters a second", title=name)
    axes.set_xticks(streams, [str(number) for number in streams])
    axes.grid(alpha=0.3)
    axes.legend()
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--seconds", type=float, default=1.0, help="of a turn")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--plot", type=Path)
    return parser.parse_args()


def main() -> None:
    given = arguments()
    print(measured.heading("torch", "numpy"))
    torch.manual_seed(1)
    with tempfile.TemporaryDirectory() as folder:
        run = trained(given.corpus, Path(folder))
        default = load(run)
        models = {"default, lstm 1×256": default}
        for cell, num_layers, hidden_size in SHAPES:
            made = random_model(cell, num_layers, hidden_size, len(default.vocab))
            models[f"plain {cell} {num_layers}×{hidden_size}"] = made
        one_stream(models, given.seconds, given.rounds)
        name = "default, lstm 1×256"
        every = many_streams(name, default, given.seconds, given.rounds)
        starts(run, default, given.rounds)
    if given.plot:
        plot(every, name, given.plot)


if __name__ == "__main__":
    main()
