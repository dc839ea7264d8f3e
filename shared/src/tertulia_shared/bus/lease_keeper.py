"""Renews a worker's leases from a thread with a blocking connection of its own.

On an overloaded machine, renewals on the event loop came too late: peers took work from live workers. The thread stops
renewing when the event loop hangs.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager

from tertulia_shared.bus.blocking_connection import BlockingConnection
from tertulia_shared.bus.port.work import HUNG_LOOP_S, InHand, OnLost, OnRenewed
from tertulia_shared.bus.replies import RedisError, ScriptMissing
from tertulia_shared.bus.scripts.script import Command
from tertulia_shared.bus.scripts.work import RENEW

REPLY_TIMEOUT_S = 1.5
"""Time limit for a renewal; then the keeper reconnects. A lease of 3 s survives one lost reply, also after a rest."""
AGAIN_S = 0.1
"""Seconds before a failed renewal is repeated: less than the time to a peer's next check for expired leases."""
AT_REST = 2
"""While no work is held, the thread looks for some after this many times the interval of the renewals."""

log = logging.getLogger(__name__)


class LeaseKeeper:
    """Renews the leases of one worker.

    Args:
        connect: creates a connection that is not open yet; its argument is the time limit for a reply, in seconds.
        renewal: the command that renews these work ids; its reply names those that another worker holds.
        every_s: seconds between renewals.
        held: returns the attempt numbers of the work in progress, by work id; called from the thread.
        on_lost: called on the event loop for work that another worker has taken over, with its id and the lost attempt.
        on_renewed: called from the thread after each renewal (see `OnRenewed`).
        hung_s: the event loop counts as hung when it has not run for so many seconds after the thread has called it.
    """

    def __init__(
        self, connect: Callable[[float], BlockingConnection], renewal: Callable[[Sequence[str]], Command],
        *, every_s: float, held: InHand, on_lost: OnLost,
        on_renewed: OnRenewed | None = None, hung_s: float = HUNG_LOOP_S,
    ) -> None:  # fmt: skip
        self._connect = connect
        self._renewal = renewal
        self._every_s = every_s
        self._held = held
        self._on_lost = on_lost
        self._on_renewed = on_renewed
        self._hung_s = hung_s
        self._called_at: float | None = None
        """When the thread called the event loop; None once that has run."""
        self._stop = threading.Event()

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Renew while the block runs."""
        loop = asyncio.get_running_loop()
        thread = threading.Thread(target=self._run, args=(loop,), name="leases", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            await asyncio.to_thread(thread.join, REPLY_TIMEOUT_S)

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        connection = self._connect(REPLY_TIMEOUT_S)
        wait_s = self._every_s
        renewed_at = time.monotonic()
        while not self._stop.wait(wait_s):
            asked = self._held()
            if not asked:
                renewed_at = time.monotonic()
                wait_s = AT_REST * self._every_s
                continue
            wait_s = self._every_s
            if self._hangs(loop):
                continue
            try:
                lost = _renew(connection, self._renewal(list(asked)))
            except (RedisError, OSError) as error:  # the jobs' own writes get the same error, and report it
                log.debug("leases not renewed: %s", error)
                wait_s = min(AGAIN_S, self._every_s)
                continue
            before, renewed_at = renewed_at, time.monotonic()
            if self._on_renewed is not None:
                self._on_renewed(renewed_at - before)
            for work_id in lost:
                with contextlib.suppress(RuntimeError):  # the loop is closed
                    loop.call_soon_threadsafe(self._on_lost, work_id, asked[work_id])
        connection.close()

    def _hangs(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Call the event loop, unless it has not run since the last call. True if that is too long ago."""
        called_at = self._called_at
        if called_at is not None:
            return time.monotonic() - called_at > self._hung_s
        self._called_at = time.monotonic()
        with contextlib.suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(self._has_run)
        return False

    def _has_run(self) -> None:
        self._called_at = None


def _renew(connection: BlockingConnection, command: Command) -> list[str]:
    try:
        reply = connection.call(command)
    except ScriptMissing:
        connection.call(("SCRIPT", "LOAD", RENEW.source))
        reply = connection.call(command)
    return [work_id.decode() for work_id in reply]
