"""Standard input is read only on request: it may never end, or be meant for another program."""

import io
import json
import os
import subprocess
import sys

import pytest
from matrix import row
from stumbles import stumble

COMMANDS = {
    "sample": ("sample", "a", "-n", 5, "-s", 1),
    "records": ("sample", "names", "--num", 2, "-s", 1),
    "predict": ("predict", "--run", "a"),
    "predict --steps": ("predict", "--steps", "--run", "a"),
    "score": ("score", "--run", "a"),
    "memory": ("memory", "a", "--places", 8),
    "neurons": ("neurons", "a"),
}


class Untouched(io.StringIO):
    """A standard input that never ends, so reading it is an error."""

    def read(self, *size):
        raise AssertionError("standard input was read")

    readline = readlines = read
    buffer = property(read)


@pytest.fixture
def pipe(monkeypatch):
    """The writing end of a pipe whose reading end is the standard input of this process."""
    reading, writing = os.pipe()
    before = os.dup(0)
    os.dup2(reading, 0)
    os.close(reading)
    monkeypatch.setattr(sys, "stdin", Untouched())
    yield writing
    os.close(writing)
    os.dup2(before, 0)
    os.close(before)


@row(41)
@stumble(1)
@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_no_command_waits_for_standard_input_unasked(charrnn, two_runs, pipe, command):
    done = charrnn(*command)
    assert done.code == 0
    assert done.out
    assert "standard input" not in done.err


@row(41)
@stumble(1)
@pytest.mark.parametrize("command", [("translate", "aex"), ("score",), ("memory", "--places", 8)])
def test_no_command_of_pairs_waits_for_standard_input_unasked(charrnn, pair_runs, pipe, command):
    done = charrnn(*command)
    assert done.code == 0
    assert done.out
    assert "standard input" not in done.err


@row(41)
@stumble(1)
@pytest.mark.parametrize("command", [("classify", "aex"), ("score",)])
def test_no_command_of_labels_waits_for_standard_input_unasked(charrnn, label_run, pipe, command):
    done = charrnn(*command)
    assert done.code == 0
    assert done.out
    assert "standard input" not in done.err


@row(41)
@stumble(1)
def test_an_open_standard_input_does_not_delay_the_answer(two_runs):
    command = [sys.executable, "-m", "charrnn", "sample", "a", "-n", "20"]
    with subprocess.Popen(["sleep", "600"], stdout=subprocess.PIPE) as keeps_open:
        done = subprocess.run(command, stdin=keeps_open.stdout, capture_output=True, timeout=120)
        keeps_open.kill()
    assert (done.returncode, len(done.stdout)) == (0, 20)


@row(41)
@stumble(2)
@stumble(3)
@pytest.mark.parametrize("name", ["sample", "predict", "score"])
def test_unread_standard_input_is_left_alone_and_mentioned(charrnn, two_runs, pipe, name):
    os.write(pipe, b"names\ntext\n")
    done = charrnn(*COMMANDS[name])
    asking = "--prompt-file -" if name == "sample" else f"charrnn {name} -"
    assert f"standard input is not read unless asked for; to read it: {asking}" in done.err
    assert os.read(0, 99) == b"names\ntext\n"


@row(41)
@stumble(2)
def test_a_shell_loop_runs_for_every_line(two_runs):
    loop = f"while read x; do {sys.executable} -m charrnn sample a -n 9 -s 1 || exit; echo; done"
    done = subprocess.run(
        ["sh", "-c", loop], input=b"a\nb\nc\n", capture_output=True, timeout=120, check=True
    )
    output = done.stdout
    assert len(output) == 30
    assert output[:10] == output[10:20] == output[20:]


@row(41)
@stumble(2)
def test_a_shell_loop_translates_every_line(pair_runs):
    loop = f"while read x; do {sys.executable} -m charrnn translate $x || exit; done"
    done = subprocess.run(
        ["sh", "-c", loop], input=b"aex\nbfy\naex\n", capture_output=True, timeout=120, check=True
    )
    first, second, third = done.stdout.decode().splitlines()
    assert first == third
    assert second


@row(41)
@stumble(3)
def test_score_without_a_file_ignores_standard_input(charrnn, two_runs, pipe):
    alone = charrnn("score", "--run", "a", "--json").out
    os.write(pipe, b"text\nnames\n")
    again = charrnn("score", "--run", "a", "--json").out
    assert timeless(again) == timeless(alone)


def timeless(line):
    return {k: v for k, v in json.loads(line).items() if k != "chars_per_second"}
