"""Several processes at once: launches, trainers of one run, readers while it is written."""

import multiprocessing
import os
import signal

import pytest
from conftest import SMALL, run_of, start, wait_until
from matrix import crash_points, row
from test_checkpoint import small

from charrnn import runs
from charrnn.errors import LockedError


def _create(_):
    return runs.create(None, default="same").name


@row(31)
def test_fifty_launches_at_once_make_fifty_runs():
    with multiprocessing.get_context("fork").Pool(8) as pool:
        assert len(set(pool.map(_create, range(50)))) == 50


@row(30)
def test_two_processes_cannot_train_one_run_and_a_killed_one_frees_it():
    run = runs.create("a", default="x")
    ready, wait = os.pipe()
    child = os.fork()
    if not child:
        with run.locked():
            os.write(wait, b"x")
            signal.pause()
    os.read(ready, 1)
    try:
        with pytest.raises(LockedError, match=rf"is being trained by process {child} on \S+; wait"):
            with run.locked():
                pass
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
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
    run = runs.create("a", default="x")
    run.save(small(step=1))
    process = multiprocessing.get_context("fork").Process(target=_save_for_ever, args=(run,))
    process.start()
    try:
        seen = set()
        for _ in range(1000):
            found, skipped = run.newest_valid()
            assert not skipped
            seen.add(found.progress.step)
            assert run.to_speak()[0].weights_sha256() == small().weights_sha256()
            crash_points[32] += 1
    finally:
        process.kill()
        process.join()
    assert len(seen) > 20


def _save_for_ever(run):
    step = 2
    while True:
        run.save(small(step=step))
        step += 1
