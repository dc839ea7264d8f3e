"""A queue for a device that handles one utterance at a time. It is ordered by deadline."""

from __future__ import annotations

import asyncio
import heapq
from itertools import count


class DeadlineQueue:
    """A queue that belongs to one event loop. After a successful `enter()`, the caller must call `leave()`."""

    def __init__(self) -> None:
        self._busy = False
        self._waiting: list[tuple[float, int, asyncio.Future[None]]] = []
        self._number = count()

    async def enter(self, deadline: float, patience_s: float) -> None:
        """Wait for the device. The earliest deadline comes first; equal deadlines are served in order of arrival.

        Raises:
            TimeoutError: the device was not free within `patience_s`.
        """
        if not self._busy:
            self._busy = True
            return
        turn = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (deadline, next(self._number), turn))
        try:
            async with asyncio.timeout(patience_s):
                await turn
        except BaseException:
            if turn.done() and not turn.cancelled():
                self.leave()  # this waiter had just got the device when it was cancelled
            turn.cancel()
            raise

    def leave(self) -> None:
        """Release the device, and let the next waiting utterance have it."""
        while self._waiting:
            _, _, turn = heapq.heappop(self._waiting)
            if not turn.done():
                turn.set_result(None)
                return
        self._busy = False
