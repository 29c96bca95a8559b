"""The command `serve`: runs behind HTTP, until Ctrl-C."""

import os
from dataclasses import dataclass

from charrnn.cli.flags import serve as flags
from charrnn.errors import UsageError

VARIABLE = "CHARRNN_API_KEY"  # of the environment


@dataclass(frozen=True)
class ServeRequest:
    """What is served, and where."""

    runs: tuple[str, ...]  # none: the newest that can be served
    host: str
    port: int
    key: str | None  # what requests have to have; None lets all in
    most: flags.Most


def serve(
    run: flags.Runs = None,
    host: flags.Host = "127.0.0.1",
    port: flags.Port = 8000,
    *,
    most: flags.Most,
) -> None:
    """Serve runs over HTTP, by the completions interface that clients of language models speak.

    In a browser, the address shows a page that speaks. Ctrl-C takes no more requests, and ends when
    those that run have ended.
    """
    try:
        import charrnn.server.listening  # noqa: F401
    except ModuleNotFoundError as error:
        raise UsageError(
            "a server needs starlette and uvicorn", "install them: pip install 'charrnn[serve]'"
        ) from error
    from charrnn.cli.share import running_server

    key = os.environ.get(VARIABLE, "").strip() or None  # a header has no white space at its end
    running_server.run(ServeRequest(tuple(run or ()), host, port, key, most))
