from pathlib import Path

import pytest
from made import made

from charrnn.errors import SettingError, StorageError, UsageError
from charrnn.export import formats


def test_the_ending_decides_whatever_its_case():
    exported = formats.export(made(), Path("voice.HTML"), weights="float16")
    assert Path("voice.HTML").stat().st_size == exported.num_bytes
    assert exported.sentences


def test_an_unknown_ending_names_the_known_ones():
    with pytest.raises(UsageError) as refused:
        formats.export(made(), Path("voice.txt"))
    assert all(ending in str(refused.value) for ending in formats.FORMATS)


def test_unknown_weights_are_refused():
    with pytest.raises(SettingError, match="weights 'int4' is not known"):
        formats.export(made(), Path("voice.html"), weights="int4")


def test_a_file_that_cannot_be_written_leaves_nothing():
    with pytest.raises(StorageError):
        formats.export(made(), Path("none/voice.html"))
    assert not list(Path().iterdir())
