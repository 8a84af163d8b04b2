"""So many answers at a time; a bounded line of others waits for its turn, and one more is refused at once."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from advisor.errors import Busy

ANSWERS_AT_ONCE = 8
WAITING = 256
"""How many may stand in line."""
WAIT_SECONDS = 10.0
"""How long one stands in line before it is told to come back."""
RETRY_SECONDS = 2


class TooBusy(Busy):
    """As many answers as this process gives at a time are being written, and none has ended in time."""

    def __init__(self) -> None:
        super().__init__("Too many questions at once.", f"Try again in {RETRY_SECONDS} seconds.")


class Slots:
    """Places for answers, handed on in the order of asking. To be used from one event loop."""

    def __init__(self, count: int = ANSWERS_AT_ONCE, waiting: int = WAITING, seconds: float = WAIT_SECONDS) -> None:
        self.count, self.most_waiting, self.seconds = count, waiting, seconds
        self._taken = 0
        self._line: deque[asyncio.Future[None]] = deque()

    @property
    def taken(self) -> int:
        """Answers being written."""
        return self._taken

    @property
    def waiting(self) -> int:
        """Questions in line."""
        return sum(not turn.done() for turn in self._line)

    async def take(self) -> None:
        """Raises TooBusy where the line is full, or stands still for too long."""
        if self._taken < self.count:
            self._taken += 1
            return
        if self.waiting >= self.most_waiting:
            raise TooBusy
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._line.append(turn)
        try:
            async with asyncio.timeout(self.seconds):
                await turn
        except TimeoutError:
            if turn.cancelled():
                raise TooBusy from None  # else the place came at the last moment
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.give_back()  # the place came just as the reader left
            raise

    def give_back(self) -> None:
        """The place goes to whoever is first in line."""
        while self._line:
            turn = self._line.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._taken -= 1

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """Holds a place. Raises TooBusy."""
        await self.take()
        try:
            yield
        finally:
            self.give_back()
