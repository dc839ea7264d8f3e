"""The queue of messages whose audio is still to be sent. The caller passes in every event, in stream order.

Messages are sent in the order in which they start. When the epoch rises, all queued messages are dropped. Every turn
raises the epoch, so all queued messages belong to one turn.

The first reply of a turn is announced when the turn starts, so that its sound can be followed before it begins.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tertulia_gateway.commands import AudioMark
from tertulia_gateway.conversation.event_filter import RAISES_EPOCH
from tertulia_shared.bus import Entry
from tertulia_shared.codec import BadEntry, Fields, number, unpack
from tertulia_shared.entries import MAX_SENTENCES
from tertulia_shared.entry_ids import BEGINNING, order


@dataclass(frozen=True, slots=True)
class QueuedMessage:
    """A message whose audio is to be sent, starting after the entry id `after`, without the first `skip_samples`."""

    message_id: str
    character_id: str
    epoch: int
    started_ms: int
    after: str = BEGINNING
    skip_samples: int = 0


class AudioQueue:
    """The queue of messages. It also cancels the task that sends a message as soon as that message is dropped."""

    def __init__(self, epoch: int = 0) -> None:
        self.epoch = epoch
        self.announced = ""
        """The message id of the reply that will begin next; "" if it has begun, or none is known."""
        self.resets = 0
        """How often everything was dropped. After a data loss, a message with the same id is another one."""
        self._waiting: list[QueuedMessage] = []
        self._changed = asyncio.Event()
        self._started: set[str] = set()
        """The ids of all messages of this epoch that were ever queued. A repeated `message_started` does not queue them
        again.
        """
        self._silent: set[str] = set()
        self._sending: tuple[QueuedMessage, asyncio.Task[Any]] | None = None

    @property
    def head(self) -> QueuedMessage | None:
        """The message whose audio is to be sent now; None if the queue is empty."""
        return self._waiting[0] if self._waiting else None

    @property
    def waiting(self) -> tuple[QueuedMessage, ...]:
        """All queued messages, in order."""
        return tuple(self._waiting)

    async def change(self) -> None:
        """Wait until a message is queued, or until another one is announced."""
        self._changed.clear()
        await self._changed.wait()

    def cancel_when_dropped(self, message: QueuedMessage, task: asyncio.Task[Any]) -> None:
        """Cancel the task that sends this message as soon as the message is dropped, or turns out to have no audio."""
        self._sending = message, task
        self._cancel_if_dropped()

    def see(self, kind: bytes, fields: Fields, epoch: int) -> None:
        """Apply the next event of the stream. `epoch` is the epoch in this event."""
        if kind == b"turn_started":
            self.raise_epoch(epoch)
            first = _first_reply(fields)
            if epoch == self.epoch and first not in self._started:
                self._announce(first)
        elif kind == b"turn_complete":
            self._announce("")
        elif kind == b"message_started":
            self.raise_epoch(epoch)
            message_id = _text(fields, b"message_id")
            if message_id and epoch == self.epoch and message_id not in self._started:
                self._started.add(message_id)
                character_id = _text(fields, b"character_id")
                self._waiting.append(QueuedMessage(message_id, character_id, epoch, number(fields, b"ts")))
                self._changed.set()
            if epoch == self.epoch:
                self._announce("")
        elif kind in RAISES_EPOCH:
            self.raise_epoch(epoch)
        elif kind == b"message_complete" and fields.get(b"status") == b"failed" and not fields.get(b"text"):
            self._silent.add(_text(fields, b"message_id"))
            self._cancel_if_dropped()

    def raise_epoch(self, epoch: int) -> None:
        """Drop all messages of older epochs."""
        if epoch > self.epoch:
            self.reset(epoch)

    def reset(self, epoch: int) -> None:
        """Drop all messages and continue at this epoch. The epoch may be lower than before, because Redis can lose the
        conversation's state.
        """
        self.epoch = epoch
        self.resets += 1
        self._started.clear()
        self._silent.clear()
        self.clear()

    def clear(self) -> None:
        """Drop all queued messages. The epoch does not change."""
        self._announce("")
        self._waiting.clear()
        self._cancel_if_dropped()

    def done(self, message_id: str) -> None:
        """Remove a message, because all its audio was sent or it has no audio."""
        self._waiting = [message for message in self._waiting if message.message_id != message_id]

    def is_silent(self, message_id: str) -> bool:
        """True if the reply failed before its first word, so that no audio will come."""
        return message_id in self._silent

    def is_dropped(self, message: QueuedMessage) -> bool:
        """True if the message was removed after an interruption or a data loss. All its fields are compared, not only
        the id and the epoch: after a loss, an epoch can occur twice.
        """
        return message not in self._waiting

    def keep_from(self, mark: AudioMark | None, skip_samples: int = 0) -> None:
        """Remove the audio that the client has: everything up to `mark`, and so many samples after it. If `mark` is
        None, the client has no audio, and nothing is removed.
        """
        if mark is None:
            return
        ids = [message.message_id for message in self._waiting]
        if mark.message_id not in ids:
            return  # the mark is in a message of an older turn, and all queued messages come after that message
        at = ids.index(mark.message_id)
        self._waiting = [replace(self._waiting[at], after=mark.id, skip_samples=skip_samples), *self._waiting[at + 1 :]]

    def _announce(self, message_id: str) -> None:
        self.announced = message_id
        self._changed.set()

    def _cancel_if_dropped(self) -> None:
        if self._sending is not None:
            message, task = self._sending
            if self.is_dropped(message) or self.is_silent(message.message_id):
                task.cancel()


def _text(fields: Fields, name: bytes) -> str:
    return fields.get(name, b"").decode(errors="replace")


def _first_reply(fields: Fields) -> str:
    """The message id of the first reply that a `turn_started` lists; "" without one."""
    try:
        return str(unpack(fields[b"replies"])[0]["message_id"])
    except (BadEntry, LookupError, TypeError):
        return ""


def is_final(fields: Mapping[bytes, bytes]) -> bool:
    """True for the final entry of an `audio` stream."""
    return fields.get(b"is_final") == b"1"


def impossible_entry(entries: Sequence[Entry]) -> Entry | None:
    """The first of these entries of an `audio` stream that is not a worker's: its id starts with a number that no
    sentence has. None if there is none.

    Something else wrote it, and workers can write no audio after it, because ids must rise.
    """
    if order(entries[-1].id)[0] <= MAX_SENTENCES:  # so the ids before it are possible, too
        return None
    return next(entry for entry in entries if order(entry.id)[0] > MAX_SENTENCES)
