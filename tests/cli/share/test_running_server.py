"""`charrnn serve` while it answers: signals, and what it notes."""

import contextlib
import re
import signal
import socket
import sys
from pathlib import Path

import pytest
from conftest import start, wait_until

pytest.importorskip("starlette")
pytest.importorskip("uvicorn")

from starlette.testclient import TestClient

from charrnn.server.listening import Listener
from charrnn.server.served import TextModel


@pytest.mark.parametrize("flags", [(), ("--debug",)])
def test_a_bug_is_one_line_on_standard_error_and_a_traceback_with_debug(
    charrnn, trained, monkeypatch, flags
):
    def ask(listener):
        client = TestClient(listener.config.app, base_url="http://127.0.0.1")
        assert client.post("/v1/completions", json={}).status_code == 500

    monkeypatch.setattr(Listener, "listen", ask)
    monkeypatch.setattr(TextModel, "complete", lambda model, asked, wanted: 1 / 0)
    done = charrnn(*flags, "serve", "--port", 0)
    noted = done.err.splitlines()[2:]
    assert noted[0] == "charrnn: a bug in charrnn: ZeroDivisionError: division by zero"
    assert [noted[1:2], noted[-1:]] == (
        [["Traceback (most recent call last):"], ["ZeroDivisionError: division by zero"]]
        if flags
        else [[], noted[:1]]
    )


@contextlib.contextmanager
def server(*arguments):
    """Serve in a process of its own; give the process and its port."""
    with open("err", "wb") as err:
        process = start("serve", "--port", 0, *arguments, stderr=err)
    try:
        wait_until(lambda: "try it" in said())
        yield process, int(re.search(r":(\d+);", said())[1])
    finally:
        process.kill()
        process.wait()


def said():
    return Path("err").read_text()


@contextlib.contextmanager
def asking(port, body):
    """Ask for a completion; give the connection."""
    head = (
        f"POST /v1/completions HTTP/1.0\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", port), timeout=60) as raw:
        raw.sendall((head + body).encode())
        yield raw


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="it has no such signals")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_lets_what_runs_end_and_then_ends_it(trained, number, code):
    with server("--max-tokens", 10**6) as (process, port):
        with asking(port, '{"max_tokens": 20000, "stream": true, "seed": 1}') as raw:
            answer = raw.recv(1000)
            process.send_signal(number)
            wait_until(lambda: "Stopping" in said())
            answer += raw.makefile("rb").read()
        assert answer.endswith(b"data: [DONE]\n\n")
        assert process.wait(30) == code
    assert said().splitlines()[-1] == (
        "Stopping; 1 request may take 10 seconds. Press Ctrl-C again to quit at once."
    )


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="it has no such signals")
def test_a_second_signal_ends_it_at_once(trained):
    with server("--max-tokens", 10**9) as (process, port):
        with asking(port, '{"max_tokens": 100000000, "stream": true}') as raw:
            raw.recv(1000)
            process.send_signal(signal.SIGINT)
            wait_until(lambda: "Stopping" in said())
            process.send_signal(signal.SIGINT)
            assert process.wait(5) == 130


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="it has no such signals")
def test_what_runs_on_and_on_is_cut_off(trained):
    with server("--max-tokens", 10**9, "--drain-seconds", 1) as (process, port):
        with asking(port, '{"max_tokens": 100000000, "stream": true}') as raw:
            raw.recv(1000)
            process.send_signal(signal.SIGINT)
            assert process.wait(10) == 130
