from unittest import mock

import numpy as np
import pytest
import torch

from charrnn.data.batches import Lanes, RecordLanes
from charrnn.models.device import to_device
from charrnn.tasks import prefetch
from charrnn.tasks.prefetch import Prefetcher

IDS = np.random.default_rng(0).integers(200, size=997).astype(np.uint8)
SIZES = {"batch_size": 4, "seq_length": 7}


@pytest.mark.parametrize("share", [slice(None), slice(2, 4)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_corpus_on_the_device_gives_the_windows_that_one_on_disk_gives(dtype, share, monkeypatch):
    monkeypatch.setattr(prefetch, "CHUNK_CHARS", 100)
    lanes = Lanes(IDS.astype(dtype), **SIZES, share=share)
    prefetcher = Prefetcher(lanes, "cpu", max_bytes=4 * len(IDS))
    for step in (0, 1, 35, 36, 10_000, 2**40):
        with mock.patch.object(Lanes, "window", side_effect=AssertionError):  # of those on disk
            batch = prefetcher.batch(step)
        equal(batch, lanes.window(step))


def test_without_room_windows_are_sent_one_by_one():
    lanes = Lanes(IDS, **SIZES)
    prefetcher = Prefetcher(lanes, "cpu", max_bytes=4 * len(IDS) - 1)
    window = lanes.window(5)
    with mock.patch.object(Lanes, "window", return_value=window) as sent:
        equal(prefetcher.batch(5), window)
    sent.assert_called_once_with(5)


def test_records_are_sent_window_by_window():
    lanes = RecordLanes(IDS, np.array([0, 10, 500, 997]), **SIZES, seed=1)
    equal(Prefetcher(lanes, "cpu", max_bytes=10**9).batch(3), lanes.window(3))


def equal(batch, window):
    for tensor, array in zip(batch[:3], window[:3], strict=True):
        assert tensor.dtype == torch.from_numpy(array).dtype
        assert tensor.numpy().tolist() == array.tolist()
    assert batch.num_scored == window.num_scored


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_nothing_in_a_step_waits_for_the_gpu():
    """Torch itself raises where something would."""
    from charrnn.config import ModelConfig, RuntimeConfig, TrainConfig
    from charrnn.models import device
    from charrnn.models.network import Network
    from charrnn.tasks.language_model import LANGUAGE_MODEL
    from charrnn.training.loop import TrainingState, train

    device.prepare("cuda", 1)
    config = TrainConfig(**SIZES, steps=40, dropout=0.1, weight_dropout=0.1)
    network = Network(ModelConfig(ngrams=1, hidden_size=16), 200)
    state = TrainingState.new(LANGUAGE_MODEL, network, config, runtime=RuntimeConfig(device="cuda"))
    steps = train(state, Prefetcher(Lanes(IDS, **SIZES), "cuda"), config)
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
    assert to_device(IDS, "cuda").cpu().numpy().tolist() == IDS.tolist()
