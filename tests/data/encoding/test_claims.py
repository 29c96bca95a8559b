"""What a process claims of a cache is seen by others, until it is released or the process ends."""

import subprocess
import sys
from pathlib import Path

import pytest

from charrnn._atomic import alone_at
from charrnn.data.encoding import cache_files
from charrnn.data.encoding.claims import Claim, claimed

CACHE = Path("cache")
SHA256 = "a" * 64
STEM = cache_files.stem(SHA256, ["ab"], CACHE)
OURS = {CACHE / f"{STEM.name}{end}" for end in (".npy", "-records.npy")}
OURS |= {CACHE / f"files-{'b' * 32}.json"}


@pytest.fixture(autouse=True)
def files():
    CACHE.mkdir()
    for path in (*OURS, CACHE / f"{'c' * 32}-12345678.npy"):
        path.touch()


def what_is_claimed():
    with claimed(CACHE) as paths:
        return paths


def test_the_files_about_a_corpus_are_claimed_until_each_claim_is_released():
    first, second = (Claim(STEM, SHA256, "b" * 64) for _ in range(2))
    assert what_is_claimed() == OURS
    first.release()
    assert what_is_claimed() == OURS
    second.release()
    assert what_is_claimed() == set()
    assert {path.name for path in CACHE.glob(".*")} == set()


def test_a_claim_that_nobody_holds_any_more_is_none():
    Claim(STEM, SHA256)
    assert what_is_claimed() == set()


@pytest.mark.parametrize(
    ("end", "are_claimed"), [("os._exit(1)", False), ("print(flush=True)", True)]
)
def test_a_process_claims_as_long_as_it_lives(end, are_claimed):
    script = (
        "import os, sys; from pathlib import Path; from charrnn.data.encoding.claims import Claim;"
        f"claim = Claim(Path({str(STEM)!r}), {SHA256!r}, {'b' * 64!r}); {end}; sys.stdin.read()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    process.stdout.readline()
    if not are_claimed:
        process.wait()
        assert list(CACHE.glob(".claim-*"))  # it had no time to take it back
    assert what_is_claimed() == (OURS if are_claimed else set())
    process.communicate()
    assert list(CACHE.glob(".claim-*")) == []


def test_a_claim_that_cannot_be_read_is_one_on_all():
    claim = Claim(STEM, SHA256)
    (path,) = CACHE.glob(".claim-*")
    path.write_text("[")
    assert what_is_claimed() >= OURS | {CACHE / f"{'c' * 32}-12345678.npy"}
    claim.release()


def test_none_is_added_while_files_are_removed():
    with (
        claimed(CACHE),
        pytest.raises(BlockingIOError),
        alone_at(CACHE / "claims.lock", wait=False),
    ):
        pass


def test_where_there_is_no_cache_nothing_is_claimed_or_made():
    with claimed(Path("none")) as paths:
        assert paths == set()
    assert not Path("none").exists()
