"""Clients that are slow, send too much, or go away."""

import asyncio

import pytest
from matrix import row
from serving import Limits
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

from charrnn.server.clients import body_of, in_time, unless_gone


def request(*chunks, then=None):
    """Return a request whose body comes in these chunks; then nothing, or a message."""
    parts = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    messages = iter([*parts, *([then] if then else [])])

    async def receive():
        message = next(messages, None)
        return message if message is not None else await asyncio.sleep(60)

    return Request({"type": "http", "headers": []}, receive)


def test_a_body_comes_whole():
    end = {"type": "http.request", "body": b"c", "more_body": False}
    assert asyncio.run(body_of(request(b"a", b"b", then=end), Limits(max_body=3))) == b"abc"


@row(45)
@pytest.mark.parametrize(
    ("limits", "status"),
    [(Limits(max_body=2), 413), (Limits(body_seconds=0.01), 408)],
)
def test_a_body_that_is_too_long_or_too_slow_is_refused(limits, status):
    with pytest.raises(HTTPException) as raised:
        asyncio.run(body_of(request(b"ab", b"c"), limits))
    assert raised.value.status_code == status
    assert raised.value.headers == {"Connection": "close"}


def test_what_is_done_for_a_client_ends_when_it_goes_away():
    ended = []

    async def work():
        try:
            await asyncio.sleep(60)
        finally:
            ended.append(True)

    async def scene():
        gone = request(then={"type": "http.disconnect"})
        with pytest.raises(ClientDisconnect):
            await unless_gone(gone.receive, work())

    asyncio.run(scene())
    assert ended == [True]


def test_a_client_that_waits_gets_the_result_or_the_error():
    async def fail():
        raise ValueError("x")

    async def scene():
        assert await unless_gone(request().receive, asyncio.sleep(0, "done")) == "done"
        with pytest.raises(ValueError, match="x"):
            await unless_gone(request().receive, fail())

    asyncio.run(scene())


def test_a_client_has_to_read_in_time():
    async def stuck(message):
        await asyncio.sleep(60)

    with pytest.raises(TimeoutError):
        asyncio.run(in_time(stuck, 0.01)({}))
