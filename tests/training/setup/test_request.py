"""A request is checked when it is made, before anything is read."""

from pathlib import Path

import pytest

from charrnn.errors import SettingError
from charrnn.runs.root import Root
from charrnn.tasks.task import SourceNames
from charrnn.training.setup.request import Request


@pytest.mark.parametrize(
    "settings", [{"hidden_size": 0}, {"val_fraction": 2.0}, {"dropout": -1.0}, {"threads": 0}]
)
def test_a_setting_out_of_range_is_refused_at_once(settings):
    (name,) = settings
    with pytest.raises(SettingError, match=f"{name} .* is out of range") as refused:
        Request(SourceNames(("none.txt",)), Root(Path("runs")), settings)
    assert refused.value.fields == (name,)


def test_an_unknown_task_is_refused_at_once():
    with pytest.raises(SettingError, match="task 'chess' is not known; choose one of language_mod"):
        Request(SourceNames(("none.txt",)), Root(Path("runs")), task="chess")


def test_what_is_not_given_has_its_default():
    request = Request(SourceNames(("names.txt.gz",)), Root(Path("runs")), {"records": "lines"})
    assert (request.data.records, request.data.encoding, request.seed) == ("lines", "utf-8", 1)
    assert (request.task, request.sources.title) == ("language_model", "names")
