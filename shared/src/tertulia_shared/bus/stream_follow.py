"""What one follower of a stream has received: buffered entries, losses, and a refusal."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Protocol

from tertulia_shared.bus.port.errors import EntriesLost, WriteRefused
from tertulia_shared.bus.port.reading import Entry
from tertulia_shared.entry_ids import BEGINNING, order
from tertulia_shared.keys import Key

MAX_HELD = 512
"""A follower buffers up to this many unread entries; while its buffer is full, the reader does not read its stream."""


class FollowKeeper(Protocol):
    """What a follow tells the reader."""

    def changed(self, follow: StreamFollow) -> None:
        """The follow has room for entries again."""
        ...

    def forget(self, follow: StreamFollow) -> None:
        """The follow was closed."""
        ...


class StreamFollow:
    """Implements `port.Follow`."""

    def __init__(
        self, reader: FollowKeeper, key: Key, after: str, *, tell_loss: bool, until_final: bool = False
    ) -> None:
        self._reader = reader
        self._until_final = until_final
        self._has_final = False
        self.quiet_rounds = 0
        """The rounds of the reader since the last entry arrived, or since the follow began."""
        self.name = key.name
        self.cursor = after
        self._tell_loss = tell_loss
        self._ttl_ms = key.ttl_s * 1000
        self._is_known = False
        """True if an entry with the cursor's id has existed, so that its absence is a loss."""
        self._checked = BEGINNING
        """The id of an entry that existed at the last check. If it is gone, that is a loss even if entries were read
        since: they may have been written after the loss.
        """
        self._before_loss: int | None = None
        """The number of buffered entries before a loss that `read` has not raised yet; None without such a loss."""
        self._lost = ""
        """The id of the entry whose absence was noticed last."""
        self._refusal: WriteRefused | None = None
        self._held: deque[Entry] = deque()
        self._arrived = asyncio.Event()
        self.closed = False

    @property
    def full(self) -> bool:
        """True if the buffer must be read before the reader fetches more."""
        return len(self._held) >= MAX_HELD

    @property
    def is_readable(self) -> bool:
        """False if a read need not ask for the stream: the buffer is full, nothing may follow, or it is no stream."""
        # not by the properties: each read asks every follow
        return len(self._held) < MAX_HELD and not self._has_final and self._refusal is None

    async def read(self) -> Sequence[Entry]:
        """The next entries, at least one."""
        while True:
            if entries := self.take():
                return entries
            if self._before_loss is not None:
                self._before_loss = None
                raise EntriesLost(
                    f"{self.name} no longer has the entry {self._lost}, which was read from it", self._lost
                )
            if self._refusal is not None:
                raise self._refusal
            self._arrived.clear()
            await self._arrived.wait()

    def take(self) -> Sequence[Entry]:
        """The buffered entries up to the next loss; later ones follow once `read` has raised `EntriesLost`."""
        was_full = self.full
        if self._before_loss is None:
            entries = list(self._held)
            self._held.clear()
        else:
            entries = [self._held.popleft() for _ in range(self._before_loss)]
            self._before_loss = 0
        if was_full and not self.full:
            self._reader.changed(self)
        return entries

    def close(self) -> None:
        """Stop following."""
        if not self.closed:
            self.closed = True
            self._reader.forget(self)

    def ids_to_check(self, now_ms: int) -> Sequence[str]:
        """The ids of the entries that Redis must still have, unless it has lost data: their TTL has not passed, and no
        loss was found there.
        """
        if not self._tell_loss or self.closed:
            return ()
        return [
            entry_id
            for entry_id in dict.fromkeys((self._checked, self.cursor))
            if entry_id not in (BEGINNING, self._lost) and now_ms - order(entry_id)[0] < self._ttl_ms
        ]

    def note_checked(self, entry_id: str, *, is_there: bool) -> bool:
        """Called by the reader, for each of `ids_to_check` in order: record whether the server has the entry. Returns
        True if that is a loss.
        """
        if self.closed:
            return False
        if is_there:
            self._checked = entry_id
            self._is_known |= entry_id == self.cursor
        elif entry_id == self._checked or (entry_id == self.cursor and self._is_known):
            self._lose(entry_id)
            return True
        return False  # an entry that was never there, or behind which more entries have arrived: checked next time

    def _lose(self, entry_id: str) -> None:
        self._lost, self._checked = entry_id, BEGINNING
        if self._before_loss is None:
            self._before_loss = len(self._held)
        self._arrived.set()

    @property
    def is_refused(self) -> bool:
        """True if the key turned out not to be a stream."""
        return self._refusal is not None

    def refuse(self, error: WriteRefused) -> None:
        """Called by the reader if the key is not a stream: `read` raises the error after the buffered entries."""
        self._refusal = error
        self._arrived.set()

    def buffer(self, entries: Sequence[Entry]) -> None:
        """Called by the reader: buffer these entries."""
        self.cursor = entries[-1].id
        if self._checked == BEGINNING:
            self._checked = self.cursor
        self.quiet_rounds = 0
        self._is_known = True
        self._has_final = self._until_final and entries[-1].fields.get(b"is_final") == b"1"
        self._held.extend(entries)
        self._arrived.set()
