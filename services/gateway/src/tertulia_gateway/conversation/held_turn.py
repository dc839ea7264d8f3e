"""Holds the events of a tentative turn until the turn is confirmed, and drops those of a withdrawn one. No I/O.

A spoken turn can be written at a pause that may not be its end (`conversation_writes.accept_turn`). Until it is
confirmed, its client must not get it, nor any later event, because clients get the events in stream order. The turn
ends in one of two ways: `turn_confirmed` releases all held events; any event that raises the epoch withdraws the turn,
and releases only the events that do not belong to it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from tertulia_gateway.conversation.event_filter import RAISES_EPOCH, epoch_of
from tertulia_shared.bus import Entry
from tertulia_shared.codec import Fields
from tertulia_shared.entry_ids import BEGINNING

MAX_HELD = 2_000
"""Events kept in memory. If more are held, all of them are read again from Redis when the turn is decided."""
MAX_WITHDRAWN = 64
"""How many message ids of withdrawn versions are remembered."""
CONFIRMED_MS: Final = b"confirmed_ms"
"""A field that a released `turn_accepted` has in addition: when the turn was confirmed, in ms since 1970."""

_NAMES_MESSAGE: Final = frozenset({b"thinking", b"message_started"})
_ENDS: Final = frozenset({b"message_complete", b"message_heard", b"error", b"turn_complete"})
_TRACKED: Final = frozenset({b"turn_accepted", b"turn_reopened", b"turn_confirmed", *_NAMES_MESSAGE, *_ENDS})
_OF_REPLY = b"reply_"
"""The prefix of the warning codes that concern one reply."""


@dataclass(slots=True)
class _Version:
    """One version of a turn, and the ids of its replies."""

    turn_id: bytes
    message_ids: set[bytes] = field(default_factory=set[bytes])
    is_withdrawn: bool = False

    def has(self, fields: Fields) -> bool:
        """True if the event is about this version."""
        if b"session_id" in fields:  # an event of the recognizer is not held, even if it names the turn
            return False
        code = fields.get(b"code", b"")
        return (
            fields.get(b"turn_id", b"") == self.turn_id
            or fields.get(b"message_id", b"") in self.message_ids
            or (fields.get(b"type") == b"warning" and code.startswith(_OF_REPLY))
        )


@dataclass(slots=True)
class _Held:
    """The events since a tentative turn was accepted. `before`: the id of the entry before its `turn_accepted`."""

    before: str
    version: _Version
    entries: list[Entry]
    is_spilled: bool = False


@dataclass(frozen=True, slots=True)
class _Decided:
    """How a turn was decided whose events are read again. `confirmed_ms`: None if it was withdrawn."""

    entry_id: str
    version: _Version
    confirmed_ms: bytes | None


class HeldTurn:
    """Decides for each entry which entries are due now: this entry, none, or the entries that were held so far."""

    def __init__(self, *, max_held: int = MAX_HELD) -> None:
        self._max_held = max_held
        self._held: _Held | None = None
        self._last_id = BEGINNING
        self._version = _Version(b"")
        """The version of the last `turn_accepted`."""
        self._reopened = b""
        """The id of the turn that was reopened and has not been accepted again."""
        self._withdrawn: deque[bytes] = deque(maxlen=MAX_WITHDRAWN)
        """Message ids of withdrawn versions."""
        self._decided: _Decided | None = None
        self._dropping = False
        """True while the events of a withdrawn version are read again."""
        self.dropped_epoch = -1
        """The epoch of the last turn that was dropped."""
        self.read_again_after = ""
        """If this is not "", entries were not kept in memory: the caller must read the stream again after this id."""

    @property
    def is_holding(self) -> bool:
        """True while a tentative turn waits for its confirmation."""
        return self._held is not None

    def see(self, entry: Entry) -> Sequence[Entry]:
        """Take the next entry of the stream. Returns the entries that are due now, in stream order."""
        kind = entry.fields.get(b"type", b"")
        before, self._last_id = self._last_id, entry.id
        if kind not in _TRACKED and self._held is None and not self._dropping:  # checked first: the usual case
            return (entry,)
        if kind == b"client_changed":  # not sent to clients, and must take effect at once
            return (entry,)
        if self._dropping and kind not in RAISES_EPOCH:
            return () if self._version.has(entry.fields) else (entry,)
        self._dropping = False
        if kind == b"turn_confirmed":
            return self._confirmed(entry)
        due = self._withdraw(entry) if kind in RAISES_EPOCH else ()
        if self.read_again_after:
            return ()
        return (*due, *self._add(kind, entry, before))

    def has_read_all(self) -> Sequence[Entry]:
        """Stop holding, because the client says that it has events of the tentative turn. Returns those events.

        If they are not all in memory, the turn stays held, and the client gets them again.
        """
        if self._held is None or self._held.is_spilled:
            return ()
        held, self._held = self._held, None
        return held.entries

    def take_read_again(self) -> str:
        """Return `read_again_after` and reset it. The caller must pass the entries after that id to `see` again."""
        after, self.read_again_after = self.read_again_after, ""
        self._last_id = after
        return after

    # -- the decision

    def _confirmed(self, confirmed: Entry) -> Sequence[Entry]:
        held, self._held = self._held, None
        if held is None or held.version.turn_id != confirmed.fields.get(b"turn_id"):
            self._held = held
            return ()
        at_ms = confirmed.fields.get(b"ts", b"")
        if held.is_spilled:
            self._read_again(held, at_ms)
            return ()
        return (_as_confirmed(held.entries[0], at_ms), *held.entries[1:])

    def _withdraw(self, entry: Entry) -> Sequence[Entry]:
        """Withdraw the tentative or reopened turn. Returns the held entries that do not belong to it."""
        held, self._held = self._held, None
        is_reopened = entry.fields.get(b"type") == b"turn_reopened"
        if held is not None or (is_reopened and entry.fields.get(b"turn_id") == self._version.turn_id):
            self._version.is_withdrawn = True
            self._withdrawn.extend(self._version.message_ids)
        self._reopened = entry.fields.get(b"turn_id", b"") if is_reopened else b""
        if held is None:
            return ()
        if held.is_spilled:
            self._read_again(held, None)
            return ()
        self.dropped_epoch = epoch_of(held.entries[0].fields)
        return [each for each in held.entries if not held.version.has(each.fields)]

    def _read_again(self, held: _Held, confirmed_ms: bytes | None) -> None:
        self._decided = _Decided(held.entries[0].id, held.version, confirmed_ms)
        self.read_again_after = held.before

    # -- events

    def _add(self, kind: bytes, entry: Entry, before: str) -> Sequence[Entry]:
        fields = entry.fields
        if kind == b"turn_accepted":
            return self._accepted(entry, before)
        if kind in _NAMES_MESSAGE and fields.get(b"turn_id") == self._version.turn_id:
            self._name(fields.get(b"message_id", b""))
        elif kind in _ENDS and self._is_late(fields):
            return ()
        if self._held is None:
            return (entry,)
        self._keep(self._held, entry)
        return ()

    def _accepted(self, entry: Entry, before: str) -> Sequence[Entry]:
        turn_id = entry.fields.get(b"turn_id", b"")
        decided, self._decided = self._decided, None
        self._version = _Version(turn_id)
        if entry.fields.get(b"tentative") != b"1" or not turn_id:
            return (entry,)
        if decided is None or decided.entry_id != entry.id:
            self._held = _Held(before, self._version, [entry])
            return ()
        self._version = decided.version
        if decided.confirmed_ms is not None:
            return (_as_confirmed(entry, decided.confirmed_ms),)
        self._dropping = True
        self.dropped_epoch = epoch_of(entry.fields)
        return ()

    def _name(self, message_id: bytes) -> None:
        self._version.message_ids.add(message_id)
        if self._version.is_withdrawn:
            self._withdrawn.append(message_id)
        elif message_id in self._withdrawn:  # after a data loss, the same version can be accepted twice
            self._withdrawn.remove(message_id)

    def _is_late(self, fields: Fields) -> bool:
        """True if the event ends a reply or a turn that was withdrawn."""
        message_id, turn_id = fields.get(b"message_id", b""), fields.get(b"turn_id", b"")
        return (message_id != b"" and message_id in self._withdrawn) or (turn_id != b"" and turn_id == self._reopened)

    def _keep(self, held: _Held, entry: Entry) -> None:
        if len(held.entries) >= self._max_held:
            del held.entries[1:]
            held.is_spilled = True
        if not held.is_spilled:
            held.entries.append(entry)


def _as_confirmed(accepted: Entry, at_ms: bytes) -> Entry:
    """The `turn_accepted` of a confirmed turn, as for a turn that was never tentative."""
    fields = {name: value for name, value in accepted.fields.items() if name != b"tentative"}
    return Entry(accepted.id, {**fields, CONFIRMED_MS: at_ms})
