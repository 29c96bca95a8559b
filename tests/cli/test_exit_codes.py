import inspect

import pytest

from charrnn import errors
from charrnn.cli.exit_codes import code_of


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("CharRNNError", 1), ("UsageError", 2), ("SettingError", 2), ("CorpusError", 3),
        ("CheckpointError", 4), ("NewerError", 4), ("DivergedError", 5), ("StorageError", 6),
        ("LockedError", 7), ("ExhaustedError", 8), ("NoMemoryError", 9), ("PeerError", 10),
    ],
)  # fmt: skip
def test_each_kind_has_its_documented_exit_code(kind, code):
    assert code_of(getattr(errors, kind)("what is wrong", "what to type")) == code
    assert code_of(errors.FirstProcessError(kind)) == code


def test_no_kind_has_the_code_of_a_bug():
    for name, kind in inspect.getmembers(errors, inspect.isclass):
        if issubclass(kind, errors.CharRNNError) and name not in (
            "CharRNNError",
            "FirstProcessError",
        ):
            assert code_of(kind.__new__(kind)) > 1
