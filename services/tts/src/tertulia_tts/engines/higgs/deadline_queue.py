"""The line before a device that serves one at a time: the one whose listener runs out of sound first is next."""

from __future__ import annotations

import asyncio
import heapq
from itertools import count


class DeadlineQueue:
    """Of one event loop. Whoever has entered leaves; whoever gives up waiting need not."""

    def __init__(self) -> None:
        self._busy = False
        self._waiting: list[tuple[float, int, asyncio.Future[None]]] = []
        self._number = count()

    async def enter(self, deadline: float, patience_s: float) -> None:
        """Wait for one's turn: by deadline, and first come, first served among equals.

        Raises:
            TimeoutError: it did not come within `patience_s`.
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
                self.leave()  # it was our turn in the very moment that we gave up
            turn.cancel()
            raise

    def leave(self) -> None:
        """Let the next one in."""
        while self._waiting:
            _, _, turn = heapq.heappop(self._waiting)
            if not turn.done():
                turn.set_result(None)
                return
        self._busy = False
