"""The one pipeline through which a process writes.

A batch goes out at once when none is in flight; writes queued meanwhile go out as the next batch.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tertulia_shared.bus.error_replies import refusal_of
from tertulia_shared.bus.fenced_append import append_commands, only_appends_sound
from tertulia_shared.bus.link import Link
from tertulia_shared.bus.outlet import QueueOutlet
from tertulia_shared.bus.port.errors import BusUnavailable, WriteRefused
from tertulia_shared.bus.port.writing import Append, Write
from tertulia_shared.bus.replies import ErrorReply
from tertulia_shared.bus.scripts import writing as scripts
from tertulia_shared.bus.scripts.script import Command
from tertulia_shared.bus.scripts.writing import FIRST_WRITE_KEY, FenceArguments
from tertulia_shared.bus.write_commands import fence_arguments, operations_of, plain_commands, renew_at
from tertulia_shared.bus.write_replies import NotOpened, Outcome, after_append, after_commands, after_script
from tertulia_shared.keys import Key


@dataclass(frozen=True, slots=True)
class _Batch:
    """Writes of an outlet, and the commands that make them. `outcome` reads their replies."""

    outlet: QueueOutlet
    writes: Sequence[Write]
    commands: Sequence[Command]
    outcome: Callable[[Sequence[Any]], Outcome]


class _Call:
    """A command whose caller gets the reply."""

    __slots__ = ("_future", "commands")

    def __init__(self, command: Command, future: asyncio.Future[Any]) -> None:
        self.commands = (command,)
        self._future = future

    def settle(self, reply: Any) -> None:
        if self._future.done():
            return
        if isinstance(reply, ErrorReply):
            self._future.set_exception(refusal_of(reply, "a command"))
        elif isinstance(reply, Exception):
            self._future.set_exception(reply)
        else:
            self._future.set_result(reply)


class Writer:
    """Takes the outlets' writes and other commands, in order, one pipeline at a time."""

    def __init__(self, link: Link, now_ms: Callable[[], int], state_key: Callable[[str], Key]) -> None:
        self._link = link
        self._now_ms = now_ms
        self._state_key = state_key
        self._waiting: list[QueueOutlet | tuple[Command, asyncio.Future[Any]]] = []
        self._woken = asyncio.Event()

    def wake(self, outlet: QueueOutlet) -> None:
        """Write the queued writes of `outlet`."""
        self._waiting.append(outlet)
        self._woken.set()

    def send(self, *commands: Command) -> asyncio.Future[Any]:
        """Send commands after all earlier commands; the future gets the reply to the last of them."""
        loop = asyncio.get_running_loop()
        futures = [loop.create_future() for _ in commands]
        self._waiting += zip(commands, futures, strict=True)
        self._woken.set()
        for future in futures[:-1]:
            future.add_done_callback(retrieve_error)
        return futures[-1]

    async def run(self) -> None:
        """Write until cancelled."""
        waiting: list[QueueOutlet | tuple[Command, asyncio.Future[Any]]] = []
        try:
            while True:
                await self._woken.wait()
                self._woken.clear()
                waiting, self._waiting = self._waiting, []
                await self._write(waiting)
                waiting = []
        finally:  # no task may wait for a write that will never happen
            closed = BusUnavailable("the bus was closed")
            for item in (*waiting, *self._waiting):
                if isinstance(item, QueueOutlet):
                    item.refuse(closed)
                elif not item[1].done():
                    item[1].set_exception(closed)
                    retrieve_error(item[1])

    async def _write(self, waiting: Sequence[QueueOutlet | tuple[Command, asyncio.Future[Any]]]) -> None:
        await self._send([batch for item in waiting if (batch := self._batch(item)) is not None])

    async def _send(self, batches: Sequence[_Batch | _Call]) -> None:
        if not batches:
            return
        commands = [command for batch in batches for command in batch.commands]
        try:
            replies = await self._link.call(*commands)
        except BusUnavailable as error:
            replies: list[Any] = [error] * len(commands)
        rest = iter(replies)
        not_opened: list[_Batch] = []
        for batch in batches:
            got = list(itertools.islice(rest, len(batch.commands)))
            if isinstance(batch, _Call):
                batch.settle(got[0])
                continue
            outcome = batch.outcome(got)
            if isinstance(outcome.error, NotOpened):
                batch.outlet.fresh_until.clear()  # the script sets the TTL of the stream that it makes
                not_opened.append(self._script_batch(batch.outlet, batch.writes))
            else:
                batch.outlet.settle(len(batch.writes), outcome.error, skipped=outcome.skipped)
        await self._send(not_opened)

    def _batch(self, item: QueueOutlet | tuple[Command, asyncio.Future[Any]]) -> _Batch | _Call | None:
        if not isinstance(item, QueueOutlet):
            return _Call(*item)
        writes = item.take()
        if not writes:  # the outlet was refused while it waited here, and has dropped its writes
            return None
        try:
            return self._outlet_batch(item, writes)
        except WriteRefused as error:  # fail only the writes of this owner; the rest of the batch continues
            item.settle(len(writes), error)
            return None

    def _outlet_batch(self, outlet: QueueOutlet, writes: Sequence[Write]) -> _Batch:
        if outlet.fence is None:
            if plain := plain_commands(writes, self._now_ms(), outlet.epoch):
                return _Batch(outlet, writes, plain, after_commands)
        elif only_appends_sound(writes):
            return self._append_batch(outlet, writes)
        return self._script_batch(outlet, writes)

    def _append_batch(self, outlet: QueueOutlet, writes: Sequence[Append]) -> _Batch:
        key, now = writes[0].key, time.monotonic()
        renew_ttl = outlet.fresh_until.get(key.name, 0.0) <= now
        fence = self._fence_arguments(outlet, writes)
        append = append_commands(writes, fence, self._now_ms(), outlet.epoch, renew_ttl=renew_ttl)
        if renew_ttl:
            outlet.fresh_until[key.name] = renew_at(key, now)
        return _Batch(outlet, writes, append, after_append)

    def _script_batch(self, outlet: QueueOutlet, writes: Sequence[Write]) -> _Batch:
        now = time.monotonic()
        # without a fence, a write that recreates a key after FLUSHALL is not refused: it must set the TTL
        fresh_until = outlet.fresh_until if outlet.fence is not None else None
        values: list[bytes] = []
        keys, operations = operations_of(
            writes,
            first=FIRST_WRITE_KEY,
            ts=self._now_ms(),
            epoch=outlet.epoch,
            fresh_until=fresh_until,
            now=now,
            values=values,
        )
        fence = self._fence_arguments(outlet, writes)
        call = scripts.write(fence, keys=keys, operations=operations, values=values)
        return _Batch(outlet, writes, [call], after_script)

    def _fence_arguments(self, outlet: QueueOutlet, writes: Sequence[Write]) -> FenceArguments:
        return fence_arguments(outlet.fence, any_key=writes[0].key, state_key=self._state_key)


def retrieve_error(future: asyncio.Future[Any]) -> None:
    """A done callback: keeps asyncio from logging the error of a future whose caller was cancelled."""
    if not future.cancelled():
        future.exception()
