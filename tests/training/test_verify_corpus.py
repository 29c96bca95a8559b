"""The encoded copy of pairs is compared with what the run began with."""

import numpy as np
import pytest
from conftest import SMALL_PAIRS, small_pairs


@pytest.fixture
def train(charrnn, tmp_path):
    def train(text, *flags):
        (tmp_path / "pairs.tsv").write_text(text)
        done = charrnn("train", "pairs.tsv", "--pairs", *SMALL_PAIRS, "--steps", 2, *flags)
        assert done.code == 0, done.err

    return train


def verified(charrnn):
    done = charrnn("verify", "--replay", 0)
    return done.code, done.out


@pytest.mark.parametrize(
    "flags",
    [
        ("--target-symbols", "spaces"),
        ("--target-symbols", "whole"),
        ("--bytes",),
        ("--normalise", "nfd", "--reverse"),
        ("--source-symbols", "spaces", "--val", "val.tsv"),
    ],
)
def test_pairs_are_as_they_were_read(charrnn, train, tmp_path, flags):
    (tmp_path / "val.tsv").write_text(small_pairs(30, seed=1))
    train(small_pairs(40).replace("a", "á  "), *flags)
    code, out = verified(charrnn)
    num_pairs = 70 if "--val" in flags else 40
    assert (code, f"{num_pairs} pairs, the digest matches" in out) == (0, True)


@pytest.mark.parametrize("value", [0, 1, 250])
@pytest.mark.parametrize("side", ["sources", "targets"])
def test_a_damaged_copy_is_found(charrnn, train, tmp_path, side, value):
    train(small_pairs(40))
    (path,) = (tmp_path / "checkpoints/.corpora").glob(f"*-{side}.npy")
    ids = np.load(path)
    ids[7] = value if ids[7] != value else 2
    np.save(path, ids)
    done = charrnn("verify", "--replay", 0)
    assert done.code == 4
    assert "are not the pairs that the run began with" in done.err


def test_a_vocabulary_that_is_just_large_enough_has_no_unknown_symbol(charrnn, train):
    train(small_pairs(400), "--max-vocab", 11)  # as many letters as there are
    code, out = verified(charrnn)
    assert (code, "400 pairs, the digest matches" in out) == (0, True)


def test_a_damaged_copy_is_found_at_the_largest_vocabulary(charrnn, train, tmp_path):
    train(small_pairs(40), "--max-vocab", 11)
    (path,) = (tmp_path / "checkpoints/.corpora").glob("*-sources.npy")
    ids = np.load(path)
    ids[7] = 1 + ids[7] % 3
    np.save(path, ids)
    assert charrnn("verify", "--replay", 0).code == 4


def test_what_is_missing_or_has_unknown_symbols_is_told(charrnn, train, tmp_path):
    train(small_pairs(400), "--max-vocab", 9)
    code, out = verified(charrnn)
    assert (code, "it cannot be compared" in out) == (0, True)
    for path in (tmp_path / "checkpoints/.corpora").glob("*-sources.npy"):
        path.unlink()
    code, out = verified(charrnn)
    assert (code, "not there: it is made again" in out) == (0, True)
