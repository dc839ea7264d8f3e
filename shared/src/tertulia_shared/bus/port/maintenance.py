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
        """Return how much memory is used.

        Raises:
            BusRefused: this Redis user may not run INFO.
        """
        ...

    def sounds(self) -> AsyncIterator[Sound]:
        """Iterate over every `audio` stream, by SCAN: only to free memory."""
        ...

    def sizes(self) -> AsyncIterator[Sized]:
        """Iterate over every key of the namespace, by SCAN: only for a person's command. The caller may stop early."""
        ...

    async def free(self, names: Sequence[str], *, keep_end: bool) -> None:
        """Delete keys (`keep_end`: all entries of a stream but its last). Works also while writes are paused."""
        ...

    async def reopen(self, key: Key, final_id: str) -> bool:
        """Delete a stream's last entry if its id is `final_id`; ids above that of the entry before it are then free.

        Returns False, and changes nothing, if another entry is the last one.
        """
        ...

    async def mend(self, conversation_id: str, *, owner: bool = False) -> Sequence[str]:
        """Repair a conversation's unusable keys; returns the names of the repaired parts.

        A key of another type is deleted. An id a day or more in the future blocks normal ids, so such a stream is
        rebuilt without the first entry that has one; later entries get new ids. An invalid epoch becomes the newest
        epoch among the events plus 1000. A cursor that is not an entry id, or lies after the last turn, is set to the
        turn before the last. The names: `state`, `turns`, `events`, `control`, `receipts`, `epoch`, `cursor`, `owner`.

        `owner`: also delete the owner key of the turns if its value is not a token. Only the llm stage may access it.
        """
        ...
