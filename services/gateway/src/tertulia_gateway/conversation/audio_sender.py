"""Sends the audio of one conversation: message after message, each from its stream as it is made.

Only the message that is being sent is read, and reading is bounded, so a slow client makes nobody wait but itself.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from tertulia_gateway.conversation.audio_queue import Spoken, is_final, is_in_place
from tertulia_gateway.conversation.metrics import Waits
from tertulia_gateway.conversation.playback import Playback
from tertulia_gateway.conversation.resume import Opening
from tertulia_gateway.conversation.unreadable import LeftOut
from tertulia_gateway.rate_limit import Clock
from tertulia_gateway.serialization import answer_json, audio_frame
from tertulia_gateway.transport import Wire
from tertulia_shared.bus import Bus, Entry, WriteRefused, WritesPaused
from tertulia_shared.codec import BadEntry, number
from tertulia_shared.entry_ids import BEGINNING
from tertulia_shared.events import AudioComplete

log = logging.getLogger(__name__)


class Speaking:
    """Follows the playlist. Whoever changes the playlist calls `changed`."""

    def __init__(
        self, bus: Bus, wire: Wire, opening: Opening, playback: Playback, waits: Waits,
        *, left_out: LeftOut, clock: Clock, wall_ms: Callable[[], int], on_complete: Callable[[], None],
    ) -> None:  # fmt: skip
        self._bus = bus
        self._conversation_id = opening.conversation_id
        self._wire = wire
        self._playlist = opening.playlist
        self._timeline = opening.timeline
        self._playback = playback
        self._left_out = left_out
        self._waits = waits
        self._clock = clock
        self._wall_ms = wall_ms
        self._on_complete = on_complete
        self._changed = asyncio.Event()
        self._sending: tuple[Spoken, asyncio.Task[str]] | None = None

    def changed(self) -> None:
        """The playlist has changed: begin the next message, or stop the one that is off."""
        self._changed.set()
        if self._sending is not None:
            spoken, task = self._sending
            if self._playlist.is_stale(spoken) or self._playlist.is_silent(spoken.message_id):
                task.cancel()

    async def run(self) -> None:
        """Send until cancelled."""
        while True:
            spoken = self._playlist.head
            if spoken is None:
                self._changed.clear()
                await self._changed.wait()
                continue
            async with asyncio.TaskGroup() as sending:
                task = sending.create_task(self._send(spoken))
                self._sending = spoken, task
            self._sending = None
            ended_at = "" if task.cancelled() else task.result()
            if not self._playlist.is_stale(spoken):
                await self._complete(spoken, ended_at)

    async def _send(self, spoken: Spoken) -> str:
        """Send the message to its final entry, whose id comes back; "" if it has no audio."""
        if self._playlist.is_silent(spoken.message_id) or self._playlist.is_stale(spoken):
            return ""
        follow = self._bus.follow(self._bus.keys.audio(self._conversation_id, spoken.message_id), spoken.after)
        first, asked_ms = spoken.after == BEGINNING, self._wall_ms()
        try:
            while True:
                for entry in await follow.read():
                    if self._playlist.is_stale(spoken):
                        return ""
                    if not is_in_place(entry):  # nothing can follow an id that no worker would have given
                        log.error("the audio ends at an entry of a wrong id", extra={"message_id": spoken.message_id})
                        return ""
                    if is_final(entry.fields):
                        return entry.id
                    await self._frame(spoken, entry, first=first)
                    if first:
                        first = False
                        self._waits.sound(entry.fields, asked_ms=asked_ms)
        except WritesPaused:
            raise
        except WriteRefused as error:
            log.error("there is no audio: %s", error, extra={"message_id": spoken.message_id})  # noqa: TRY400
            return ""
        finally:
            follow.close()

    async def _frame(self, spoken: Spoken, entry: Entry, *, first: bool) -> None:
        try:
            frame = audio_frame(entry.id, entry.fields)
        except BadEntry as error:
            log.warning("left out: %s", error, extra={"message_id": spoken.message_id})
            await self._left_out.tell(error)
            return
        await self._wire.binary(frame)
        fields = entry.fields
        self._playback.sent(
            spoken.message_id, int(fields[b"sentence_index"]), int(fields[b"chunk_index"]), len(fields[b"audio"]),
            self._clock(),
        )  # fmt: skip
        if first:
            self._timeline.note_audio(spoken.message_id, number(fields, b"ts"), self._wall_ms())

    async def _complete(self, spoken: Spoken, ended_at: str) -> None:
        await self._wire.text(answer_json(AudioComplete(spoken.message_id, spoken.character_id), id=ended_at))
        self._timeline.note_audio_complete(spoken.message_id, self._wall_ms())
        self._playlist.done(spoken.message_id)
        self._on_complete()
