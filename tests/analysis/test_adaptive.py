import numpy as np
import pytest
from conftest import random_ngrams

from charrnn._text import Reporter, ignore_progress
from charrnn.analysis import adaptive
from charrnn.analysis.adaptive import nats_adapting, nats_mixed, ppm_of_run, ppm_of_training
from charrnn.analysis.ppm import PPM
from charrnn.api import train
from charrnn.config import ModelConfig
from charrnn.data.batches import Text
from charrnn.models.evaluation import evaluate_carried
from charrnn.models.network import Network
from charrnn.runs import checkpoint

CONFIG = ModelConfig(hidden_size=12, embedding_size=5, ngrams=2)
IDS = np.tile(np.random.default_rng(0).integers(9, size=300), 4).astype(np.uint8)
FIRST = 200


def network_of():
    return Network(CONFIG, 9, random_ngrams(CONFIG, 9), seed=1)


def mixed(*, adapt, progress=ignore_progress):
    networks = [network_of()]
    return nats_mixed(networks, IDS, first=FIRST, adapt=adapt, ppm=PPM(9), progress=progress)


def test_who_predicts_is_kept_apart():
    plain, adapted = mixed(adapt=False), mixed(adapt=True)
    num = len(IDS) - FIRST
    assert plain.alone / num == pytest.approx(
        evaluate_carried(network_of(), IDS, first=FIRST), abs=1e-6
    )
    assert plain.network == pytest.approx(plain.alone) == pytest.approx(adapted.alone)
    assert adapted.network == nats_adapting(
        [network_of()], IDS, first=FIRST, progress=ignore_progress
    )
    assert adapted.ppm == pytest.approx(plain.ppm)
    for each in (plain, adapted):
        assert each.mixed < min(each.network, each.ppm) + 0.1 * num


@pytest.mark.parametrize("adapt", [False, True])
def test_progress_counts_the_characters_scored(adapt):
    seen = []
    mixed(adapt=adapt, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (len(IDS) - FIRST, len(IDS) - FIRST)
    assert seen == sorted(seen)


def test_the_characters_before_are_read_and_not_counted():
    """PPM that knows nothing gives each of nine characters a ninth, whatever came before."""
    losses = nats_mixed(
        [network_of()], IDS[: FIRST + 1], first=FIRST, adapt=False, ppm=PPM(9),
        progress=ignore_progress,
    )  # fmt: skip
    assert losses.ppm == pytest.approx(np.log(9))


def test_ppm_counts_the_end_of_the_training_split_alone(monkeypatch):
    monkeypatch.setattr(adaptive, "MAX_COUNTED", 500)
    one = ppm_of_training(Text(IDS, 1000, 1100), 9)
    changed = np.concatenate([IDS[:500] * 0, IDS[500:1000], IDS[1000:] * 0])
    other = ppm_of_training(Text(changed, 1000, 1100), 9)
    assert one.distribution().tolist() == other.distribution().tolist()
    assert one.evidence().order == 5
    whole = PPM(9)
    for id in IDS[500:1000].tolist():
        whole.learn(id)
    assert one.distribution().tolist() == whole.distribution().tolist()


class Heard(Reporter):
    def __init__(self):
        self.sentences = []

    def show(self, sentence):
        self.sentences.append(sentence)


def test_ppm_begins_without_counts_where_the_corpus_is_gone(corpus):
    heard, run = Heard(), train(corpus, hidden_size=8, steps=2, progress=False)
    saved = checkpoint.read(run.folder / "last.safetensors")
    assert ppm_of_run(saved, heard).evidence().order == 5
    path = run.copy("voice.safetensors")
    assert ppm_of_run(checkpoint.read(path), heard).evidence().order == -1
    assert len(heard.sentences) == 1
    assert heard.sentences[0].endswith("PPM begins without counts")
