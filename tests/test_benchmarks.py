"""Benchmarks lose no row that was measured, say what is noise, and are called as the pages say."""

import importlib.util
import json
import os
import re
import shlex
import sys
import threading
import time
from functools import partial
from pathlib import Path

import pytest

from charrnn.cli import inputs

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "benchmarks"
SCRIPTS = sorted(p for p in FOLDER.glob("*.py") if "__main__" in p.read_text("utf-8"))
PAGES = [FOLDER / "README.md", *sorted(ROOT.glob("docs/**/*.md"))]


@pytest.fixture
def benchmark(monkeypatch):
    """Return a function that imports a script by its name."""
    monkeypatch.syspath_prepend(str(FOLDER))

    def imported(name):
        if name == "measured":  # the one that the scripts import
            return importlib.import_module(name)
        spec = importlib.util.spec_from_file_location(f"benchmark_{name}", FOLDER / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, spec.name, module)
        spec.loader.exec_module(module)
        return module

    return imported


@pytest.fixture
def measured(benchmark):
    return benchmark("measured")


@pytest.fixture
def run(benchmark, monkeypatch):
    """Return a function that runs a script in this process."""

    def called(name, command, function="main"):
        monkeypatch.setattr("sys.argv", [f"{name}.py", *shlex.split(command)])
        return getattr(benchmark(name), function)()

    return called


def commands(path):
    """Return the calls of scripts that a page or a script's docstring prints."""
    text = path.read_text("utf-8")
    if path.suffix == ".py":
        text = text.split('"""')[1].replace("\\\\\n", " ")
    block = r"^    (.*)$"
    found = re.findall(block, text, re.M) + re.sub(block, "", text, flags=re.M).split("`")[1::2]
    calls = [re.sub(r"\s+", " ", code).partition("python benchmarks/")[2] for code in found]
    return [call for call in calls if call]


PRINTED = sorted({command for path in [*PAGES, *SCRIPTS] for command in commands(path)})


def test_each_script_says_how_it_is_called():
    assert {path.name for path in SCRIPTS} == {
        command.split()[0] for path in SCRIPTS for command in commands(path)
    }


@pytest.mark.parametrize("command", PRINTED)
def test_a_command_that_is_printed_is_accepted(command, run, measured, monkeypatch):
    monkeypatch.setattr(measured, "cores", lambda: list(range(8)))
    script, _, flags = command.partition(" ")
    assert run(script.removesuffix(".py"), re.sub(r"[][]", "", flags), "arguments")


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="cores cannot be chosen")
def test_jobs_run_once_each_on_a_core_of_their_own(measured):
    every = os.sched_getaffinity(0)
    num = min(2, len(every))
    together, taken, lock = threading.Barrier(num, timeout=60), set(), threading.Lock()

    def job(number):
        (core,) = json.loads(
            measured.python(".", "-c", "import os; print(list(os.sched_getaffinity(0)))")
        )
        with lock:
            assert core not in taken
            taken.add(core)
        together.wait()
        with lock:
            taken.remove(core)
        return number

    done = list(measured.side_by_side([partial(job, number) for number in range(2 * num)], num))
    assert sorted(done) == list(range(2 * num))
    assert os.sched_getaffinity(0) == every


def test_without_a_number_jobs_run_one_after_another_in_their_order(measured):
    threads = measured.side_by_side([threading.get_ident] * 3, None)
    assert list(threads) == [threading.get_ident()] * 3
    assert list(measured.side_by_side([partial(int, n) for n in range(5)], None)) == [*range(5)]


def test_after_a_failure_no_further_job_begins(measured):
    begun = []

    def job(number):
        begun.append(number)
        return 1 // (2 - number)

    done = []
    with pytest.raises(ZeroDivisionError):
        for result in measured.side_by_side([partial(job, number) for number in range(9)], 1):
            done.append(result)
    assert (begun, done) == ([0, 1, 2], [0, 1])


def test_of_several_rows_of_one_measurement_the_last_counts(measured):
    rows = [
        {"name": "a", "seed": 1, "loss": 1},
        {"name": "b", "seed": [1, 2], "loss": 2},
        {"name": "a", "seed": 2, "loss": 3},
        {"name": "a", "seed": 1, "loss": 4},
        {"name": "b", "seed": [1, 2], "loss": 5},
        {"name": "b", "seed": [1, 3], "loss": 6},
    ]
    latest = measured.latest(rows, "name", "seed")
    assert [row["loss"] for row in latest] == [4, 5, 3, 6]


def test_a_table_notes_all_machines_and_the_range_of_dates(measured):
    rows = [{"date": f"2026-11-{day}", "machine": name} for day, name in ((27, "b"), (21, "a"))]
    assert measured.noted(rows, "date") == "2026-11-21 to 2026-11-27"
    assert measured.noted(rows[:1], "date") == "2026-11-27"
    assert measured.noted(rows, "machine") == "a, b"
    assert measured.noted([*rows, {"date": "2026-11-28"}], "machine") == "a, b, not noted"


def test_a_time_is_a_median_with_its_range_and_a_loss_a_mean_with_half_of_it(measured):
    assert measured.shown([3000.4, 1, 2]) == "2 (1–3,000)"
    assert measured.shown([0.25, 0.5], 1, scale=1000) == "375.0 (250.0–500.0)"
    assert measured.shown([1.25], 2) == "1.25"
    assert measured.mean_of_seeds([1.0, 1.5, 2.0], 2) == "1.50 ± 0.50"
    assert measured.mean_of_seeds([1.0], 2) == "1.00"


def test_noise_is_the_pooled_deviation_of_the_rows(benchmark):
    noise = benchmark("ablation").noise
    # variances 0.02 and 0.03 with 1 and 2 degrees of freedom: (0.02 + 2 * 0.03) / 3 = 0.1633**2;
    # two standard errors of the difference of two means of 2: 2 * 0.1633 * sqrt(2 / 2)
    told = noise([[1.0, 1.2], [2.0, 2.0, 2.3], [5.0]])
    assert "0.1633 nats (3 degrees of freedom)" in told
    assert "below 0.327 (two standard errors of a difference between means of 2 seeds)" in told
    assert "cannot be told" in noise([[1.0], [2.0]])


MADE_AT = {"machine": "m", "date": "2026-11-27", "torch": "2", "commit": "c"}


def ablation_row(flags, seed, reset, *, minutes=1.0, width=128, steps=1000):
    about = {"corpus": "tiny", "minutes": minutes, "seed": seed, "flags": flags}
    return {**about, **MADE_AT, "reset": reset, "width": width, "steps": steps}


def test_a_table_of_parts_has_the_differences_to_the_default(benchmark):
    rows = [
        ablation_row("--no-skip", 2, 1.54, steps=1500, width=96),
        ablation_row("--no-skip", 1, 1.52, steps=2000),
        ablation_row("", 1, 1.51),
        ablation_row("", 2, 1.49),
        ablation_row("--a-part-of-yesterday", 1, 9.0),
        ablation_row("--no-skip", 1, 1.4, minutes=3.0),
    ]
    one, noise_of_one, three, noise_of_three = benchmark("ablation").tables(rows)
    assert one.splitlines() == [
        "tiny, 1 min (m, 2026-11-27, torch 2, commit c):",
        "",
        "| | loss | each seed | against the default | steps | width |",
        "|---|---|---|---|---|---|",
        "| the default recipe | 1.500 | 1.510, 1.490 | +0.000 | 1,000 | 128 |",
        "| no skip connection (`--no-skip`) | 1.530 | 1.520, 1.540 | +0.030 | 1,750 | 96 or 128 |",
    ]
    assert "0.0141 nats (2 degrees of freedom)" in noise_of_one
    last = three.splitlines()[-1]
    assert last == "| no skip connection (`--no-skip`) | 1.400 | 1.400 |  | 1,000 | 128 |"
    assert "cannot be told" in noise_of_three


def test_an_interrupted_ablation_goes_on_with_what_has_no_row(run, measured, monkeypatch, capsys):
    trained = []

    def train(corpus, minutes, seed, *flags):
        if len(trained) == 5:
            trained.append(None)
            raise KeyboardInterrupt
        trained.append((minutes, seed, flags))
        return {"reset": 1.5, "width": 128, "steps": 10}

    monkeypatch.setattr(measured, "train", train)
    monkeypatch.setattr(measured, "circumstances", lambda: MADE_AT)
    call = "tiny.txt --minutes 0.5 1 --seeds 1 2 --results rows.jsonl"
    with pytest.raises(KeyboardInterrupt):
        run("ablation", call)
    assert len(measured.read(Path("rows.jsonl"))) == 5
    run("ablation", call)
    trained.remove(None)
    num = len(trained)
    assert num == len(set(trained)) == len(measured.read(Path("rows.jsonl")))
    assert {(minutes, seed) for minutes, seed, _ in trained} == {
        (minutes, seed) for minutes in (0.5, 1.0) for seed in (1, 2)
    }
    capsys.readouterr()
    run("ablation", "--results rows.jsonl")
    assert len(trained) == num
    assert capsys.readouterr().out.count("| the default recipe |") == 2


@pytest.fixture
def trained(measured, monkeypatch):
    """Runs as files in place of networks; return what was trained. The fourth is interrupted."""
    names = []

    def charrnn(folder, command, *words):
        runs = Path(folder, "checkpoints")
        if command == "train":
            name = words[words.index("--run") + 1]
            (runs / name).mkdir(parents=True)
            names.append(name)
            if len(names) == 4:
                raise KeyboardInterrupt
            row = {"elapsed_seconds": 6, "step": 7, "val_word_error_rate": 0.5}
            (runs / name / "metrics.jsonl").write_text(f'{{"step": 1}}\n{json.dumps(row)}\n')
        elif command == "rename":
            (runs / words[0]).rename(runs / words[1])
        figures = {"word_error_rate": len(names) / 100, "symbol_error_rate": 0, "exact_match": 1}
        return json.dumps(figures).encode()

    monkeypatch.setattr(measured, "charrnn", charrnn)
    monkeypatch.setattr(measured, "circumstances", lambda: MADE_AT)
    return names


def test_a_call_that_is_interrupted_keeps_its_rows_and_its_finished_runs(
    run, measured, trained, capsys
):
    call = "fre_train.tsv fre_dev.tsv --minutes 5 --who charrnn --results rows.jsonl"
    with pytest.raises(KeyboardInterrupt):
        run("pairs", f"{call} --keep runs --seeds 1 2 3 4")
    assert [row["seed"] for row in measured.read(Path("rows.jsonl"))] == [1, 2, 3]
    run("pairs", f"{call} --keep runs --seeds 4 --side-by-side 1")
    assert trained[-2:] == ["unfinished-fre-5-4"] * 2
    names = {path.name for path in Path("runs/checkpoints").iterdir()}
    assert names == {f"fre-5-{seed}" for seed in (1, 2, 3, 4)}
    with pytest.raises(SystemExit, match="has a run fre-5-2 already: remove it"):
        run("pairs", f"{call} --keep runs --seeds 2")

    run("pairs", f"{call} --seeds 3 4")  # measured anew: the last rows count
    capsys.readouterr()
    run("pairs", "--results rows.jsonl")
    rows = measured.read(Path("rows.jsonl"))
    rates = [row["word_error_rate"] for row in rows]
    assert rates == pytest.approx([1, 2, 3, 5, 6, 7, 7])
    assert rows[0]["curve"] == [{"seconds": 6, "steps": 7, "word_error_rate": 50}]
    table = capsys.readouterr().out.splitlines()[1:]
    assert table == [
        "| data | minutes | charrnn | charrnn ×2 |",
        "|---|---|---|---|",
        "| fre | 5 | WER 4.0 ± 3.0 | WER 7.0 |",
    ]


def test_runs_with_further_flags_have_a_column_of_their_own(run, measured, trained, capsys):
    call = "fre_train.tsv fre_dev.tsv --minutes 5 --who charrnn --seeds 1 --results rows.jsonl"
    run("pairs", call)
    run("pairs", f"{call} -- --optimizer adamw")
    table = capsys.readouterr().out.splitlines()[-3:]
    assert table[0] == "| data | minutes | charrnn | charrnn --optimizer adamw |"
    assert table[2] == "| fre | 5 | WER 1.0 | WER 2.0 |"


def test_rows_that_are_kept_with_the_pages_make_their_tables(run, capsys):
    for name, rows in (("pairs", 6), ("tasks", 4), ("quality", 1)):
        run(name, f"--results {FOLDER / name}.jsonl")
        assert len(capsys.readouterr().out.splitlines()) >= 3 + rows


def test_runs_of_benchmarks_stay_in_their_folder(measured, monkeypatch):
    monkeypatch.setenv("CHARRNN_CHECKPOINTS", "mine")
    assert inputs.root().for_new_runs == Path("mine")
    for name, value in measured.environment().items():
        monkeypatch.setenv(name, value)
    assert inputs.root().for_new_runs == Path("checkpoints")


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_a_program_is_timed_to_its_first_output_and_ended(measured):
    began = time.monotonic()
    code = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
    seconds, megabytes = measured.started([sys.executable, "-c", code])
    assert 0 < seconds <= time.monotonic() - began < 60
    assert 1 < megabytes < 1000
    with pytest.raises(AssertionError):
        measured.started([sys.executable, "-c", ""])
