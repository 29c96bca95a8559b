"""The library: what `charrnn.train` and its neighbours do, and what they leave as it was."""

import dataclasses
import inspect
import io
import json
import logging
import os
import random
import re
import signal
import subprocess
import sys
import threading
import typing
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import ROOT, SMALL_PAIRS, small_in_step, small_labels, small_pairs, small_text
from conftest import SMALL as SIZES
from test_translator import checkpoint_of
from threadpoolctl import ThreadpoolController

from charrnn import (
    Callback,
    CharRNNWarning,
    Classifier,
    Dataset,
    Model,
    Run,
    Tagger,
    Translator,
    api,
    load,
    train,
)
from charrnn.analysis import context, scoring
from charrnn.analysis.neurons import followers, label_units
from charrnn.config import (
    CaptionsConfig,
    DataConfig,
    EncoderDecoderConfig,
    ModelConfig,
    PairsConfig,
    RuntimeConfig,
    TaggerConfig,
    TrainConfig,
    setting_of,
)
from charrnn.errors import CheckpointError, CorpusError, SettingError, UsageError
from charrnn.runs import checkpoint
from charrnn.sources.input_text import InputText

GROUPS = (
    ModelConfig, EncoderDecoderConfig, TaggerConfig, DataConfig, PairsConfig, CaptionsConfig,
    TrainConfig, RuntimeConfig,
)  # fmt: skip
TINY = {"hidden_size": 12, "embedding_size": 8, "batch_size": 4, "seq_length": 8, "threads": 1}
BUSY = pytest.mark.filterwarnings("ignore:this run learned too little")  # in so few seconds
SMALL = {**TINY, "steps": 20, "eval_every": 10}


@pytest.fixture
def run(corpus) -> Run:
    return train(corpus, **SMALL, name="a")


def weights(run: Run) -> str:
    return checkpoint.read(run.folder / "last.safetensors").weights_sha256()


def test_the_keywords_are_the_settings_that_have_a_flag():
    declared = {
        spec.name: typing.get_type_hints(group)[spec.name]
        for group in GROUPS
        for spec in dataclasses.fields(group)
        if setting_of(spec).help
    }
    assert typing.get_type_hints(api.TrainSettings) == declared


def test_help_lists_the_keywords():
    names = inspect.signature(train).parameters.keys()
    assert names >= {"corpus", "val", "progress", *api.TrainSettings.__annotations__}
    for method in (Model.generate, Model.stream, Model.samples):
        assert inspect.signature(method).parameters.keys() >= {"prompt", "temp", "top_k"}


def test_the_weights_are_those_of_the_command_line(charrnn, corpus, run):
    length = ("--steps", 20, "--eval-every", 10, "--threads", 1)
    assert charrnn("train", corpus, *SIZES, *length, "--run", "b").code == 0
    assert weights(run) == weights(Run("b"))
    assert charrnn("resume", "b", "--steps", 30).code == 0
    assert weights(run.resume(steps=30)) == weights(Run("b"))
    own, other = run.history(), Run("b").history()
    assert [row.sample for row in own] == [row.sample for row in other]


def test_a_run_has_a_model_a_history_and_a_name(run, tmp_path):
    assert (run.name, run.folder) == ("a", Path("checkpoints/a"))
    assert run.model().generate("a", length=9, seed=1) == load("a").generate("a", length=9, seed=1)
    assert repr(run.model()) == repr(load())
    assert run.history()[-1].step == run.header().position.step == 20
    assert repr(run).startswith("Run('a', lstm 1×12, step 20 of 20, validation loss ")
    assert repr(Run()) == repr(Run(tmp_path / "checkpoints" / "a", root="elsewhere")).replace(
        str(tmp_path / "checkpoints" / "a"), "a"
    )
    with pytest.raises(CheckpointError, match="there is no run 'b'"):
        Run("b")


def test_a_run_is_renamed_and_removed(run):
    renamed = run.rename("b")
    assert (renamed.name, renamed.folder) == ("b", Path("checkpoints/b"))
    assert weights(renamed.resume(steps=25)) == weights(Run("b"))
    renamed.remove()
    with pytest.raises(CheckpointError, match="there is no run 'b'"):
        Run("b")


def test_a_copy_to_hand_over_speaks_and_has_no_text(run):
    path = run.copy("voice.safetensors")
    said = run.model().generate("a", length=9, seed=1)
    assert load(path).generate("a", length=9, seed=1) == said
    assert run.copy("voice") == Path("checkpoints/voice/best.safetensors")
    assert repr(Run("voice")) == "Run('voice', lstm 1×12, a copy without training state)"
    assert run.copy("voice.safetensors") == path
    with pytest.raises(UsageError, match="there is a run 'voice' already"):
        run.copy("voice")
    with pytest.raises(CorpusError, match="left out when it was copied"):
        scoring.score_split([checkpoint.read(path)], "val", adapt=False)


def test_a_damaged_best_checkpoint_is_a_warning(run, tmp_path):
    best = run.folder / "best.safetensors"
    best.write_bytes(best.read_bytes()[:-5])
    for use in (run.model, lambda: load(run.folder), lambda: run.copy("voice.safetensors")):
        with pytest.warns(
            CharRNNWarning, match="best.safetensors is not .*; using step .* instead"
        ):
            use()


def test_a_run_is_exported_as_on_the_command_line(charrnn, run):
    exported = run.export("page.html", weights="float16")
    assert charrnn("export", "other.html", "--weights", "float16").code == 0
    assert Path("page.html").read_bytes() == Path("other.html").read_bytes()
    assert exported.num_bytes == Path("page.html").stat().st_size


def test_pairs_are_learned_as_on_the_command_line(charrnn, tmp_path):
    (tmp_path / "pairs.tsv").write_text(small_pairs())
    sizes = {"hidden_size": 12, "embedding_size": 8, "batch_size": 4, "threads": 1}
    run = train("pairs.tsv", pairs=True, **sizes, steps=20, dropout=0.1, name="a", progress=False)
    assert repr(run).startswith("Run('a', lstm 2+2×12, step 20 of 20, validation word error rate ")
    flags = ("--steps", 20, "--dropout", 0.1, "--threads", 1, "--run", "b")
    assert charrnn("train", "pairs.tsv", "--pairs", *SMALL_PAIRS, *flags).code == 0
    assert weights(run) == weights(Run("b"))
    assert charrnn("resume", "b", "--steps", 25).code == 0
    assert weights(run.resume(steps=25, progress=False)) == weights(Run("b"))
    assert "nats per symbol" in run.plot().svg()
    with pytest.raises(SettingError, match="ngrams does not work with pairs; leave it out"):
        train("pairs.tsv", pairs=True, ngrams=2)
    with pytest.raises(SettingError, match="source was given without target; give both"):
        train(source="pairs.tsv")


def test_labels_are_learned_as_on_the_command_line(charrnn, tmp_path):
    (tmp_path / "labels.tsv").write_text(small_labels())
    sizes = {"hidden_size": 12, "embedding_size": 8, "batch_size": 4, "threads": 1}
    run = train("labels.tsv", labels=True, **sizes, steps=20, dropout=0.1, name="a", progress=False)
    assert repr(run).startswith("Run('a', lstm 1×12, step 20 of 20, validation accuracy ")
    flags = ("--steps", 20, "--dropout", 0.1, "--threads", 1, "--run", "b")
    assert charrnn("train", "labels.tsv", "--labels", *SMALL_PAIRS, *flags).code == 0
    assert weights(run) == weights(Run("b"))
    assert weights(run.resume(steps=25, progress=False)) != weights(Run("b"))
    assert "nats per text" in run.plot().svg()
    classifier = load("a", task="classify")
    assert isinstance(classifier, Classifier)
    assert set(classifier.classify("aeo")) == {"mostly vowels", "other"}
    assert repr(load()) == repr(run.model()) == repr(classifier)
    with pytest.raises(SettingError, match="pairs and labels were both given; choose one"):
        train("labels.tsv", labels=True, pairs=True)


@pytest.mark.parametrize("is_causal", [False, True])
def test_pairs_in_step_are_learned_as_on_the_command_line(charrnn, tmp_path, is_causal):
    (tmp_path / "tags.tsv").write_text(small_in_step())
    sizes = {"hidden_size": 12, "embedding_size": 8, "batch_size": 4, "threads": 1}
    run = train(
        "tags.tsv", in_step=True, is_causal=is_causal, **sizes, steps=20, dropout=0.1, name="a",
        progress=False,
    )  # fmt: skip
    assert repr(run).startswith("Run('a', lstm 1×12, step 20 of 20, validation word error rate ")
    flags = ("--steps", 20, "--dropout", 0.1, "--threads", 1, "--run", "b")
    flags += ("--causal",) * is_causal
    assert charrnn("train", "tags.tsv", "--in-step", *SMALL_PAIRS, *flags).code == 0
    assert weights(run) == weights(Run("b"))
    assert weights(run.resume(steps=25, progress=False)) != weights(Run("b"))
    assert "nats per symbol" in run.plot().svg()
    tagger = load("a", task="tag")
    assert isinstance(tagger, Tagger)
    [made] = tagger.translate("ael rst")
    assert len(str(made)) == len(made.probabilities) == 7
    assert repr(load()) == repr(run.model()) == repr(tagger)
    with pytest.raises(SettingError, match="pairs and in_step were both given; choose one"):
        train("tags.tsv", in_step=True, pairs=True)
    with pytest.raises(SettingError, match="is_causal does not work with pairs; leave it out"):
        train("tags.tsv", pairs=True, is_causal=True)


def test_texts_of_a_given_label_are_learned_and_written(tmp_path):
    (tmp_path / "labels.tsv").write_text(small_labels())
    run = train("labels.tsv", given="label", hidden_size=8, steps=5, progress=False)
    assert run.header().task == "given"
    translator = load()
    assert isinstance(translator, Translator)
    first, second = translator.translate("other", temperature=1.0, num=2, seed=1)
    assert first.source_symbols == second.source_symbols == ("other",)
    assert repr(run).startswith("Run('labels', lstm 2+2×8, step 5 of 5, validation loss ")


def test_a_folder_of_a_file_for_each_label_is_learned(tmp_path):
    (tmp_path / "names").mkdir()
    for line in small_labels().splitlines():
        text, label = line.split("\t")
        with (tmp_path / "names" / f"{label}.txt").open("a") as file:
            file.write(text + "\n")
    run = train("names", labels=True, hidden_size=4, steps=2, progress=False)
    assert set(run.model().labels) == {"mostly vowels", "other"}
    start = train("names", labels=True, init_from=run.name, steps=1, progress=False)
    assert start.header().model == run.header().model


def test_several_runs_are_loaded_as_one(run, corpus):
    other = train(corpus, **SMALL, name="b", cell="gru")
    model = load(["a", Path("checkpoints/b")])
    assert repr(model).startswith("Model('a + checkpoints/b', lstm 1×12 + gru 1×12, ")
    losses = [each.model().score("a stone").nats_per_char for each in (run, other)]
    assert model.score("a stone").nats_per_char < np.mean(losses)
    assert load(["a"]).generate("a", length=9, seed=1) == run.model().generate(
        "a", length=9, seed=1
    )
    with pytest.raises(UsageError, match="there is no run in an empty list; name one or more"):
        load([])


def test_a_run_is_scored_as_on_the_command_line(charrnn, run, tmp_path):
    (tmp_path / "text.txt").write_text("a stone is a stream\n" * 9)
    model_loss = run.model().score("a stone is a stream\n" * 9).nats_per_char
    assert run.score("a stone is a stream\n" * 9).nats_per_char == pytest.approx(
        model_loss, abs=1e-4
    )
    for typed, settings in (
        ((), {}),
        (("--adapt",), {"adapt": True}),
        (("--mix", "ppm", "--adapt"), {"adapt": True, "mix": "ppm"}),
    ):
        for what, text in ((("text.txt",), b"a stone is a stream\n" * 9), ((), None)):
            told = json.loads(charrnn("score", *what, *typed, "--json").out)
            figures = run.score(text, **settings).figures()
            del figures["chars_per_second"]
            assert {name: told[name] for name in figures} == figures
    with pytest.raises(SettingError, match="mix 'x' is not known; choose ppm"):
        run.score("a", mix="x")
    with pytest.raises(SettingError, match="split 'all' is not known; choose val or test"):
        run.score(split="all")
    with pytest.raises(CorpusError, match="the run has no test split"):
        run.score(split="test")
    ROOT.create("pairs", default="x").save(checkpoint_of(0))
    with pytest.raises(
        UsageError, match="run pairs is a model of pairs; score takes one of a text"
    ):
        Run("pairs").score()


def test_a_run_of_pairs_is_loaded_as_a_translator(run):
    for seed in (0, 1):
        ROOT.create(f"run-{seed}", default="x").save(checkpoint_of(seed))
    translator = load("run-0")
    assert isinstance(translator, Translator) and translator.name == "run-0"
    assert repr(load("run-0", task="seq2seq")) == repr(translator)
    both = load(["run-0", "run-1"], device="cuda:99")
    assert isinstance(both, Translator) and len(both.members) == 2
    assert repr(Run("run-0").model()) == repr(translator)
    assert load().name == load(task="seq2seq").name == "run-1"
    assert repr(load(task="language_model")) == repr(run.model())
    with pytest.raises(UsageError, match="run run-0 is a model of pairs; leave out the task"):
        load("run-0", task="language_model")
    for names in (["run-0", "a"], ["a", "run-0"]):
        with pytest.raises(UsageError, match="cannot be averaged: one is a model of"):
            load(names)


def test_a_run_goes_where_it_is_told(corpus, tmp_path):
    run = train(corpus, **SMALL, root=tmp_path / "runs")
    assert run.folder == tmp_path / "runs" / "corpus"
    assert train(corpus, **SMALL, root=tmp_path / "runs").name == "corpus-2"
    assert load(root=tmp_path / "runs").name == "corpus-2"
    assert not Path("checkpoints").exists()


def test_what_column_and_val_imply(tmp_path):
    Path("t.csv").write_text("id,name\n" + "".join(f"{k},name {k}\n" for k in range(300)))
    assert train("t.csv", column="name", **SMALL).model().records == "lines"
    Path("text").write_text(small_text())
    Path("other").write_text(small_text(seed=1))
    run = train("text", val=Path("other"), **SMALL)
    assert checkpoint.read_header(run.folder / "last.safetensors").corpus.val_names == ("other",)
    with pytest.raises(SettingError, match="val and val_fraction were both given; choose one"):
        train("text", val="other", val_fraction=0.2)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"hiden_size": 12}, "there is no setting 'hiden_size'; did you mean hidden_size?"),
        ({"minute": 2}, "there is no setting 'minute'; did you mean minutes?"),
        ({"zzz": 2}, "there is no setting 'zzz'; there are allow_short, attention, "),
        ({"schedule_step": 2}, "there is no setting 'schedule_step'"),
        ({"hidden_size": 0}, "hidden_size 0 is out of range; it must be from 1 to 65536"),
        ({"dropout": "a"}, "dropout cannot be 'a'; it must be a number"),
        ({"cell": "elman"}, "cell 'elman' is not known; choose one of "),
        ({"steps": 9, "minutes": 1}, "steps 9 and minutes 1 were both given; choose one"),
        ({"sample_every": -1}, "sample_every -1 is negative; it must be 0 or more"),
        ({"save_every": -0.5}, "save_every -0.5 is negative; it must be 0 or more"),
        ({"minutes": 0}, "minutes 0 is out of range; it must be greater than 0"),
    ],
)
def test_a_mistake_is_named_by_its_keyword(corpus, given, message):
    with pytest.raises(SettingError, match=message.replace("?", r"\?")):
        train(corpus, **given)
    assert not Path("checkpoints").exists()


def test_a_short_text_is_learned_if_that_is_meant():
    Path("short").write_text("ab")
    with pytest.raises(CorpusError, match="too few to learn from; .* allow_short"):
        train("short", **SMALL)
    with pytest.warns(CharRNNWarning, match="too short for a validation split"):
        assert train("short", **SMALL, allow_short=True).name == "short"


class Steps(Callback):
    def __init__(self, last: int = 10**9) -> None:
        self.seen: list[int] = []
        self.last = last

    def on_step(self, trainer, report):
        self.seen.append(report.step)
        if report.step == self.last:
            os.kill(os.getpid(), signal.SIGINT)


def test_a_callback_sees_every_step(corpus):
    steps = Steps()
    run = train(corpus, **SMALL, callbacks=[steps])
    run.resume(steps=25, callbacks=[steps])
    assert steps.seen == list(range(1, 26))


def test_ctrl_c_saves_the_run_and_resuming_it_changes_nothing(corpus, run):
    steps = Steps(7)
    with pytest.raises(KeyboardInterrupt, match="the run 'b' is saved"):
        train(corpus, **SMALL, name="b", callbacks=[steps])
    assert steps.seen == list(range(1, 8))
    with pytest.raises(KeyboardInterrupt):
        Run("b").resume(callbacks=[Steps(12)])
    assert weights(Run("b").resume()) == weights(run)


def test_in_another_thread_it_trains_as_well(corpus, run):
    other = threading.Thread(target=lambda: train(corpus, **SMALL, name="b"))
    other.start()
    other.join()
    assert weights(Run("b")) == weights(run)


def test_a_chart_of_the_losses_is_shown_and_saved(run):
    chart = run.plot(against="minutes", in_bits=True)
    assert (chart.x_label, chart.y_label) == ("minutes", "bits per character")
    assert chart._repr_svg_().startswith("<svg")
    chart.save("losses.png")
    assert Path("losses.png").read_bytes().startswith(b"\x89PNG")
    assert "<svg" in run._repr_html_()
    assert "validation loss" in run._repr_html_()
    with pytest.raises(SettingError, match="against 'days' is not known; choose steps or minutes"):
        run.plot(against="days")


def test_without_matplotlib_a_notebook_is_told(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert run.plot()._repr_svg_() is None
    assert "need matplotlib" in run._repr_html_()


# What a call leaves as it was


def process() -> dict[str, object]:
    """All that a library could change behind its caller's back."""
    denormal = torch.tensor([1e-310], dtype=torch.float64).mul(1.0)
    loggers = [logging.getLogger(name) for name in (None, "charrnn", "matplotlib", "torch")]
    blas = ThreadpoolController().select(user_api="blas").info()
    return {
        "threads of torch": (torch.get_num_threads(), torch.get_num_interop_threads()),
        "denormals are flushed": float(denormal) == 0,
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        "gradients": (torch.is_grad_enabled(), torch.is_inference_mode_enabled()),
        "types": torch.get_default_dtype(),
        "random numbers": (
            torch.get_rng_state().tolist(),
            str(np.random.get_state()),
            random.getstate(),
        ),
        "blas": [each["num_threads"] for each in blas],
        "numpy": (np.geterr(), np.get_printoptions()),
        "warnings": list(warnings.filters),
        "signals": {number: signal.getsignal(number) for number in signal.valid_signals()},
        "folder": os.getcwd(),
        "environment": dict(os.environ),
        "loggers": [(log.level, list(log.handlers), log.propagate) for log in loggers],
        "streams": (sys.stdout, sys.stderr, sys.stdin, sys.excepthook, sys.argv[:]),
        "running threads": threading.active_count(),
    }


def calls(run: Run, corpus: Path) -> dict[str, typing.Callable[[], object]]:
    model = run.model()
    saved = checkpoint.read(run.folder / "last.safetensors").without_training_state()
    dataset = Dataset.from_files(corpus)
    labelled = [(word, "xy"[k % 2]) for k, word in enumerate(sorted(set(small_text().split())))]

    def texts() -> list[InputText]:
        return [InputText("a", iter([corpus.read_bytes()]), saved.data)]

    def interrupted() -> None:
        with pytest.raises(KeyboardInterrupt):
            run.resume(steps=80, callbacks=[Steps(75)])

    return {
        "train": lambda: train(corpus, **SMALL, dropout=0.1),
        "train for seconds": lambda: train(corpus, **TINY, minutes=0.02),
        "resume": lambda: run.resume(steps=60),
        "an interrupted resume": interrupted,
        "score": lambda: model.score("the cat"),
        "the score of files": lambda: scoring.score_files([saved], texts(), adapt=False),
        "an adapting score": lambda: scoring.score_files([saved], texts(), adapt=True),
        "the score of a run": lambda: run.score("the cat", adapt=True, mix="ppm"),
        "the score of a split": lambda: scoring.score_split([saved], "val", adapt=False),
        "the scores of lines": lambda: list(scoring.score_lines([saved], texts())),
        "predict": lambda: (model.predict("ab"), model.cursor().read("a" * 600).predict()),
        "memory": lambda: context.look_back(model, dataset, num_places=32),
        "neurons": lambda: followers.rank(model, small_text(2000)),
        "neurons by labels": lambda: label_units.rank_by_labels(model, labelled),
        "generate": lambda: model.generate("ab", length=50),
        "samples": lambda: list(model.samples(600, length=5)),
        "plot": lambda: run._repr_html_(),
        "history": run.history,
    }


@BUSY
def test_a_call_changes_nothing_of_the_process(run, corpus, capfdbinary):
    torch.set_num_threads(2)
    torch.manual_seed(3)
    try:
        for name, call in calls(run, corpus).items():
            capfdbinary.readouterr()
            before = process()
            call()
            after = process()
            for what in before:
                assert after[what] == before[what], (name, what)
            assert capfdbinary.readouterr() == (b"", b""), name
    finally:
        torch.set_num_threads(1)


@pytest.mark.parametrize("begin", ["samples", "the scores of lines"])
def test_between_two_results_the_process_is_as_it_was(run, corpus, begin):
    model = run.model()
    saved = checkpoint.read(run.folder / "last.safetensors").without_training_state()
    text = InputText("a", iter([corpus.read_bytes()]), saved.data)
    before = process()
    results = {
        "samples": lambda: model.samples(length=5, seed=1),
        "the scores of lines": lambda: scoring.score_lines([saved], [text]),
    }[begin]()
    for _ in range(3):
        next(results)
        after = process() | {"running threads": before["running threads"]}
        assert {what: after[what] == before[what] for what in before} == dict.fromkeys(before, True)
    results.close() if hasattr(results, "close") else None


# What a person sees


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@BUSY
def test_a_terminal_shows_a_bar_without_escape_codes(corpus, monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    run = train(corpus, **SMALL)
    shown = sys.stderr.getvalue()
    assert "20/20" in shown
    assert "val_loss=" in shown
    assert "\x1b" not in shown
    run.resume(minutes=0.01)
    assert sys.stderr.getvalue().count("\r") > shown.count("\r")
    monkeypatch.setattr(sys, "stderr", Terminal())
    train(corpus, **SMALL, progress=False)
    assert sys.stderr.getvalue() == ""


def test_samples_on_another_device_are_those_of_the_cpu(run, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr("charrnn.models.device.resolve", lambda name: "cpu")
        own, other = run.model(), load("a", device="cuda")
    settings = {"length": 9, "seed": 1}
    assert list(own.samples(3, **settings)) == list(other.samples(3, **settings))
    with pytest.raises(SettingError, match="device 'gpu' is not known"):
        run.model(device="gpu")


@pytest.mark.slow
def test_the_two_lines_of_a_first_try_work(tmp_path):
    Path("x.txt").write_text(small_text())
    lines = """import charrnn; r = charrnn.train("x.txt", steps=50)
print(r.model().generate("a", length=20))"""
    tried = subprocess.run(
        [sys.executable, "-"], input=lines, capture_output=True, text=True, check=True
    )
    assert len(tried.stdout) == 21
    assert tried.stderr == ""


@pytest.mark.slow
def test_the_notebook_of_the_examples_runs_and_shows_a_bar_and_a_picture(tmp_path):
    nbconvert = pytest.importorskip("nbconvert", reason="needs nbconvert and ipykernel")
    pytest.importorskip("ipykernel")
    text = (Path(__file__).parents[1] / "examples/first_steps.ipynb").read_text("utf-8")
    assert '"outputs": []' in text
    (tmp_path / "small.ipynb").write_text(re.sub(r"steps=(\d)00", r"steps=\g<1>0", text), "utf-8")
    command = [
        sys.executable,
        "-m",
        nbconvert.__name__,
        "--to",
        "notebook",
        "--execute",
        "--inplace",
    ]
    subprocess.run([*command, "small.ipynb"], check=True, timeout=280)
    cells = json.loads(Path("small.ipynb").read_text("utf-8"))["cells"]
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    shown = [output["data"] for output in outputs if "data" in output]
    assert sum("<svg" in "".join(data.get("text/html", "")) for data in shown) == 2
    assert sum("60 [" in "".join(data.get("text/plain", "")) for data in shown) == 1
    assert not any("\\u001b" in json.dumps(output) for output in outputs)
    assert not any(output.get("name") == "stderr" for output in outputs)


def test_notes_are_logged(corpus, caplog):
    with caplog.at_level(logging.INFO, logger="charrnn"):
        train(corpus, **SMALL)
    assert any("6,000 characters" in message for message in caplog.messages)
