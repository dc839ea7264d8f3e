"""One client's position in a conversation: which events it has, which audio is still to be sent, and which is still to
be played.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence

from tertulia_gateway.conversation.audio_queue import AudioQueue
from tertulia_gateway.conversation.event_filter import RAISES_EPOCH, Decision, EventFilter, epoch_of
from tertulia_gateway.conversation.held_turn import HeldTurn
from tertulia_gateway.conversation.playback import Playback
from tertulia_gateway.conversation.turn_timeline import TurnTimeline
from tertulia_shared.bus import Entry
from tertulia_shared.entries import Receipt
from tertulia_shared.entry_ids import BEGINNING


class ClientPosition:
    """Passes every event, interruption and data loss on to the event filter, the audio queue, the turn timeline and the
    playback, so that all four agree.

    `after` is the id of the last entry of the `events` stream that was read; its event may still be held.
    """

    def __init__(self, client: str, *, claimed: bool, after: str = BEGINNING) -> None:
        self.after = after
        self.held = HeldTurn()
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

    def read(self, entry: Entry) -> Sequence[Entry]:
        """Move to the next entry of the `events` stream. Returns the entries that are due now: the events of a turn
        that is not certain are held.

        If `after` is below the entry's id afterwards, the caller must read the stream again from there.
        """
        due = self._due(entry)
        self.after = self.held.take_read_again() if self.held.read_again_after else entry.id
        return due

    def advance(self, entry: Entry) -> Decision:
        """Decide about an entry that is due, and drop the audio that it makes stale.

        The audio is dropped before the client gets the event, so no older frame can follow it.
        """
        kind = _kind(entry)
        decision = self._filter.decide(kind, entry.fields)
        if decision is Decision.SEND_AFTER_LOSS:
            self._drop_audio()
        elif kind in RAISES_EPOCH:
            self.raise_epoch(self.epoch)
        return decision

    def has_event(self, entry: Entry) -> None:
        """Update the timeline and the audio queue for an event that the client has received."""
        kind = _kind(entry)
        self.timeline.see(kind, entry.fields)
        if kind != b"llm_chunk":  # skip the most frequent event, because it neither queues audio nor completes a turn
            self.audio.see(kind, entry.fields, epoch_of(entry.fields))
            self._note_change()

    def rebuild(self, entry: Entry) -> Sequence[Entry]:
        """Apply an entry that was written before the position at which the client resumes. Returns the events that are
        due now and that the filter does not skip.
        """
        return [each for each in self._due(entry) if self._rebuild(each)]

    def has_read_held(self) -> None:
        """Apply the events that are held, because the client has some of them: a gateway of an older release, which
        does not hold events, sent them.
        """
        for entry in self.held.has_read_all():
            self._rebuild(entry)

    def _due(self, entry: Entry) -> Sequence[Entry]:
        due = self.held.see(entry)
        if self.held.dropped_epoch >= 0:
            self._filter.note_turn(self.held.dropped_epoch)
            self.held.dropped_epoch = -1
        return due

    def _rebuild(self, entry: Entry) -> bool:
        if self.advance(entry) not in (Decision.SEND, Decision.SEND_AFTER_LOSS):
            return False
        self.has_event(entry)
        return True

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
        self._note_change()

    def played(self, receipt: Receipt) -> None:
        """Record that the client has played the audio up to the chunk that the receipt names."""
        self.playback.receipt(receipt)
        self._note_change()

    async def turn_change(self, timeout_s: float | None) -> None:
        """Wait until a settled turn or its playback has changed since the last call of this method, at most
        `timeout_s`.
        """
        if timeout_s is None:
            await self._turn_changed.wait()
        else:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(timeout_s):
                    await self._turn_changed.wait()
        self._turn_changed.clear()

    def _note_change(self) -> None:
        # only then something is to be done: each turn has five changes before
        if self.timeline.settled:
            self._turn_changed.set()


def _kind(entry: Entry) -> bytes:
    return entry.fields.get(b"type", b"")
