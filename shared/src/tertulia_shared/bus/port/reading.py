"""Reading streams and hashes. One blocked read serves all streams that a process follows."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from tertulia_shared.codec import Fields
from tertulia_shared.entry_ids import BEGINNING
from tertulia_shared.keys import Key


@dataclass(frozen=True, slots=True)
class Entry:
    """A stream entry: its id `ms-seq` and its raw fields."""

    id: str
    fields: Fields


class Follow(Protocol):
    """A reader of one stream, from a given entry on."""

    async def read(self) -> Sequence[Entry]:
        """Wait for the next entries; returns at least one.

        Raises:
            EntriesLost: with `tell_loss` (see `Reading.follow`).
            WriteRefused: the key is not a stream; other follows continue.
        """
        ...

    def take(self) -> Sequence[Entry]:
        """Return the entries that have arrived, possibly none. Does not wait."""
        ...

    def close(self) -> None:
        """Stop following. A pending `read` returns no further entries."""
        ...


class Reading(Protocol):
    """Reads of streams and hashes."""

    def follow(
        self,
        key: Key,
        after: str = BEGINNING,
        *,
        tell_loss: bool = False,
        delay_s: float = 0.0,
        until_final: bool = False,
    ) -> Follow:
        """Follow a stream: read the entries after the id `after` (Redis' `"$"` is not supported).

        With `tell_loss`, `read` raises `EntriesLost`, once, when entries that were read last no longer exist. The bus
        checks this after a break of the connection, before it delivers entries written since, and about once a second,
        because Redis can be flushed while the connection stays open: then entries that were written after the loss may
        come before the error. If nothing was read yet, it checks the entry `after`, if that existed. Without
        `tell_loss`, reading continues after that id. Only for streams whose ids are times: an entry older than the
        key's TTL has expired and is not lost.

        With `delay_s`, reading begins with the next read of this process, or so many seconds later: it then does not
        end the read that is blocked now, which takes two round trips, and leaves no blocked read behind if it is closed
        before.

        With `until_final`, reading stops at an entry with `is_final`, because no entry follows it and a read of the
        stream would stay blocked. Close the follow after that entry.
        """
        ...

    async def read(self, key: Key, after: str = BEGINNING, *, count: int | None = None) -> Sequence[Entry]:
        """The entries of a stream after the id `after`, at most `count`."""
        ...

    async def last(self, key: Key) -> Entry | None:
        """The last entry of a stream; None if the stream is empty."""
        ...

    async def length(self, key: Key) -> int:
        """The number of entries in a stream."""
        ...

    async def hash(self, key: Key) -> Fields:
        """All fields of a hash; empty if it does not exist."""
        ...

    def conversations_with_turns(self) -> AsyncIterator[str]:
        """Iterate over every conversation that has a `turns` stream, by SCAN: only for the sweep."""
        ...
