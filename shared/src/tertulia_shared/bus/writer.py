"""The one pipeline through which a process writes.

Writes that are queued in one round of the event loop go out together, and do not wait for the replies to earlier
batches. But an outlet has one batch in flight at most: its later writes wait for the reply, because they are dropped if
the batch fails, and are merged meanwhile. While they wait, all that is queued after them for the same conversation
waits, too, so the writes of a conversation keep their order.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from tertulia_shared.bus.error_replies import refusal_of
from tertulia_shared.bus.fenced_append import append_commands, only_appends_sound
from tertulia_shared.bus.link import Link, Sent
from tertulia_shared.bus.outlet import QueueOutlet
from tertulia_shared.bus.port.errors import BusUnavailable, WriteRefused
from tertulia_shared.bus.port.writing import Append, Write
from tertulia_shared.bus.replies import ErrorReply
from tertulia_shared.bus.scripts import writing as scripts
from tertulia_shared.bus.scripts.script import Command
from tertulia_shared.bus.scripts.writing import FIRST_WRITE_KEY, FenceArguments
from tertulia_shared.bus.write_commands import fence_arguments, operations_of, plain_commands, renew_at
from tertulia_shared.bus.write_replies import NotOpened, Outcome, after_append, after_commands, after_script
from tertulia_shared.keys import Key, Keys


@dataclass(frozen=True, slots=True)
class _Batch:
    """Writes of an outlet, and the commands that make them. `outcome` reads their replies."""

    outlet: QueueOutlet
    writes: Sequence[Write]
    commands: Sequence[Command]
    outcome: Callable[[Sequence[Any]], Outcome]


class _Call:
    """A command whose caller gets the reply."""

    __slots__ = ("_future", "commands", "conversation_id")

    def __init__(self, command: Command, conversation_id: str, future: asyncio.Future[Any]) -> None:
        self.commands = (command,)
        self.conversation_id = conversation_id
        self._future = future

    def settle(self, reply: Any) -> None:
        if isinstance(reply, ErrorReply):
            self.refuse(refusal_of(reply, "a command"))
        elif not self._future.done():  # else the caller was cancelled
            self._future.set_result(reply)

    def refuse(self, error: Exception) -> None:
        if not self._future.done():
            self._future.set_exception(error)


class _Flight(NamedTuple):
    """Batches whose replies are still to be read."""

    batches: Sequence[_Batch | _Call]
    sent: Sent


class Writer:
    """Takes the outlets' writes and other commands."""

    def __init__(self, link: Link, now_ms: Callable[[], int], keys: Keys) -> None:
        self._link = link
        self._now_ms = now_ms
        self._keys = keys
        self._waiting: list[QueueOutlet | _Call] = []
        self._held_back: list[QueueOutlet | _Call] = []
        """The items that wait for a batch in flight, in order; they go out before `_waiting`."""
        self._in_flight: deque[_Flight] = deque()
        self._woken = asyncio.Event()

    def wake(self, outlet: QueueOutlet) -> None:
        """Write the queued writes of `outlet`."""
        self._waiting.append(outlet)
        self._woken.set()

    def send(self, command: Command, conversation_id: str) -> asyncio.Future[Any]:
        """Send a command after all earlier writes of the conversation. The future gets the reply."""
        future = asyncio.get_running_loop().create_future()
        self._waiting.append(_Call(command, conversation_id, future))
        self._woken.set()
        return future

    async def run(self) -> None:
        """Write until cancelled."""
        try:
            while True:
                await self._woken.wait()
                self._woken.clear()
                if await self._settle_answered():
                    await asyncio.sleep(0)  # those who waited for the replies queue what follows, for the same batch
                if batches := self._due_batches():
                    await self._send(batches)
        finally:
            for flight in self._in_flight:
                flight.sent.replies.cancel()
                _refuse(flight.batches)
            _refuse((*self._held_back, *self._waiting))

    async def _settle_answered(self) -> bool:
        """Settle the batches whose replies have arrived. Returns False if there are none."""
        is_answered = False
        while self._in_flight and self._in_flight[0].sent.replies.done():
            is_answered = True
            await self._settle(self._in_flight[0])
            del self._in_flight[0]
        return is_answered

    def _due_batches(self) -> list[_Batch | _Call]:
        waiting = [*self._held_back, *self._waiting]
        self._held_back, self._waiting = [], []
        try:
            return list(self._batches(waiting))
        except BaseException:
            _refuse(waiting)
            raise

    def _batches(self, waiting: Sequence[QueueOutlet | _Call]) -> Iterator[_Batch | _Call]:
        held_back = set[str]()
        for item in waiting:
            is_busy = isinstance(item, QueueOutlet) and item.is_in_flight
            if is_busy or (held_back and self._subject(item) in held_back):
                self._held_back.append(item)
                held_back.add(self._subject(item))
            elif isinstance(item, _Call):
                yield item
            elif (batch := self._batch(item)) is not None:
                yield batch

    def _subject(self, item: QueueOutlet | _Call) -> str:
        """The item's conversation, or a key that belongs to none. Writes with the same subject keep their order."""
        if isinstance(item, _Call):
            return item.conversation_id
        key = item.first_key
        return self._keys.conversation_of(key) or key

    async def _send(self, batches: Sequence[_Batch | _Call]) -> None:
        try:
            sent = await self._link.send(*(command for batch in batches for command in batch.commands))
        except BusUnavailable as error:
            _refuse(batches, error)
            self._woken.set()  # for what was held back
        except BaseException:
            _refuse(batches)
            raise
        else:
            self._in_flight.append(_Flight(batches, sent))
            sent.replies.add_done_callback(lambda _: self._woken.set())

    async def _settle(self, flight: _Flight) -> None:
        try:
            replies = iter(await self._link.replies(flight.sent))
        except BusUnavailable as error:
            _refuse(flight.batches, error)
            return
        not_opened: list[_Batch] = []
        for batch in flight.batches:
            got = list(itertools.islice(replies, len(batch.commands)))
            if isinstance(batch, _Call):
                batch.settle(got[0])
                continue
            outcome = batch.outcome(got)
            if isinstance(outcome.error, NotOpened):
                batch.outlet.fresh_until.clear()  # the script sets the TTL of the stream that it makes
                not_opened.append(self._script_batch(batch.outlet, batch.writes))
            else:
                batch.outlet.settle(len(batch.writes), outcome.error, skipped=outcome.skipped)
        if not_opened:  # later writes of other owners may be before these; the outlet's own writes have waited
            await self._send(not_opened)

    def _batch(self, outlet: QueueOutlet) -> _Batch | None:
        writes = outlet.take()
        if not writes:  # the outlet was refused while it waited here, and has dropped its writes
            return None
        try:
            return self._outlet_batch(outlet, writes)
        except WriteRefused as error:  # fail only the writes of this owner; the rest of the batch continues
            outlet.settle(len(writes), error)
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

    def _state_key(self, name: str) -> Key:
        return self._keys.state(self._keys.conversation_of(name))


def _refuse(items: Iterable[QueueOutlet | _Batch | _Call], error: Exception | None = None) -> None:
    """Fail all writes of these outlets, and these calls: no task may wait for a write that will never happen."""
    error = error or BusUnavailable("the bus was closed")
    for item in items:
        if isinstance(item, _Batch):
            item.outlet.refuse(error)
        else:
            item.refuse(error)


def retrieve_error(future: asyncio.Future[Any]) -> None:
    """A done callback: keeps asyncio from logging the error of a future whose caller was cancelled."""
    if not future.cancelled():
        future.exception()
