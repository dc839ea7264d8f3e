"""The one pipeline through which a process writes.

A batch goes out at once when none is in flight; writes queued meanwhile go out as the next batch.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable, Sequence
from typing import Any

import msgpack

from tertulia_shared.bus.error_replies import refusal_of
from tertulia_shared.bus.link import Link
from tertulia_shared.bus.outlet import QueueOutlet
from tertulia_shared.bus.port.errors import BusUnavailable, NotOwner, Stale, WriteRefused
from tertulia_shared.bus.port.writing import Append, Expire, Fence, Put, Write
from tertulia_shared.bus.replies import ErrorReply
from tertulia_shared.bus.scripts import writing as scripts
from tertulia_shared.bus.scripts.script import Command
from tertulia_shared.bus.scripts.writing import (
    FENCED,
    FIRST_WRITE_KEY,
    FIRST_WRITE_VALUE,
    STALE,
    WRITTEN_BEFORE,
    FenceArguments,
)
from tertulia_shared.codec import Value, encode
from tertulia_shared.keys import Key

EPOCH_MARK = b"\0epoch"
"""Placeholder for the epoch that the script itself raises."""
OPERATIONS = ("XADD", "HSET", "HDEL", "EXPIRE")
"""The commands that `operations_of` makes and the scripts run."""

LONG_VALUE = 1024
"""A value of more bytes is passed to the script separately."""
Operation = Sequence[bytes | int]
"""A command, the index of its key, and its arguments."""


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
            future.add_done_callback(_retrieve)
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
                    _retrieve(item[1])

    async def _write(self, waiting: Sequence[QueueOutlet | tuple[Command, asyncio.Future[Any]]]) -> None:
        batches = [batch for item in waiting if (batch := self._batch(item)) is not None]
        if not batches:
            return
        commands = [command for _, _, commands in batches for command in commands]
        try:
            replies = await self._link.call(*commands)
        except BusUnavailable as error:
            replies: list[Any] = [error] * len(commands)
        rest = iter(replies)
        for target, count, sent in batches:
            reply, *others = itertools.islice(rest, len(sent))
            if isinstance(target, QueueOutlet):
                target.settle(count, _outcome_of_plain((reply, *others)) if others else _outcome(reply))
            elif not target.done():
                if isinstance(reply, ErrorReply):
                    target.set_exception(refusal_of(reply, "a command"))
                elif isinstance(reply, Exception):
                    target.set_exception(reply)
                else:
                    target.set_result(reply)

    def _batch(
        self, item: QueueOutlet | tuple[Command, asyncio.Future[Any]]
    ) -> tuple[QueueOutlet | asyncio.Future[Any], int, Sequence[Command]] | None:
        if not isinstance(item, QueueOutlet):
            return item[1], 1, item[:1]
        writes = item.take()
        if not writes:  # the outlet was refused while it waited here, and has dropped its writes
            return None
        try:
            plain = plain_commands(writes, self._now_ms(), item.epoch) if item.fence is None else ()
            return item, len(writes), plain or [self._script_call(item, writes)]
        except WriteRefused as error:  # fail only the writes of this owner; the rest of the batch continues
            item.settle(len(writes), error)
            return None

    def _script_call(self, outlet: QueueOutlet, writes: Sequence[Write]) -> Command:
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
        fence = fence_arguments(outlet.fence, any_key=writes[0].key, state_key=self._state_key)
        return scripts.write(fence, keys=keys, operations=operations, values=values)


def fence_arguments(fence: Fence | None, *, any_key: Key, state_key: Callable[[str], Key]) -> FenceArguments:
    """Convert a fence to the scripts' arguments. Without a fence they get `any_key` (of the same slot) and check
    nothing."""
    if fence is None:
        return FenceArguments(any_key.name, any_key.name)
    epoch = "" if fence.epoch is None else str(fence.epoch)
    return FenceArguments(fence.owner.name, state_key(fence.owner.name).name, fence.token, epoch)


def operations_of(
    writes: Sequence[Write],
    *,
    first: int,
    ts: int,
    epoch: int | bytes,
    fresh_until: dict[str, float] | None = None,
    now: float = 0.0,
    values: list[bytes] | None = None,
) -> tuple[list[str], bytes]:
    """Convert writes to the scripts' arguments: the keys (the first is KEYS[`first`]) and the packed operations.

    A key's TTL is renewed with the first write and then once every quarter of the TTL (`fresh_until` keeps the times).
    Long values are appended to `values`, if it is given, and operations have their index into ARGV.

    Raises:
        WriteRefused: something can't be encoded (half a surrogate pair, say).
    """
    indexes: dict[str, int] = {}
    operations: list[Operation] = []
    for write in writes:
        name = write.key.name
        index = indexes.get(name)
        if index is None:
            index = indexes[name] = first + len(indexes)
        number = str(index).encode()
        operations += _encoded(write, number, ts, epoch, values)
        if isinstance(write, Expire):
            if fresh_until is not None:
                fresh_until[name] = 0.0  # the next write renews the TTL
            continue
        if fresh_until is not None and isinstance(write, Put) and all(each is None for each in write.fields.values()):
            # Redis deletes a hash, with its TTL, when the last field is deleted: the next write sets the TTL
            fresh_until[name] = 0.0
            continue
        if fresh_until is None or fresh_until.get(name, 0.0) <= now:
            operations.append([b"EXPIRE", number, str(write.key.ttl_s).encode()])
            if fresh_until is not None:
                fresh_until[name] = now + write.key.ttl_s / 4
    return list(indexes), msgpack.packb(operations, use_bin_type=False)


def plain_commands(writes: Sequence[Write], ts: int, epoch: int) -> Sequence[Command]:
    """The commands for a single write without a fence, which cost Redis less than a script. Empty for other writes: a
    script writes them atomically.

    Raises:
        WriteRefused: the write can't be encoded.
    """
    if len(writes) > 1 or isinstance(writes[0], Expire):
        return ()
    key = writes[0].key
    operations = _encoded(writes[0], b"", ts, epoch, None)
    if len(operations) != 1:  # fields to set and to delete, or no fields
        return ()
    name, _, *arguments = operations[0]
    return (name, key.name, *arguments), ("EXPIRE", key.name, key.ttl_s)


def _encoded(
    write: Write, number: bytes, ts: int, epoch: int | bytes, values: list[bytes] | None
) -> Sequence[Operation]:
    try:
        return _operations(write, number, ts, epoch, values)
    except (ValueError, TypeError, OverflowError) as error:
        raise WriteRefused(f"a write to {write.key.name} cannot be encoded: {error}") from error


def _operations(
    write: Write, number: bytes, ts: int, epoch: int | bytes, values: list[bytes] | None
) -> Sequence[Operation]:
    if isinstance(write, Append):
        head: list[bytes | int] = [b"XADD", number]
        if write.key.max_len is not None:
            head += (b"MAXLEN", b"~", str(write.key.max_len).encode())
        head.append(b"*" if write.id is None else write.id.encode())
        entry_epoch = -1 if isinstance(epoch, bytes) else epoch
        fields = [_bytes(value) for value in encode(write.entry, ts=ts, epoch=entry_epoch, **write.extra)]
        if isinstance(epoch, bytes):
            fields[5] = epoch  # encode() puts the envelope first: v, ts, epoch
        return [[*head, *(fields if values is None else _with_indexes(fields, values))]]
    if isinstance(write, Expire):
        return [[b"SOONER", number, str(write.ttl_s).encode()]]
    kept = [_bytes(part) for name, value in write.fields.items() if value is not None for part in (name, value)]
    gone = [name.encode() for name, value in write.fields.items() if value is None]
    return ([[b"HSET", number, *kept]] if kept else []) + ([[b"HDEL", number, *gone]] if gone else [])


def _with_indexes(fields: list[bytes], values: list[bytes]) -> Operation:
    """The fields, with an index into ARGV in place of each long value."""
    if max(map(len, fields)) <= LONG_VALUE:
        return fields
    out: list[bytes | int] = []
    for field in fields:
        if len(field) > LONG_VALUE:
            out.append(FIRST_WRITE_VALUE + len(values))
            values.append(field)
        else:
            out.append(field)
    return out


def _bytes(value: Value) -> bytes:
    if isinstance(value, bytes):
        return value
    return value.encode() if isinstance(value, str) else str(value).encode()


def _outcome(reply: object) -> Exception | None:
    if isinstance(reply, BusUnavailable):
        return reply
    if isinstance(reply, ErrorReply):
        return refusal_of(reply, "a write")
    return refusal(reply)


def _outcome_of_plain(replies: Sequence[object]) -> Exception | None:
    for reply in replies:
        if isinstance(reply, BusUnavailable):
            return reply
        if isinstance(reply, ErrorReply) and WRITTEN_BEFORE not in str(reply):
            return refusal_of(reply, "a write")
    return None


def refusal(reply: object) -> Exception | None:
    """The error for a script's reply `{code, epoch}`; None if the script wrote."""
    if not isinstance(reply, list) or not reply:
        return WriteRefused(f"Redis answered a script with {reply!r}")
    if reply[0] == FENCED:
        return NotOwner("another worker owns this work now")
    if reply[0] == STALE:
        return Stale(f"interrupted: the conversation is at epoch {reply[1]}")
    return None


def _retrieve(future: asyncio.Future[Any]) -> None:
    if not future.cancelled():
        future.exception()
