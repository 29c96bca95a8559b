"""The waiting line: so many requests are computed at once, so many wait, and more are sent away."""

import asyncio
from types import TracebackType
from typing import Self

from starlette.exceptions import HTTPException

_RETRY_SECONDS = 1  # after which a client that was sent away may ask again


class WaitingLine:
    """Gives places to requests, in the order in which they come."""

    def __init__(self, *, num_places: int, num_waiting: int) -> None:
        self._free = asyncio.Semaphore(num_places)
        self._num_places, self._most_waiting = num_places, num_waiting
        self.num_waiting = 0
        self.num_running = 0

    async def place(self) -> "Place":
        """Return a place when there is one. Raises `HTTPException` where too many wait."""
        if self._free.locked() and self.num_waiting >= self._most_waiting:
            raise HTTPException(
                429,
                f"the server is busy: {self.num_running} requests are computed and"
                f" {self.num_waiting} wait; ask again in a moment",
                {"Retry-After": str(_RETRY_SECONDS)},
            )
        self.num_waiting += 1
        try:
            await self._free.acquire()
        finally:
            self.num_waiting -= 1
        return Place(self)

    def enter(self) -> None:
        """Count a place that is taken."""
        self.num_running += 1

    def leave(self) -> None:
        """Give a place to the next who waits."""
        self.num_running -= 1
        self._free.release()


class Place:
    """A place that a request has until it is done with it: a context manager, which may be left
    more than once.
    """

    def __init__(self, line: WaitingLine) -> None:
        self._line: WaitingLine | None = line
        line.enter()

    def leave(self) -> None:
        """Leave the place."""
        line, self._line = self._line, None
        if line is not None:
            line.leave()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.leave()
