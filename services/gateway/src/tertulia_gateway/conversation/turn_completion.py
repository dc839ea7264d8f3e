"""Completes each turn: sends its metrics to the client, and clears its talk mark when its audio was played."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from tertulia_gateway.conversation.earlier_usage import EarlierUsage
from tertulia_gateway.conversation.position import ClientPosition
from tertulia_gateway.monitoring.writes_probe import level_of
from tertulia_gateway.rate_limit import Clock
from tertulia_gateway.serialization import answer_json
from tertulia_gateway.transport import Transport
from tertulia_shared.bus import Bus, BusError, Expire, Fence, Stale
from tertulia_shared.codec import BadEntry, envelope
from tertulia_shared.events import TurnMetrics
from tertulia_shared.keys import SOUND_GRACE_S
from tertulia_shared.store import Store, StoreError
from tertulia_shared.usage import Usage, added

USAGE_S = 1.0
"""How long to wait for the store to sum up the conversation's token usage, in seconds."""
NO_TURN = ("", 0)
RETRY_S = 1.0
"""Time between two attempts to clear the talk mark while Redis is unavailable."""

log = logging.getLogger(__name__)


class TurnCompletion:
    """Reports each complete turn once, and clears its talk mark once."""

    def __init__(
        self,
        bus: Bus,
        store: Store,
        transport: Transport,
        conversation_id: str,
        position: ClientPosition,
        *,
        clock: Clock,
        on_settled: Callable[[], None] = lambda: None,
    ) -> None:
        """`on_settled` is called once for each turn whose text is complete and whose sound was sent."""
        self._bus = bus
        self._store = store
        self._transport = transport
        self._conversation_id = conversation_id
        self._position = position
        self._timeline = position.timeline
        self._clock = clock
        self._on_settled = on_settled
        self._reported = self._timeline.key if self._timeline.settled else NO_TURN
        """The last turn whose metrics the client was sent."""
        self._earlier_usage = EarlierUsage()
        self._cleared = NO_TURN
        """The last turn whose talk mark was cleared."""
        self._clearing = asyncio.Lock()

    async def run(self) -> None:
        """Complete one turn after the other, until cancelled."""
        while True:
            wait_s = await self._complete()
            await self._position.turn_change(wait_s)

    async def _complete(self) -> float | None:
        """Clear the turn's talk mark and report the turn, as far as that is due. Returns the seconds until the next
        call; None: call again when the turn changes.
        """
        turn = turn_id, _ = self._timeline.key
        if not self._timeline.settled or self._cleared == self._reported == turn:
            return None
        try:
            # The mark first: a client may answer the metrics at once, and must not interrupt a turn that is over.
            await self.clear_if_played()
            if self._reported != turn and self._timeline.key == turn:
                self._on_settled()
                await self._report(turn_id)
                self._reported = turn
        except BusError as error:
            ids = {"conversation_id": self._conversation_id}
            log.log(level_of(error), "the talk mark is not cleared yet: %s", error, extra=ids)
            return RETRY_S
        return None if self._cleared == turn else max(0.0, self._position.playback.remaining(self._clock()))

    async def clear_if_played(self) -> None:
        """Clear the turn's talk mark if its text is complete and the client has played it.

        Raises:
            BusError: Redis is unavailable.
        """
        async with self._clearing:
            turn = _, epoch = self._timeline.key
            is_played = self._timeline.settled and self._position.playback.remaining(self._clock()) <= 0
            if is_played and self._cleared != turn:
                await self._clear_talk_mark(epoch)
                self._cleared = turn

    async def _report(self, turn_id: str) -> None:
        turn = self._timeline.key
        for message_id in self._timeline.without_sentence:
            first = await self._bus.read(self._bus.keys.sentences(self._conversation_id, message_id), count=1)
            if first:
                try:
                    self._timeline.note_sentence(message_id, envelope(first[0].fields).ts)
                except BadEntry as error:
                    log.warning("a sentence is skipped: %s", error, extra={"message_id": message_id})
        changes, usage = self._timeline.changes, None
        earlier = self._earlier_usage.before(turn_id, changes)
        if earlier is None:
            earlier = await self._stored_usage(turn_id)
        if self._timeline.key != turn:
            return
        if earlier is not None:
            self._earlier_usage.note(turn_id, changes, earlier, self._timeline.usage)
            usage = added(earlier, self._timeline.usage)
        try:
            frame = answer_json(TurnMetrics(turn_id, {**self._timeline.metrics(), "conversation_usage": usage}))
        except TypeError as error:  # a worker may have written any object as `usage`
            log.warning("turn_metrics skipped: they cannot be encoded as JSON: %s", error, extra={"turn_id": turn_id})
            return
        await self._transport.send_text(frame)

    async def _stored_usage(self, turn_id: str) -> Usage | None:
        """The token usage of all other turns of the conversation; None if the store does not answer."""
        try:
            async with asyncio.timeout(USAGE_S):
                return await self._store.usage(self._conversation_id, without_turn=turn_id)
        except (StoreError, TimeoutError) as error:
            ids = {"conversation_id": self._conversation_id}
            log.info("the usage cannot be read: %s", error or "no answer in time", extra=ids)
            return None

    async def _clear_talk_mark(self, epoch: int) -> None:
        # The fence is the epoch of this turn: if a newer turn has raised the epoch, the write is refused, because the
        # talk mark is now the newer turn's. The audio queue's epoch would be wrong here: it rises as soon as the newer
        # turn is in Redis, before the event of that turn is read.
        fence = Fence(self._bus.keys.state(self._conversation_id), "", epoch)
        try:
            await self._bus.transact(self._conversation_id, self._expire_played_audio(), fence=fence, talk=False)
        except Stale:
            return

    def _expire_played_audio(self) -> list[Expire]:
        """The writes that make the audio of a played turn expire early. The audio of an interrupted turn is kept,
        because the llm worker needs it.
        """
        if not self._position.playback.was_heard:
            return []
        keys, conversation_id = self._bus.keys, self._conversation_id
        return [Expire(keys.audio(conversation_id, id), SOUND_GRACE_S) for id in self._timeline.heard_ids]
