"""Sends the events of one conversation to its client as soon as they are written."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable

from tertulia_gateway.conversation.data_loss import DataLoss
from tertulia_gateway.conversation.event_filter import Decision
from tertulia_gateway.conversation.metrics import ConversationMetrics
from tertulia_gateway.conversation.microphone import Microphone
from tertulia_gateway.conversation.position import ClientPosition
from tertulia_gateway.conversation.unreadable_warning import UnreadableWarning
from tertulia_gateway.conversation.writer import ConversationWriter
from tertulia_gateway.serialization import event_json
from tertulia_gateway.transport import REPLACED, CloseConnection, Transport
from tertulia_shared.bus import Bus, BusError, EntriesLost, Entry, WriteRefused
from tertulia_shared.codec import BadEntry
from tertulia_shared.entry_ids import order

RETRY_S = 0.1
FAR_MS = 25 * 3600 * 1000
"""If an event's id is this far in the future, later events are blocked. `Bus.mend` repairs ids that are more than a
day ahead.
"""
UNLIMITED_MS = 2**64

log = logging.getLogger(__name__)


class EventSender:
    """Sends one conversation's events. Raises `CloseConnection` when a newer client takes the conversation over."""

    def __init__(
        self,
        bus: Bus,
        transport: Transport,
        conversation_id: str,
        position: ClientPosition,
        metrics: ConversationMetrics,
        *,
        writer: ConversationWriter,
        data_loss: DataLoss,
        unreadable: UnreadableWarning,
        microphone: Microphone | None,
        wall_ms: Callable[[], int],
    ) -> None:
        self._bus = bus
        self._transport = transport
        self._position = position
        self._metrics = metrics
        self._writer = writer
        self._data_loss = data_loss
        self._unreadable = unreadable
        self._microphone = microphone
        self._wall_ms = wall_ms
        self._key = bus.keys.events(conversation_id)
        self._ids = {"conversation_id": conversation_id}

    async def run(self) -> None:
        """Send until cancelled. Repairs the stream when it has become unreadable."""
        far_ms = FAR_MS
        while True:
            problem = await self._follow(far_ms)
            if problem is None:
                continue
            repaired = False
            with contextlib.suppress(BusError):
                repaired = await self._writer.repair(problem)
            if not repaired:  # the stream needs no repair any more, or cannot be repaired: send the events as they are
                far_ms = UNLIMITED_MS
                await asyncio.sleep(RETRY_S)

    async def send(self, entry: Entry) -> bool:
        """Send one event. Returns False if this release cannot decode the event, so that it is skipped."""
        try:
            frame = event_json(entry.id, entry.fields, self._position.epoch)
        except BadEntry as error:
            log.warning("an event is skipped: %s", error, extra=self._ids)
            await self._unreadable.skipped(error)
            return False
        await self._transport.send_text(frame)
        return True

    async def _follow(self, far_ms: int) -> object | None:
        """Send events until the stream has to be repaired. Returns the reason for the repair; None if the stream has to
        be read again from the position.
        """
        follow = self._bus.follow(self._key, self._position.after, tell_loss=True)
        try:
            while True:
                try:
                    entries = await follow.read()
                except EntriesLost as error:
                    log.warning("%s", error, extra=self._ids)
                    await self._data_loss.recover(error.entry_id)
                    continue
                except WriteRefused as error:
                    return error
                latest_ms = self._wall_ms() + far_ms
                for entry in entries:
                    if order(entry.id)[0] > latest_ms:
                        return f"event {entry.id} lies in the far future"
                    self._note_ended_session(entry)
                    for due in self._position.read(entry):
                        await self._handle(due)
                    if self._position.after != entry.id:
                        return None
        finally:
            follow.close()

    def _note_ended_session(self, entry: Entry) -> None:
        """Close the microphone's session if this event says that a worker has ended it. The client may get the event
        later, if a turn is held, but further PCM would not be read.
        """
        if entry.fields.get(b"type") == b"listening_stopped" and self._microphone is not None:
            self._microphone.ended(entry.fields.get(b"session_id", b"").decode(errors="replace"))

    async def _handle(self, entry: Entry) -> None:
        decision = self._position.advance(entry)
        if decision is Decision.REPLACED:
            raise CloseConnection(REPLACED, "a newer connection took this conversation over")
        if decision is Decision.SKIP:
            return
        if decision is Decision.SEND_AFTER_LOSS:  # a turn was accepted before this gateway noticed the loss
            await self._data_loss.report(entry.id)
        fields = entry.fields
        kind = fields.get(b"type", b"")
        if not await self.send(entry):
            return
        if kind == b"llm_chunk":
            self._metrics.text_sent()
        else:
            self._metrics.event_sent(kind, fields)
        # only after sending: the client must get a message's audio after the message's `message_started`
        self._position.has_event(entry)
