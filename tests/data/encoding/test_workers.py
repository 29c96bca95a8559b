import os
import signal
import subprocess
import sys

import pytest
from conftest import wait_until
from squares import Number, square

from charrnn import _cores
from charrnn.data.encoding import workers
from charrnn.errors import NoMemoryError


@pytest.mark.parametrize("num_cores", [1, 2])
def test_results_come_in_order_and_all_bytes_are_told(monkeypatch, num_cores):
    monkeypatch.setattr(_cores, "num_cores", lambda: num_cores)
    counted = []
    found = workers.run_in_order(square, [Number(k) for k in range(9)], counted.append)
    assert list(found) == [k**2 for k in range(9)]
    assert sum(counted) == 9 * workers.MIN_BYTES


def test_a_killed_worker_is_reported_as_too_little_memory(monkeypatch):
    monkeypatch.setattr(_cores, "num_cores", lambda: 2)
    with pytest.raises(NoMemoryError, match="was killed; free some memory"):
        list(workers.run_in_order(square, [Number(-1), Number(1)], lambda _: None))


OWNER = """
from squares import Number, square
from charrnn import _cores
from charrnn.data.encoding import workers
_cores.num_cores = lambda: 2
def count_bytes(_):
    print("going", flush=True)
for _ in workers.run_in_order(square, [Number(1)] * 10**5, count_bytes): pass
"""


@pytest.mark.skipif(not os.path.exists("/proc"), reason="needs /proc")
@pytest.mark.parametrize(
    "number",
    [
        signal.SIGKILL,
        pytest.param(signal.SIGTERM, marks=pytest.mark.slow),
        pytest.param(signal.SIGINT, marks=pytest.mark.slow),
    ],
)
def test_workers_end_with_their_parent(number):
    folder = os.path.dirname(__file__)
    env = os.environ | {"PYTHONPATH": os.pathsep.join([folder, *sys.path])}
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=env
    )
    assert owner.stdout.readline() == b"going\n"
    with open(f"/proc/{owner.pid}/task/{owner.pid}/children") as file:
        children = file.read().split()
    assert len(children) >= 2
    owner.send_signal(number)
    owner.wait()
    owner.stdout.close()
    wait_until(lambda: not any(os.path.exists(f"/proc/{child}") for child in children))


def test_without_shared_memory_one_process_does_all_the_work(monkeypatch):
    def refuse(*given):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(_cores, "num_cores", lambda: 2)
    monkeypatch.setattr(workers, "ProcessPoolExecutor", refuse)
    assert list(workers.run_in_order(square, [Number(2), Number(3)], lambda _: None)) == [4, 9]


SCRIPT = """
from charrnn import _cores
from charrnn.data.encoding import workers
from squares import Number, square
_cores.num_cores = lambda: 2
print(list(workers.run_in_order(square, [Number(2), Number(3)], lambda _: None)), __file__)
"""


def test_a_script_is_not_run_again_by_its_workers(tmp_path):
    (tmp_path / "script.py").write_text(SCRIPT)
    folder = os.path.dirname(__file__)
    env = os.environ | {"PYTHONPATH": os.pathsep.join([folder, *sys.path])}
    command = [sys.executable, "script.py"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == f"[4, 9] {tmp_path / 'script.py'}\n"
