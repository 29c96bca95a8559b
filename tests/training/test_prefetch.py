import numpy as np
import pytest
import torch

from charrnn.data.batches import Lanes, RecordLanes
from charrnn.training import prefetch
from charrnn.training.prefetch import Feed, sent

IDS = np.random.default_rng(0).integers(200, size=997).astype(np.uint8)
SIZES = {"batch_size": 4, "seq_length": 7}


@pytest.mark.parametrize("share", [slice(None), slice(2, 4)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_corpus_on_the_device_gives_the_windows_that_one_on_disk_gives(dtype, share, monkeypatch):
    monkeypatch.setattr(prefetch, "_PIECE", 100)
    lanes = Lanes(IDS.astype(dtype), **SIZES, share=share)
    feed = Feed(lanes, "cpu", room=4 * len(IDS))
    assert feed._ids is not None
    for step in (0, 1, 35, 36, 10_000, 2**40):
        equal(feed.window(step), lanes.window(step))


def test_without_room_windows_are_sent_one_by_one():
    lanes = Lanes(IDS, **SIZES)
    feed = Feed(lanes, "cpu", room=4 * len(IDS) - 1)
    assert feed._ids is None
    equal(feed.window(5), lanes.window(5))


def test_records_are_sent_window_by_window():
    lanes = RecordLanes(IDS, np.array([0, 10, 500, 997]), **SIZES, seed=1)
    equal(Feed(lanes, "cpu", room=10**9).window(3), lanes.window(3))


def equal(fed, window):
    for tensor, array in zip(fed[:3], window[:3], strict=True):
        assert tensor.dtype == torch.from_numpy(array).dtype
        assert tensor.numpy().tolist() == array.tolist()
    assert fed.num_scored == window.num_scored


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_nothing_in_a_step_waits_for_the_gpu():
    """Torch itself raises where something would."""
    from charrnn.config import ModelConfig, TrainConfig
    from charrnn.models import device
    from charrnn.models.network import Network
    from charrnn.training.loop import Learner, train

    device.prepare("cuda", 1)
    config = TrainConfig(**SIZES, device="cuda", steps=40, dropout=0.1, weight_dropout=0.1)
    learner = Learner.new(Network(ModelConfig(ngrams=1, hidden_size=16), 200), config)
    steps = train(learner, Feed(Lanes(IDS, **SIZES), config.device), config)
    next(steps)  # finds the first basis of SOAP, which is waited for
    torch.cuda.set_sync_debug_mode("error")
    try:
        for _ in range(8):
            next(steps)
    finally:
        torch.cuda.set_sync_debug_mode("default")


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_an_array_arrives_on_the_gpu():
    assert sent(IDS, "cuda").cpu().numpy().tolist() == IDS.tolist()
