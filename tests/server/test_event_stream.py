"""A stream of events leaves its place, however it ends."""

import asyncio
import json

import pytest
from matrix import row
from serving import WaitingLine

from charrnn.server.event_stream import EventStream, event


def test_an_event_is_one_line_of_ascii():
    data = event({"text": "\u2028\r\n</script>é\ud800"})
    assert data.isascii()
    assert data.startswith(b"data: ") and data.endswith(b"\n\n")
    assert data.count(b"\n") == 2 and b"\r" not in data
    assert json.loads(data[6:])["text"] == "\u2028\r\n</script>é\ud800"


async def three():
    for data in (b"1", b"2", b"3"):
        await asyncio.sleep(0)
        yield data


def sent(*, gone_after=None, is_stuck=False):
    """Send three events to a client; return what it got, and how many places are taken then."""

    async def scene():
        line = WaitingLine(num_places=1, num_waiting=0)
        got, gone = [], asyncio.Event()

        async def receive():
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message):
            got.append(message)
            if len(got) == gone_after:
                gone.set()
                await asyncio.sleep(0.01)
            if is_stuck:
                await asyncio.sleep(60)

        stream = EventStream(three(), await line.place(), send_seconds=0.02)
        try:
            await stream({"type": "http"}, receive, send)
        finally:
            places.append(line.num_running)
        return got

    places = []
    try:
        return [message.get("body") for message in asyncio.run(scene())], places
    except TimeoutError:
        return None, places


def test_a_client_gets_all_events_and_the_end():
    assert sent() == ([None, b"1", b"2", b"3", b""], [0])


@row(45)
@pytest.mark.parametrize("after", [1, 2, 3])
def test_a_client_that_goes_away_frees_its_place_and_gets_no_more(after):
    got, places = sent(gone_after=after)
    assert (len(got), places) == (after, [0])


@row(45)
def test_a_client_that_does_not_read_frees_its_place():
    assert sent(is_stuck=True) == (None, [0])
