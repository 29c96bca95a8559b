"""Device names are checked before torch is loaded."""

import pytest

from charrnn.errors import SettingError
from charrnn.models import device_names


@pytest.mark.parametrize("name", [None, "auto", "cpu", "cpu:0", "mps"])
def test_valid_device_names_pass(name):
    device_names.require_device(name)


@pytest.mark.parametrize("name", ["", "gpu", "cuda:", "cuda:x", "cpu "])
def test_other_names_are_refused(name):
    with pytest.raises(SettingError, match="is not known"):
        device_names.require_device(name)


@pytest.mark.parametrize(("version", "refuses"), [("2.9.0+cpu", True), ("2.9.0", False)])
def test_a_gpu_needs_a_torch_built_for_one(monkeypatch, version, refuses):
    monkeypatch.setattr("importlib.metadata.version", lambda package: version)
    if not refuses:
        device_names.require_device("cuda:1")
        return
    with pytest.raises(SettingError, match="device cuda:1 is not available on this machine"):
        device_names.require_device("cuda:1")
