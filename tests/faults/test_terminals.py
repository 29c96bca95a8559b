"""Output: closed pipes, full devices, terminals, escape codes."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pyte
import pytest
from conftest import QUICK, SMALL, start
from hypothesis import given
from hypothesis import strategies as st
from matrix import row
from test_model import model_of

fcntl = pytest.importorskip("fcntl")


@row(33)
def test_a_broken_output_ends_training_after_a_save_with_its_exit_code(charrnn, corpus):
    """The reader of the JSON lines leaves: the run is saved, and nothing is printed."""
    process = start(
        "train", corpus, *SMALL, "--steps", 10**6, "--threads", 1, "--run", "a", "--json",
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    while b"loss" not in process.stdout.readline():  # the baselines and a sample come first
        pass
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait() == 141
    assert json.loads(charrnn("info", "a", "--json").out)["step"] >= 10


@row(33)
@pytest.mark.usefixtures("trained")
@pytest.mark.parametrize(
    "closed",
    ["<&- >&- 2>&-"]
    + [
        pytest.param(each, marks=pytest.mark.slow) for each in ("2>&-", ">&-", "<&-", "2>/dev/full")
    ],
)
def test_closed_standard_streams_cause_no_traceback(closed):
    for command in ("sample -n 20 -s 1", "runs", "info", "resume", "--version"):
        line = f"{sys.executable} -m charrnn {command} {closed} </dev/null"
        done = subprocess.run(["sh", "-c", line], capture_output=True)
        is_lost = " >&-" in f" {closed}" and command != "resume"
        assert done.returncode == (6 if is_lost else 0), (command, done.stderr)
        assert b"Traceback" not in done.stderr
        if closed == "2>&-" and command.startswith("sample"):
            assert len(done.stdout) == 20


@row(33)
@pytest.mark.usefixtures("trained")
@pytest.mark.parametrize("command", ["runs", "info", "--help", "--version"])
def test_a_full_or_closed_output_has_its_exit_code(command):
    for end, code in (("> /dev/full", 6), ("| true; exit ${PIPESTATUS[0]}", 141)):
        line = f"{sys.executable} -m charrnn {command} {end}"
        done = subprocess.run(["bash", "-c", line], capture_output=True)
        assert done.returncode in {code, 0 if code == 141 else code}  # a short text may just fit
        assert b"Traceback" not in done.stderr


@row(33)
@pytest.mark.usefixtures("trained")
def test_a_short_output_that_nobody_reads_ends_quietly():
    """All of it is written at the end of the command."""
    ours, theirs = os.pipe()
    os.close(ours)
    for command in ("--version", "info --json", "predict ta --json", "plot --json"):
        done = buffering(*command.split(), stdout=theirs)
        assert (done.returncode, done.stderr) == (141, b""), command
    os.close(theirs)


@row(33)
@pytest.mark.usefixtures("trained")
def test_an_error_keeps_its_code_and_its_line_where_the_output_is_lost(tmp_path):
    (tmp_path / "checkpoints/a/previous.safetensors").write_bytes(b"damaged")
    ours, theirs = os.pipe()
    os.close(ours)
    with Path("/dev/full").open("w") as full:
        for lost in (theirs, full):
            done = buffering("verify", "a", "--replay", "0", stdout=lost)
            assert done.returncode == 4
            assert done.stderr.startswith(b"charrnn: ")
            assert done.stderr.count(b"\n") == 1
    os.close(theirs)


def buffering(*command, **streams):
    """Run a command in a process that writes what it prints when that fills a block, or at its end,
    as Python does unless the environment says otherwise.
    """
    env = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    streams = {"stdin": subprocess.DEVNULL, "stderr": subprocess.PIPE, **streams}
    return subprocess.run([sys.executable, "-m", "charrnn", *command], env=env, **streams)


@row(33)
@pytest.mark.usefixtures("trained")
@pytest.mark.parametrize("stream", [(), ("--no-stream",)])
def test_a_closed_pipe_ends_sampling_quietly(stream):
    ours, theirs = os.pipe()
    fcntl.fcntl(ours, fcntl.F_SETPIPE_SZ, 4096)
    length = -1 if not stream else 9000
    process = start(
        "sample", "-s", 1, "-n", length, *stream,
        stdout=theirs, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(theirs)
    os.read(ours, 10)
    os.close(ours)
    assert process.communicate()[1] == b""
    assert process.returncode == 128 + signal.SIGPIPE


@row(33)
@pytest.mark.usefixtures("trained")
def test_ctrl_c_ends_sampling_quietly():
    process = start(
        "sample", "-s", 1, "-n", -1,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    process.stdout.read(10)
    process.send_signal(signal.SIGINT)
    assert process.communicate()[1] == b""
    assert process.returncode == 130


@row(33)
@pytest.mark.usefixtures("pair_runs")
def test_a_closed_pipe_or_ctrl_c_ends_translating_quietly():
    for end, code in (("pipe", 128 + signal.SIGPIPE), ("Ctrl-C", 130)):
        process = start(
            "translate", "-", stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        for _ in range(2):  # a line that is written is answered, though standard input stays open
            process.stdin.write(b"aex\n")
            process.stdin.flush()
            assert process.stdout.readline()
        if end == "pipe":
            process.stdout.close()
            process.stdin.write(b"aex\n")
            process.stdin.flush()
        else:
            process.send_signal(signal.SIGINT)
        assert process.wait(60) == code
        assert process.stderr.read() == b""
        process.stdin.close()
        process.stdout.close()
        process.stderr.close()


@row(33)
@pytest.mark.usefixtures("trained")
def test_sampling_to_a_full_disk_is_one_line():
    with Path("/dev/full").open("w") as full:
        process = start(
            "sample", "-s", 1, stdout=full, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL
        )
        error = process.communicate()[1].decode()
    assert error == "charrnn: cannot use standard output: No space left on device\n"
    assert process.returncode == 6


@row(34)
@pytest.mark.usefixtures("trained")
@pytest.mark.parametrize("command", ["runs", "info", "sample -n 20", "--help", "resume"])
def test_piped_output_has_no_escape_codes(charrnn, command):
    done = charrnn(*command.split())
    assert done.code == 0
    assert "\x1b" not in done.out + done.err


@row(34)
@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_no_colour_is_printed_if_the_environment_says_so(
    on_a_terminal, corpus, monkeypatch, name, value
):
    """Escape codes that move the cursor of the bar are allowed."""
    monkeypatch.setenv(name, value)
    shown = on_a_terminal("train", corpus, *QUICK, "--run", "a")
    assert "done: 20 steps" in shown
    assert not re.search(r"\x1b\[(3|4|9|10)[0-9;]*m", shown)


@row(34)
@pytest.mark.usefixtures("trained")
@pytest.mark.parametrize("command", ["runs", "info", "predict the"])
def test_a_dumb_terminal_that_tells_no_width_is_80_columns_wide(
    on_a_terminal, monkeypatch, command
):
    monkeypatch.setenv("TERM", "dumb")
    shown = on_a_terminal(*command.split(), columns=0)
    assert shown == on_a_terminal(*command.split(), columns=80)


@row(35)
@pytest.mark.parametrize("columns", [80, 120])
def test_learned_escape_codes_are_shown_but_not_executed(
    charrnn, charrnn_once, on_a_terminal, tmp_path, columns
):
    """Clearing the screen, a title, markup, a bell: all are visible, none has an effect."""
    evil = "\x1b[2J\x1b]0;owned\x07[/bold][red]x[/red]\x1b[31m\r\x9b2J "
    (tmp_path / "evil").write_bytes((evil * 40).encode())
    sizes = ("--hidden-size", 24, "--steps", 150, "--learning-rate", 0.02, "--threads", 1)
    charrnn_once("train", "evil", *sizes, "--run", "evil")
    piped = charrnn("sample", "evil", "-n", 300, "-t", 0, "-s", 1)
    assert "\x1b[2J\x1b]0;owned\x07[/bold]" in piped.out  # a pipe gets the exact text
    for command in (("sample", "evil", "-n", 300, "-t", 0, "-s", 1), ("info", "evil"), ("runs",)):
        shown = on_a_terminal(*command, columns=columns)
        assert not re.search(r"\x1b\[2J|\x1b\]|\x07|\x9b", shown)
        if command[0] == "sample":
            assert "\x1b" not in shown
            screen = pyte.Screen(columns, 30)
            pyte.Stream(screen).feed(shown)
            text = "".join(screen.display)
            assert "␛[2J␛]0;owned␇[/bold][red]x[/red]" in text
            assert screen.title == ""


@row(29)
@pytest.mark.usefixtures("trained")
def test_unknown_characters_of_a_prompt_are_named_and_left_out(charrnn):
    output = charrnn("sample", "-p", "a中\x1bb", "-n", 5, "-s", 1)
    assert output.code == 0
    assert "the model never saw '中' (U+4E2D): left out of the prompt" in output.err
    assert r"the model never saw '\x1b' (U+001B): left out of the prompt" in output.err
    known = charrnn("sample", "-p", "ab", "-n", 5, "-s", 1).out
    # the prompt is shown as it was typed
    assert output.out == "a中\x1bb" + known.removeprefix("ab")


@row(29)
@pytest.mark.parametrize("stride", [0x4000, pytest.param(0x800, marks=pytest.mark.slow)])
def test_every_code_point_is_accepted_in_a_prompt(stride):
    """Known characters are read, others are named; all 1,112,064, or one block in eight."""
    model = model_of()
    known = set(model.vocab.decode(range(len(model.vocab))))
    for first in range(0, 0x110000, stride):
        if not 0xD800 <= first < 0xE000:  # half a surrogate pair is no character
            block = "".join(map(chr, range(first, first + 0x800)))
            spelled = model.spelled(block.encode())
            assert set(model.unknown(spelled)) | set(model.folded(spelled)) == set(block) - known
            assert len(model.generate(spelled, length=1, seed=1)) == 1


@row(29)
@given(st.text(max_size=40), st.sampled_from([False, True]))
def test_any_prompt_can_be_continued(prompt, is_bytes):
    model = model_of(is_bytes=is_bytes)
    assert len(model.generate(prompt, length=3, seed=1)) == 3
