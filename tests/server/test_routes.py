"""The addresses of the server, and what is in no answer."""

import threading

import pytest
from conftest import wait_until
from serving import COMPLETIONS, LOCAL, pairs_model, serve, text_model
from starlette.testclient import TestClient


@pytest.fixture(scope="module")
def client():
    return TestClient(serve(text_model(), pairs_model()).app, base_url=LOCAL)


def test_models_are_listed_and_shown(client):
    listed = client.get("/v1/models").json()
    assert [model["id"] for model in listed["data"]] == ["text", "pairs"]
    assert client.get("/v1/models/pairs").json() == listed["data"][1]
    assert client.get("/v1/models/none").status_code == 404


def test_health_tells_how_busy_it_is(client):
    assert client.get("/health").json() == {"status": "ok", "running": 0, "waiting": 0}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/none", 404), ("GET", "/v1/models/", 404), ("GET", "/v1/", 404),
        ("GET", COMPLETIONS, 405), ("POST", "/v1/models", 405), ("OPTIONS", COMPLETIONS, 405),
        ("POST", f"{COMPLETIONS}/", 404), ("GET", "/../../etc/passwd", 404),
    ],
)  # fmt: skip
def test_other_addresses_are_answered_with_the_error_object(client, method, path, status):
    answer = client.request(method, path, follow_redirects=False)
    assert answer.status_code == status
    assert answer.json()["error"]["type"] == "invalid_request_error"


def test_no_page_of_another_server_may_read_an_answer(client):
    for method in ("GET", "OPTIONS"):
        answer = client.request(method, "/v1/models", headers={"origin": "http://127.0.0.1"})
        assert not [name for name in answer.headers if name.startswith("access-control")]


def test_threads_end_with_the_application():
    before = set(threading.enumerate())
    with TestClient(serve().app, base_url=LOCAL) as client:
        client.post(COMPLETIONS, json={"prompt": "a"})
        started = set(threading.enumerate()) - before
    assert [thread for thread in started if thread.name.startswith("charrnn")]
    wait_until(lambda: not any(thread.is_alive() for thread in started))
