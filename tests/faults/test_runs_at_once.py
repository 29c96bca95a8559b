"""Several processes at once: launches, trainers of one run, readers while it is written."""

import subprocess
import sys

import pytest
from conftest import ROOT, SMALL, run_of, start, wait_until
from matrix import crash_points, row
from test_checkpoint import small

from charrnn.errors import LockedError


def python(code, **settings):
    """A process of its own that needs neither torch nor fork."""
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


@row(30)
def test_two_processes_cannot_train_one_run_and_a_killed_one_frees_it():
    run = ROOT.create("a", default="x")
    code = """
from pathlib import Path
from charrnn.runs.run import Run
with Run(Path("checkpoints/a")).locked():
    print(flush=True)
    input()
"""
    run.save(small())
    child = python(code, stdin=subprocess.PIPE)
    child.stdout.readline()
    try:
        told = rf"is being trained by process {child.pid} on \S+; wait"
        with pytest.raises(LockedError, match=told):
            with run.locked():
                pass
    finally:
        child.kill()
        child.communicate()
    with run.locked():
        pass


@row(30)
def test_a_second_trainer_is_told_who_holds_the_run(charrnn, corpus, tmp_path):
    process = start("train", corpus, *SMALL, "--steps", 10**6, "--run", "a", "--quiet")
    wait_until(lambda: run_of(tmp_path).metrics.exists())
    refused = charrnn("resume", "a")
    assert refused.code == 7
    assert f"charrnn: the run 'a' is being trained by process {process.pid} on " in refused.err
    assert refused.err.endswith("; wait for it, or end it\n")
    assert charrnn("sample", "a", "-n", 9).code == 0
    process.kill()
    process.wait()
    with run_of(tmp_path).locked():
        pass


@row(32)
def test_a_reader_never_sees_half_a_checkpoint(tmp_path):
    """A thousand loads while another process saves as fast as it can."""
    run = ROOT.create("a", default="x")
    run.save(small(step=1))
    process = python(SAVE_FOR_EVER)
    try:
        seen = set()
        for _ in range(1000):
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
