"""What becomes of each entry of the `events` stream on its way to this client. No I/O.

The stream decides who is the conversation's client: each connection writes its own `client_changed` into it, and the
one that reads another's behind its own has been replaced. It is the same in every gateway process.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import ClassVar, Final

from tertulia_shared.codec import Fields, number
from tertulia_shared.events import Event

REPLIES: Final = frozenset({b"turn_started", b"message_started", b"llm_chunk", b"message_resumed"})
"""Of these nothing is sent once a newer epoch has begun; what tells how an old reply ended still is."""
RAISES_EPOCH: Final = frozenset({b"turn_accepted", b"interrupted"})
"""Written in the very transaction that raises the epoch: in the stream these only ever rise."""
NO_TEXT: Final = "\N{REPLACEMENT CHARACTER}"
"""What stands where bytes are no UTF-8."""


@dataclass(frozen=True, slots=True)
class ClientChanged(Event):
    """Between gateways only: from here on the conversation is `client`'s. Not sent to anyone."""

    type: ClassVar[str] = "client_changed"
    client: str


class Decision(Enum):
    """What to do with an entry."""

    SEND = auto()
    SKIP = auto()
    SEND_AFTER_LOSS = auto()
    """As SEND, but the epoch went back: Redis has lost the conversation's state, and counts anew."""
    REPLACED = auto()


class EventFilter:
    """Judges entries in stream order. `epoch` is the newest one seen."""

    def __init__(self, client: str, *, claimed: bool, epoch: int = 0) -> None:
        self._client = client
        self._claimed = claimed
        self.epoch = epoch
        self._turn_epoch = -1
        """The epoch of the last `turn_accepted`."""

    def reset(self) -> None:
        """Redis lost the conversation's state and counts anew: accept any epoch."""
        self.epoch, self._turn_epoch = 0, -1

    def decide(self, kind: bytes, fields: Fields) -> Decision:
        """What to do with the next entry."""
        if kind == b"client_changed":
            return self._client_changed(fields.get(b"client", b"").decode(errors="replace"))
        epoch = epoch_of(fields)
        if kind == b"turn_accepted":
            lost, self._turn_epoch = epoch <= self._turn_epoch, epoch
            if lost:  # also with the same epoch: each turn raises it
                self.epoch = epoch
                return Decision.SEND_AFTER_LOSS
        if epoch >= self.epoch:
            self.epoch = epoch
            return Decision.SEND
        if kind in RAISES_EPOCH:
            self.epoch = epoch
            return Decision.SEND_AFTER_LOSS
        return Decision.SKIP if kind in REPLIES else Decision.SEND

    def _client_changed(self, client: str) -> Decision:
        if client == self._client:
            self._claimed = True
            return Decision.SKIP
        is_readable = bool(client) and NO_TEXT not in client
        return Decision.REPLACED if self._claimed and is_readable else Decision.SKIP


def epoch_of(fields: Fields) -> int:
    """An entry's epoch; 0 if it has none that can be read."""
    return number(fields, b"epoch")
