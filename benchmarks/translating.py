"""How fast does it translate: one line, a thousand lines, and from Enter to the first character?

    python benchmarks/translating.py [--cell lstm] [--hidden-size 192] [--lines 1000] [--rounds 5]

The contenders take turns in one run, after a turn that does not count; tables have medians and
ranges. Weights are random and never end a translation, which so gets as many symbols as its source;
all contenders write the same.

- one line, and many: ours, greedy and with a beam of 5, against the plain loop in torch of the same
  model, greedy: the encoder is one fused call for each layer, then the decoder makes a step for
  each symbol. One line at a time, as tutorials do, and in batches of like length; with oneDNN,
  which torch uses by default, and without.
- from Enter to the first character, and the memory by then: `charrnn translate` against a Python
  that imports torch and loads the same weights, and --help.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import measured
import numpy as np
import torch
from measured import shown
from torch.backends import mkldnn

from charrnn.config import EncoderDecoderConfig, PairsConfig, RuntimeConfig, TrainConfig
from charrnn.data.pairs.pair_corpus import PairFacts
from charrnn.data.vocab import Vocab
from charrnn.generation.translation.translator import Translator
from charrnn.models.seq2seq.encoder_decoder import EncoderDecoder, SourceEncoder
from charrnn.models.seq2seq.equations import BOUNDARY
from charrnn.models.seq2seq.validation import greedy
from charrnn.runs import checkpoint
from charrnn.runs.checkpoint import Checkpoint
from charrnn.runs.header import Position

LETTERS = "abcdefghijklmnopqrstuvwxyzàâçéèêëîïôùûœ ,.'-"
BATCH = 128
WITH_TORCH = """
import sys, time
import torch
from torch import nn
saved = torch.load(sys.argv[1], weights_only=True)
name = "encoder.0.backwards."
parts = {part.removeprefix(name) + "_l0": saved[part] for part in saved if part.startswith(name)}
hidden = parts["weight_hh_l0"].shape[1]
layer = nn.LSTM(parts["weight_ih_l0"].shape[1], hidden)
layer.load_state_dict(parts)
with torch.no_grad():
    y, state = layer(torch.zeros(40, 1, layer.input_size))
    print(chr(97 + int(y[-1, 0].argmax()) % 26), flush=True)
time.sleep(60)
"""


def random_checkpoint(config: EncoderDecoderConfig) -> Checkpoint:
    """Return a model of letters that writes without end."""
    vocab = Vocab(tuple(sorted(map(ord, LETTERS))))
    random = np.random.default_rng(0)
    shapes = config.weight_shapes(len(vocab) + 1, len(vocab) + 1)
    arrays = {
        f"weights.{name}": random.normal(0, 0.1, shape).astype(np.float32)
        for name, shape in shapes.items()
    }
    arrays["weights.head.bias"][BOUNDARY] = -1e4
    return Checkpoint(
        task="seq2seq", model=config, data=PairsConfig(), train=TrainConfig(),
        runtime=RuntimeConfig(), vocabs={"source": vocab, "target": vocab},
        corpora={"pairs": PairFacts(("random",), "0" * 64, 1)}, position=Position(), arrays=arrays,
    )  # fmt: skip


def random_lines(num: int, shortest: int, longest: int) -> list[str]:
    """Return lines of letters."""
    random = np.random.default_rng(1)
    lengths = random.integers(shortest, longest, num, endpoint=True)
    return ["".join(random.choice(list(LETTERS), size=length)) for length in lengths]


class AsLongAsTheSource(Translator):
    """Cuts a translation off when it is as long as its source."""

    def longest_target(self, num_symbols: int) -> int:
        return num_symbols


def ours(translator: Translator, lines: list[str], *, beam: int = 1) -> list[str]:
    return [best[0].text for best in translator.translate_many(lines, beam=beam)]


def loop(translator: Translator, network: EncoderDecoder, lines: list[str], size: int) -> list[str]:
    """Translate lines in batches of like length with torch, one step after another."""
    written = {}
    order = sorted(range(len(lines)), key=lambda n: len(lines[n]))
    for batch in (order[k : k + size] for k in range(0, len(order), size)):
        ids = [torch.from_numpy(translator.source.encode(lines[n])) for n in batch]
        ids_SB = torch.nn.utils.rnn.pad_sequence(ids)
        lengths_B = torch.tensor([len(each) for each in ids])
        made = greedy(network, ids_SB, lengths_B, max_length=len(ids_SB))
        for n, target in zip(batch, made, strict=True):
            written[n] = translator.target.decode(target[: len(lines[n])])
    return [written[n] for n in range(len(lines))]


def without_onednn(call: Callable[[], object]) -> Callable[[], object]:
    def called() -> object:
        with mkldnn.flags(enabled=False):
            return call()

    return called


def seconds(call: Callable[[], object]) -> float:
    """Return how long a call takes."""
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def compared(contenders: dict[str, Callable[[], object]], num_lines: int, rounds: int) -> None:
    """Print a table; the first contender is compared with the rest."""
    taken: dict[str, list[float]] = {name: [] for name in contenders}
    for k in range(rounds + 1):
        for name, call in contenders.items():
            if (one := seconds(call)) and k > 0:
                taken[name].append(one)
    lines = "one line" if num_lines == 1 else f"{num_lines:,} lines"
    print(f"\n| {lines} | ms | lines a second | times ours |\n|---|---|---|---|")
    for name, every in taken.items():
        ratios = [one / own for one, own in zip(every, next(iter(taken.values())), strict=True)]
        rate = num_lines / statistics.median(every)
        ms = shown(every, 1, scale=1000)
        print(f"| {name} | {ms} | {rate:,.0f} | {shown(ratios, 1)} |", flush=True)


def translating(made: Checkpoint, lines: list[str], rounds: int) -> None:
    """Compare one line, and all."""
    source_size, target_size = (len(vocab) + 1 for vocab in made.vocabs.values())
    network = EncoderDecoder(made.model, SourceEncoder(made.model, source_size), target_size)
    network.load(made.group("weights"))
    translator = AsLongAsTheSource.of([made])
    assert loop(translator, network, lines[:40], BATCH) == ours(translator, lines[:40])
    for some in (lines[:1], lines):
        contenders = {
            "ours": partial(ours, translator, some),
            "ours, beam of 5": partial(ours, translator, some, beam=5),
        }
        for size, name in ((1, "loop, a line at a time"), (BATCH, f"loop, batches of {BATCH}")):
            if size == 1 or len(some) > 1:
                call = partial(loop, translator, network, some, size)
                contenders |= {name: call, f"{name}, no oneDNN": without_onednn(call)}
        compared(contenders, len(some), rounds)


def starting(made: Checkpoint, line: str, rounds: int) -> None:
    """Print the time from Enter to the first character, and peak memory."""
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder, "checkpoints/random")
        run.mkdir(parents=True)
        checkpoint.write(run / "best.safetensors", made)
        checkpoint.write(run / "last.safetensors", made)
        saved = Path(folder, "saved.pt")
        torch.save(
            {name: torch.from_numpy(array) for name, array in made.group("weights").items()}, saved
        )
        command = [sys.executable, "-m", "charrnn"]
        commands = {
            "charrnn translate": [*command, "translate", line, "--run", str(run)],
            "with torch instead": [sys.executable, "-c", WITH_TORCH, str(saved)],
            "charrnn --help": [*command, "--help"],
        }
        began: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
        for _ in range(rounds):
            for name, words in commands.items():
                began[name].append(measured.started(words))
    print("\n| | seconds to the first output | peak MB |\n|---|---|---|")
    for name, results in began.items():
        taken, megabytes = zip(*results, strict=True)
        print(f"| {name} | {shown(taken, 3)} | {max(megabytes):.0f} |")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cell", default="lstm")
    parser.add_argument("--hidden-size", type=int, default=192)
    parser.add_argument("--embedding-size", type=int, default=48)
    parser.add_argument("--lines", type=int, default=1000)
    parser.add_argument("--lengths", type=int, nargs=2, default=(20, 100))
    parser.add_argument("--rounds", type=int, default=5)
    return parser.parse_args()


def main() -> None:
    given = arguments()
    print(measured.heading("torch", "numpy"))
    config = EncoderDecoderConfig(
        cell=given.cell, hidden_size=given.hidden_size, embedding_size=given.embedding_size
    )
    made, lines = random_checkpoint(config), random_lines(given.lines, *given.lengths)
    print(f"{config}, {sum(map(len, lines)) / len(lines):.0f} characters a line")
    translating(made, lines, given.rounds)
    starting(made, lines[0], given.rounds)


if __name__ == "__main__":
    main()
