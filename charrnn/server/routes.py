"""The server as an application: its addresses, and what is in front of them."""

import contextlib
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import MappingProxyType

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from charrnn import _cores
from charrnn.runs.checkpoint import Checkpoint
from charrnn.server.access import Gate
from charrnn.server.answers import model_list, model_object
from charrnn.server.completions import Completions
from charrnn.server.failures import HANDLERS, BugsAsAnswers, Json
from charrnn.server.limits import Limits
from charrnn.server.pages import Pages
from charrnn.server.served import ServedModel
from charrnn.server.waiting_line import WaitingLine


def application(
    models: Sequence[ServedModel],
    *,
    limits: Limits,
    line: WaitingLine,
    key: str | None,
    is_local: bool,
    checkpoints: Mapping[str, Checkpoint] = MappingProxyType({}),
) -> Starlette:
    """Return the application that serves models, at least one, each with a name of its own.

    Arguments:
        key: what every request but /health has to have; None lets all in
        is_local: it listens on a loopback address, and refuses other names than those of this
            machine
        checkpoints: of those models that have a page, by name
    """
    threads = ThreadPoolExecutor(_cores.num_cores(), thread_name_prefix="charrnn")
    by_name = {model.name: model for model in models}
    completions = Completions(by_name, limits, line, threads)
    pages = Pages(checkpoints, threads)
    began = int(time.time())

    async def list_models(request: Request) -> Response:
        return Json(model_list(list(by_name), began))

    async def show_model(request: Request) -> Response:
        return Json(model_object(completions.model(request.path_params["name"]).name, began))

    async def health(request: Request) -> Response:
        return Json({"status": "ok", "running": line.num_running, "waiting": line.num_waiting})

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        completions.close()
        threads.shutdown(wait=False, cancel_futures=True)

    app = Starlette(
        routes=[
            Route("/", pages.show_first),
            Route("/pages/{name}", pages.show),
            Route("/health", health),
            Route("/v1/models", list_models),
            Route("/v1/models/{name}", show_model),
            Route("/v1/completions", completions.respond, methods=["POST"]),
        ],
        middleware=[Middleware(BugsAsAnswers), Middleware(Gate, key=key, is_local=is_local)],
        exception_handlers=HANDLERS,
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False  # a redirection would repeat the name that was asked for
    return app
