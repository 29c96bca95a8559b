"""A process or a machine fails during distributed training: torchrun restarts all processes, and
they continue from the last checkpoint to the same result.
"""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import run_of, same_files, small_text, start, start_ranks, wait_until
from matrix import row

from charrnn.runs import checkpoint

pytestmark = pytest.mark.slow
SIZES = ("--hidden-size", 24, "--embedding-size", 8, "--batch-size", 4, "--seq-length", 8)
TRAIN = ("train", "corpus.txt", *SIZES, "--steps", 100, "--eval-every", 40, "--save-every", 0)
TWO = ("--nproc-per-node", 2, "--max-restarts", 3, "--monitor-interval", 0.1)
ENVIRONMENT = {"OMP_NUM_THREADS": "1", "TORCH_CPP_LOG_LEVEL": "ERROR"}


def torchrun(*flags, train=TRAIN, prefix=(), **settings):
    command = (*prefix, sys.executable, "-m", "torch.distributed.run", *flags)
    command += ("-m", "charrnn", *train)
    settings = {"env": os.environ | ENVIRONMENT, "stderr": subprocess.PIPE, "text": True} | settings
    return subprocess.Popen(list(map(str, command)), **settings)


def trainers(agent):
    """Return the process ids of the ranks that a torchrun agent has started, in order."""
    found = {}
    for pid in map(int, Path(f"/proc/{agent}/task/{agent}/children").read_text().split()):
        words = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        found |= {int(word[5:]): pid for word in words if word.startswith(b"RANK=")}
    return [found[rank] for rank in sorted(found)]


def step(run):
    return checkpoint.read_header(run.last).position.step if run.last.exists() else 0


def kill(agent, run, rank, number=signal.SIGKILL, *, after):
    wait_until(lambda: step(run) > after, seconds=120)
    os.kill(trainers(agent.pid)[rank], number)


def ended(process):
    _, err = process.communicate(timeout=120)
    return process.returncode, err


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """Train with two processes and without any fault."""
    folder = tmp_path_factory.mktemp("undisturbed")
    (folder / "corpus.txt").write_text(small_text())
    processes = start_ranks(2, "-m", "charrnn", *TRAIN, "--name", "whole", cwd=folder)
    assert [process.wait() for process in processes] == [0, 0]
    return run_of(folder, "whole")


@row(36)
@pytest.mark.parametrize(
    "kills",
    [
        [(1, signal.SIGKILL)],
        [(0, signal.SIGKILL)],
        [(1, signal.SIGKILL), (0, signal.SIGTERM), (0, signal.SIGKILL)],
    ],
)
def test_a_killed_process_does_not_change_the_result(corpus, tmp_path, undisturbed, kills):
    """All files equal those of an undisturbed run, and the note for torchrun is removed."""
    agent = torchrun(*TWO, train=(*TRAIN, "--name", "a"))
    run = run_of(tmp_path)
    for number, (rank, kind) in enumerate(kills):
        kill(agent, run, rank, kind, after=15 + 25 * number)
    code, err = ended(agent)
    assert code == 0, err
    assert "a bug in charrnn" not in err
    assert "continuing after step" in err
    same_files(run, undisturbed)
    assert not run.launch.exists()
    assert [each.name for each in run.folder.parent.iterdir() if each.name[0] != "."] == ["a"]


@row(36)
@pytest.mark.parametrize("rank", [0, 1])
def test_a_signal_to_one_process_ends_all_and_saves(corpus, tmp_path, undisturbed, rank):
    """All stop after the same step; one process can continue, up to rounding."""
    run = run_of(tmp_path)
    command = ("-m", "charrnn", *TRAIN, "--name", "a")
    processes = start_ranks(2, *command, stderr=subprocess.PIPE, text=True)
    wait_until(lambda: step(run) > 5, seconds=120)
    processes[rank].send_signal(signal.SIGTERM)
    output = [process.communicate(timeout=120)[1] for process in processes]
    assert [process.returncode for process in processes] == [143, 143], output
    assert "saved; continue with: charrnn resume a" in output[0]
    assert checkpoint.read_header(run.last).position.ranks == 2
    done = start("resume", "a", stderr=subprocess.PIPE, text=True)
    assert "the run began with processes 2, now 1: results may differ" in done.communicate()[1]
    found, expected = checkpoint.read(run.last), checkpoint.read(undisturbed.last)
    assert found.metrics["val_loss"] == pytest.approx(expected.metrics["val_loss"], abs=1e-2)


@pytest.fixture
def machines():
    """Make two network namespaces with one cable between them, to stand for two machines."""
    names = [f"charrnn-{os.getpid()}-{k}" for k in range(2)]
    link = ["cable", "type", "veth", "peer", "name", "cable", "netns"]
    orders = [["netns", "add", name] for name in names]
    orders += [["-n", names[0], "link", "add", *link, names[1]]]
    for k, name in enumerate(names, start=1):
        orders += [["-n", name, "addr", "add", f"10.77.0.{k}/24", "dev", "cable"]]
        orders += [["-n", name, "link", "set", device, "up"] for device in ("cable", "lo")]
    try:
        for order in orders:
            done = subprocess.run(["ip", *order], capture_output=True, text=True)
            if done.returncode:
                pytest.skip(f"ip {' '.join(order)}: {done.stderr.strip()}")
        yield names
    except FileNotFoundError:
        pytest.skip("there is no ip command")
    finally:
        for name in names if shutil.which("ip") else []:
            subprocess.run(["ip", "netns", "delete", name], stderr=subprocess.DEVNULL)


def torchrun_on(machine, number, folder):
    """Start one of two processes on its machine; both meet at the address of the first."""
    meet = "--nnodes 2 --nproc-per-node 1 --rdzv-backend c10d --rdzv-id 7 --max-restarts 5"
    flags = [*meet.split(), "--rdzv-endpoint", "10.77.0.1:29400"]
    flags += ["--rdzv-conf", f"is_host={number == 1}", "--local-addr", f"10.77.0.{number}"]
    # with a shared store, torchrun does not tell a new machine where it is
    settings = {"GLOO_SOCKET_IFNAME": "cable", "TORCH_DISABLE_SHARE_RDZV_TCP_STORE": "1"}
    with (folder / f"machine{number}.log").open("a") as log:
        return torchrun(
            *flags,
            train=(*TRAIN, "--name", "a"),
            prefix=("ip", "netns", "exec", machine),
            env=os.environ | ENVIRONMENT | settings,
            stderr=log,
        )


@row(37)
def test_a_replaced_machine_does_not_change_the_result(corpus, tmp_path, machines, undisturbed):
    run = run_of(tmp_path)
    first, second = (torchrun_on(machines[k], k + 1, tmp_path) for k in range(2))
    try:
        wait_until(lambda: step(run) > 15, seconds=120)
        for pid in (second.pid, *trainers(second.pid)):  # all of the machine
            os.kill(pid, signal.SIGKILL)
        second.wait()
        second = torchrun_on(machines[1], 2, tmp_path)
        codes = [agent.wait(timeout=200) for agent in (first, second)]
    finally:
        for agent in (first, second):
            agent.terminate()
            agent.wait()
    output = "".join(path.read_text() for path in tmp_path.glob("machine*.log"))
    assert codes == [0, 0], output
    assert "continuing after step" in output
    same_files(run, undisturbed)


def both(*arguments):
    """Run a command in two processes of one group; return their exit codes and stderr."""
    settings = {"stderr": subprocess.PIPE, "text": True}
    processes = start_ranks(2, "-m", "charrnn", *arguments, **settings)
    output = [process.communicate(timeout=120)[1] for process in processes]
    return [process.returncode for process in processes], output


@row(24)
def test_a_mistake_is_reported_once_and_ends_all_processes_with_its_exit_code(tmp_path):
    codes, output = both("train", "none.txt")
    assert codes == [3, 3]
    assert output[0].startswith("charrnn: there is no corpus 'none.txt'")
    assert output[1] == ""


@row(22)
def test_processes_roll_back_together_and_give_up_together(corpus, tmp_path):
    growing = ("--lr", 10, "--weight-decay", 10, "--grad-clip", 0, "--optimizer", "adamw")
    codes, output = both(*TRAIN, *growing, "--name", "a")
    assert codes == [5, 5]
    assert "(rollback 3 of 3)" in output[0]
    assert "training diverged by step" in output[1]
    assert checkpoint.read(run_of(tmp_path).last).position.rollbacks == 3
