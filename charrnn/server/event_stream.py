"""Server-sent events: an answer that comes in parts.

data: {"choices": [{"text": "O", …}], …}

data: [DONE]
"""

import contextlib
import json
from collections.abc import AsyncGenerator
from typing import Any

from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from charrnn.server.clients import in_time, unless_gone
from charrnn.server.waiting_line import Place

END = b"data: [DONE]\n\n"
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}  # no proxy holds it back


def event(value: Any) -> bytes:
    """Return an event with a value as JSON, on one line of ASCII."""
    return b"data: " + json.dumps(value, allow_nan=False).encode("ascii") + b"\n\n"


class EventStream(Response):
    """Sends events as they come. Its place is left when the last one was sent, when the client goes
    away, or when it reads too slowly.
    """

    media_type = "text/event-stream"

    def __init__(
        self, events: AsyncGenerator[bytes, None], place: Place, *, send_seconds: float
    ) -> None:
        super().__init__(headers=_HEADERS)
        del self.headers["content-length"]
        self._events, self._place, self._send_seconds = events, place, send_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the events. Raises TimeoutError for a client that does not read."""
        with self._place, contextlib.suppress(ClientDisconnect):
            await unless_gone(receive, self._send(in_time(send, self._send_seconds)))

    async def _send(self, send: Send) -> None:
        start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        async with contextlib.aclosing(self._events) as events:
            await send(start)
            async for data in events:
                await send({"type": "http.response.body", "body": data, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
