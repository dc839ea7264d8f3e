"""What follows a turn: the client is told where the time went, and once it has played everything the talk is over."""

from __future__ import annotations

import asyncio
import logging

from tertulia_gateway.conversation.playback import Playback
from tertulia_gateway.conversation.resume import OpenedConversation
from tertulia_gateway.rate_limit import Clock
from tertulia_gateway.serialization import answer_json
from tertulia_gateway.transport import Transport
from tertulia_gateway.writes_probe import level_of
from tertulia_shared.bus import Bus, BusError, Expire, Fence, Stale
from tertulia_shared.codec import BadEntry, envelope
from tertulia_shared.events import TurnMetrics
from tertulia_shared.keys import SOUND_GRACE_S

AGAIN_S = 1.0
"""How long to wait for Redis before saying again that the talk is over."""

log = logging.getLogger(__name__)


class TurnCompletion:
    """Whoever changes the timeline or the playback calls `changed`."""

    def __init__(
        self, bus: Bus, transport: Transport, opening: OpenedConversation, playback: Playback, *, clock: Clock
    ) -> None:
        self._bus = bus
        self._conversation_id = opening.conversation_id
        self._transport = transport
        self._playlist = opening.playlist
        self._timeline = opening.timeline
        self._playback = playback
        self._clock = clock
        self._changed = asyncio.Event()
        self._reported = self._timeline.turn_id if self._timeline.settled else ""
        self._ended = ""
        self._changed.set()

    def changed(self) -> None:
        """Look again whether the turn is over."""
        self._changed.set()

    async def run(self) -> None:
        """Watch one turn after the other, until cancelled."""
        wait_s: float | None = None
        while True:
            await self._wait(wait_s)
            wait_s = await self._look()

    async def _wait(self, wait_s: float | None) -> None:
        try:
            async with asyncio.timeout(wait_s):
                await self._changed.wait()
        except TimeoutError:
            pass
        self._changed.clear()

    async def _look(self) -> float | None:
        """Do what is due; how long to wait for the next look, if nothing changes before."""
        turn_id = self._timeline.turn_id
        if not self._timeline.settled or self._ended == turn_id:
            return None
        try:
            if self._reported != turn_id:
                await self._report(turn_id)
                self._reported = turn_id
            remaining_s = self._playback.remaining(self._clock())
            if remaining_s > 0:
                return remaining_s
            await self._end_talk()
        except BusError as error:
            ids = {"conversation_id": self._conversation_id}
            log.log(level_of(error), "the end of the talk waits: %s", error, extra=ids)
            return AGAIN_S
        self._ended = turn_id
        return None

    async def _report(self, turn_id: str) -> None:
        for message_id in self._timeline.message_ids:
            first = await self._bus.read(self._bus.keys.sentences(self._conversation_id, message_id), count=1)
            if first:
                try:
                    self._timeline.note_sentence(message_id, envelope(first[0].fields).ts)
                except BadEntry as error:
                    log.warning("left out: %s", error, extra={"message_id": message_id})
        if self._timeline.turn_id != turn_id:
            return
        try:
            frame = answer_json(TurnMetrics(turn_id, self._timeline.metrics()))
        except TypeError as error:  # `usage` is whatever a worker wrote
            log.warning("left out: turn_metrics hold what JSON cannot: %s", error, extra={"turn_id": turn_id})
            return
        await self._transport.text(frame)

    async def _end_talk(self) -> None:
        # fenced by the epoch alone: a turn that has begun meanwhile has raised it, and its mark must stay
        fence = Fence(self._bus.keys.state(self._conversation_id), "", self._playlist.epoch)
        try:
            await self._bus.transact(self._conversation_id, self._sound_can_go(), fence=fence, talk=False)
        except Stale:
            return

    def _sound_can_go(self) -> list[Expire]:
        """The turn's sound, if it was heard: it makes room early. Of what was cut off, llm reads the sound first."""
        if not self._playback.was_heard:
            return []
        keys, conversation_id = self._bus.keys, self._conversation_id
        return [Expire(keys.audio(conversation_id, id), SOUND_GRACE_S) for id in self._timeline.heard_ids]
