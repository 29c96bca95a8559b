"""As many at once as there are places, the others in order, the rest sent away."""

import asyncio

import pytest
from serving import WaitingLine
from starlette.exceptions import HTTPException


def test_places_are_given_in_the_order_in_which_requests_come():
    async def scene():
        line, came = WaitingLine(num_places=2, num_waiting=9), []

        async def request(number):
            with await line.place():
                came.append(number)
                most.append(line.num_running)
                await asyncio.sleep(0)

        most = []
        await asyncio.gather(*map(request, range(8)))
        assert came == list(range(8))
        assert max(most) == 2
        assert (line.num_running, line.num_waiting) == (0, 0)

    asyncio.run(asyncio.wait_for(scene(), 10))


def test_a_request_that_finds_the_line_full_is_told_when_to_come_again():
    async def scene():
        line = WaitingLine(num_places=1, num_waiting=1)
        place = await line.place()
        waiting = asyncio.ensure_future(line.place())
        await asyncio.sleep(0)
        with pytest.raises(HTTPException) as raised:
            await line.place()
        assert raised.value.status_code == 429
        assert int(raised.value.headers["Retry-After"]) > 0
        place.leave()
        place.leave()  # a second time changes nothing
        assert (await waiting, line.num_running)[1] == 1

    asyncio.run(asyncio.wait_for(scene(), 10))


def test_a_request_that_goes_away_while_it_waits_leaves_the_line():
    async def scene():
        line = WaitingLine(num_places=1, num_waiting=1)
        place = await line.place()
        waiting = asyncio.ensure_future(line.place())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        assert line.num_waiting == 0
        place.leave()
        with await line.place():
            assert line.num_running == 1

    asyncio.run(asyncio.wait_for(scene(), 10))
