"""What is each part of the default recipe worth?

    python benchmarks/ablation.py CORPUS --minutes 1 --seeds 1 2 [--results FILE]

Runs `charrnn train` with its defaults, and with one part left out or changed at a time. Two runs at
a time, of one thread each, each on its own core. All get the same wall time, so a part that costs
time has to earn it. Prints the validation loss with the state reset every 256 characters.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Queue

VARIANTS = {
    "the default recipe": [],
    "characters alone (--ngrams 1)": ["--ngrams", "1"],
    "no 3- and 4-grams (--ngrams 2)": ["--ngrams", "2"],
    "no 4-grams (--ngrams 3)": ["--ngrams", "3"],
    "5-grams too (--ngrams 5)": ["--ngrams", "5"],
    "every n-gram has a row (--ngram-min-count 1)": ["--ngram-min-count", "1"],
    "no skip connection (--no-skip)": ["--no-skip"],
    "AdamW (--optimizer adamw)": ["--optimizer", "adamw"],
    "no state reset (--state-reset 0)": ["--state-reset", "0"],
    "no dropout (--dropout 0 --weight-dropout 0)": ["--dropout", "0", "--weight-dropout", "0"],
    "coupled gates (--cell cifg)": ["--cell", "cifg"],
    "GRU (--cell gru)": ["--cell", "gru"],
    "vanilla RNN (--cell rnn)": ["--cell", "rnn"],
}


def measure(corpus: Path, flags: list[str], minutes: float, seed: int, core: int) -> dict:
    """Train on one core; return the steps and losses of the run."""
    command = [sys.executable, "-m", "charrnn"]
    with tempfile.TemporaryDirectory() as folder:

        def run(*words: str) -> bytes:
            return subprocess.run(
                [*command, *words],
                cwd=folder,
                check=True,
                stdout=subprocess.PIPE,
                preexec_fn=lambda: os.sched_setaffinity(0, {core}),
                env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[1])},
            ).stdout

        budget = ["--minutes", str(minutes), "--seed", str(seed), "--threads", "1"]
        run("train", str(corpus.resolve()), *budget, "--run", "a", "--quiet", *flags)
        facts = json.loads(run("info", "a", "--json"))
    return {name: facts[name] for name in ("step", "hidden_size", "val_loss", "val_loss_reset")}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--results", type=Path, help="a file of JSON lines that grows")
    given = parser.parse_args()
    cores: Queue[int] = Queue()
    for core in sorted(os.sched_getaffinity(0))[:2]:
        cores.put(core)

    def measure_variant(name: str, seed: int) -> dict:
        core = cores.get()
        try:
            facts = measure(given.corpus, VARIANTS[name], given.minutes, seed, core)
        finally:
            cores.put(core)
        row = {"name": name, "minutes": given.minutes, "seed": seed, **facts}
        print(json.dumps(row), file=sys.stderr, flush=True)
        if given.results:
            with given.results.open("a") as file:
                file.write(json.dumps(row) + "\n")
        return row

    with ThreadPoolExecutor(cores.qsize()) as pool:
        jobs = [
            pool.submit(measure_variant, name, seed) for seed in given.seeds for name in VARIANTS
        ]
        rows = [job.result() for job in jobs]
    base = None
    print(f"| {given.minutes:g} min of one core | loss (each seed) | against the default | steps |")
    print("|---|---|---|---|")
    for name in VARIANTS:
        own = [row for row in rows if row["name"] == name]
        losses = [row["val_loss_reset"] for row in own]
        mean = statistics.mean(losses)
        base = mean if base is None else base
        each = ", ".join(f"{loss:.3f}" for loss in losses)
        steps = round(statistics.mean(row["step"] for row in own))
        print(f"| {name} | {mean:.3f} ({each}) | {mean - base:+.3f} | {steps:,} |")


if __name__ == "__main__":
    main()
