"""Several processes at once: launches, two trainers of one run, readers during a save."""

import subprocess
import sys

import pytest
from conftest import ROOT, SMALL, run_of, start, wait_until
from matrix import crash_points, row
from test_checkpoint import small

from charrnn.errors import LockedError


def python(code, **settings):
    """Start a Python process, which need not import torch."""
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, **settings)


@row(31)
def test_fifty_launches_at_once_make_fifty_runs():
    code = """
from pathlib import Path
from charrnn.runs.root import Root
for _ in range(10):
    print(Root(Path("checkpoints")).create(None, default="same").name)
"""
    launches = [python(code) for _ in range(5)]
    names = [name for process in launches for name in process.communicate()[0].split()]
    assert len(set(names)) == len(names) == 50


LOCK = """
from pathlib import Path
from charrnn.runs.run import Run
with Run(Path("checkpoints/a")).locked():
    print(flush=True)
    input()
"""


@row(30)
@pytest.mark.usefixtures("trained")
def test_a_locked_run_names_its_trainer_and_a_killed_trainer_frees_it(charrnn, tmp_path):
    first = python(LOCK, stdin=subprocess.PIPE)
    first.stdout.readline()
    try:
        refused = charrnn("resume", "a", "--steps", 30)
        assert refused.code == 7
        assert f"charrnn: the run 'a' is being trained by process {first.pid} on " in refused.err
        assert refused.err.endswith("; wait for it, or end it\n")
        assert charrnn("sample", "a", "-n", 9).code == 0
        with pytest.raises(LockedError, match=rf"by process {first.pid} on \S+; wait"):
            with run_of(tmp_path).locked():
                pass
    finally:
        first.kill()
        first.communicate()
    assert charrnn("resume", "a", "--steps", 30).code == 0


@row(30)
@pytest.mark.slow
def test_a_run_that_another_command_trains_cannot_be_resumed(charrnn, corpus, tmp_path):
    process = start("train", corpus, *SMALL, "--steps", 10**6, "--run", "a", "--quiet")
    wait_until(lambda: run_of(tmp_path).metrics.exists())
    assert charrnn("resume", "a").code == 7
    process.kill()
    process.wait()


@row(32)
def test_a_reader_never_sees_half_a_checkpoint(tmp_path):
    """Load hundreds of times while another process saves as fast as it can."""
    run = ROOT.create("a", default="x")
    run.save(small(step=1))
    process = python(SAVE_FOR_EVER)
    try:
        seen = set()
        for _ in range(400):
            found, skipped = run.newest_valid()
            assert not skipped
            seen.add(found.position.step)
            assert run.best_valid()[0].weights_sha256() == small().weights_sha256()
            crash_points[32] += 1
    finally:
        process.kill()
        process.communicate()
    assert len(seen) > 20


SAVE_FOR_EVER = """
from dataclasses import replace
from pathlib import Path
from charrnn.runs import checkpoint
from charrnn.runs.run import Run
run = Run(Path("checkpoints/a"))
saved = checkpoint.read(run.last)
while True:
    saved = replace(saved, position=replace(saved.position, step=saved.position.step + 1))
    run.save(saved)
"""
