"""Clients that are slow, send too much, or go away.

A request takes room while it lasts. So its body has to come within a time, what is sent has to be
read within a time, and whoever goes away ends what is done for them.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message, Receive, Send

from charrnn.server.limits import Limits

_CLOSE = {"Connection": "close"}  # what else comes of the request is not read
Result = TypeVar("Result")


async def body_of(request: Request, limits: Limits) -> bytes:
    """Return the body of a request. Raises `HTTPException` for one that is too long or too slow."""
    body = bytearray()
    try:
        async with asyncio.timeout(limits.body_seconds):
            async for chunk in request.stream():
                body += chunk
                if len(body) > limits.max_body:
                    raise HTTPException(
                        413, f"a request has at most {limits.max_body:,} bytes", _CLOSE
                    )
    except TimeoutError as error:
        raise HTTPException(408, "the request did not come in time", _CLOSE) from error
    return bytes(body)


async def unless_gone(receive: Receive, work: Coroutine[Any, Any, Result]) -> Result:
    """Return what a coroutine returns. It is cancelled when the client goes away.

    The body of the request has to be read. Raises `ClientDisconnect`.
    """
    working, going = asyncio.ensure_future(work), asyncio.ensure_future(_gone(receive))
    try:
        await asyncio.wait((working, going), return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientDisconnect
        return working.result()
    finally:
        working.cancel()
        going.cancel()
        await asyncio.gather(working, going, return_exceptions=True)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def in_time(send: Send, seconds: float) -> Send:
    """Return a `send` that raises TimeoutError where the client does not read in time."""

    async def sent(message: Message) -> None:
        async with asyncio.timeout(seconds):
            await send(message)

    return sent
