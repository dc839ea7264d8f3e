"""The queue for a device that serves one utterance at a time, ordered by deadline."""

from __future__ import annotations

import asyncio
import heapq
from itertools import count


class DeadlineQueue:
    """A queue that is bound to one event loop. Call `leave()` after a successful `enter()`."""

    def __init__(self) -> None:
        self._busy = False
        self._waiting: list[tuple[float, int, asyncio.Future[None]]] = []
        self._number = count()

    async def enter(self, deadline: float, patience_s: float) -> None:
        """Wait for the device. The earliest deadline is served first; equal deadlines in order of arrival.

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
                self.leave()  # the device became free at the moment of the cancellation
            turn.cancel()
            raise

    def leave(self) -> None:
        """Release the device to the next waiting utterance."""
        while self._waiting:
            _, _, turn = heapq.heappop(self._waiting)
            if not turn.done():
                turn.set_result(None)
                return
        self._busy = False
