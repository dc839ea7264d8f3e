"""The queue of messages whose audio is still to be sent; it gets the events in stream order.

Messages are sent in the order in which they start. When the epoch rises, all queued messages are dropped. Every turn
raises the epoch, so all queued messages belong to one turn.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from tertulia_gateway.commands import AudioMark
from tertulia_shared.bus import Entry
from tertulia_shared.codec import Fields, number
from tertulia_shared.entries import MAX_SENTENCES
from tertulia_shared.entry_ids import BEGINNING, order


@dataclass(frozen=True, slots=True)
class QueuedMessage:
    """A message whose audio is to be sent, starting after the entry id `after`."""

    message_id: str
    character_id: str
    epoch: int
    started_ms: int
    after: str = BEGINNING


class AudioQueue:
    """The queue. It also cancels the task that sends a message as soon as the message is dropped."""

    def __init__(self, epoch: int = 0) -> None:
        self.epoch = epoch
        self._waiting: list[QueuedMessage] = []
        self._added = asyncio.Event()
        self._started: set[str] = set()
        """Messages of this epoch that were queued. They are not queued again by a repeated `message_started`."""
        self._silent: set[str] = set()
        self._sending: tuple[QueuedMessage, asyncio.Task[Any]] | None = None

    @property
    def head(self) -> QueuedMessage | None:
        """The message to send now."""
        return self._waiting[0] if self._waiting else None

    @property
    def waiting(self) -> tuple[QueuedMessage, ...]:
        """All queued messages, in order."""
        return tuple(self._waiting)

    async def next(self) -> QueuedMessage:
        """Wait for the message to send now. It stays in the queue until `done`."""
        while not self._waiting:
            self._added.clear()
            await self._added.wait()
        return self._waiting[0]

    def cancel_when_dropped(self, message: QueuedMessage, task: asyncio.Task[Any]) -> None:
        """Cancel the task that sends this message as soon as the message is dropped, or turns out to have no audio."""
        self._sending = message, task
        self._cancel_if_dropped()

    def see(self, kind: bytes, fields: Fields, epoch: int) -> None:
        """Apply the next event of the stream. `epoch` is the event's own."""
        if kind == b"message_started":
            self.raise_epoch(epoch)
            message_id = _text(fields, b"message_id")
            if message_id and epoch == self.epoch and message_id not in self._started:
                self._started.add(message_id)
                character_id = _text(fields, b"character_id")
                self._waiting.append(QueuedMessage(message_id, character_id, epoch, number(fields, b"ts")))
                self._added.set()
        elif kind in (b"interrupted", b"turn_accepted"):
            self.raise_epoch(epoch)
        elif kind == b"message_complete" and fields.get(b"status") == b"failed" and not fields.get(b"text"):
            self._silent.add(_text(fields, b"message_id"))
            self._cancel_if_dropped()

    def raise_epoch(self, epoch: int) -> None:
        """Drop all messages of older epochs."""
        if epoch > self.epoch:
            self.reset(epoch)

    def reset(self, epoch: int) -> None:
        """Drop all messages and continue at this epoch. It may be lower: Redis can lose the conversation's state."""
        self.epoch = epoch
        self._started.clear()
        self._silent.clear()
        self.clear()

    def clear(self) -> None:
        """Drop all messages that have started so far."""
        self._waiting.clear()
        self._cancel_if_dropped()

    def done(self, message_id: str) -> None:
        """Remove a message: all its audio was sent, or it has none."""
        self._waiting = [message for message in self._waiting if message.message_id != message_id]

    def is_silent(self, message_id: str) -> bool:
        """True if the reply failed before its first word, so that no audio will come."""
        return message_id in self._silent

    def is_dropped(self, message: QueuedMessage) -> bool:
        """True if an interruption ended this message, or Redis lost it. Compares the whole message: after a loss, an
        epoch can occur twice."""
        return message not in self._waiting

    def keep_from(self, mark: AudioMark | None) -> None:
        """Remove the audio up to `mark`, which the client has. None: the client has no audio."""
        if mark is None:
            return
        ids = [message.message_id for message in self._waiting]
        if mark.message_id not in ids:
            return  # the mark is in an older turn: all queued messages come after it
        at = ids.index(mark.message_id)
        self._waiting = [replace(self._waiting[at], after=mark.id), *self._waiting[at + 1 :]]

    def _cancel_if_dropped(self) -> None:
        if self._sending is not None:
            message, task = self._sending
            if self.is_dropped(message) or self.is_silent(message.message_id):
                task.cancel()


def _text(fields: Fields, name: bytes) -> str:
    return fields.get(name, b"").decode(errors="replace")


def is_final(fields: Mapping[bytes, bytes]) -> bool:
    """True for the final entry of an `audio` stream."""
    return fields.get(b"is_final") == b"1"


def has_possible_id(entry: Entry) -> bool:
    """True if a worker can have written this entry of an `audio` stream: its id starts with a sentence number.

    After an entry with a higher id, workers can write no more audio.
    """
    return order(entry.id)[0] <= MAX_SENTENCES
