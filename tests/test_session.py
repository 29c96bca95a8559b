"""What surrounds the loop: metrics and validation. What may go wrong has its tests in faults/."""

import json

from conftest import TRAIN, metrics, run_of

from charrnn import checkpoint


def test_best_is_the_lowest_validation_loss_and_last_is_the_last(charrnn, tmp_path):
    """Sixty characters are soon learned by heart, and then the validation loss rises."""
    (tmp_path / "corpus.txt").write_text("the quick brown fox jumps over the lazy dog again and a")
    settings = ("--steps", 400, "--eval-every", 20, "--learning-rate", 0.05, "--dropout", 0)
    assert charrnn("train", "corpus.txt", "--run", "a", *settings).code == 0
    run = run_of(tmp_path)
    losses = {line["step"]: line["val_loss"] for line in metrics(run) if "val_loss" in line}
    assert list(losses) == list(range(20, 401, 20))
    best, last = checkpoint.read(run.best), checkpoint.read(run.last)
    assert best.progress.val_loss == min(losses.values()) < losses[400]
    assert losses[best.progress.step] == best.progress.val_loss
    assert last.progress.step == 400
    assert best.progress.val_loss_reset is not None
    facts = json.loads(charrnn("info", "a", "--json").out)
    assert facts["val_loss"] == best.progress.val_loss
    assert facts["val_loss_reset"] == best.progress.val_loss_reset
    assert facts["weights_sha256"] == last.weights_sha256() != best.weights_sha256()


def test_metrics_hold_every_figure(charrnn, corpus, tmp_path):
    charrnn(*TRAIN)
    lines = metrics(run_of(tmp_path))
    assert [line["step"] for line in lines if "loss" in line] == [10, 20, 30, 40, 50, 60]
    assert [line["step"] for line in lines if "val_loss" in line] == [25, 50, 60]
    assert lines[0].keys() == {"step", "baselines"}
    assert lines[0]["step"] == 0
    assert lines[1].keys() == {"step", "loss", "bits_per_char", "grad_norm", "learning_rate"}
