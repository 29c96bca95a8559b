import pytest
import torch

from charrnn import device
from charrnn.errors import UsageError


def test_auto_is_the_gpu_where_there_is_one():
    assert device.resolve("auto") == ("cuda" if torch.cuda.is_available() else "cpu")
    assert device.resolve("cpu") == "cpu"


@pytest.mark.parametrize("name", ["gpu", "", "cuda:x", "meta", "cpu:-1"])
def test_a_device_that_is_none_is_refused(name):
    with pytest.raises(UsageError, match="is not known"):
        device.resolve(name)


def test_a_device_this_machine_has_not_got_is_refused():
    with pytest.raises(UsageError, match=r"--device cuda:99 is not to be had on this machine"):
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
