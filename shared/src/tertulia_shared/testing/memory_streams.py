"""Redis' streams and consumer groups in plain Python: no I/O, and callers pass the time."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass

from tertulia_shared.bus.port.reading import Entry
from tertulia_shared.bus.port.work import PendingWork
from tertulia_shared.entry_ids import order

EntryId = tuple[int, int]
HIGHEST: EntryId = (2**64 - 1, 2**64 - 1)


def id_text(entry_id: EntryId) -> str:
    """An entry id as Redis writes it."""
    return f"{entry_id[0]}-{entry_id[1]}"


@dataclass(slots=True)
class Pending:
    """A pending entry of a group: the worker that holds it, since when (ms), and the number of its deliveries."""

    worker: str
    since_ms: int
    attempts: int


@dataclass(frozen=True, slots=True)
class Delivery:
    """An entry delivered to a worker."""

    entry: Entry
    attempt: int


class Stream:
    """A stream: entries in the order of their ids."""

    def __init__(self) -> None:
        self._ids: list[EntryId] = []
        self._entries: list[Entry] = []
        self._last: EntryId = (0, 0)

    def __len__(self) -> int:
        return len(self._ids)

    def add(self, fields: Mapping[bytes, bytes], *, id: str | None, now_ms: int, max_len: int | None) -> bool:
        """XADD. Returns False if the explicit id is not above the last one (of deleted entries, too).

        Raises:
            ValueError: the id is 0-0, which Redis never takes, or above the highest; or no id is left.
        """
        if id is None:
            if self._last == HIGHEST:
                raise ValueError("the stream has exhausted the last possible ID")
            new = (now_ms, 0) if now_ms > self._last[0] else (self._last[0], self._last[1] + 1)
        else:
            new = order(id)
            if new == (0, 0):
                raise ValueError("the ID specified in XADD must be greater than 0-0")
            if new > HIGHEST:
                raise ValueError("invalid stream ID specified as stream command argument")
            if new <= self._last:
                return False
        self._last = new
        self._ids.append(new)
        self._entries.append(Entry(id_text(new), fields))
        surplus = 0 if max_len is None else len(self._ids) - max_len
        if surplus > 0:
            del self._ids[:surplus], self._entries[:surplus]
        return True

    @property
    def last_id(self) -> EntryId:
        """The highest id that an entry had, deleted entries included."""
        return self._last

    def after(self, entry_id: EntryId, count: int | None = None) -> Sequence[Entry]:
        """The entries after an id, at most `count`."""
        begin = bisect_right(self._ids, entry_id)
        return self._entries[begin : None if count is None else begin + count]

    def has_after(self, entry_id: EntryId) -> bool:
        """True if there is an entry after an id."""
        return bool(self._ids) and self._ids[-1] > entry_id

    def get(self, entry_id: EntryId) -> Entry | None:
        """The entry with that id."""
        at = bisect_right(self._ids, entry_id) - 1
        return self._entries[at] if at >= 0 and self._ids[at] == entry_id else None

    def last(self) -> Entry | None:
        """The last entry."""
        return self._entries[-1] if self._entries else None

    def delete(self, entry_id: EntryId) -> None:
        """XDEL."""
        at = bisect_right(self._ids, entry_id) - 1
        if at >= 0 and self._ids[at] == entry_id:
            del self._ids[at], self._entries[at]

    def reopen(self, final: EntryId) -> bool:
        """Delete the last entry if its id is `final`; ids above that of the entry before it are then free."""
        if not self._ids or self._ids[-1] != final:
            return False
        self.delete(final)
        self._last = self._ids[-1] if self._ids else (0, 0)
        return True


class Group:
    """The consumer group of a work stream, with its pending entries."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._delivered: EntryId = (0, 0)
        self._pending: dict[EntryId, Pending] = {}

    def claim(self, worker: str, count: int, now_ms: int) -> Sequence[Delivery]:
        """XREADGROUP `>`: up to `count` entries that were not delivered yet."""
        entries = self._stream.after(self._delivered, count)
        for entry in entries:
            self._delivered = order(entry.id)
            self._pending[self._delivered] = Pending(worker, now_ms, 1)
        return [Delivery(entry, 1) for entry in entries]

    def take_over(
        self, worker: str, idle_ms: int, count: int, now_ms: int, *, leave: Container[str] = (), of: str = "",
        but_of: str = "",
    ) -> Sequence[Delivery]:  # fmt: skip
        """XCLAIM up to `count` entries idle for `idle_ms`, except those in `leave`.

        `of`: only this worker's. `but_of`: not this worker's.
        """
        taken: list[Delivery] = []
        for entry_id, pending in sorted(self._pending.items(), key=_id):
            if len(taken) == count:
                break
            entry = self._stream.get(entry_id)
            if (of and pending.worker != of) or pending.worker == but_of:
                continue
            if entry is not None and entry.id not in leave and now_ms - pending.since_ms >= idle_ms:
                pending.worker, pending.since_ms, pending.attempts = worker, now_ms, pending.attempts + 1
                taken.append(Delivery(entry, pending.attempts))
        return taken

    def renew(self, worker: str, ids: Iterable[str], now_ms: int) -> set[str]:
        """Reset the idle time of the worker's entries; returns the ids that it does not hold."""
        lost: set[str] = set()
        for entry_id in ids:
            pending = self._held_by(worker, entry_id)
            if pending is None:
                lost.add(entry_id)
            else:
                pending.since_ms = now_ms
        return lost

    def reclaim(self, worker: str, entry_id: str, now_ms: int) -> int:
        """Deliver the worker's own entry to it again; returns the attempt, or 0 if the worker does not hold it."""
        pending = self._held_by(worker, entry_id)
        if pending is None:
            return 0
        pending.since_ms, pending.attempts = now_ms, pending.attempts + 1
        return pending.attempts

    def finish(self, worker: str, entry_id: str, attempt: int) -> bool:
        """XACK and XDEL, if the worker holds the entry and this is its last attempt."""
        pending = self._held_by(worker, entry_id)
        if pending is None or pending.attempts != attempt:
            return False
        del self._pending[order(entry_id)]
        self._stream.delete(order(entry_id))
        return True

    def nack(self, worker: str, entry_id: str, attempt: int, *, to: str, now_ms: int, idle_ms: int) -> bool:
        """Move the entry to the consumer `to`, idle for `idle_ms`, if the worker holds it."""
        pending = self._held_by(worker, entry_id)
        if pending is None or pending.attempts != attempt:
            return False
        pending.worker, pending.since_ms = to, now_ms - idle_ms
        return True

    def set_aside(self, worker: str, entry_id: str, attempt: int, *, to: str, now_ms: int, idle_ms: int) -> bool:
        """Like `nack`, and the delivery does not count."""
        if not self.nack(worker, entry_id, attempt, to=to, now_ms=now_ms, idle_ms=idle_ms):
            return False
        self._pending[order(entry_id)].attempts = attempt - 1
        return True

    def pick(
        self, worker: str, ids: Sequence[str], now_ms: int, *, aside: str, idle_ms: int
    ) -> Sequence[Delivery]:  # fmt: skip
        """Claim the entries with these ids that nobody holds; what waits before them is set aside."""
        last = max(map(order, ids))
        for entry in self.waiting():
            if order(entry.id) <= last:
                self._delivered = order(entry.id)
                self._pending[self._delivered] = Pending(aside, now_ms - idle_ms, 0)
        picked: list[Delivery] = []
        for entry_id in sorted(map(order, ids)):
            pending, entry = self._held_by(aside, id_text(entry_id)), self._stream.get(entry_id)
            if pending is not None and entry is not None:
                pending.worker, pending.since_ms, pending.attempts = worker, now_ms, pending.attempts + 1
                picked.append(Delivery(entry, pending.attempts))
        return picked

    def held_by(self, worker: str) -> Sequence[Entry]:
        """The worker's pending entries, oldest first."""
        held = (self._stream.get(entry_id) for entry_id, pending in sorted(self._pending.items(), key=_id)
                if pending.worker == worker)  # fmt: skip
        return [entry for entry in held if entry is not None]

    def deregister(self, worker: str, to: str, now_ms: int, idle_ms: int) -> None:
        """Nack all that the worker holds."""
        for entry_id, pending in self._pending.items():
            if pending.worker == worker:
                self.nack(worker, id_text(entry_id), pending.attempts, to=to, now_ms=now_ms, idle_ms=idle_ms)

    def pending(self, now_ms: int) -> Sequence[PendingWork]:
        """XPENDING: the delivered, unfinished entries, in the order of the ids."""
        return [
            PendingWork(id_text(entry_id), pending.worker, (now_ms - pending.since_ms) / 1000, pending.attempts)
            for entry_id, pending in sorted(self._pending.items(), key=lambda item: item[0])
        ]

    def waiting(self) -> Sequence[Entry]:
        """The entries that were not delivered yet, oldest first."""
        return self._stream.after(self._delivered)

    def given_out(self) -> Mapping[str, str]:
        """The workers of the pending entries, oldest first, by entry id."""
        return {id_text(entry_id): pending.worker for entry_id, pending in sorted(self._pending.items(), key=_id)}

    def is_held(self, entry_id: str, attempt: int) -> bool:
        """True if the entry is pending, and this is its last attempt."""
        pending = self._pending.get(order(entry_id))
        return pending is not None and pending.attempts == attempt

    def _held_by(self, worker: str, entry_id: str) -> Pending | None:
        pending = self._pending.get(order(entry_id))
        return pending if pending is not None and pending.worker == worker else None


def _id(item: tuple[EntryId, Pending]) -> EntryId:
    return item[0]
