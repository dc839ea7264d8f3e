"""One conversation that a connection has open: executes the client's commands, and sends events and audio."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping
from typing import Any

from tertulia_gateway.commands import ChangeCast, ChangeNote
from tertulia_gateway.conversation.audio_sender import AudioSender
from tertulia_gateway.conversation.cast_writer import CastWriter, cast_event
from tertulia_gateway.conversation.data_loss import DataLoss
from tertulia_gateway.conversation.event_sender import EventSender
from tertulia_gateway.conversation.metrics import ConversationMetrics
from tertulia_gateway.conversation.microphone import Microphone
from tertulia_gateway.conversation.persona_writer import PersonaWriter, persona_event
from tertulia_gateway.conversation.receipts import ReceiptWriter
from tertulia_gateway.conversation.resume import OpenedConversation
from tertulia_gateway.conversation.turn_completion import TurnCompletion
from tertulia_gateway.conversation.unreadable_warning import UnreadableWarning
from tertulia_gateway.conversation.writer import ConversationWriter
from tertulia_gateway.left_receipts import LeftReceipts
from tertulia_gateway.monitoring.writes_probe import WriteStatus
from tertulia_gateway.rate_limit import Clock
from tertulia_gateway.serialization import answer_json, settings_json
from tertulia_gateway.transport import Transport
from tertulia_shared.answering import Mode
from tertulia_shared.bus import Bus, BusError, WriteRefused
from tertulia_shared.entries import Receipt, UserTurn
from tertulia_shared.events import Answering, ConversationStarted, NoteChanged, TurnAccepted, UserName
from tertulia_shared.metrics import Metrics
from tertulia_shared.persona import Persona
from tertulia_shared.store import Store, StoreError

log = logging.getLogger(__name__)


class Conversation:
    """`run` serves the client until it is cancelled, or until it raises `CloseConnection`."""

    def __init__(
        self,
        bus: Bus,
        store: Store,
        transport: Transport,
        opened: OpenedConversation,
        *,
        demo: bool,
        who_answers: Mode = "fitting",
        user_name: str = "",
        clock: Clock,
        wall_ms: Callable[[], int],
        metrics: Metrics | None = None,
        microphone: Microphone | None = None,
        writes: WriteStatus | None = None,
        left_receipts: LeftReceipts | None = None,
    ) -> None:
        self.id = opened.conversation_id
        self._bus = bus
        self._store = store
        self._wall_ms = wall_ms
        self._transport = transport
        self._opened: OpenedConversation | None = opened
        self._demo = demo
        self._default_mode = who_answers
        self._default_name = user_name
        self._position = position = opened.position
        self._receipts = ReceiptWriter(bus, self.id, clock, writes, left_receipts)
        self._writer = ConversationWriter(bus, self.id)
        self._personas = PersonaWriter(bus, store, self.id)
        self._data_loss = DataLoss(bus, transport, self.id, position, writer=self._writer, microphone=microphone)
        measured = ConversationMetrics(metrics or Metrics(), wall_ms)
        unreadable = UnreadableWarning(transport)
        self._turn_completion = TurnCompletion(
            bus, store, transport, self.id, position, clock=clock, on_settled=measured.turn_settled
        )
        self.measured = measured
        self._audio = AudioSender(
            bus, transport, self.id, position, measured, unreadable=unreadable, clock=clock, wall_ms=wall_ms
        )
        self._events = EventSender(
            bus,
            transport,
            self.id,
            position,
            measured,
            writer=self._writer,
            data_loss=self._data_loss,
            unreadable=unreadable,
            microphone=microphone,
            wall_ms=wall_ms,
        )

    async def run(self) -> None:
        """Send the client the events that it has missed, then events and audio as they are written."""
        opened, self._opened = self._opened, None  # the events are sent: free their memory
        assert opened is not None, "run is called once"  # noqa: S101
        await self._send_missed(opened)
        is_resumed = opened.resumed
        del opened
        async with asyncio.TaskGroup() as tasks:
            if is_resumed:
                tasks.create_task(self._refresh_persona())
            tasks.create_task(self._events.run())
            tasks.create_task(self._audio.run())
            tasks.create_task(self._turn_completion.run())
            tasks.create_task(self._receipts.run())

    async def _send_missed(self, opened: OpenedConversation) -> None:
        if opened.resumed:
            heard = tuple(each.as_dict() for each in opened.heard)
            started = ConversationStarted(self.id, resumed=True, demo=self._demo, heard=heard, unused=opened.unused)
            await self._transport.send_text(answer_json(started))
        for entry in opened.replay:
            await self._events.send(entry)
        if opened.lost:
            await self._data_loss.recover(self._position.after)

    async def _refresh_persona(self) -> None:
        """Tell the client if its persona was edited. An unavailable store must not disturb the conversation."""
        try:
            if await self._personas.refresh():
                await self.change_user_name(None)
        except (StoreError, BusError, TimeoutError) as error:
            log.info("the persona may be out of date: %s", error, extra={"conversation_id": self.id})

    # -- commands

    async def begin_turn(self, turn: UserTurn) -> None:
        """Begin a turn, which also interrupts the reply in progress.

        Raises:
            BusError: the outcome is unknown; the client may send the same `turn_id` again.
        """
        self._receipts.write_deferred()  # before the turn: its worker reads them
        with contextlib.suppress(WriteRefused):  # damaged keys: the writer repairs them
            await self._turn_completion.clear_if_played()  # the last receipt may have come just before this turn
        applied = await self._writer.begin_turn(turn)
        if applied.new:
            self._position.raise_epoch(applied.epoch)
        else:
            await self._transport.send_text(answer_json(TurnAccepted(turn.turn_id, turn.text, turn.source)))

    async def interrupt(self) -> None:
        """Stop the reply in progress."""
        self._receipts.write_deferred()  # before the interruption: its worker reads them
        applied = await self._writer.interrupt()
        self._position.raise_epoch(applied.epoch)

    async def change_settings(self, changes: Mapping[str, Any]) -> Mapping[str, Any]:
        """Change model settings from the next turn on, and send the client all of them. Returns what the store keeps of
        the conversation's settings.
        """
        settings, kept = await self._writer.change_settings(changes)
        await self._transport.send_text(settings_json(settings))
        return kept

    async def change_answering(self, changes: Mapping[str, Any]) -> Mapping[str, Any]:
        """Change who answers from the next turn on, and send the client all rules.

        Returns what the store keeps of the conversation's settings.
        """
        rules, kept = await self._writer.change_answering(changes)
        answering = Answering(rules.mode, rules.muted, rules.discussion, self._default_mode)
        await self._transport.send_text(answer_json(answering))
        return kept

    async def change_cast(self, command: ChangeCast) -> Mapping[str, Any]:
        """Change who sits at the table from the next turn on; the event `cast` tells the client. A query is answered
        with the current cast.

        Returns what the store keeps of the conversation's settings; empty after a query.
        """
        writer = CastWriter(self._bus, self._store, self.id, self._wall_ms())
        if command.is_query:
            await self._transport.send_text(answer_json(cast_event(await writer.read())))
            return {}
        _, kept = await writer.change(command)
        return kept

    async def change_user_name(self, name: str | None) -> Mapping[str, Any]:
        """Change what the characters call the user from the next turn on; None: no change. Sends the client the name.

        Returns what the store keeps of the conversation's settings.
        """
        now, kept = await self._writer.change_user_name(name)
        await self._transport.send_text(answer_json(UserName(now, self._default_name)))
        return kept

    async def change_persona(self, persona: Persona | None) -> Mapping[str, Any]:
        """Change who the user is from the next turn on; the events `persona` and `user_name` tell the client. None: a
        query, which is answered with the current persona.

        Returns what the store keeps of the conversation's settings; empty after a query.
        """
        if persona is None:
            await self._transport.send_text(answer_json(persona_event(await self._personas.read())))
            return {}
        kept = await self._personas.change(persona)
        await self.change_user_name(None)
        return kept

    async def change_note(self, command: ChangeNote) -> Mapping[str, Any]:
        """Change the author's note from the next turn on; the event `note` tells the client. A query is answered with
        the current note.

        Returns what the store keeps of the conversation's settings; empty after a query.
        """
        if command.is_query:
            note = await self._writer.read_note()
            await self._transport.send_text(answer_json(NoteChanged(note.text, note.depth)))
            return {}
        return await self._writer.change_note(command.text, command.depth)

    def played(self, receipt: Receipt) -> None:
        """Record a playback receipt of the client."""
        self._position.played(receipt)
        self._receipts.add(receipt)

    def played_last(self, receipt: Receipt) -> None:
        """Like `played`, but for a client that has disconnected, so that `run` has ended."""
        self._receipts.add_last(receipt)
