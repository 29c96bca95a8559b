"""Who may ask: the checks that come before everything else.

- On a loopback address a page of the web must not reach the server through the browser of whoever
  runs it. So the Host header has to be a name of this machine (otherwise any name that a stranger
  lets resolve to 127.0.0.1 would do: DNS rebinding), and Origin, if there is one, the same address.
- With a key, every request but /health has to have it: as a bearer token, as clients send it,
  or as the password of a browser.
"""

import base64
import hmac
import ipaddress
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from charrnn.server.failures import error_answer

OPEN_PATHS = ("/health",)


class Gate:
    """An ASGI application that passes on the requests of those who may ask another one."""

    def __init__(self, app: ASGIApp, *, key: str | None, is_local: bool) -> None:
        self._app, self._is_local = app, is_local
        self._key = None if key is None else key.encode("utf-8", "surrogateescape")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        refusal = self._refusal(scope) if scope["type"] == "http" else None
        await (refusal or self._app)(scope, receive, send)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if self._is_local and not _is_of_loopback(_name(host)):
            return error_answer(403, "this server answers requests to localhost alone")
        origin = headers.get("origin")
        if origin is not None and _place(origin) != host:
            return error_answer(403, "this server answers no pages of other servers")
        if self._key is None or scope["path"] in OPEN_PATHS or self._has_key(headers):
            return None
        scheme = "Bearer" if scope["path"].startswith("/v1/") else 'Basic realm="charrnn"'
        return error_answer(
            401, "the API key is missing or wrong", headers={"WWW-Authenticate": scheme}
        )

    def _has_key(self, headers: Headers) -> bool:
        assert self._key is not None
        given = _key_in(headers.get("authorization", ""))
        return hmac.compare_digest(given, self._key)


def _name(host: str) -> str:
    """Return the name in a Host header, without its port; "" if it is not valid."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _is_of_loopback(name: str) -> bool:
    """Return whether a name means this machine, whoever is asked what it means."""
    try:
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _place(origin: str) -> str:
    """Return the host and the port in an Origin header; "" if it is not valid."""
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return ""


def _key_in(authorization: str) -> bytes:
    """Return the key in an Authorization header; b"" where there is none."""
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return value.strip().encode("latin-1")
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value.strip(), validate=True).partition(b":")[2]
        except ValueError:
            return b""
    return b""
