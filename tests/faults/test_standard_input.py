"""Standard input that nobody asked for: it may never end, or belong to others."""

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
    """A standard input that must not be read: it would never end."""

    def read(self, *size):
        raise AssertionError("standard input was read")

    readline = readlines = read
    buffer = property(read)


@pytest.fixture
def pipe(monkeypatch):
    """The end of a pipe that this process writes to; the other is its standard input."""
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
def test_a_pipe_that_nobody_asked_for_is_not_waited_for(charrnn, two_runs, pipe, command):
    done = charrnn(*command)
    assert done.code == 0
    assert done.out
    assert "standard input" not in done.err


@row(41)
@stumble(1)
def test_a_program_that_keeps_standard_input_open_gets_its_answer(two_runs):
    command = [sys.executable, "-m", "charrnn", "sample", "a", "-n", "20"]
    with subprocess.Popen(["sleep", "600"], stdout=subprocess.PIPE) as keeps_open:
        done = subprocess.run(command, stdin=keeps_open.stdout, capture_output=True, timeout=120)
        keeps_open.kill()
    assert (done.returncode, len(done.stdout)) == (0, 20)


@row(41)
@stumble(2)
@stumble(3)
@pytest.mark.parametrize("name", ["sample", "predict", "score"])
def test_what_nobody_asked_for_is_left_for_others_and_said(charrnn, two_runs, pipe, name):
    os.write(pipe, b"names\ntext\n")
    done = charrnn(*COMMANDS[name])
    asking = "--prompt-file -" if name == "sample" else f"charrnn {name} -"
    assert f"standard input is not read unless asked for; to read it: {asking}" in done.err
    assert os.read(0, 99) == b"names\ntext\n"


@row(41)
@stumble(2)
def test_a_loop_over_a_list_takes_every_turn(two_runs):
    loop = f"while read x; do {sys.executable} -m charrnn sample a -n 9 -s 1 || exit; echo; done"
    done = subprocess.run(
        ["sh", "-c", loop], input=b"a\nb\nc\n", capture_output=True, timeout=120, check=True
    )
    said = done.stdout
    assert len(said) == 30
    assert said[:10] == said[10:20] == said[20:]


@row(41)
@stumble(3)
def test_score_without_a_file_scores_the_runs_own_split_whatever_is_piped(charrnn, two_runs, pipe):
    alone = charrnn("score", "--run", "a", "--json").out
    os.write(pipe, b"text\nnames\n")
    again = charrnn("score", "--run", "a", "--json").out
    assert timeless(again) == timeless(alone)


def timeless(line):
    return {k: v for k, v in json.loads(line).items() if k != "chars_per_second"}
