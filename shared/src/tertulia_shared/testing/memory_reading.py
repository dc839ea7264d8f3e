"""Reads of the memory bus."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress

from tertulia_shared.bus.port.errors import EntriesLost, WriteRefused
from tertulia_shared.bus.port.reading import Entry
from tertulia_shared.entry_ids import BEGINNING, order
from tertulia_shared.keys import Key
from tertulia_shared.testing.memory_base import MemoryBase
from tertulia_shared.testing.memory_streams import EntryId

MAX_PER_READ = 512
"""The most entries that a follower gets at a time."""


class MemoryReading(MemoryBase):
    """Implements `port.Reading`."""

    def follow(
        self,
        key: Key,
        after: str = BEGINNING,
        *,
        tell_loss: bool = False,
        delay_s: float = 0.0,  # noqa: ARG002 - reads of the fake cost nothing
        until_final: bool = False,  # noqa: ARG002
    ) -> MemoryFollow:
        return MemoryFollow(self, key, order(after), tell_loss=tell_loss)

    async def read(self, key: Key, after: str = BEGINNING, *, count: int | None = None) -> Sequence[Entry]:
        self._check()
        return self._server.stream(key).after(order(after), count)

    async def last(self, key: Key) -> Entry | None:
        self._check()
        return self._server.stream(key).last()

    async def length(self, key: Key) -> int:
        self._check()
        return len(self._server.stream(key))

    async def hash(self, key: Key) -> Mapping[bytes, bytes]:
        self._check()
        return self._server.hash(key)

    async def conversations_with_turns(self) -> AsyncIterator[str]:
        self._check()
        for name in self._server.names_of_streams():
            conversation_id = self.keys.conversation_of(name)
            if name == self.keys.turns(conversation_id).name:
                yield conversation_id

    def is_lost(self, key: Key, entry: EntryId) -> bool:
        """For followers: true if this entry is missing although its TTL has not passed."""
        return (
            not self._away
            and self._server.stream(key).get(entry) is None
            and self._now_ms() - entry[0] < key.ttl_s * 1000
        )

    def has(self, key: Key, entry: EntryId) -> bool:
        """For followers: true if this entry exists."""
        return self._server.stream(key).get(entry) is not None

    def behind(self, key: Key, after: EntryId) -> Sequence[Entry]:
        """For followers: the entries after an id; none while the connection is broken."""
        return () if self._away else self._server.stream(key).after(after, MAX_PER_READ)


class MemoryFollow:
    """Implements `port.Follow`. It buffers nothing: unread entries stay in the stream."""

    def __init__(self, bus: MemoryReading, key: Key, after: EntryId, *, tell_loss: bool) -> None:
        self._bus = bus
        self._key = key
        self._cursor = after
        self._tell_loss = tell_loss
        self._is_known = False
        """True if the entry at the cursor has existed."""
        with suppress(WriteRefused):  # the key is not a stream: `read` raises the error
            self._is_known = bus.has(key, self._cursor)
        self._loss_cursor: EntryId | None = None
        """The cursor at the last loss."""
        self._closed = False

    async def read(self) -> Sequence[Entry]:
        """The next entries, at least one."""
        while True:
            self._raise_if_lost()
            if entries := self.take():
                break
            await self._bus.arrival(self._key)
        return entries

    def take(self) -> Sequence[Entry]:
        """The entries that the stream has now."""
        if self._closed:
            return ()
        entries = self._bus.behind(self._key, self._cursor)
        if entries:
            self._cursor = order(entries[-1].id)
            self._is_known = True
        return entries

    def _raise_if_lost(self) -> None:
        if not self._tell_loss or not self._is_known or self._cursor == self._loss_cursor:
            return
        if self._bus.is_lost(self._key, self._cursor):
            self._loss_cursor = self._cursor
            entry_id = f"{self._cursor[0]}-{self._cursor[1]}"
            raise EntriesLost(f"{self._key} no longer has the entry {entry_id}, which was read from it last", entry_id)

    def close(self) -> None:
        """Stop following."""
        self._closed = True
