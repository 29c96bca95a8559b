"""Answers requests for completions: checks them, waits for a place, computes, sends.

Characters are computed by a few threads, never by the event loop. A thread takes one request, draws
for a few milliseconds, and takes the next: so all requests that have a place move on in turn,
however many they are. The next turn of a request comes only when what it drew has been sent, so a
client that reads slowly slows itself alone, and nothing is drawn for one that has gone. A thread of
its own reads prompts and draws first characters, so that a new request need not wait its turn.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from charrnn.errors import CharRNNError
from charrnn.server.answers import Answer, Choice
from charrnn.server.clients import body_of, unless_gone
from charrnn.server.completion_request import CompletionRequest, Wanted
from charrnn.server.event_stream import END, EventStream, event
from charrnn.server.failures import Json, error_object, note_bug
from charrnn.server.limits import Limits
from charrnn.server.served import Piece, ServedModel
from charrnn.server.waiting_line import WaitingLine

_TURN_SECONDS = 0.005


class Completions:
    """Completes prompts by the models that are served."""

    def __init__(
        self,
        models: Mapping[str, ServedModel],
        limits: Limits,
        line: WaitingLine,
        threads: Executor,
    ) -> None:
        self._models, self._limits = models, limits
        self._line, self._threads = line, threads
        self._beginnings = ThreadPoolExecutor(1, thread_name_prefix="charrnn-first")

    async def respond(self, request: Request) -> Response:
        """Answer a request, whole or as a stream of events."""
        asked = CompletionRequest.parse(await body_of(request, self._limits))
        asked.require_within(self._limits)
        model = self.model(asked.model)
        model.require_possible(asked)
        if not asked.stream:
            return Json(await unless_gone(request.receive, self._whole(asked, model)))
        place = await unless_gone(request.receive, self._line.place())
        events = self._events(asked, model)
        return EventStream(events, place, send_seconds=self._limits.send_seconds)

    def model(self, name: str | None) -> ServedModel:
        """Return the model of that name; None is the first. Raises `HTTPException` if there is
        none.
        """
        if name is None:
            return next(iter(self._models.values()))
        if name not in self._models:
            known = ", ".join(self._models)
            raise HTTPException(404, f"there is no model {name!r}; there are {known}")
        return self._models[name]

    async def _whole(self, asked: CompletionRequest, model: ServedModel) -> dict[str, object]:
        answer, choices = Answer(asked, model.name), []
        with await self._line.place():
            for wanted in asked.wanted:
                choice = Choice(wanted.index, asked.logprobs is not None)
                parts = self._parts(asked, model, wanted, answer)
                choices.append(choice.part([piece async for part in parts for piece in part]))
        return answer.object(choices, usage=answer.usage)

    async def _events(
        self, asked: CompletionRequest, model: ServedModel
    ) -> AsyncGenerator[bytes, None]:
        answer = Answer(asked, model.name)
        try:
            for wanted in asked.wanted:
                choice = Choice(wanted.index, asked.logprobs is not None)
                async for part in self._parts(asked, model, wanted, answer):
                    yield event(answer.object([choice.part(part)]))
        except CharRNNError as error:
            yield event(error_object(400, str(error)))
        except Exception as error:
            yield event(error_object(500, note_bug(error)))
        if asked.include_usage:
            yield event(answer.object([], usage=answer.usage))
        yield END

    async def _parts(
        self, asked: CompletionRequest, model: ServedModel, wanted: Wanted, answer: Answer
    ) -> AsyncIterator[list[Piece]]:
        """Yield the pieces of a completion, those of one turn at a time; count its characters."""
        if asked.echo:
            async for part in self._turns(model.echo(asked, wanted.prompt)):
                yield part
        async for part in self._turns(model.complete(asked, wanted)):
            answer.num_drawn += sum(len(piece.text) for piece in part)
            yield part

    async def _turns(self, pieces: Iterator[Piece]) -> AsyncIterator[list[Piece]]:
        loop = asyncio.get_running_loop()
        part = await loop.run_in_executor(self._beginnings, _turn, pieces, 0.0)
        while part:
            yield part
            part = await loop.run_in_executor(self._threads, _turn, pieces, _TURN_SECONDS)

    def close(self) -> None:
        """Begin nothing more."""
        self._beginnings.shutdown(wait=False, cancel_futures=True)


def _turn(pieces: Iterator[Piece], seconds: float) -> list[Piece]:
    """Take pieces for so many seconds, at least one; an empty list means that none are left."""
    began, part = time.monotonic(), []
    for piece in pieces:
        part.append(piece)
        if time.monotonic() - began >= seconds:
            break
    return part
