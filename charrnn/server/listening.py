"""A socket, and the loop that answers what comes in: uvicorn, without its log and its signals."""

import contextlib
import ipaddress
import os
import socket
import time
from collections.abc import Iterator
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from charrnn.errors import UsageError
from charrnn.server.limits import Limits

_IDLE_CONNECTIONS = 64  # that may be open beside those that are being answered
_BACKLOG = 128


def bind(host: str, port: int) -> socket.socket:
    """Return a socket at an address of this machine; it does not listen yet. Port 0 is a free one.

    Raises `UsageError` where that is not possible.
    """
    try:
        places = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, *_, address = places[0]
        bound = socket.socket(family)
    except (OSError, UnicodeError) as error:
        raise UsageError(
            f"{host!r} is not an address of this machine", "leave out host", "host"
        ) from error
    try:
        if os.name == "posix":  # elsewhere it would share the port with another program
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
    except OSError as error:
        bound.close()
        raise UsageError(
            f"cannot listen at {host}, port {port}: {error.strerror}",
            "choose another host or port",
            "host",
            "port",
        ) from error
    return bound


def is_loopback(bound: socket.socket) -> bool:
    """Return whether other machines cannot reach a socket."""
    return ipaddress.ip_address(bound.getsockname()[0]).is_loopback


def _is_asking(connection: Any) -> bool:
    """Return whether a request has come on a connection, and has not been answered."""
    return connection.cycle is not None and not connection.cycle.response_complete


def url_of(bound: socket.socket) -> str:
    """Return the address of a socket as one types it."""
    host, port = bound.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class Listener(uvicorn.Server):
    """Answers the requests that come to a socket until it is stopped."""

    def __init__(
        self, app: ASGIApp, bound: socket.socket, limits: Limits, *, drain_seconds: int
    ) -> None:
        most = limits.num_streams + limits.num_waiting + _IDLE_CONNECTIONS
        config = uvicorn.Config(
            app, loop="asyncio", http="h11", ws="none", lifespan="on",
            log_config=None, log_level="critical", access_log=False,
            proxy_headers=False, server_header=False, backlog=_BACKLOG,
            limit_concurrency=most, timeout_graceful_shutdown=drain_seconds,
        )  # fmt: skip
        super().__init__(config)
        bound.listen(_BACKLOG)  # who comes now waits until `listen` answers
        self._bound, self._head_seconds = bound, limits.head_seconds
        self._idle_since: dict[Any, float] = {}  # connections on which no request has come

    def listen(self) -> None:
        """Answer requests until `stop` is called."""
        self.run([self._bound])

    def stop(self) -> None:
        """Accept no more requests, and end when those that run have ended, or after the seconds to
        drain. May be called by a signal handler or another thread.
        """
        self.should_exit = True

    async def on_tick(self, counter: int) -> bool:
        """Close the connections whose next request has not come in time; return whether to end.

        uvicorn calls this ten times a second. Its own timeout counts only until a first byte comes.
        """
        now = time.monotonic()
        idle = {each for each in self.server_state.connections if not _is_asking(each)}
        self._idle_since = {each: self._idle_since.get(each, now) for each in idle}
        for connection, since in self._idle_since.items():
            if now - since > self._head_seconds:
                connection.shutdown()
        return await super().on_tick(counter)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the command line."""
        yield
