"""A server on a real socket, and the clients that people use: openai, curl, and rude ones."""

import json
import shutil
import socket
import subprocess
import time

import pytest
from conftest import wait_until
from matrix import row
from serving import COMPLETIONS, Slow, running, serve, text_model

from charrnn import _cores
from charrnn.errors import UsageError
from charrnn.server.listening import bind, is_loopback, url_of

MODEL = text_model().model


@pytest.fixture(scope="module")
def url():
    with running(serve(text_model("voice"))) as url:
        yield url


@pytest.fixture(scope="module")
def openai(url):
    library = pytest.importorskip("openai")
    with library.OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0) as client:
        yield client


def test_the_openai_client_gets_models_and_completions(openai):
    assert [model.id for model in openai.models.list()] == ["voice"]
    assert openai.models.retrieve("voice").owned_by == "charrnn"
    answer = openai.completions.create(
        model="voice", prompt="ab", max_tokens=50, seed=4, temperature=0.8, logprobs=1, n=2
    )
    for k, choice in enumerate(answer.choices):
        (*_, sample) = MODEL.samples(k + 1, prompt="ab", seed=4, length=50)
        assert (choice.index, choice.text, choice.finish_reason) == (k, sample.text, "length")
        assert "".join(choice.logprobs.tokens) == sample.text
    assert answer.usage.completion_tokens == 100


def test_the_openai_client_streams(openai):
    parts = openai.completions.create(
        model="voice", prompt="ab", max_tokens=2000, seed=4, stop="\n\n", stream=True,
        stream_options={"include_usage": True},
    )  # fmt: skip
    *parts, last = parts
    text = "".join(part.choices[0].text for part in parts)
    assert text == MODEL.generate("ab", length=2000, seed=4, temperature=1.0, stop="\n\n")
    assert last.usage.completion_tokens == len(text)


def test_the_openai_client_raises_what_the_server_says(openai):
    import openai as library

    with pytest.raises(library.NotFoundError, match="there is no model 'x'; there are voice"):
        openai.completions.create(model="x", prompt="a")
    with pytest.raises(library.BadRequestError, match="max_tokens comes to 10,001"):
        openai.completions.create(model="voice", prompt="a", max_tokens=10_001)


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl")
def test_curl_gets_a_stream(url):
    body = json.dumps({"prompt": "ab", "max_tokens": 9, "seed": 4, "stream": True})
    done = subprocess.run(
        ["curl", "-sSN", f"{url}{COMPLETIONS}", "-d", body], capture_output=True, check=True
    )
    *events, end = done.stdout.decode().removesuffix("\n\n").split("\n\n")
    assert end == "data: [DONE]"
    parts = [json.loads(event.removeprefix("data: "))["choices"][0] for event in events]
    assert "".join(part["text"] for part in parts) == MODEL.generate(
        "ab", length=9, seed=4, temperature=1.0
    )


def test_what_is_no_http_is_answered_and_closed(url):
    with socket.create_connection(url.removeprefix("http://").split(":"), timeout=10) as raw:
        raw.sendall(b"\x16\x03\x01 hello\r\n\r\n")
        assert raw.makefile("rb").read().startswith(b"HTTP/1.1 400")


def asking(url, **fields):
    """Return a connection on which completions were asked for, and nothing was read yet."""
    raw = socket.create_connection(url.removeprefix("http://").split(":"), timeout=30)
    body = json.dumps({"max_tokens": 100, **fields})
    head = f"POST {COMPLETIONS} HTTP/1.0\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
    raw.sendall((head + body).encode())
    return raw


@pytest.mark.parametrize("is_streamed", [False, True])
def test_a_client_that_goes_away_frees_its_place_and_nothing_more_is_drawn(is_streamed):
    slow = Slow()
    served = serve(slow, num_streams=1, num_waiting=1)
    with running(served) as url:
        running_one, waiting_one = (asking(url, stream=is_streamed) for _ in "ab")
        slow.permissions.release(3)
        wait_until(lambda: slow.num_drawn == 3 and served.line.num_waiting)
        waiting_one.close()
        wait_until(lambda: not served.line.num_waiting)
        running_one.close()
        wait_until(lambda: not served.line.num_running)
        slow.permissions.release(1)  # for the turn that is being made
        wait_until(lambda: slow.num_drawn == 4)
        slow.permissions.release(1)
        time.sleep(0.05)
        assert slow.num_drawn == 4


@row(45)
@pytest.mark.parametrize("beginning", [b"", b"GET /health HTTP/1.1\r\nHost: loc"])
@pytest.mark.parametrize("is_second", [False, True])
def test_a_request_that_does_not_come_is_not_waited_for(beginning, is_second):
    slow = Slow()
    with running(serve(slow, head_seconds=0.1)) as url, asking(url, stream=True) as long:
        with socket.create_connection(url.removeprefix("http://").split(":"), timeout=30) as raw:
            if is_second:
                raw.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
                answer = b""
                while not answer.endswith(b"}"):
                    answer += raw.recv(1000)
            raw.sendall(beginning)
            assert raw.recv(1000) == b""
        slow.permissions.release(100)  # one that has come is answered, however long it takes
        assert b"[DONE]" in long.makefile("rb").read()


def test_a_new_request_begins_while_all_threads_are_busy(monkeypatch):
    monkeypatch.setattr(_cores, "num_cores", lambda: 1)
    slow = Slow()
    with running(serve(slow, text_model("text"))) as url, asking(url, model="slow"):
        slow.permissions.release(1)
        wait_until(lambda: len(slow.threads) == 2)  # the only one for later turns is held up
        with asking(url, model="text", stream=True) as other:
            lines = other.makefile("rb")
            event = next(line for line in lines if line.startswith(b"data: "))
        assert json.loads(event[6:])["choices"][0]["text"]
        slow.permissions.release(100)


@pytest.mark.parametrize("is_streamed", [False, True])
def test_when_it_stops_running_requests_go_on_to_their_end(is_streamed):
    slow = Slow()
    served = serve(slow)
    with running(served) as url, asking(url, stream=is_streamed) as raw:
        wait_until(lambda: slow.threads)
        served.listener.stop()
        wait_until(lambda: not accepts(url))
        slow.permissions.release(100)
        answer = raw.makefile("rb").read().decode()
    assert answer.startswith("HTTP/1.1 200")
    assert (answer.count("x") >= 100) and ("[DONE]" in answer) == is_streamed


def accepts(url):
    try:
        socket.create_connection(url.removeprefix("http://").split(":")).close()
    except OSError:
        return False
    return True


def test_what_has_not_ended_in_time_is_cut_off():
    slow = Slow()
    served = serve(slow)
    with running(served, drain_seconds=0) as url, asking(url, stream=True) as raw:
        slow.permissions.release(1)
        wait_until(lambda: slow.num_drawn == 1)
        served.listener.stop()
        answer = raw.makefile("rb").read().decode()
        slow.permissions.release(100)
    assert "[DONE]" not in answer


def test_a_port_that_is_in_use_costs_one_line():
    with bind("127.0.0.1", 0) as one:
        one.listen()
        port = one.getsockname()[1]
        with pytest.raises(UsageError, match=f"cannot listen at 127.0.0.1, port {port}"):
            bind("127.0.0.1", port)


@pytest.mark.parametrize("host", ["", "x" * 64 + ".example"])
def test_a_host_that_is_no_address_costs_one_line(host):
    with pytest.raises(UsageError, match="is not an address of this machine"):
        bind(host, 0)


@pytest.mark.parametrize(
    ("host", "is_local", "start"),
    [
        ("127.0.0.1", True, "http://127.0.0.1:"),
        ("localhost", True, "http://"),
        ("0.0.0.0", False, "http://0.0.0.0:"),
        ("::1", True, "http://[::1]:"),
    ],
)
def test_it_is_known_whether_other_machines_can_reach_an_address(host, is_local, start):
    if ":" in host and not socket.has_ipv6:
        pytest.skip("there is no IPv6")
    with bind(host, 0) as bound:
        assert is_loopback(bound) == is_local
        assert url_of(bound).startswith(start)
