"""Which writes for the store have to wait for a worker of a newer release, and for how long. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from tertulia_shared.bus import Entry
from tertulia_shared.codec import BadEntry, UnknownVersion, decode
from tertulia_shared.entries import StoreWrite
from tertulia_shared.work import pointed_at
from tertulia_shared.worker_names import reads

HELD_S = 3600.0
"""How long what a newer release wrote is kept while no worker of that release is there: longer than rolling one out, or
back, takes."""
UNSEEN_S = 60.0
"""Who has not looked for so long cannot tell that no newer worker was there: `HELD_S` begins anew."""


class Absent:
    """Since when no live llm worker was seen that reads a schema version: as far as this process has looked."""

    def __init__(self) -> None:
        self._since: dict[int, float] = {}
        self._asked: set[int] = set()
        self._alive: Sequence[str] = ()
        self._now = 0.0

    def look(self, alive: Sequence[str], now: float) -> None:
        """Who is alive `now` (s). Versions that nobody asked for since the look before are forgotten."""
        known = self._asked if now - self._now <= UNSEEN_S else ()
        self._since = {version: since for version, since in self._since.items() if version in known}
        self._asked = set()
        self._alive, self._now = alive, now

    def for_s(self, version: int) -> float:
        """How long there was none when we looked last, in seconds; 0 if there was one."""
        self._asked.add(version)
        if reads(self._alive, "llm", version):
            self._since.pop(version, None)
            return 0.0
        return self._now - self._since.setdefault(version, self._now)


class HeldBack:
    """One walk through what waits: first what was held back before, then what is new.

    What a newer release wrote, and what comes behind it in the same conversation, is held back.
    """

    def __init__(self, absent: Absent) -> None:
        self.count = 0
        """So many were held back on this walk."""
        self._absent = absent
        self._conversations: set[str] = set()
        self._kept: list[Entry] = []
        self._given_up: list[tuple[Entry, str]] = []

    def passing(self, entries: Iterable[Entry], *, again: bool) -> Iterator[tuple[Entry, StoreWrite]]:
        """The entries that can be applied now, read, in order. `again`: they were held back before."""
        for entry in entries:
            conversation_id = pointed_at(entry.fields).conversation_id
            try:
                write = decode(StoreWrite, entry.fields)
            except UnknownVersion as error:
                if again and self._absent.for_s(error.version) > HELD_S:
                    self._given_up.append((entry, f"no worker came that can save it: {error}"))
                    continue
                self._conversations.add(conversation_id)
                self._keep(entry)
                continue
            except BadEntry:
                write = StoreWrite("message", "")  # found out, and buried, when it is applied
            if conversation_id in self._conversations:
                self._keep(entry)
            else:
                yield entry, write

    def kept(self) -> Sequence[Entry]:
        """What has to wait, in order; told once."""
        told, self._kept = self._kept, []
        return told

    def given_up(self) -> Sequence[tuple[Entry, str]]:
        """What has waited for too long, and why it is given up; told once."""
        told, self._given_up = self._given_up, []
        return told

    def _keep(self, entry: Entry) -> None:
        self.count += 1
        self._kept.append(entry)
