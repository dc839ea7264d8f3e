"""Sends the audio of one conversation, message by message. Each message is read from its stream while a worker still
writes it.

Only the stream of the message that is being sent, or that will begin next, is read, and each read is bounded: a slow
client delays only itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable

from tertulia_gateway.conversation.audio_queue import QueuedMessage, impossible_entry, is_final
from tertulia_gateway.conversation.heard import BYTES_PER_SAMPLE
from tertulia_gateway.conversation.metrics import ConversationMetrics
from tertulia_gateway.conversation.position import ClientPosition
from tertulia_gateway.conversation.unreadable_warning import UnreadableWarning
from tertulia_gateway.rate_limit import Clock
from tertulia_gateway.serialization import answer_json, audio_frame
from tertulia_gateway.transport import Transport
from tertulia_shared.bus import Bus, BusError, Entry, Follow, WriteRefused, WritesPaused
from tertulia_shared.codec import BadEntry, number
from tertulia_shared.conversation_state import StateField
from tertulia_shared.entry_ids import BEGINNING
from tertulia_shared.events import AudioComplete

log = logging.getLogger(__name__)


class AudioSender:
    """Sends the audio of the messages in the position's audio queue."""

    def __init__(
        self,
        bus: Bus,
        transport: Transport,
        conversation_id: str,
        position: ClientPosition,
        metrics: ConversationMetrics,
        *,
        unreadable: UnreadableWarning,
        clock: Clock,
        wall_ms: Callable[[], int],
    ) -> None:
        self._bus = bus
        self._transport = transport
        self._conversation_id = conversation_id
        self._position = position
        self._queue = position.audio
        self._metrics = metrics
        self._unreadable = unreadable
        self._clock = clock
        self._wall_ms = wall_ms
        self._sounding = -1
        """The last epoch that was written into the state's field `sounding`."""

    async def run(self) -> None:
        """Send until cancelled."""
        while True:
            message, follow = await self._next()
            try:
                async with asyncio.TaskGroup() as tasks:
                    sending = tasks.create_task(self._send(message, follow))
                    self._queue.cancel_when_dropped(message, sending)
            finally:
                follow.close()
            if not self._queue.is_dropped(message):
                await self._complete(message, "" if sending.cancelled() else sending.result())

    async def _next(self) -> tuple[QueuedMessage, Follow]:
        """Wait for the next message. Returns it with its sound, which is followed from the moment it is announced: a
        read that is sent only after `message_started` would bring the first chunk a round trip later.
        """
        queue, ahead = self._queue, None
        followed = (queue.resets, "")
        try:
            while (message := queue.head) is None:
                if followed != (queue.resets, queue.announced):
                    if ahead is not None:
                        ahead.close()
                    followed = (queue.resets, queue.announced)
                    ahead = self._follow(queue.announced) if queue.announced else None
                await queue.change()
            if ahead is None or followed != (queue.resets, message.message_id):
                return message, self._follow(message.message_id, message.after)
            follow, ahead = ahead, None
            return message, follow
        finally:
            if ahead is not None:
                ahead.close()

    def _follow(self, message_id: str, after: str = BEGINNING) -> Follow:
        return self._bus.follow(self._bus.keys.audio(self._conversation_id, message_id), after, until_final=True)

    async def _send(self, message: QueuedMessage, follow: Follow) -> str:
        """Send the message up to its final entry. Returns the id of the final entry; "" if the message has none."""
        first, asked_ms = message.after == BEGINNING, self._wall_ms()
        skip_samples = message.skip_samples
        ids = {"message_id": message.message_id}
        try:
            while True:
                entries = await follow.read()
                impossible = impossible_entry(entries)
                for entry in entries:
                    if self._queue.is_dropped(message):
                        return ""
                    if entry is impossible:
                        log.error("the audio ends at entry %s, an id that no worker writes", entry.id, extra=ids)
                        return ""
                    if is_final(entry.fields):
                        return entry.id
                    if skip_samples:
                        entry, skip_samples = _without(entry, skip_samples), 0  # noqa: PLW2901 - the rest of the chunk
                    await self._send_frame(message, entry, first=first)
                    if first:
                        first = False
                        self._metrics.audio_sent(message.message_id, entry.fields, asked_ms=asked_ms)
        except WritesPaused:
            raise
        except WriteRefused as error:
            log.error("the audio cannot be read: %s", error, extra=ids)  # noqa: TRY400
            return ""

    async def _send_frame(self, message: QueuedMessage, entry: Entry, *, first: bool) -> None:
        fields = entry.fields
        try:
            frame = audio_frame(entry.id, fields)
        except BadEntry as error:
            log.warning("an audio entry is skipped: %s", error, extra={"message_id": message.message_id})
            await self._unreadable.skipped(error)
            return
        if message.epoch != self._sounding:
            self._mark_sounding(message.epoch)
        await self._transport.send_bytes(frame)
        sentence_index, chunk_index = int(fields[b"sentence_index"]), int(fields[b"chunk_index"])
        self._position.playback.sent(
            message.message_id, sentence_index, chunk_index, len(fields[b"audio"]), self._clock()
        )
        if first:
            self._position.timeline.note_audio(message.message_id, number(fields, b"ts"), self._wall_ms())

    def _mark_sounding(self, epoch: int) -> None:
        """Record that the client gets sound of this epoch, so that its turn can no longer be reopened. Does not wait:
        the sound is more urgent.
        """
        self._sounding = epoch
        with contextlib.suppress(BusError):  # Redis is unavailable, and a turn cannot be reopened meanwhile
            self._bus.outlet().put(self._bus.keys.state(self._conversation_id), {StateField.SOUNDING: epoch})

    async def _complete(self, message: QueuedMessage, final_id: str) -> None:
        if message.after == BEGINNING:
            self._metrics.audio_complete(message.message_id)
        event = AudioComplete(message.message_id, message.character_id)
        await self._transport.send_text(answer_json(event, id=final_id))
        self._position.audio_complete(message.message_id, self._wall_ms())


def _without(entry: Entry, samples: int) -> Entry:
    """The chunk without its first `samples`."""
    pcm = entry.fields.get(b"audio", b"")
    return Entry(entry.id, {**entry.fields, b"audio": pcm[samples * BYTES_PER_SAMPLE :]})
