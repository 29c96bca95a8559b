"""Minutes become steps by a trial on this machine."""

import json

from conftest import SMALL


def facts(charrnn, name):
    return json.loads(charrnn("info", name, "--json").out)


def test_minutes_are_measured_and_become_steps(charrnn, corpus):
    assert charrnn("train", corpus, *SMALL, "--minutes", 0.02, "--run", "a").code == 0
    found = facts(charrnn, "a")
    assert found["step"] == found["steps"] > 10
    assert found["elapsed_seconds"] < 10
