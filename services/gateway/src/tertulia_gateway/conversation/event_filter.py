"""Decides for each entry of the `events` stream whether this client gets it. No I/O.

A conversation has one client. Each connection writes a `client_changed` event with its client into the stream. If a
connection reads another client's `client_changed` after the `client_changed` of its own client, then its client was
replaced. All gateway processes read the same stream, so they agree.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import ClassVar, Final

from tertulia_shared.codec import Fields, number
from tertulia_shared.events import Event

REPLIES: Final = frozenset(
    {b"turn_started", b"turn_extended", b"thinking", b"message_started", b"llm_chunk", b"message_resumed"}
)
"""Events about the progress of a reply: they are skipped once a newer epoch has begun. Events about the end of a reply
are never skipped for this reason.
"""
RAISES_EPOCH: Final = frozenset({b"turn_accepted", b"turn_reopened", b"interrupted"})
"""Events that are written in the transaction that raises the epoch. Within the stream, the epochs of these events only
rise.
"""
REPLACEMENT_CHARACTER: Final = "\N{REPLACEMENT CHARACTER}"
"""Replaces bytes that are not UTF-8."""


@dataclass(frozen=True, slots=True)
class ClientChanged(Event):
    """Says that the conversation now belongs to `client`. Only gateways read it; no client gets it."""

    type: ClassVar[str] = "client_changed"
    client: str


class Decision(Enum):
    """The decision about an entry."""

    SEND = auto()
    SKIP = auto()
    SEND_AFTER_LOSS = auto()
    """Like SEND. In addition, the entry's epoch is lower than before, because Redis has lost the conversation's state
    and counts epochs from 0 again.
    """
    REPLACED = auto()
    """A newer client has taken the conversation over."""


class EventFilter:
    """Decides about the entries in stream order. `epoch` is the newest epoch so far.

    `claimed`: this client's own `client_changed` lies before the first entry.
    """

    def __init__(self, client: str, *, claimed: bool, epoch: int = 0) -> None:
        self._client = client
        self._claimed = claimed
        self.epoch = epoch
        self._turn_epoch = -1
        """The epoch of the last `turn_accepted`."""
        self._turn_id = b""
        """The turn of the last `turn_accepted`, unless it was reopened since."""

    def reset(self) -> None:
        """Accept any epoch from now on: Redis lost the conversation's state."""
        self.epoch, self._turn_epoch = 0, -1

    def note_turn(self, epoch: int) -> None:
        """Note the epoch of a turn that the client does not get. Later epochs are higher, unless Redis lost data."""
        self._turn_epoch = max(self._turn_epoch, epoch)

    def decide(self, kind: bytes, fields: Fields) -> Decision:
        """Decide about the next entry."""
        if kind == b"client_changed":
            return self._client_changed(fields.get(b"client", b"").decode(errors="replace"))
        epoch = epoch_of(fields)
        if kind == b"turn_reopened" and not self._has_turn(fields):
            self.epoch = max(self.epoch, epoch)
            return Decision.SKIP
        if kind == b"turn_accepted":
            self._turn_id = fields.get(b"turn_id", b"")
            is_lost, self._turn_epoch = epoch <= self._turn_epoch, epoch
            if is_lost:  # an equal epoch also means a data loss, because each turn raises the epoch
                self.epoch = epoch
                return Decision.SEND_AFTER_LOSS
        if kind in RAISES_EPOCH:
            is_lost, self.epoch = epoch < self.epoch, epoch
            return Decision.SEND_AFTER_LOSS if is_lost else Decision.SEND
        if self._turn_epoch < 0:  # the stream may begin in the middle of a turn
            self.epoch = max(self.epoch, epoch)
        # an epoch above the last turn's is from before a data loss: it must not end the replies of that turn
        return Decision.SKIP if kind in REPLIES and epoch != self.epoch else Decision.SEND

    def _has_turn(self, fields: Fields) -> bool:
        """True if the client got the turn that is reopened; not if it was withdrawn while it was held."""
        has_turn = self._turn_id != b"" and fields.get(b"turn_id") == self._turn_id
        self._turn_id = b""
        return has_turn

    def _client_changed(self, client: str) -> Decision:
        if client == self._client:
            self._claimed = True
            return Decision.SKIP
        is_readable = bool(client) and REPLACEMENT_CHARACTER not in client
        return Decision.REPLACED if self._claimed and is_readable else Decision.SKIP


def epoch_of(fields: Fields) -> int:
    """The epoch of an entry; 0 if the entry has none, or if it cannot be decoded."""
    return number(fields, b"epoch")
