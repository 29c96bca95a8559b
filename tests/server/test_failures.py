"""What goes wrong is an answer without a word about the machine, and a note to who runs it."""

import logging

import pytest
from serving import COMPLETIONS, LOCAL, serve, text_model
from starlette.testclient import TestClient

from charrnn.server.failures import error_object

SECRET = "/srv/secret/path"


@pytest.fixture
def broken(monkeypatch):
    """A client of a server with a bug."""
    served = text_model()

    def fail(self, asked, wanted):
        yield from ()
        raise RuntimeError(f"no such file: {SECRET}")

    monkeypatch.setattr(type(served), "complete", fail)
    return TestClient(serve(served).app, base_url=LOCAL)


def test_a_bug_is_told_to_the_client_without_its_words_and_noted(broken, caplog):
    answer = broken.post(COMPLETIONS, json={"prompt": "ab"})
    assert answer.status_code == 500
    assert answer.json()["error"]["type"] == "server_error"
    assert SECRET not in answer.text and "Traceback" not in answer.text
    [record] = caplog.records
    assert (record.name, record.levelno) == ("charrnn", logging.ERROR)
    assert SECRET in record.getMessage()


def test_a_bug_in_a_stream_is_its_last_event_but_the_end(broken, caplog):
    text = broken.post(COMPLETIONS, json={"prompt": "ab", "stream": True}).text
    *_, error, end, _ = text.split("\n\n")
    assert "server_error" in error and end == "data: [DONE]"
    assert SECRET not in text and "Traceback" not in text
    assert len(caplog.records) == 1


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        (400, "invalid_request_error", None),
        (401, "authentication_error", "invalid_api_key"),
        (404, "invalid_request_error", "not_found"),
        (429, "rate_limit_error", "rate_limit_exceeded"),
        (500, "server_error", None),
    ],
)
def test_an_error_object_is_that_of_the_interface(status, kind, code):
    error = error_object(status, "x" * 2000, "n")["error"]
    assert (error["type"], error["code"], error["param"]) == (kind, code, "n")
    assert len(error["message"]) == 1000
