"""The page at /: of the run that is served, as `charrnn export` writes it; of several, a list.

A page is made when it is first asked for. Nothing of the run's corpus is read for it.
"""

import asyncio
import html
from collections.abc import AsyncIterator, Iterable, Mapping
from concurrent.futures import Executor
from typing import Any
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse

from charrnn.errors import UsageError
from charrnn.export import page, page_facts
from charrnn.runs.checkpoint import Checkpoint
from charrnn.runs.speaking_part import speaking_part

_CHUNK_BYTES = 1 << 16
_WEIGHTS = "float32"  # with them a seed writes what the server writes
_HEADERS = {
    "Content-Security-Policy": "frame-ancestors 'none'",  # a page itself allows no connection
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}
_LIST = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>charrnn</title>
<h1>Voices</h1>
<ul>
{}</ul>
</html>
"""


class Pages:
    """The pages of runs, by name; a run that no page can speak has none."""

    def __init__(self, checkpoints: Mapping[str, Checkpoint], threads: Executor) -> None:
        self._threads = threads
        self._made: dict[str, bytes] = {}
        self._parts = {name: speaking_part(each) for name, each in checkpoints.items()}
        self._facts = dict(_facts_of_each(self._parts))

    async def show_first(self, request: Request) -> Response:
        """Answer with the page of the only run, or with a list of all that have one."""
        if len(self._facts) == 1:
            return await self._page(next(iter(self._facts)))
        if not self._facts:
            raise HTTPException(404, "there is no page of these runs; ask /v1/completions")
        links = (
            f'<li><a href="pages/{quote(name)}">{html.escape(name)}</a></li>\n'
            for name in self._facts
        )
        policy = {"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'"}
        return HTMLResponse(_LIST.format("".join(links)), headers=_HEADERS | policy)

    async def show(self, request: Request) -> Response:
        """Answer with the page of a run."""
        return await self._page(request.path_params["name"])

    async def _page(self, name: str) -> Response:
        if name not in self._facts:
            raise HTTPException(404, f"there is no page of {name!r}")
        if name not in self._made:
            loop = asyncio.get_running_loop()
            self._made[name] = await loop.run_in_executor(self._threads, self._make, name)
        data = self._made[name]
        length = {"Content-Length": str(len(data))}
        return StreamingResponse(_chunks(data), headers=_HEADERS | length, media_type="text/html")

    def _make(self, name: str) -> bytes:
        return page.page(self._facts[name], self._parts[name], weights=_WEIGHTS).encode()


async def _chunks(data: bytes) -> AsyncIterator[bytes]:
    """Yield a page in chunks, so that no more of it waits in memory than a client can take."""
    for first in range(0, len(data), _CHUNK_BYTES):
        yield data[first : first + _CHUNK_BYTES]


def _facts_of_each(parts: Mapping[str, Checkpoint]) -> Iterable[tuple[str, dict[str, Any]]]:
    """Yield the name and the facts of each run that a page can speak."""
    for name, part in parts.items():
        try:
            yield name, page_facts.facts_of(part, _WEIGHTS) | {"name": name}
        except UsageError:
            continue
