"""How good is a model after so many minutes?

    python benchmarks/quality.py CORPUS --minutes 0.25 1 3 --seeds 1 2 \\
        --results benchmarks/quality.jsonl --plot benchmarks/quality.svg

Trains each of these, one after another:

    charrnn      charrnn train CORPUS --minutes M --max-val-chars 0: the whole command, from Enter
                 to its end
    plain        the same command with --ngrams 1, the recurrence of the textbooks
    char-rnn     the default recipe of Karpathy's char-rnn
    gpt          a GPT with the settings that nanoGPT publishes for a CPU
    mingru       a minGRU network of a size that suits the time

The clock of a rival runs only while it trains: it starts after torch is imported and the text is
read, and stops before the evaluation. This favours the rivals by about three seconds. Each but
char-rnn, which has no such schedule, knows how much time it has, and its learning rate falls until
then. All learn from the first nine tenths of the text and are judged by the same two losses on the
whole last tenth: with the state carried, and with the state reset every 256 characters. charrnn
chooses its best checkpoint by the first of these, a rival is judged as it ends.

--results FILE collects rows over several calls. What has a row there is not run again, unless with
--again; of several rows the last one counts. Without a corpus nothing is trained: --plot draws the
rows of FILE, by default of benchmarks/quality.jsonl, as .svg (or .png, with matplotlib).
"""

import argparse
import itertools
import json
import math
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import frontier
import measured
import numpy as np
import torch
from measured import Row
from torch import Tensor, nn
from torch.nn import functional

from charrnn.models.evaluation import evaluate_carried, evaluate_reset

HERE = Path(__file__).resolve().parent
NAMES = tuple(frontier.SYSTEMS)
KEYS = ("corpus", "minutes", "seed", "name")  # what a row is a measurement of
Batches = Callable[[int], tuple[Tensor, Tensor]]


class CharRnn(nn.Module):
    """char-rnn's default: two LSTM layers of 128 on one-hot characters, weights from ±0.08."""

    def __init__(self, vocab_size: int) -> None:
        super().__init__()
        self.vocab_size = vocab_size
        self.layers = nn.LSTM(vocab_size, 128, num_layers=2)
        self.head = nn.Linear(128, vocab_size)
        for weight in self.parameters():
            nn.init.uniform_(weight, -0.08, 0.08)

    def initial_state(self, num_lanes: int) -> tuple[Tensor, Tensor]:
        return torch.zeros(2, num_lanes, 128), torch.zeros(2, num_lanes, 128)

    def forward(self, ids_TB: Tensor, state: tuple[Tensor, Tensor]) -> tuple[Tensor, object]:
        one_hot_TBV = functional.one_hot(ids_TB, self.vocab_size).float()
        h_TBH, state = self.layers(one_hot_TBV, state)
        return self.head(h_TBH), state


def train_char_rnn(ids: Tensor, vocab_size: int, seconds: float) -> nn.Module:
    """50 lanes of 50 characters, RMSprop 2e-3 (decay 0.95), times 0.97 after each epoch past the
    tenth, gradients clipped to ±5, state carried: the README and defaults of char-rnn. Two things
    differ: its forget gates start with a bias of 1, and it clips the gradient of the sum over the
    window, where this clips that of the mean, fifty times smaller.
    """
    model = CharRnn(vocab_size)
    lanes = ids[: len(ids) // 50 * 50].view(50, -1).t()
    per_epoch = (len(lanes) - 1) // 50
    optimizer = torch.optim.RMSprop(model.parameters(), lr=2e-3, alpha=0.95)
    state = model.initial_state(50)
    for step, _ in enumerate(ticks(seconds)):
        at = step % per_epoch * 50
        optimizer.param_groups[0]["lr"] = 2e-3 * 0.97 ** max(0, step // per_epoch - 9)
        logits, state = model(lanes[at : at + 50], state)
        state = tuple(part.detach() for part in state)
        learn(model, optimizer, logits, lanes[at + 1 : at + 51], clip_value=5.0)
    return model


class Gpt(nn.Module):
    """A decoder-only transformer: pre-norm, learned positions, head tied to the embedding."""

    def __init__(self, vocab_size: int, *, width: int, num_heads: int, depth: int, block: int):
        super().__init__()
        self.block, self.num_heads = block, num_heads
        self.characters = nn.Embedding(vocab_size, width)
        self.positions = nn.Embedding(block, width)
        self.blocks = nn.ModuleList(GptBlock(width, num_heads) for _ in range(depth))
        self.norm = nn.LayerNorm(width, bias=False)
        self.head = nn.Linear(width, vocab_size, bias=False)
        for name, weight in self.named_parameters():
            if weight.dim() > 1:
                scale = 0.02 / math.sqrt(2 * depth) if name.endswith("out.weight") else 0.02
                nn.init.normal_(weight, 0.0, scale)
        self.head.weight = self.characters.weight

    def window(self, ids_BT: Tensor) -> Tensor:
        x = self.characters(ids_BT) + self.positions.weight[: ids_BT.shape[1]]
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x))

    def initial_state(self, num_lanes: int) -> Tensor:
        return torch.empty(0, num_lanes, dtype=torch.int64)

    def forward(self, ids_TB: Tensor, before_KB: Tensor) -> tuple[Tensor, Tensor]:
        """For evaluation: predict each character from at least the half block before it."""
        logits = []
        for part in ids_TB.split(self.block // 2):
            seen = torch.cat([before_KB, part])
            logits.append(self.window(seen.t()).transpose(0, 1)[-len(part) :])
            before_KB = seen[-(self.block // 2) :]
        return torch.cat(logits), before_KB


class GptBlock(nn.Module):
    """Attention, then a perceptron four times as wide, each with a residual connection."""

    def __init__(self, width: int, num_heads: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.norms = nn.ModuleList(nn.LayerNorm(width, bias=False) for _ in range(2))
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.attention_out = nn.Linear(width, width, bias=False)
        self.up = nn.Linear(width, 4 * width, bias=False)
        self.down_out = nn.Linear(4 * width, width, bias=False)

    def forward(self, x_BTD: Tensor) -> Tensor:
        B, T, D = x_BTD.shape
        heads = self.qkv(self.norms[0](x_BTD)).view(B, T, 3, self.num_heads, -1)
        q, k, v = heads.permute(2, 0, 3, 1, 4)
        mixed = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        x_BTD = x_BTD + self.attention_out(mixed.transpose(1, 2).reshape(B, T, D))
        return x_BTD + self.down_out(functional.gelu(self.up(self.norms[1](x_BTD))))


def train_gpt(ids: Tensor, vocab_size: int, seconds: float) -> nn.Module:
    """4 layers, 4 heads, 128 wide, 12 blocks of 64, AdamW 1e-3 → 1e-4 (β 0.9, 0.99; decay 0.1 on
    matrices), 100 steps of warm-up, cosine to the end, clip 1, no dropout: nanoGPT's README.
    """
    model = Gpt(vocab_size, width=128, num_heads=4, depth=4, block=64)
    optimizer = adamw(model)
    for step, fraction in enumerate(ticks(seconds)):
        set_rate(optimizer, 1e-3, step, fraction, floor=0.1)
        starts = torch.randint(len(ids) - 65, (12, 1)) + torch.arange(65)
        window = ids[starts]
        learn(model, optimizer, model.window(window[:, :-1]), window[:, 1:], clip_norm=1.0)
    return model


class MinGru(nn.Module):
    """Blocks of (norm, minGRU, norm, perceptron) with residual connections.

    h_t = (1 - z_t) ⊙ h_{t-1} + z_t ⊙ g(a_t), with z and a from the input alone: Feng et al., 2024
    (arXiv:2410.01201), g as there. The recurrence has no matrix, so all products are computed for
    the whole window at once.
    """

    def __init__(self, vocab_size: int, *, width: int, depth: int) -> None:
        super().__init__()
        self.width, self.depth = width, depth
        self.embedding = nn.Embedding(vocab_size, width)
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(2 * depth + 1))
        self.gates = nn.ModuleList(nn.Linear(width, 2 * width) for _ in range(depth))
        self.up = nn.ModuleList(nn.Linear(width, 2 * width) for _ in range(depth))
        self.down = nn.ModuleList(nn.Linear(2 * width, width) for _ in range(depth))
        self.head = nn.Linear(width, vocab_size)

    def initial_state(self, num_lanes: int) -> tuple[Tensor, ...]:
        return (torch.zeros(num_lanes, self.width),) * self.depth

    def forward(self, ids_TB: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, object]:
        x = self.embedding(ids_TB)
        after = []
        for k, h in enumerate(state):
            z, a = self.gates[k](self.norms[2 * k](x)).chunk(2, -1)
            z = z.sigmoid()
            written = z * torch.where(a >= 0, a + 0.5, a.sigmoid())
            hidden = []
            for keep_t, written_t in zip((1 - z).unbind(), written.unbind(), strict=True):
                h = torch.addcmul(written_t, keep_t, h)
                hidden.append(h)
            after.append(h)
            x = x + torch.stack(hidden)
            x = x + self.down[k](functional.gelu(self.up[k](self.norms[2 * k + 1](x))))
        return self.head(self.norms[-1](x)), tuple(after)


def train_mingru(ids: Tensor, vocab_size: int, seconds: float) -> nn.Module:
    """3 blocks, 192 wide, 32 lanes of 64 characters with the state carried, AdamW 3e-3 → 0 as for
    the GPT.
    """
    model = MinGru(vocab_size, width=192, depth=3)
    lanes = ids[: len(ids) // 32 * 32].view(32, -1).t()
    per_epoch = (len(lanes) - 1) // 64
    optimizer = adamw(model)
    state = model.initial_state(32)
    for step, fraction in enumerate(ticks(seconds)):
        set_rate(optimizer, 3e-3, step, fraction, floor=0.0)
        at = step % per_epoch * 64
        logits, state = model(lanes[at : at + 64], state)
        state = tuple(part.detach() for part in state)
        learn(model, optimizer, logits, lanes[at + 1 : at + 65], clip_norm=1.0)
    return model


def adamw(model: nn.Module) -> torch.optim.Optimizer:
    weights = list(model.parameters())
    groups = [
        {"params": [weight for weight in weights if weight.dim() > 1], "weight_decay": 0.1},
        {"params": [weight for weight in weights if weight.dim() < 2], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, betas=(0.9, 0.99))


def set_rate(
    optimizer: torch.optim.Optimizer, rate: float, step: int, fraction: float, *, floor: float
) -> None:
    """Warm up for a hundred steps, then follow a cosine to the end of the time."""
    falling = floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * fraction))
    for group in optimizer.param_groups:
        group["lr"] = rate * min(1.0, (step + 1) / 100) * falling


def ticks(seconds: float) -> Iterator[float]:
    """Yield the fraction of the time that has passed, until all has."""
    began = time.monotonic()
    while (fraction := (time.monotonic() - began) / seconds) < 1:
        yield fraction


def learn(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    logits: Tensor,
    targets: Tensor,
    *,
    clip_norm: float = 0.0,
    clip_value: float = 0.0,
) -> None:
    loss = functional.cross_entropy(logits.flatten(0, 1), targets.flatten())
    optimizer.zero_grad()
    loss.backward()
    if clip_norm:
        nn.utils.clip_grad_norm_(model.parameters(), clip_norm)
    if clip_value:
        nn.utils.clip_grad_value_(model.parameters(), clip_value)
    optimizer.step()


FLAGS = {"charrnn": (), "plain": ("--ngrams", "1")}  # of charrnn train
RIVALS = {"char-rnn": train_char_rnn, "gpt": train_gpt, "mingru": train_mingru}


def rival(name: str, corpus: Path, minutes: float, seed: int) -> Row:
    """Train a rival and evaluate it as charrnn evaluates itself."""
    torch.manual_seed(seed)
    torch.set_flush_denormal(True)
    text = np.frombuffer(corpus.read_text("utf-8").encode("utf-32-le"), np.uint32)
    vocab, ids = np.unique(text, return_inverse=True)
    first = int(len(ids) * 0.9)
    began = time.monotonic()
    model = RIVALS[name](torch.from_numpy(ids[:first]), len(vocab), 60 * minutes)
    seconds = time.monotonic() - began
    small = ids.astype(np.uint16)
    return {
        "seconds": round(seconds, 4),
        "carried": round(evaluate_carried(model, small, first=first), 4),  # type: ignore[arg-type]
        "reset": round(evaluate_reset(model, small, first=first), 4),  # type: ignore[arg-type]
    }


def table(rows: list[Row]) -> str:
    """Return a row for each corpus and budget, a column for each competitor: reset (carried)
    losses, means over the seeds.
    """
    lines = ["| corpus | minutes | " + " | ".join(NAMES) + " |", "|" + "---|" * (2 + len(NAMES))]
    for corpus, minutes in sorted({(row["corpus"], row["minutes"]) for row in rows}):
        cells = []
        for name in NAMES:
            of = [
                r for r in rows if (r["corpus"], r["minutes"], r["name"]) == (corpus, minutes, name)
            ]
            if not of:
                cells.append("")
                continue
            reset = measured.mean_of_seeds([row["reset"] for row in of], 3)
            cells.append(f"{reset} ({statistics.mean(row['carried'] for row in of):.3f})")
        lines.append(f"| {corpus} | {minutes:g} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def measure(corpus: Path, minutes: float, seed: int, name: str) -> Row:
    """Train one competitor; return its row."""
    about = measured.circumstances()
    if name in RIVALS:
        figures = rival(name, corpus, minutes, seed)
    else:
        figures = measured.train(corpus, minutes, seed, *FLAGS[name])
    row = {"corpus": corpus.stem, "minutes": minutes, "seed": seed, "name": name, **figures}
    row |= about
    print(json.dumps(row), file=sys.stderr, flush=True)
    return row


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpus", type=Path, nargs="*")
    parser.add_argument("--minutes", type=float, nargs="+", default=[0.25, 1.0, 3.0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--who", nargs="+", choices=NAMES, default=NAMES)
    parser.add_argument("--results", type=Path, help="a file of JSON lines that grows")
    parser.add_argument("--again", action="store_true", help="run what has a row, too")
    parser.add_argument("--plot", type=Path, help="an SVG or PNG of all results so far")
    return parser.parse_args()


def main() -> None:
    given = arguments()
    results = given.results or (None if given.corpus else HERE / "quality.jsonl")
    rows = measured.read(results)
    done = set() if given.again else {tuple(row[key] for key in KEYS) for row in rows}
    jobs = itertools.product(given.corpus, given.minutes, given.seeds, given.who)
    for corpus, minutes, seed, name in jobs:
        if (corpus.stem, minutes, seed, name) not in done:
            rows.append(measure(corpus, minutes, seed, name))
            measured.append(results, rows[-1])
    rows = measured.latest(rows, *KEYS)
    print(measured.machine())
    print(table(rows))
    if given.plot and rows:
        corpora = [corpus.stem for corpus in given.corpus] or [row["corpus"] for row in rows]
        frontier.chart(rows, corpora[0]).save(given.plot)


if __name__ == "__main__":
    main()
