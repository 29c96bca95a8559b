import pytest

from charrnn import errors


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("CharRNNError", 1), ("UsageError", 2), ("CorpusError", 3), ("CheckpointError", 4),
        ("DivergedError", 5), ("StorageError", 6), ("LockedError", 7),
    ],
)  # fmt: skip
def test_each_kind_has_its_documented_exit_code(kind, code):
    error = getattr(errors, kind)("what is wrong", "what to type")
    assert error.exit_code == code
    assert isinstance(error, errors.CharRNNError)
    assert str(error) == "what is wrong; what to type"
    assert str(getattr(errors, kind)("what is wrong")) == "what is wrong"
