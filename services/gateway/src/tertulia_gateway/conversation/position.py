"""One client's position in a conversation: which events it has, which audio is still to be sent, and which is still to
be played.
"""

from __future__ import annotations

import asyncio
import contextlib

from tertulia_gateway.conversation.audio_queue import AudioQueue
from tertulia_gateway.conversation.event_filter import RAISES_EPOCH, Decision, EventFilter, epoch_of
from tertulia_gateway.conversation.playback import Playback
from tertulia_gateway.conversation.turn_timeline import TurnTimeline
from tertulia_shared.bus import Entry
from tertulia_shared.entries import Receipt
from tertulia_shared.entry_ids import BEGINNING


class ClientPosition:
    """Passes every event, interruption and data loss on to the event filter, the audio queue, the turn timeline and the
    playback, so that all four agree.

    `after` is the id of the last processed entry of the `events` stream.
    """

    def __init__(self, client: str, *, claimed: bool, after: str = BEGINNING) -> None:
        self.after = after
        self.audio = AudioQueue()
        self.timeline = TurnTimeline()
        self.playback = Playback()
        self._filter = EventFilter(client, claimed=claimed)
        self._turn_changed = asyncio.Event()

    @property
    def epoch(self) -> int:
        """The newest epoch in the events so far."""
        return self._filter.epoch

    # -- events

    def advance(self, entry: Entry) -> Decision:
        """Move to the next entry of the `events` stream, and drop the audio that it makes stale.

        The audio is dropped before the client gets the event, so no older frame can follow it.
        """
        self.after = entry.id
        return self._decide(entry)

    def has_event(self, entry: Entry) -> None:
        """Update the timeline and the audio queue for an event that the client has received."""
        kind = _kind(entry)
        self.timeline.see(kind, entry.fields)
        if kind != b"llm_chunk":  # skip the most frequent event, because it neither queues audio nor completes a turn
            self.audio.see(kind, entry.fields, epoch_of(entry.fields))
            self._turn_changed.set()

    def rebuild(self, entry: Entry) -> bool:
        """Apply an event that was written before the position at which the client resumes. Returns False if the filter
        skips the event.
        """
        if self._decide(entry) not in (Decision.SEND, Decision.SEND_AFTER_LOSS):
            return False
        self.has_event(entry)
        return True

    def _decide(self, entry: Entry) -> Decision:
        kind = _kind(entry)
        decision = self._filter.decide(kind, entry.fields)
        if decision is Decision.SEND_AFTER_LOSS:
            self._drop_audio()
        elif decision is Decision.SEND and kind in RAISES_EPOCH:
            self.raise_epoch(self.epoch)
        return decision

    # -- interruption and loss

    def raise_epoch(self, epoch: int) -> None:
        """Drop all audio of older epochs, because the user has interrupted it."""
        if epoch > self.audio.epoch:
            self.audio.raise_epoch(epoch)
            self.playback.flush()

    def accept_any_epoch(self) -> None:
        """Drop all audio and accept any epoch, because Redis has lost the state and counts epochs from 0 again."""
        self._filter.reset()
        self._drop_audio()

    def _drop_audio(self) -> None:
        self.audio.reset(self.epoch)
        self.playback.flush()

    # -- audio

    def audio_complete(self, message_id: str, sent_ms: int | None) -> None:
        """Record that all audio of a message was sent at `sent_ms`. None: the client already had the audio, or the
        stream has expired.
        """
        self.timeline.note_audio_complete(message_id, sent_ms)
        self.audio.done(message_id)
        self._turn_changed.set()

    def played(self, receipt: Receipt) -> None:
        """Record that the client has played the audio up to the chunk that the receipt names."""
        self.playback.receipt(receipt)
        self._turn_changed.set()

    async def turn_change(self, timeout_s: float | None) -> None:
        """Wait until the turn or its playback has changed since the last call of this method, at most `timeout_s`."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._turn_changed.wait()
        self._turn_changed.clear()


def _kind(entry: Entry) -> bytes:
    return entry.fields.get(b"type", b"")
