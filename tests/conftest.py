"""Shared by many tests: a small text, an empty folder, the command line in this process, trained
runs and their comparison; and the table of the fault matrix at the end.
"""

import contextlib
import functools
import hashlib
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ["OMP_WAIT_POLICY"] = "PASSIVE"  # two processes with two threads each would spin
os.environ.pop("CHARRNN_CHECKPOINTS", None)  # tests make their runs in folders of their own
os.environ.pop("CHARRNN_API_KEY", None)
os.environ["OPENBLAS_NUM_THREADS"] = "1"  # so would OpenBLAS, which obeys no such policy

import numpy as np
import pytest
import torch
import typer.main
from filelock import FileLock
from hypothesis import settings

from charrnn import __main__ as program
from charrnn import _cores
from charrnn.cells import CELLS
from charrnn.config import ModelConfig, TrainConfig
from charrnn.generation import sample_filter
from charrnn.models import ngrams
from charrnn.models.reference import Weights
from charrnn.runs import checkpoint
from charrnn.runs.root import Root
from charrnn.runs.run import Run
from charrnn.training import loop

ROOT = Root(Path("checkpoints"))  # in the folder of a test
TESTS = str(Path(__file__).parent)
PLACES = [*(place for place in sys.path if place.startswith(TESTS)), os.environ.get("PYTHONPATH")]
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, PLACES))  # for scripts of the tests
settings.register_profile("untimed", deadline=None)  # a busy machine must not fail a test
settings.load_profile("untimed")
typer.main.get_command = functools.cache(typer.main.get_command)  # made of types at each call
torch.set_num_threads(1)  # small networks gain nothing from more
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in a script's background job
if hasattr(signal, "SIGHUP"):
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # ignored under nohup


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run every test in an empty folder, and let no test wait for a disk."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


@pytest.fixture(params=CELLS)
def cell(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def small_text(num_chars: int = 6000, *, seed: int = 0) -> str:
    """Return lines of invented words: easy to learn, and always the same."""
    random = np.random.default_rng(seed)
    words = ["".join(random.choice(list("aeioulmnrst"), size=4)) for _ in range(30)]
    text = ""
    while len(text) < num_chars:
        text += " ".join(random.choice(words, size=6)).capitalize() + ".\n"
    return text[:num_chars]


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    path = tmp_path / "corpus.txt"
    path.write_text(small_text())
    return path


def small_pairs(num_pairs: int = 300, *, seed: int = 0) -> str:
    """Return lines of invented words, and the same words backwards: always the same."""
    random = np.random.default_rng(seed)
    lengths = random.integers(2, 6, num_pairs)
    words = ["".join(random.choice(list("aeioulmnrst"), size=length)) for length in lengths]
    return "".join(f"{word}\t{word[::-1]}\n" for word in words)


def small_labels(num_texts: int = 300, *, seed: int = 0) -> str:
    """Return lines of invented words, and whether they have more vowels: always the same."""
    random = np.random.default_rng(seed)
    lines = []
    for length in random.integers(2, 6, num_texts):
        word = "".join(random.choice(list("aeioulmnrst"), size=length))
        num_vowels = sum(map("aeiou".count, word))
        lines.append(f"{word}\t{'mostly vowels' if 2 * num_vowels > length else 'other'}\n")
    return "".join(lines)


def small_in_step(num_pairs: int = 300, *, seed: int = 0) -> str:
    """Return lines of invented words, and the same lines with a capital at the end of each word:
    always the same.
    """
    random = np.random.default_rng(seed)
    lines = []
    for num_words in random.integers(1, 4, num_pairs):
        words = ["".join(random.choice(list("aelnrst"), size=3)) for _ in range(num_words)]
        lines.append(" ".join(words) + "\t" + " ".join(w[:-1] + w[-1].upper() for w in words))
    return "\n".join(lines) + "\n"


@dataclass
class Result:
    code: int
    out: str
    err: str


CommandLine = Callable[..., Result]


@pytest.fixture
def charrnn(
    monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> CommandLine:
    """Run a command in this process, which is quick because torch is imported once."""
    monkeypatch.setattr(_cores, "num_cores", lambda: 1)

    def run(*arguments: object) -> Result:
        monkeypatch.setattr(sys, "argv", ["charrnn", *map(str, arguments)])
        capfdbinary.readouterr()
        with pytest.raises(SystemExit) as ended:
            program.main()
        torch.set_flush_denormal(False)  # hypothesis draws denormals and minds
        sys.stdout.flush()
        out, err = capfdbinary.readouterr()
        return Result(int(ended.value.code or 0), out.decode("utf-8", "replace"), err.decode())

    return run


@pytest.fixture
def late(
    charrnn: CommandLine,
    monkeypatch: pytest.MonkeyPatch,
    capfdbinary: pytest.CaptureFixture[bytes],
) -> Callable[[Sequence[object]], str]:
    """Run a search for samples that finds two at once, and then none; return what it had written
    by then.
    """

    def run(command: Sequence[object]) -> str:
        written, num_tried = [], 0

        def accepts(*_: object, **__: object) -> bool:
            nonlocal num_tried
            num_tried += 1
            if num_tried == 3:
                time.sleep(0.03)  # longer than the writer waits for a next one
            if num_tried == 4:
                written.append(capfdbinary.readouterr().out.decode())
                raise KeyboardInterrupt
            return num_tried < 3

        monkeypatch.setattr(sample_filter.SampleFilter, "accepts", accepts)
        assert charrnn(*command).code == 130
        return written[0]

    return run


@pytest.fixture
def charrnn_once(
    charrnn: CommandLine, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., None]:
    """Run `charrnn train …` once a session; a test that trains the same run again gets a copy.

    Runs are the same if the arguments are, and the contents of the files and folders that they
    name. Paths are relative.
    """
    is_one_of_several = "PYTEST_XDIST_WORKER" in os.environ
    base = tmp_path_factory.getbasetemp()
    cache = (base.parent if is_one_of_several else base) / "runs"

    def run(*arguments: object) -> None:
        files = {str(path): path.read_bytes() for name in arguments for path in _files_of(name)}
        key = hashlib.sha256(repr((list(map(str, arguments)), files)).encode()).hexdigest()[:16]
        made = cache / key
        cache.mkdir(exist_ok=True)
        with FileLock(cache / f"{key}.lock"):
            if not made.exists():
                unfinished = tmp_path_factory.mktemp("unfinished")
                for name, data in files.items():
                    (unfinished / name).parent.mkdir(exist_ok=True)
                    (unfinished / name).write_bytes(data)
                with contextlib.chdir(unfinished):
                    done = charrnn(*arguments)
                assert done.code == 0, done.err
                (unfinished / "checkpoints").rename(made)
        shutil.copytree(made, "checkpoints", dirs_exist_ok=True)

    return run


def _files_of(argument: object) -> list[Path]:
    path = Path(str(argument))
    assert not path.is_absolute()
    if path.is_dir():
        return sorted(each for each in path.iterdir() if each.is_file())
    return [path] if path.is_file() else []


@pytest.fixture
def trained(charrnn_once: CommandLine, corpus: Path) -> None:
    """Make the run a, of 20 steps."""
    charrnn_once("train", corpus.name, *QUICK, "--run", "a")


@pytest.fixture
def whole(charrnn_once: CommandLine, corpus: Path, tmp_path: Path) -> Run:
    """Make the run whole: as `TRAIN` says, without interruption."""
    charrnn_once(*TRAIN[:-1], "whole")
    return run_of(tmp_path, "whole")


@pytest.fixture
def pair_runs(charrnn_once: CommandLine, tmp_path: Path) -> Path:
    """Make the runs p (which learned to reverse three letters, from characters to symbols between
    spaces) and plain (the same without attention), newer; return the folder of both.
    """
    pairs = [f"{a}{b}{c}\t{c} {b} {a}\n" for a in "abcd" for b in "efgh" for c in "xyz"]
    (tmp_path / "pairs.tsv").write_text("".join(pairs))
    splits = ("--val-fraction", 0.3, "--test-fraction", 0.2)
    for name, flags in (("p", ()), ("plain", ("--attention", "none"))):
        charrnn_once(
            "train", "pairs.tsv", "--pairs", "--target-symbols", "spaces", "--run", name,
            *SMALL_PAIRS, "--steps", 40, "--eval-every", 20, "--threads", 1, *splits, *flags,
        )  # fmt: skip
    return tmp_path


@pytest.fixture
def label_run(charrnn_once: CommandLine, tmp_path: Path) -> Path:
    """Make the run l, which learned a little of `small_labels`; return the folder it is in."""
    (tmp_path / "labels.tsv").write_text(small_labels())
    charrnn_once(
        "train", "labels.tsv", "--labels", *SMALL_PAIRS, "--run", "l", "--steps", 60,
        "--eval-every", 20, "--threads", 1, "--val-fraction", 0.2, "--test-fraction", 0.1,
    )  # fmt: skip
    return tmp_path


@pytest.fixture
def tag_runs(charrnn_once: CommandLine, tmp_path: Path) -> Path:
    """Make the runs t (which learned a little of `small_in_step`) and causal (the same, without
    looking ahead), newer; return the folder of both.
    """
    (tmp_path / "tags.tsv").write_text(small_in_step())
    for name, *flags in (("t",), ("causal", "--causal")):
        charrnn_once(
            "train", "tags.tsv", "--in-step", *SMALL_PAIRS, "--run", name, "--lr", 0.05, *flags,
            "--steps", 60, "--eval-every", 20, "--threads", 1,
            "--val-fraction", 0.2, "--test-fraction", 0.1,
        )  # fmt: skip
    return tmp_path


@pytest.fixture
def given_run(charrnn_once: CommandLine, tmp_path: Path) -> Path:
    """Make the run g, which learned a little to write the words of `small_labels`; return the
    folder it is in.
    """
    (tmp_path / "labels.tsv").write_text(small_labels())
    charrnn_once(
        "train", "labels.tsv", "--given", "label", *SMALL_PAIRS, "--run", "g", "--steps", 60,
        "--eval-every", 20, "--threads", 1, "--val-fraction", 0.2,
    )  # fmt: skip
    return tmp_path


def start(*arguments: object, **settings: object) -> "subprocess.Popen[bytes]":
    """Start a command in another process."""
    command = [sys.executable, "-m", "charrnn", *map(str, arguments)]
    return subprocess.Popen(command, **settings)  # type: ignore[call-overload, no-any-return]


@pytest.fixture
def two_runs(charrnn_once: CommandLine, tmp_path: Path) -> Path:
    """Make the runs a (of a text) and names (of a list of numbers); return their folder."""
    (tmp_path / "text.txt").write_text(small_text())
    numbers = [str(number) for number in range(1000, 1300) if number % 7]
    (tmp_path / "names.txt").write_text("\n".join(numbers) + "\n")
    small = (*SMALL, "--steps", 60, "--threads", 1)
    charrnn_once("train", "text.txt", "--run", "a", *small)
    charrnn_once("train", "names.txt", "--lines", "--run", "names", *small)
    return tmp_path


@pytest.fixture
def on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Run a command in this process on a terminal; return all that it shows there."""
    fcntl, pty, termios = map(pytest.importorskip, ("fcntl", "pty", "termios"))
    monkeypatch.setattr(_cores, "num_cores", lambda: 1)
    for name in ("COLUMNS", "LINES"):  # pytest-xdist sets them
        monkeypatch.delenv(name, raising=False)
    if "TERM" not in os.environ:
        monkeypatch.setenv("TERM", "xterm-256color")

    def run(*arguments: object, columns: int = 80, encoding: str = "utf-8") -> str:
        ours, its = pty.openpty()
        fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 30, columns, 0, 0))
        before = [os.dup(number) for number in range(3)]
        with ThreadPoolExecutor(1) as pool, monkeypatch.context() as patch:
            shown = pool.submit(read_all, ours)
            patch.setattr(sys, "argv", ["charrnn", *map(str, arguments)])
            for number, name in enumerate(("stdin", "stdout", "stderr")):
                os.dup2(its, number)
                mode = "r" if name == "stdin" else "w"
                stream = os.fdopen(number, mode, encoding=encoding, closefd=False)
                patch.setattr(sys, name, stream)
            os.close(its)
            try:
                with pytest.raises(SystemExit) as ended:
                    program.main()
                sys.stdout.flush()
            finally:
                torch.set_flush_denormal(False)
                for number, other in enumerate(before):
                    os.dup2(other, number)
                    os.close(other)
            assert not ended.value.code
            return shown.result()

    return run


def read_all(terminal: int) -> str:
    """Return all that is written to the other end of a terminal until that is closed."""
    data = b""
    with contextlib.suppress(OSError):  # Linux's way to say that a terminal has ended
        while chunk := os.read(terminal, 65_536):
            data += chunk
    os.close(terminal)
    return data.decode()


def peak_memory(*arguments: object) -> int:
    """Run a command in another process; return its peak memory in bytes."""
    command = [sys.executable, "-m", "charrnn", *map(str, arguments)]
    process = subprocess.Popen(command)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)  # it need not be waited for again
    assert process.returncode == 0
    return usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def start_ranks(num_ranks: int, *command: object, **settings: Any) -> list[Any]:
    """Start a Python command in several processes of one group, as torchrun does."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    places = {"WORLD_SIZE": num_ranks, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    places |= {"LOCAL_WORLD_SIZE": num_ranks, "OMP_NUM_THREADS": 1}
    return [
        subprocess.Popen(
            [sys.executable, *map(str, command)],
            env=os.environ | {name: str(value) for name, value in own.items()},
            **settings,
        )
        for own in ({**places, "RANK": rank, "LOCAL_RANK": rank} for rank in range(num_ranks))
    ]


def wait_until(condition: Callable[[], object], *, seconds: float = 30) -> None:
    """Wait until a condition holds; raise TimeoutError after so many seconds."""
    for _ in range(round(seconds * 100)):
        if condition():
            return
        time.sleep(0.01)
    raise TimeoutError


def signal_at(monkeypatch: pytest.MonkeyPatch, step: int, number: int) -> None:
    """Send this process a signal during a training step."""
    at_steps(monkeypatch, {step: lambda: os.kill(os.getpid(), number)})


def at_steps(monkeypatch: pytest.MonkeyPatch, actions: Mapping[int, Callable[[], object]]) -> None:
    """Call functions during training steps, by step."""
    rate = loop.learning_rate

    def interrupting(at: int, config: TrainConfig) -> float:
        actions.get(at, int)()
        return rate(at, config)

    monkeypatch.setattr(loop, "learning_rate", interrupting)


def run_of(tmp_path: Path, name: str = "a") -> Run:
    return Run(tmp_path / "checkpoints" / name)


def metrics(run: Run) -> list[dict[str, float]]:
    """Return the recorded metrics without those that measure time."""
    lines = [json.loads(line) for line in run.metrics.read_text().splitlines()]
    timed = ("elapsed_seconds", "_per_second")
    return [{name: line[name] for name in line if not name.endswith(timed)} for line in lines]


def same_files(one: Run, other: Run) -> None:
    """Require that two runs have the same arrays, to the bit, and the same metrics."""
    for path, other_path in ((one.last, other.last), (one.best, other.best)):
        found, expected = checkpoint.read(path), checkpoint.read(other_path)
        assert found.position.step == expected.position.step
        assert found.metrics.keys() == expected.metrics.keys()
        for name in found.schema.metrics + found.schema.final_metrics:
            assert found.metrics.get(f"val_{name}") == expected.metrics.get(f"val_{name}")
        assert {name: array.tobytes() for name, array in found.arrays.items()} == {
            name: array.tobytes() for name, array in expected.arrays.items()
        }
    assert metrics(one) == metrics(other)


limits_memory = pytest.mark.skipif(
    sys.platform != "linux" or sys.modules.get("resource", ...) is None,
    reason="the limit counts otherwise elsewhere, or cannot be set",
)
SMALL = ("--hidden-size", 12, "--embedding-size", 8, "--batch-size", 4, "--seq-length", 8)
SMALL_PAIRS = ("--hidden-size", 12, "--embedding-size", 8, "--batch-size", 4)
QUICK = (*SMALL, "--steps", 20, "--eval-every", 10, "--threads", 1, "--sample-every", 0)
TRAIN = ("train", "corpus.txt", *SMALL, "--steps", 60, "--eval-every", 25, "--run", "a")


def random_weights(
    config: ModelConfig, vocab_size: int, *, seed: int = 0
) -> tuple[dict[str, np.ndarray], Weights]:
    """Return random weights, by name and as `Weights`; half of all n-grams have their own row."""
    random = np.random.default_rng(seed)
    keys = random_ngrams(config, vocab_size)
    arrays = {
        name: random.normal(0, 0.4, shape).astype(np.float32)
        for name, shape in config.weight_shapes(vocab_size, ngrams.num_rows(keys)).items()
    }
    return arrays, Weights.from_arrays(config, arrays, keys)


def random_ngrams(config: ModelConfig, vocab_size: int) -> tuple[np.ndarray, ...]:
    """Return the keys of the frequent n-grams of a random text."""
    text = np.random.default_rng(5).integers(vocab_size, size=20 * vocab_size)  # the same always
    return ngrams.learn(text, longest=config.ngrams, min_count=2)


_outcomes: dict[int, list[str]] = {}  # of tests, by row of the fault matrix
_faults: Counter[int] = Counter()  # injected by them


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--row", type=int, help="only the tests of this row of the fault matrix")
    parser.addoption("--stumble", type=int, help="only the tests of this line of stumbles.py")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for name in ("row", "stumble"):
        number = config.getoption(f"--{name}")
        if number is not None:
            items[:] = [item for item in items if number in numbers_of(item, name)]


def numbers_of(item: pytest.Item, name: str) -> list[int]:
    """Return the rows of the fault matrix, or the stumbles, that a test proves."""
    return sorted({mark.args[0] for mark in item.iter_markers(name)})


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, Any]:
    """Put rows and injected faults into the report, which may come from another process."""
    report = yield
    report.rows, report.faults = numbers_of(item, "row"), {}
    if report.rows and report.when == "call":
        from matrix import crash_points

        report.faults = {str(row): number for row, number in crash_points.items() if number}
        crash_points.update(dict.fromkeys(crash_points, 0))
    return report


def pytest_runtest_logreport(report: Any) -> None:
    if report.when == "call" or report.outcome != "passed":
        for row in report.rows:
            _outcomes.setdefault(row, []).append(report.outcome)
    _faults.update({int(row): number for row, number in report.faults.items()})


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if not _outcomes:
        return
    sys.path.insert(0, str(Path(__file__).parent / "faults"))
    from matrix import ROWS

    terminalreporter.section("fault matrix")
    for row, outcomes in sorted(_outcomes.items()):
        counts = ", ".join(f"{outcomes.count(kind)} {kind}" for kind in dict.fromkeys(outcomes))
        faults = f"; {_faults[row]:,} faults injected" if _faults[row] else ""
        terminalreporter.write_line(f"{row:2d}  {ROWS[row]}: {counts}{faults}")
