"""A run is created: with weights of its own, or with those of another run."""

import numpy as np
import pytest
from conftest import SMALL, SMALL_PAIRS, run_of, small_pairs, small_text

from charrnn.errors import SettingError
from charrnn.models.device import settings_restored
from charrnn.runs import checkpoint
from charrnn.runs.root import Root
from charrnn.runs.run import Run
from charrnn.tasks.task import SourceNames
from charrnn.training.budget import Budget
from charrnn.training.distributed import Group
from charrnn.training.setup.request import Request
from charrnn.training.setup.session import Session
from charrnn.training.setup.start import start_run

QUICK = (*SMALL, "--steps", 20, "--eval-every", 10)


def test_fine_tuning_keeps_old_ids_and_adds_new_characters(charrnn, corpus, tmp_path):
    charrnn("train", corpus, *QUICK, "--run", "old")
    (tmp_path / "new.txt").write_text(small_text(3000, seed=2).replace("a", "ä") + "中")
    done = charrnn(
        "train", "new.txt", "--steps", 1, "--lr", 0, "--init-from", "old", "--run", "new"
    )
    assert done.code == 0
    old = checkpoint.read(Run(tmp_path / "checkpoints/old").best)
    new = checkpoint.read(Run(tmp_path / "checkpoints/new").last)
    kept, added = new.vocab.code_points[: len(old.vocab)], new.vocab.code_points[len(old.vocab) :]
    assert kept == old.vocab.code_points
    assert list(added) == sorted(added)
    assert {ord("ä"), ord("中")} <= set(added)
    for name, array in old.group("weights").items():
        np.testing.assert_array_equal(new.arrays[f"weights.{name}"][: len(array)], array)
    assert new.arrays["weights.embedding"][-1].any()
    assert charrnn("sample", "new", "-n", 20, "-p", "ä").code == 0


def test_fine_tuning_takes_its_shape_from_where_it_starts(charrnn, corpus, tmp_path):
    shape = ("--cell", "gru", "--num-layers", 2)
    charrnn("train", corpus, *QUICK, *shape, "--run", "old")
    flags = ("--steps", 3, "--run", "new", "--verbose")
    done = charrnn("train", corpus, "--init-from", "old", *flags)
    assert done.code == 0, done.err
    found = checkpoint.read_header(run_of(tmp_path, "new").last).model
    assert (found.cell, found.num_layers, found.hidden_size) == ("gru", 2, 12)


@pytest.mark.parametrize(
    ("flags", "phrase"),
    [
        (("--cell", "gru"), "--cell gru does not fit: old has lstm; leave it out"),
        (("--hidden-size", 99), "--hidden-size 99 does not fit: old has 12; leave it out"),
        (
            ("--ngram-init", "random"),
            "--ngram-init random does not fit: old has counts; leave it out",
        ),
        (("--ngram-min-count", 9), "--ngram-min-count 9 does not fit: old has 6; leave it out"),
        (("--bytes",), "--init-from names a model of characters; use --bytes for both or none"),
    ],
)
def test_fine_tuning_refuses_what_does_not_fit(charrnn, corpus, flags, phrase):
    charrnn("train", corpus, *QUICK, "--run", "old")
    refused = charrnn("train", corpus, "--init-from", "old", *flags)
    assert refused.code == 2
    assert phrase in refused.err


def test_fine_tuning_on_pairs_keeps_old_ids_and_adds_new_characters(charrnn, tmp_path):
    (tmp_path / "old.tsv").write_text(small_pairs())
    (tmp_path / "new.tsv").write_text(small_pairs().replace("a", "ä") + "中\t中\n" * 30)
    charrnn("train", "old.tsv", "--pairs", *SMALL_PAIRS, "--steps", 20, "--run", "old")
    flags = ("--steps", 1, "--lr", 0, "--run", "new")
    done = charrnn("train", "new.tsv", "--pairs", *flags, "--init-from", "old")
    assert done.code == 0, done.err
    old, new = (checkpoint.read(run_of(tmp_path, name).last) for name in ("old", "new"))
    for name, vocab in old.vocabs.items():
        assert new.vocabs[name].code_points[: len(vocab)] == vocab.code_points
        assert set("ä中") <= set(map(chr, new.vocabs[name].code_points[len(vocab) :]))
    for name, array in old.group("weights").items():
        np.testing.assert_array_equal(new.arrays[f"weights.{name}"][: len(array)], array)
    assert new.arrays["weights.target_embedding"][-1].any()
    assert charrnn("translate", "ä中", "--run", "new").code == 0


def test_a_model_of_another_task_is_no_start(charrnn, corpus, tmp_path):
    (tmp_path / "pairs.tsv").write_text(small_pairs())
    charrnn("train", "pairs.tsv", "--pairs", *SMALL_PAIRS, "--steps", 2, "--run", "pairs")
    refused = charrnn("train", corpus, "--init-from", "pairs")
    assert refused.code == 2
    assert refused.err == (
        "charrnn: --init-from pairs is a model of pairs, not of text; name a run that learned"
        " text\n"
    )


def test_a_batch_that_cannot_be_shared_is_refused_before_a_long_reading(tmp_path):
    request = Request(
        SourceNames(("none.txt",)), Root(tmp_path), {"batch_size": 7}, Budget(steps=3)
    )
    output = "batch_size 7 cannot be shared evenly by 2 processes; give a multiple of 2"
    with pytest.raises(SettingError, match=output):
        start_run(request, Session(group=Group(0, 2)))


def test_a_run_is_started_without_a_command(corpus, tmp_path):
    """All that a library needs: a request, and where the run goes."""
    settings = {"hidden_size": 8, "embedding_size": 4, "threads": 1}
    request = Request(
        SourceNames((str(corpus),)), Root(tmp_path / "runs"), settings, Budget(steps=4)
    )
    with settings_restored():
        trainer = start_run(request, Session())
        assert [report.step for report in trainer.steps()] == [1, 2, 3, 4]
    assert trainer.run.folder == tmp_path / "runs" / corpus.stem
    assert checkpoint.read_header(trainer.run.last).position.step == 4
