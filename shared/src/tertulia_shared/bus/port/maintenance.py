"""Memory and repairs. Off the hot path."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from tertulia_shared.keys import Key


@dataclass(frozen=True, slots=True)
class Space:
    """The memory that Redis uses and may use, in bytes (limit 0: no limit), and its policy at the limit."""

    used: int
    limit: int = 0
    policy: str = ""


@dataclass(frozen=True, slots=True)
class Sound:
    """An `audio` stream: seconds until it expires, bytes of memory, and the time (ms since 1970) of its final entry
    (0: it has none)."""

    name: str
    ttl_s: int
    size: int
    ended_ms: int = 0


@dataclass(frozen=True, slots=True)
class Sized:
    """A key and the bytes of memory that it takes."""

    name: str
    size: int


class Maintenance(Protocol):
    """Measuring and freeing memory, and repairing keys."""

    async def space(self) -> Space:
        """How much memory is used.

        Raises:
            BusRefused: this user of Redis may not ask.
        """
        ...

    def sounds(self) -> AsyncIterator[Sound]:
        """Every `audio` stream (a SCAN: only to free memory)."""
        ...

    def sizes(self) -> AsyncIterator[Sized]:
        """Every key of the namespace (a SCAN: only for a person who asks; stop after enough of them)."""
        ...

    async def free(self, names: Sequence[str], *, keep_end: bool) -> None:
        """Delete keys (`keep_end`: all entries of a stream but its last). Works also while writes are paused."""
        ...

    async def reopen(self, key: Key, final_id: str) -> bool:
        """Delete a stream's last entry if its id is `final_id`: ids above the one before it can be written again.

        False, and nothing changed, if another entry is the last one.
        """
        ...

    async def mend(self, conversation_id: str, *, owner: bool = False) -> Sequence[str]:
        """Repair a conversation's keys that no code can work with; returns the names of the repaired parts.

        A key of another type is deleted. A stream whose ids lie a day or more in the future is rebuilt without the
        entry that brought them there. An epoch that no script has written is set 1000 above the newest one among the
        events. A cursor that is no entry id, or lies behind the last turn, is set before the last turn. The names:
        `state`, `turns`, `events`, `control`, `receipts`, `epoch`, `cursor`, `owner`.

        `owner`: also delete an owner of the turns that is no token. Only the llm stage may touch this key.
        """
        ...
