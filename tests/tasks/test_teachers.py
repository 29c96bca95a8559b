"""Runs teach a new one: who may, what is kept of them, and what the new run does without them."""

import json
from pathlib import Path

import pytest
from conftest import QUICK, SMALL_PAIRS, run_of, small_pairs

import charrnn as library
from charrnn.runs import checkpoint
from charrnn.runs.root import Root
from charrnn.tasks import teachers
from charrnn.tasks.distillation import Distillation
from charrnn.training.setup import resolve

TAUGHT = ("train", "corpus.txt", *QUICK, "--run", "s", "--teacher", "a")


@pytest.fixture
def taught(charrnn, trained):
    """Make the run s, of 20 steps, which the run a teaches."""
    assert charrnn(*TAUGHT).code == 0


@pytest.mark.usefixtures("trained")
@pytest.mark.parametrize(
    ("flags", "code", "line"),
    [
        (("--teacher", "b"), 4, "there is no run 'b' in {}/checkpoints; there are: p, a"),
        (
            ("--teacher", "p"), 2,
            "--teacher p is a model of pairs, not of text; name a run that learned text",
        ),
        (
            ("--teacher-weight", 0.2), 2,
            "--teacher-weight was given without --teacher; name a run to learn from",
        ),
        (
            ("--teacher", "a", "--teacher-weight", 0), 2,
            "--teacher-weight 0.0 is out of range; it must be from 0.01 to 1.0",
        ),
        (
            ("--teacher", "a", "--lines"), 2,
            "--teacher a cannot teach this text: different kinds of records, none and lines; name"
            " runs of the same corpus",
        ),
        (
            ("--teacher", "a", "other.txt"), 2,
            "--teacher a cannot teach this text: only the text knows 'é'; name runs of the same"
            " corpus",
        ),
        (
            ("--teacher", "a", "--bytes"), 2,
            "--teacher a cannot teach this text: one has characters, the other bytes; name runs of"
            " the same corpus",
        ),
    ],
)  # fmt: skip
def test_who_cannot_teach_is_told_in_one_line(charrnn, tmp_path, flags, code, line):
    (tmp_path / "pairs.tsv").write_text(small_pairs())
    (tmp_path / "other.txt").write_text("é")
    charrnn("train", "pairs.tsv", "--pairs", *SMALL_PAIRS, "--steps", 1, "--run", "p")
    refused = charrnn("train", "corpus.txt", *QUICK, "--quiet", *flags)
    assert (refused.code, refused.err) == (code, f"charrnn: {line.format(tmp_path)}\n")
    assert not (tmp_path / "checkpoints/corpus").exists()


@pytest.mark.usefixtures("trained")
@pytest.mark.parametrize("task", ["pairs", "labels", "in-step"])
def test_only_a_model_of_a_text_has_teachers(charrnn, tmp_path, task):
    (tmp_path / "pairs.tsv").write_text(small_pairs())
    refused = charrnn("train", "pairs.tsv", f"--{task}", "--teacher", "a")
    line = f"charrnn: --teacher does not work with --{task}; leave it out\n"
    assert (refused.code, refused.err) == (2, line)


def test_a_run_tells_who_taught_it(charrnn, taught):
    assert "taught by" in charrnn("runs").out
    facts = json.loads(charrnn("info", "s", "--json").out)
    digest = checkpoint.read(run_of(Path()).best).weights_sha256()
    assert (facts["teachers"], facts["teacher_weight"]) == (["a"], 0.5)
    assert facts["teacher_sha256"] == [digest]
    shown = charrnn("info", "s").out
    assert ["teachers", "a"] in [line.split() for line in shown.splitlines()]
    assert digest not in shown
    assert "teachers" in json.loads(charrnn("compare", "a", "s", "--json").out)["settings"]


def test_a_run_without_teachers_says_nothing_of_them(charrnn, trained):
    assert "taught" not in charrnn("runs").out
    assert "teacher" not in charrnn("info", "a", "--json").out


def test_a_teacher_elsewhere_is_kept_by_its_whole_path(charrnn, trained, tmp_path):
    charrnn("copy", "a", "handed.safetensors")
    root = Root(Path("checkpoints"))
    other = Root(Path("elsewhere"))
    files = {"a": "a", "checkpoints/a": "a", "handed.safetensors": tmp_path / "handed.safetensors"}
    last = "checkpoints/a/last.safetensors"
    for name, kept in (files | {last: tmp_path / last}).items():
        found = [root.best_checkpoint(name)[0]]
        assert teachers.settings_of([name], found, root)["teachers"] == (str(kept),)
    found = [other.best_checkpoint("checkpoints/a")[0]]
    kept = teachers.settings_of(["checkpoints/a"], found, other)["teachers"]
    assert kept == (str(tmp_path / "checkpoints/a"),)


@pytest.mark.parametrize(
    ("flags", "own_flags", "is_told"),
    [
        ((), (), False),
        (("--seed", 2), (), False),
        (("--val-fraction", 0.05), (), True),
        ((), ("--val-fraction", 0.05), False),
        (("--max-val-chars", 100), (), True),
        (("--lines",), ("--lines",), False),
        (("--lines", "--seed", 2), ("--lines",), True),
        (("--lines", "--seed", 2, "--val", "val.txt"), ("--lines", "--val", "val.txt"), False),
        (("val.txt",), ("--val", "val.txt"), True),
        (("--val-fraction", 0), ("--val-fraction", 0), False),
    ],
)
def test_a_teacher_that_knows_the_validation_text_is_told(
    charrnn, corpus, tmp_path, flags, own_flags, is_told
):
    (tmp_path / "val.txt").write_text(corpus.read_text()[:600])
    assert charrnn("train", "corpus.txt", *QUICK, *flags, "--run", "a").code == 0
    done = charrnn(*TAUGHT, *own_flags)
    assert done.code == 0
    assert ("a learned from text that this run validates on" in done.err) == is_told


def test_a_student_teaches_and_speaks_when_its_own_teacher_is_gone(charrnn, taught):
    assert charrnn("remove", "a", "--yes").code == 0
    for command in (
        ("sample", "s", "-n", 9), ("score", "--run", "s"), ("predict", "--run", "s", "a"),
        ("info", "s"), ("export", "s.html", "--run", "s"), ("copy", "s", "s.safetensors"),
    ):  # fmt: skip
        done = charrnn(*command)
        assert done.code == 0, done.err
    kept = checkpoint.read(Path("s.safetensors"))
    assert (kept.train.teachers, kept.train.teacher_sha256) == ((), ())
    again = ("train", "corpus.txt", *QUICK, "--teacher", "s.safetensors", "--run", "t")
    assert charrnn(*again).code == 0
    assert charrnn("resume", "t", "--steps", 30).code == 0


def test_resuming_may_repeat_its_teachers_and_not_change_them(charrnn, taught):
    assert charrnn("resume", "s", "--teacher", "a", "--steps", 25).code == 0
    refused = charrnn("resume", "s", "--teacher", "a", "--teacher", "b", "--steps", 30)
    assert refused.code == 2
    assert "--teacher a, b differs from the run's setting, a; a run keeps" in refused.err


def test_the_trial_of_a_run_of_minutes_is_slowed_by_the_teachers(charrnn, trained, monkeypatch):
    tried, run_trial = [], resolve.trial.run_trial

    def noticed(state, *arguments, **settings):
        tried.append(type(state.task))
        return run_trial(state, *arguments, **settings)

    monkeypatch.setattr(resolve.trial, "run_trial", noticed)
    flags = ("--teacher", "a", "--run", "s", "--sample-every", 0)
    assert charrnn("train", "corpus.txt", "--minutes", 0.02, *flags).code == 0
    assert set(tried) == {Distillation}
    assert charrnn("resume", "s", "--minutes", 0.01).code == 0
    assert set(tried) == {Distillation}


def test_the_library_makes_the_same_run(charrnn, corpus, taught):
    settings = {"hidden_size": 12, "embedding_size": 8, "batch_size": 4, "seq_length": 8}
    run = library.train(
        "corpus.txt", **settings, steps=20, eval_every=10, threads=1, sample_every=0,
        teachers=["a"], name="t", progress=False,
    )  # fmt: skip
    assert run.header().train == run_of(Path(), "s").newest_header().train
    digests = [checkpoint.read(run_of(Path(), name).last).weights_sha256() for name in "ast"]
    assert digests[0] != digests[1] == digests[2]


def test_a_teacher_may_be_another_network(charrnn, corpus):
    sizes = ("--ngrams", 1, "--no-skip", "--cell", "gru", "--num-layers", 2)
    assert charrnn("train", "corpus.txt", *QUICK, *sizes, "--run", "a").code == 0
    assert charrnn(*TAUGHT).code == 0
