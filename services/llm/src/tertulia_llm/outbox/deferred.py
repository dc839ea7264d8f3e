"""Decides which outbox writes wait for a worker of a newer release, and for how long. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from tertulia_shared.bus import Entry
from tertulia_shared.codec import BadEntry, UnknownVersion, decode
from tertulia_shared.entries import STORE_WRITE_VERSION, StoreWrite
from tertulia_shared.work import pointed_at
from tertulia_shared.worker_names import reads

DEFER_MAX_S = 3600.0
"""How long a deferred write waits while no worker of its release is alive: longer than a rollout takes."""
UNSEEN_S = 60.0
"""After a longer gap between updates, the `DEFER_MAX_S` timeout starts again: a newer worker may have been alive in the
gap.
"""


class MissingReaders:
    """For each schema version: tracks since when no live llm worker can read it, as far as this process has seen."""

    def __init__(self) -> None:
        self._since: dict[int, float] = {}
        self._asked: set[int] = set()
        self._alive: Sequence[str] = ()
        self._now = 0.0

    def update(self, alive: Sequence[str], now: float) -> None:
        """Record which workers are alive. `now`: the current time in seconds.

        Versions that `missing_s` was not asked for since the last update are forgotten.
        """
        known = self._asked if now - self._now <= UNSEEN_S else ()
        self._since = {version: since for version, since in self._since.items() if version in known}
        self._asked = set()
        self._alive, self._now = alive, now

    def missing_s(self, version: int) -> float:
        """For how many seconds no worker could read the version, as of the last update; 0 if a worker can read it."""
        self._asked.add(version)
        if reads(self._alive, "llm", version):
            self._since.pop(version, None)
            return 0.0
        return self._now - self._since.setdefault(version, self._now)


class OutboxPass:
    """One pass through the outbox: first through the writes that earlier passes deferred, then through the new writes.

    A write of a newer release is deferred. So are the later writes of the same conversation, to keep their order.
    """

    def __init__(self, missing: MissingReaders) -> None:
        self.deferred_count = 0
        """Number of writes that this pass deferred, or that stay deferred."""
        self._missing = missing
        self._conversations: set[str] = set()
        self._deferred: list[Entry] = []
        self._expired: list[tuple[Entry, str]] = []

    def applicable(self, entries: Iterable[Entry], *, were_deferred: bool) -> Iterator[tuple[Entry, StoreWrite]]:
        """Decode the entries that can be applied now, in order. `were_deferred`: True for entries that an earlier pass
        deferred.
        """
        for entry in entries:
            conversation_id = pointed_at(entry.fields).conversation_id
            try:
                write = decode(StoreWrite, entry.fields, newest=STORE_WRITE_VERSION)
            except UnknownVersion as error:
                if were_deferred and self._missing.missing_s(error.version) > DEFER_MAX_S:
                    self._expired.append((entry, f"no worker that can save it appeared: {error}"))
                    continue
                self._conversations.add(conversation_id)
                self._defer(entry)
                continue
            except BadEntry:
                write = StoreWrite("message", "")  # to apply this write fails, so it becomes a dead letter
            if conversation_id in self._conversations:
                self._defer(entry)
            else:
                yield entry, write

    def take_deferred(self) -> Sequence[Entry]:
        """The writes that were deferred since the last call, in order."""
        taken, self._deferred = self._deferred, []
        return taken

    def take_expired(self) -> Sequence[tuple[Entry, str]]:
        """The writes found since the last call that have waited too long, each with the reason for giving it up."""
        taken, self._expired = self._expired, []
        return taken

    def _defer(self, entry: Entry) -> None:
        self.deferred_count += 1
        self._deferred.append(entry)
