"""Who may ask: names of this machine, no pages of other servers, the key."""

import base64

import pytest
from matrix import row
from serving import serve
from starlette.testclient import TestClient

KEY = "größe-1"


def status(path="/v1/models", *, key=None, is_local=True, **headers):
    client = TestClient(serve(key=key, is_local=is_local).app, base_url="http://127.0.0.1:8000")
    return client.get(path, headers=headers).status_code


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8000", "127.0.0.2:80", "localhost", "LOCALHOST:1", "[::1]:8000"]
)
def test_names_of_this_machine_are_answered(host):
    assert status(host=host) == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1.evil.example",
        "localhost.evil.example:8000",
        "10.0.0.1",
        "",
        "[::1",
    ],
)
@pytest.mark.parametrize("path", ["/v1/models", "/health", "/none"])
def test_on_loopback_other_names_are_refused(host, path):
    """Else a page of the web would reach the server by a name that it gives to 127.0.0.1."""
    assert status(path, host=host) == 403
    assert status("/health", host=host, is_local=False, key="k") == 200


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://127.0.0.1:1", "http://["]
)
@pytest.mark.parametrize("is_local", [True, False])
def test_pages_of_other_servers_are_refused(origin, is_local):
    assert status(origin=origin, is_local=is_local) == 403
    assert status(origin="http://127.0.0.1:8000", is_local=is_local) == 200


def basic(key):
    return "Basic " + base64.b64encode(f"me:{key}".encode()).decode()


@pytest.mark.parametrize(
    "right", [f"Bearer {KEY}".encode(), f"bearer  {KEY} ".encode(), basic(KEY)]
)
def test_with_a_key_it_is_a_bearer_token_or_a_password(right):
    assert status(key=KEY, is_local=False, authorization=right) == 200


def test_a_key_may_be_any_bytes():
    """Python reads bytes of the environment that are not UTF-8 as halves of surrogate pairs."""
    right, wrong = ("Basic " + base64.b64encode(b"me:" + key).decode() for key in (b"k\xff", b"k"))
    assert status(key="k\udcff", is_local=False, authorization=right) == 200
    assert status(key="k\udcff", is_local=False, authorization=wrong) == 401


@row(45)
@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer x",
        f"Token {KEY}".encode(),
        basic("x"),
        "Basic ?",
        "Basic é".encode(),
    ],
)
@pytest.mark.parametrize("path", ["/v1/models", "/v1/models/text", "/v1/none", "/", "/none"])
def test_without_the_key_nothing_is_told(wrong, path):
    assert status(path, key=KEY, authorization=wrong) == 401
    assert status("/health", key=KEY, authorization=wrong) == 200


def test_a_completion_needs_the_key():
    client = TestClient(serve(key=KEY, is_local=False).app)
    answer = client.post("/v1/completions", json={})
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert answer.json()["error"]["code"] == "invalid_api_key"
    assert client.post("/v1/completions").status_code == 401
