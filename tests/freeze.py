"""Does the code still do the same? Compare the behaviour of charrnn with that of another commit.

    python tests/freeze.py COMMIT [WORDS ...]    only observations whose name contains a word

Trains small runs of every cell, with each optimiser, dropout, records, bytes, two processes,
killed and resumed; then compares the SHA-256 of their weights and the `--json` of every command,
number for number, with those of COMMIT in a temporary worktree. Measured times are left out.
Nothing is stored, because the last bits differ between machines. Exits with 1 if anything differs.
"""

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from safetensors import safe_open

ROOT = Path(__file__).parents[1]
GOLDEN = ROOT / "tests" / "golden"
OF_TIME = {"elapsed_seconds", "chars_per_second"}
SIZES = (
    "--hidden-size 20 --embedding-size 8 --batch-size 4 --seq-length 12 --threads 1 --eval-every 25"
)
# name: corpus and flags of `charrnn train`, 60 steps each
RUNS = {
    **{cell: f"text --cell {cell}" for cell in ("rnn", "gru", "lstm", "cifg")},
    "adamw": "text --optimizer adamw --weight-decay 0.01",
    "dropout": "text --dropout 0.2 --weight-dropout 0.2",
    "plain": "text --ngrams 1 --no-skip --num-layers 2",
    "lines": "names --lines",
    "blank": "text --records blank --test-fraction 0.1",
    "bytes": "text --bytes",
    "rare": "text --max-vocab 12",
    "files": "text names",
    "killed": "text --dropout 0.1 --save-every 0",
    "two": "text --dropout 0.1",
}
COMMANDS = {
    "info": "info {run} --json",
    "sample": "sample {run} --json --num 3 -n 60 --seed 1",
    "sample with filters": "sample {run} -n 80 --seed 2 --top-k 9 --top-p 0.9 -t 0.5:1.1",
    "sample --report": "sample {run} --json --num 2 -n 150 --seed 3 --report",
    "sample --novel": "sample {run} --num 2 -n 150 --seed 4 -t 0.5 --novel-chars 6",
    "predict": "predict --run {run} --json abc",
    "predict --steps": "predict --run {run} --json --steps abc",
    "score": "score --run {run} --json",
    "score a file": "score --run {run} --json other",
    "score --per-line": "score --run {run} --per-line other",
    "neurons": "neurons {run} --json --text other",
    "memory": "memory {run} --json",
    "history": "history {run} --json",
    "verify": "verify {run} --json",
}


class Version:
    """A version of charrnn with a working folder of its own."""

    def __init__(self, tree: Path, folder: Path) -> None:
        self._folder = folder
        self._environment = {**os.environ, "PYTHONPATH": str(tree), "COLUMNS": "100"}
        _make_corpora(folder)

    def start(self, *arguments: str, module: str = "charrnn") -> "subprocess.Popen[str]":
        """Start a command."""
        return subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            cwd=self._folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def output(self, command: str) -> str:
        """Return what a command writes to stdout, followed by its exit code if that is not 0."""
        process = self.start(*command.split())
        out, _ = process.communicate()
        return f"{out}exit code {process.returncode}" if process.returncode else out

    def train(self, name: str) -> None:
        """Train one of the `RUNS`."""
        corpus_and_flags = f"{RUNS[name]} {SIZES} --steps 60 --name {name}".split()
        if name == "two":
            ranks = ["--standalone", "--nproc-per-node", "2", "-m", "charrnn"]
            self.start(*ranks, "train", *corpus_and_flags, module="torch.distributed.run").wait()
            return
        training = self.start("train", *corpus_and_flags)
        if name == "killed":
            _wait_for(self._folder / f"checkpoints/{name}/metrics.jsonl", '"step": 20')
            training.send_signal(signal.SIGKILL)
            training.wait()
            training = self.start("resume", name)
        training.wait()

    def weights(self, name: str) -> dict[str, str]:
        """Return the SHA-256 of the weights in each checkpoint of a run."""
        paths = sorted((self._folder / "checkpoints" / name).glob("*.safetensors"))
        return {path.name: _digest(path) for path in paths if path.name != "previous.safetensors"}

    def modules(self, command: str) -> list[str]:
        """Return the heavy packages that a command imports."""
        heavy = ["torch", "numpy", "rich", "tqdm", "matplotlib"]
        code = (
            "import atexit, sys; atexit.register(lambda: print(*(name for name in "
            f"{heavy} if name in sys.modules), file=sys.stderr)); sys.argv = ['charrnn', "
            f"*{command.split()!r}]; from charrnn.__main__ import main; main()"
        )
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=self._folder, env=self._environment, capture_output=True, text=True,
        )  # fmt: skip
        return done.stderr.splitlines()[-1:]


def _make_corpora(folder: Path) -> None:
    """Write texts of invented words, which are always the same."""
    draw = random.Random(1)
    words = ["".join(draw.choices("aeioulmnrst", k=draw.randint(2, 7))) for _ in range(60)]

    def line() -> str:
        return " ".join(draw.choices(words, k=6)).capitalize() + ".\n"

    text = "".join(line() + "\n" * (k % 3 == 0) for k in range(150))
    (folder / "text").write_text(text)
    (folder / "other").write_text("".join(line() for _ in range(12)))
    (folder / "names").write_text("".join(f"{word.capitalize()}\n" for word in words * 6))


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with safe_open(path, "numpy") as file:
        for name in sorted(file.keys()):
            if name.startswith("weights."):
                digest.update(name.encode() + file.get_tensor(name).tobytes())
    return digest.hexdigest()


def _wait_for(path: Path, text: str) -> None:
    """Wait until a file contains a text, at most half a minute."""
    for _ in range(3000):
        if path.exists() and text in path.read_text():
            return
        time.sleep(0.01)
    raise TimeoutError(f"{path} never held {text}")


def _comparable(output: str) -> Any:
    """Return a command's output without measured times, parsed if it is JSON."""
    try:
        return [_timeless(json.loads(line)) for line in output.splitlines()]
    except ValueError:
        return output.splitlines()


def _timeless(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _timeless(each) for name, each in value.items() if name not in OF_TIME}
    return [_timeless(each) for each in value] if isinstance(value, list) else value


def observations() -> Iterator[tuple[str, Callable[[Version], Any]]]:
    """Yield what is compared: a name, and a function that gets it from a version."""
    for name in RUNS:
        yield f"{name}: weights", lambda version, name=name: version.weights(name)
        for command, line in COMMANDS.items():
            line = line.format(run=name)
            yield f"{name}: {command}", lambda version, line=line: _comparable(version.output(line))
    of_text = (path for path in GOLDEN.glob("*.safetensors") if path.stem.count("-") == 2)
    for path in sorted(of_text):
        for line in (f"sample {path} -n 60 --seed 1", f"predict --run {path} --json the"):
            named = line.replace(str(path), path.stem)
            yield named, lambda version, line=line: _comparable(version.output(line))
    for line in ("--help", "train --help", "runs", "sample lstm -n 5 --seed 1", "info lstm"):
        yield f"imports of {line}", lambda version, line=line: version.modules(line)
    yield "exit code of a mistake", lambda version: version.output("sample nobody")


@contextmanager
def _worktree(commit: str) -> Iterator[Path]:
    """Check a commit out into a temporary folder."""
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder, "tree")
        git = ["git", "-C", str(ROOT), "worktree"]
        subprocess.run([*git, "add", "--quiet", "--detach", str(tree), commit], check=True)
        try:
            yield tree
        finally:
            subprocess.run([*git, "remove", "--force", str(tree)], check=True)


def main() -> int:
    """Compare, and print what differs."""
    commit, words = sys.argv[1], sys.argv[2:] or [""]
    chosen = [each for each in observations() if any(word in each[0] for word in words)]
    num_different = 0
    with (
        _worktree(commit) as tree,
        tempfile.TemporaryDirectory() as one,
        tempfile.TemporaryDirectory() as two,
    ):
        before, now = Version(tree, Path(one)), Version(ROOT, Path(two))
        for name in RUNS:
            if any(each.startswith(f"{name}:") for each, _ in chosen):
                before.train(name)
                now.train(name)
        for name, observe in chosen:
            expected, found = observe(before), observe(now)
            if expected != found:
                num_different += 1
                print(f"DIFFERENT  {name}\n  before: {expected!s:.400}\n  now:    {found!s:.400}")
            else:
                print(f"same       {name}", flush=True)
    print(f"{len(chosen) - num_different} of {len(chosen)} observations are the same")
    return 1 if num_different else 0


if __name__ == "__main__":
    sys.exit(main())
