"""Shared by the tests of the server: tiny models, an application, and a server on a free port."""

import contextlib
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import pytest
from conftest import wait_until

pytest.importorskip("starlette")
pytest.importorskip("uvicorn")

from starlette.applications import Starlette
from test_model import model_of
from test_translator import translator

from charrnn.generation.model import Model
from charrnn.runs.checkpoint import Checkpoint
from charrnn.server import listening, routes
from charrnn.server.completion_request import CompletionRequest, Wanted
from charrnn.server.limits import Limits
from charrnn.server.served import PairsModel, Piece, ServedModel, TextModel
from charrnn.server.waiting_line import WaitingLine

COMPLETIONS = "/v1/completions"
LOCAL = "http://127.0.0.1"


def text_model(name: str = "text", *, records: str = "none", **how: Any) -> TextModel:
    """Return a language model of "abcd", space and newline with random weights."""
    model: Model = replace(model_of(**how), records=records)
    return TextModel(name, model)


def bytes_model(name: str = "bytes") -> TextModel:
    return text_model(name, points=tuple(range(256)), is_bytes=True)


def pairs_model(name: str = "pairs") -> PairsModel:
    """Return a model that makes of "abcde" symbols with spaces between them."""
    return PairsModel(name, translator())


class Slow:
    """A model that writes a character for each permission."""

    def __init__(self) -> None:
        self.name = "slow"
        self.permissions = threading.Semaphore(0)
        self.threads: set[threading.Thread] = set()
        self.num_drawn = 0

    def require_possible(self, asked: CompletionRequest) -> None:
        pass

    def echo(self, asked: CompletionRequest, prompt: str) -> Iterator[Piece]:
        return iter(())

    def complete(self, asked: CompletionRequest, wanted: Wanted) -> Iterator[Piece]:
        for _ in range(asked.max_tokens):
            self.threads.add(threading.current_thread())
            assert self.permissions.acquire(timeout=30)
            self.num_drawn += 1
            yield Piece("x")
        yield Piece("", None, "length")


@dataclass
class Served:
    app: Starlette
    line: WaitingLine
    limits: Limits
    listener: listening.Listener | None = None  # while it is running


def serve(
    *models: ServedModel,
    key: str | None = None,
    is_local: bool = True,
    checkpoints: Mapping[str, Checkpoint] = MappingProxyType({}),
    **limits: Any,
) -> Served:
    """Return an application, and the line in which its requests wait."""
    most = Limits(**limits)
    line = WaitingLine(num_places=most.num_streams, num_waiting=most.num_waiting)
    app = routes.application(
        models or (text_model(),),
        limits=most,
        line=line,
        key=key,
        is_local=is_local,
        checkpoints=checkpoints,
    )
    return Served(app, line, most)


@contextlib.contextmanager
def running(served: Served, *, drain_seconds: int = 5) -> Iterator[str]:
    """Answer requests on a free port while this is entered; give its address."""
    bound = listening.bind("127.0.0.1", 0)
    url = listening.url_of(bound)
    listener = listening.Listener(served.app, bound, served.limits, drain_seconds=drain_seconds)
    served.listener = listener
    thread = threading.Thread(target=listener.listen)
    thread.start()
    try:
        wait_until(lambda: listener.started)
        yield url
    finally:
        listener.stop()
        thread.join()
