import dataclasses

import pytest
from conftest import ROOT

from charrnn.errors import CorpusError
from charrnn.export import measured_loss
from charrnn.generation.model import Model


def test_the_loss_is_that_of_the_beginning_of_the_validation_text(trained, corpus):
    checkpoint = ROOT.best_checkpoint("a")[0]
    loss = measured_loss.measured(checkpoint)
    text = corpus.read_text()[-600:]
    assert loss.text == "the first 600 characters of the validation text"
    assert loss.nats["float32"] == pytest.approx(Model.of(checkpoint).surprise(text).mean())
    assert 0 < abs(loss.nats["int8"] - loss.nats["float32"]) < 0.01
    assert 0 < abs(loss.nats["float16"] - loss.nats["float32"]) < 0.001


def test_progress_is_of_all_formats_together(trained):
    told = []
    measured_loss.measured(ROOT.best_checkpoint("a")[0], lambda *progress: told.append(progress))
    assert told == sorted(told)
    assert told[-1] == (1800, 1800)


def test_records_are_measured_each_by_itself(two_runs):
    checkpoint = ROOT.best_checkpoint("names")[0]
    loss = measured_loss.measured(checkpoint)
    assert loss.nats["float32"] == pytest.approx(checkpoint.metrics["val_loss"], abs=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("folder", "run"),
    [("pair_runs", "p"), ("label_run", "l"), ("tag_runs", "t"), ("given_run", "g")],
)
def test_pairs_of_every_kind_are_measured_on_their_validation_split(request, folder, run):
    request.getfixturevalue(folder)
    checkpoint = ROOT.best_checkpoint(run)[0]
    loss = measured_loss.measured(checkpoint)
    assert loss.text.endswith(" pairs of the validation split")
    assert loss.nats["float32"] == pytest.approx(checkpoint.metrics["val_loss"], rel=1e-3)
    assert 0 < abs(loss.nats["int8"] - loss.nats["float32"]) < 0.02


def test_pairs_without_a_validation_split_have_no_loss(pair_runs):
    checkpoint = ROOT.best_checkpoint("p")[0]
    data = dataclasses.replace(checkpoint.data, val_fraction=0.0)
    with pytest.raises(CorpusError, match="no validation pairs"):
        measured_loss.measured(dataclasses.replace(checkpoint, data=data))


def test_without_the_corpus_there_is_no_loss(trained, corpus, tmp_path):
    corpus.unlink()
    for path in (tmp_path / "checkpoints" / ".corpora").iterdir():
        path.unlink()
    with pytest.raises(CorpusError):
        measured_loss.measured(ROOT.best_checkpoint("a")[0])
