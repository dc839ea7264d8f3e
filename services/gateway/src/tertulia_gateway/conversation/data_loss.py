"""Continues a conversation after Redis came back without its latest writes."""

from __future__ import annotations

import asyncio
import contextlib
import logging

from tertulia_gateway.conversation.microphone import Microphone
from tertulia_gateway.conversation.position import ClientPosition
from tertulia_gateway.conversation.writer import ConversationWriter
from tertulia_gateway.monitoring.writes_probe import level_of
from tertulia_gateway.serialization import answer_json
from tertulia_gateway.transport import Transport
from tertulia_shared.bus import Bus, BusError, Fence, Put, Stale
from tertulia_shared.conversation_state import ConversationState, StateField
from tertulia_shared.entry_ids import BEGINNING, order
from tertulia_shared.events import Error

LOST_EPOCHS = 1_000
"""Added to the epoch after data loss; larger than the number of interruptions that Redis can lose."""
RETRY_S = 0.1
TALK_LOST = (
    "The server has lost the last moments of this conversation (its Redis was restarted). Please repeat what was not "
    "answered."
)

log = logging.getLogger(__name__)


class DataLoss:
    """Reports a data loss to the client and the microphone, and ends the reply that was in progress."""

    def __init__(
        self,
        bus: Bus,
        transport: Transport,
        conversation_id: str,
        position: ClientPosition,
        *,
        writer: ConversationWriter,
        microphone: Microphone | None,
    ) -> None:
        self._bus = bus
        self._transport = transport
        self._id = conversation_id
        self._position = position
        self._writer = writer
        self._microphone = microphone
        self._reported_at = BEGINNING
        """The id of the event that showed a loss first, before `recover` was called."""

    async def report(self, event_id: str) -> None:
        """Report a loss that this event shows."""
        self._reported_at = event_id
        await self._report()

    async def _report(self) -> None:
        """Tell the client, and make the microphone write again what Redis may have lost."""
        self._restore_listening()
        await self._transport.send_text(answer_json(Error("talk_lost", TALK_LOST)))

    def _restore_listening(self) -> None:
        if self._microphone is not None:
            self._microphone.redis_lost_data()

    async def recover(self, lost_id: str) -> None:
        """Report the loss, unless that is done, and continue from what Redis has, retrying while Redis is unavailable.

        `lost_id`: the id of a lost event. Events with higher ids were written after the loss.
        """
        if order(self._reported_at) <= order(lost_id):
            await self._report()
        while True:
            try:
                await self._continue(lost_id)
                # Redis may have lost its data once more since the report. From now on it has an event, so that a
                # further loss is noticed.
                return self._restore_listening()
            except BusError as error:
                ids = {"conversation_id": self._id}
                log.log(level_of(error), "no recovery from the data loss of Redis yet: %s", error, extra=ids)
                await asyncio.sleep(RETRY_S)

    async def _continue(self, lost_id: str) -> None:
        keys = self._bus.keys
        state = keys.state(self._id)
        stored = ConversationState(await self._bus.hash(state)).epoch
        newer = await self._bus.read(keys.events(self._id), lost_id)
        accepted = [entry.id for entry in newer if entry.fields.get(b"type") == b"turn_accepted"]
        if accepted:
            # a turn was accepted after the loss: the workers answer it, although its epoch was perhaps used before
            if order(accepted[-1]) > order(self._position.after):
                self._position.accept_any_epoch()
            return
        # Interrupt the reply in progress, because it is unknown how much of it is still in Redis. The epoch rises above
        # all epochs that were lost, so that no worker or gateway mistakes one of them for the current epoch.
        epoch = max(stored, self._position.epoch) + LOST_EPOCHS
        fence = Fence(state, "", stored)
        await self._bus.transact(self._id, [Put(state, {StateField.EPOCH: epoch, StateField.TALK: "1"})], fence=fence)
        with contextlib.suppress(Stale):  # a turn was just accepted, and that interrupts the reply as well
            applied = await self._writer.interrupt(Fence(state, "", epoch))
            self._position.raise_epoch(applied.epoch)
