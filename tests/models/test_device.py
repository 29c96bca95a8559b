import pytest
import torch

from charrnn.errors import SettingError
from charrnn.models import device


def test_auto_is_the_gpu_where_there_is_one():
    assert device.resolve("auto") == ("cuda" if torch.cuda.is_available() else "cpu")
    assert device.resolve("cpu") == "cpu"


@pytest.mark.parametrize("name", ["gpu", "", "cuda:x", "meta", "cpu:-1"])
def test_an_invalid_device_is_refused(name):
    with pytest.raises(SettingError, match="is not known"):
        device.resolve(name)


def test_a_missing_device_is_refused():
    with pytest.raises(SettingError, match=r"device cuda:99 is not available on this machine"):
        device.resolve("cuda:99")


def test_denormals_are_flushed_and_threads_set():
    before = torch.get_num_threads()
    try:
        device.prepare("cpu", 2)
        assert torch.get_num_threads() == 2
        assert float(torch.tensor(1e-40) * 1.0) == 0.0
    finally:
        torch.set_num_threads(before)
        torch.set_flush_denormal(False)


def test_each_process_of_a_machine_takes_a_gpu_of_its_own_or_says_that_there_is_none(monkeypatch):
    taken = []
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "set_device", taken.append)
    monkeypatch.setattr(torch, "use_deterministic_algorithms", lambda on: None)
    before = torch.get_num_threads()
    try:
        device.prepare("cuda", 1, local_rank=1)
        assert taken == [1]
        with pytest.raises(SettingError, match="there is no GPU for process 2 of this machine"):
            device.prepare("cuda", 1, local_rank=2)
    finally:
        torch.set_num_threads(before)
        torch.set_flush_denormal(False)


def test_settings_of_the_process_are_restored():
    before = torch.get_num_threads()
    with pytest.raises(ZeroDivisionError), device.settings_restored():
        device.prepare("cpu", before + 1)
        raise ZeroDivisionError
    assert torch.get_num_threads() == before
    assert float(torch.tensor(1e-40) * 1.0) > 0.0
