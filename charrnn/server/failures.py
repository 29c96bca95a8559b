"""What goes wrong, as an answer: the error object of the completions interface.

A message says what was wrong with the request. Nothing of this machine is in it: no path, no
traceback. A bug is told to the person who runs the server, by the logger "charrnn".
"""

import json
import logging
from collections.abc import Mapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, ExceptionHandler, Message, Receive, Scope, Send

from charrnn.errors import CharRNNError

_TYPES = {401: "authentication_error", 429: "rate_limit_error"}  # other than of a bad request
_CODES = {401: "invalid_api_key", 404: "not_found", 429: "rate_limit_exceeded"}
_LONGEST = 1000  # characters of a message: it may quote the request
_log = logging.getLogger("charrnn")


class Json(Response):
    """A value as JSON, in ASCII: any character of a model can be sent."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """Return the bytes of the answer."""
        return json.dumps(content, allow_nan=False).encode("ascii")


def error_object(status: int, message: str, field: str | None = None) -> dict[str, Any]:
    """Return what an answer of that status says; `field` is the one of the request to change."""
    kind = "server_error" if status >= 500 else _TYPES.get(status, "invalid_request_error")
    error = {
        "message": message[:_LONGEST],
        "type": kind,
        "param": field,
        "code": _CODES.get(status),
    }
    return {"error": error}


def error_answer(
    status: int, message: str, *, field: str | None = None, headers: Mapping[str, str] | None = None
) -> Json:
    """Return an answer that says what is wrong."""
    return Json(error_object(status, message, field), status, headers)


def note_bug(error: Exception) -> str:
    """Tell the person who runs the server of an error of ours; return what to tell the client."""
    reason = f"{type(error).__name__}: {error}".splitlines()[0]
    _log.error("a bug in charrnn: %s", reason, exc_info=error)
    return "a bug in charrnn; the server has noted it"


async def _http_answer(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return error_answer(error.status_code, error.detail, headers=error.headers)


async def _bad_request(request: Request, error: Exception) -> Response:
    assert isinstance(error, CharRNNError)
    return error_answer(400, str(error), field=next(iter(error.fields), None))


async def _nobody_reads(request: Request, error: Exception) -> Response:
    return Response(status_code=400)  # the client has gone


HANDLERS: dict[Any, ExceptionHandler] = {
    HTTPException: _http_answer,
    CharRNNError: _bad_request,
    ClientDisconnect: _nobody_reads,
}


class BugsAsAnswers:
    """An ASGI application that answers with status 500 where another one fails."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request. What fails after its answer has begun ends without its end."""
        has_begun = False

        async def watched(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except TimeoutError:  # the client read too slowly
            return
        except Exception as error:
            message = note_bug(error)
            if not has_begun:
                await error_answer(500, message)(scope, receive, send)
