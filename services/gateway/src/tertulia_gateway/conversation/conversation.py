"""One conversation as one connection has it open: its events on their way out, the client's words on their way in."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, replace
from typing import Any, cast

from tertulia_gateway.conversation.audio_sender import Speaking
from tertulia_gateway.conversation.event_filter import RAISES_EPOCH, Verdict, epoch_of
from tertulia_gateway.conversation.metrics import Waits
from tertulia_gateway.conversation.microphone import Microphone
from tertulia_gateway.conversation.playback import Playback
from tertulia_gateway.conversation.receipts import ReceiptWriter
from tertulia_gateway.conversation.resume import Opening
from tertulia_gateway.conversation.turn_completion import Aftermath
from tertulia_gateway.conversation.unreadable import LeftOut
from tertulia_gateway.rate_limit import Clock
from tertulia_gateway.serialization import answer_json, event_json, settings_json
from tertulia_gateway.transport import REPLACED, Closing, Wire
from tertulia_gateway.writes_probe import level_of
from tertulia_shared.bus import (
    Applied,
    Bus,
    BusError,
    EntriesLost,
    Entry,
    Fence,
    Put,
    Stale,
    WriteRefused,
    WritesPaused,
)
from tertulia_shared.codec import BadEntry, pack, unpack
from tertulia_shared.conversation_state import ConversationState, StateField
from tertulia_shared.conversation_writes import accept_turn, interrupt
from tertulia_shared.entries import ModelSettings, Receipt, UserTurn
from tertulia_shared.entry_ids import order
from tertulia_shared.events import ConversationStarted, Error, TurnAccepted
from tertulia_shared.metrics import Metrics
from tertulia_shared.model_settings import possible_settings

LOST_EPOCHS = 1_000
"""More often than this nobody cuts in during what Redis can lose."""
AGAIN_S = 0.1
NEVER_MS = 2**64
FAR_MS = 25 * 3600 * 1000
"""An event that lies so far in the future stands in the way of all that follow it (`Bus.mend` takes a day)."""
TALK_LOST = (
    "The server has lost the last moments of this talk (its Redis was restarted). Say again what was not answered."
)

log = logging.getLogger(__name__)


class Conversation:
    """Runs until cancelled, or until it ends the connection (`Closing`)."""

    def __init__(
        self, bus: Bus, wire: Wire, opening: Opening,
        *, demo: bool, clock: Clock, wall_ms: Callable[[], int], metrics: Metrics | None = None,
        microphone: Microphone | None = None,
    ) -> None:  # fmt: skip
        self.id = opening.conversation_id
        self._bus = bus
        self._wire = wire
        self._opening = opening
        self._demo = demo
        self._microphone = microphone
        self._feed, self._playlist, self._timeline = opening.feed, opening.playlist, opening.timeline
        self._seen = opening.after
        """The last event of the stream that was looked at."""
        self._playback = Playback()
        self._waits = Waits(metrics or Metrics(), wall_ms)
        self._clock = clock
        self._wall_ms = wall_ms
        self._ids = {"conversation_id": self.id}
        self._receipts = ReceiptWriter(bus, self.id, clock)
        self._left_out = LeftOut(wire)
        self._aftermath = Aftermath(bus, wire, opening, self._playback, clock=clock)
        self._speaking = Speaking(
            bus, wire, opening, self._playback, self._waits,
            left_out=self._left_out, clock=clock, wall_ms=wall_ms, on_complete=self._aftermath.changed,
        )  # fmt: skip

    async def run(self) -> None:
        """Send what there is to send."""
        if self._opening.resumed:
            heard = tuple(each.to_wire() for each in self._opening.heard)
            await self._wire.text(answer_json(ConversationStarted(self.id, resumed=True, demo=self._demo, heard=heard)))
        for entry in self._opening.replay:
            await self._tell(entry)
        self._opening = replace(self._opening, replay=())
        if self._opening.lost:
            await self._go_on_after_loss()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._send_events())
            tasks.create_task(self._speaking.run())
            tasks.create_task(self._aftermath.run())
            tasks.create_task(self._receipts.run())

    # -- the client's words

    async def user_message(self, text: str, turn_id: str) -> None:
        """Write the message down, and cut off what is being said.

        Raises:
            BusError: whether it was written is unknown; the same `turn_id` may be sent again.
        """
        turn = UserTurn(turn_id, self.id, text, "typed")
        applied = await self._mending(lambda: accept_turn(self._bus, turn))
        if applied.new:
            self.raise_epoch(applied.epoch)
        else:
            await self._wire.text(answer_json(TurnAccepted(turn_id, text, "typed")))

    async def interrupt(self) -> None:
        """Stop everything that is being said."""
        await self._cut_off()

    async def _cut_off(self, fence: Fence | None = None) -> None:
        applied = await self._mending(lambda: interrupt(self._bus, self.id, "request", fence=fence))
        self.raise_epoch(applied.epoch)

    async def _mending(self, write: Callable[[], Awaitable[Applied]]) -> Applied:
        """Write; if Redis refuses it for good, mend the conversation's keys and write once more."""
        try:
            return await write()
        except WritesPaused:
            raise
        except WriteRefused as error:
            await self._mended(error)  # or another process has mended it since
        return await write()

    async def _mended(self, error: object) -> bool:
        mended = await self._bus.mend(self.id)
        log.error("the conversation's keys cannot be used: %s; mended: %s", error, mended, extra=self._ids)
        return bool(mended)

    async def change_settings(self, changes: Mapping[str, Any]) -> ModelSettings:
        """Let these settings hold from the next turn on; what holds now comes back, and is told to the client."""
        key = self._bus.keys.state(self.id)
        held: dict[str, Any] = {
            **self.read_settings(ConversationState(await self._bus.hash(key)).get(StateField.SETTINGS)),
            **changes,
        }
        settings = possible_settings(held)
        # what a newer release knows beside them stays
        packed = pack({**held, **asdict(settings)})
        await self._mending(lambda: self._bus.transact(self.id, [Put(key, {StateField.SETTINGS: packed})]))
        await self._wire.text(settings_json(settings))
        return settings

    @staticmethod
    def read_settings(raw: bytes | None) -> Mapping[str, Any]:
        """The settings that the state holds; none where they cannot be read."""
        try:
            held: Any = unpack(raw) if raw else {}
        except BadEntry as error:
            log.warning("settings cannot be read: %s", error)
            return {}
        return cast("Mapping[str, Any]", held) if isinstance(held, dict) else {}

    def played(self, receipt: Receipt) -> None:
        """The client has played up to here."""
        self._playback.receipt(receipt)
        self._aftermath.changed()
        self._receipts.add(receipt)

    def played_last(self, receipt: Receipt) -> None:
        """The client has played up to here and has left; `run` has ended."""
        self._receipts.add_last(receipt)

    def raise_epoch(self, epoch: int) -> None:
        """The user cut in: nothing of an older epoch is sent from here on."""
        if epoch > self._playlist.epoch:
            self._playlist.raise_epoch(epoch)
            self._playback.flush()
            self._speaking.changed()

    def _reset(self) -> None:
        """Nothing of what was known is to be heard."""
        self._playlist.reset(self._feed.epoch)
        self._playback.flush()
        self._speaking.changed()

    # -- what the client sees

    async def _send_events(self) -> None:
        far_ms = FAR_MS
        while True:
            trouble = await self._send_until(far_ms)
            mended = False
            with contextlib.suppress(BusError):
                mended = await self._mended(trouble)
            if not mended:  # another process has mended it, or nothing can: then it is sent as it is
                far_ms = NEVER_MS
                await asyncio.sleep(AGAIN_S)

    async def _send_until(self, far_ms: int) -> object:
        """Send events until one cannot be followed by others, or there is no stream: what that is."""
        follow = self._bus.follow(self._bus.keys.events(self.id), self._seen, tell_loss=True)
        try:
            while True:
                try:
                    entries = await follow.read()
                except EntriesLost as error:
                    log.warning("%s", error, extra=self._ids)
                    await self._go_on_after_loss()
                    continue
                except WriteRefused as error:
                    return error
                for entry in entries:
                    if order(entry.id)[0] > self._wall_ms() + far_ms:
                        return f"event {entry.id} lies in the far future"
                    await self._event(entry)
        finally:
            follow.close()

    async def _go_on_after_loss(self) -> None:
        """Redis has lost the last moments of the talk: say so, and begin anew from what it has."""
        await self._tell_loss()
        while True:
            try:
                return await self._begin_anew()
            except BusError as error:
                log.log(
                    level_of(error), "the loss is not dealt with yet: %s", error, extra={"conversation_id": self.id}
                )
                await asyncio.sleep(AGAIN_S)

    async def _tell_loss(self) -> None:
        if self._microphone is not None:
            self._microphone.redis_lost_data()
        await self._wire.text(answer_json(Error("talk_lost", TALK_LOST)))

    async def _begin_anew(self) -> None:
        keys = self._bus.keys
        state = keys.state(self.id)
        held = ConversationState(await self._bus.hash(state)).epoch
        since = await self._bus.read(keys.events(self.id), self._seen)
        if any(entry.fields.get(b"type") == b"turn_accepted" for entry in since):
            # the user has spoken since: that turn is answered, and its epoch may be one that we knew before
            self._feed.reset()
            self._reset()
            return
        # what was being said is cut off: nobody knows how much of it the workers still have. The epoch goes far above
        # any that was lost, so that it does not fall for anybody
        epoch = max(held, self._feed.epoch) + LOST_EPOCHS
        await self._bus.transact(
            self.id, [Put(state, {StateField.EPOCH: epoch, StateField.TALK: "1"})], fence=Fence(state, "", held)
        )
        with contextlib.suppress(Stale):  # the user has spoken this very moment, which did the same
            await self._cut_off(Fence(state, "", epoch))

    async def _event(self, entry: Entry) -> None:
        self._seen = entry.id
        fields = entry.fields
        kind = fields.get(b"type", b"")
        verdict = self._feed.judge(kind, fields)
        if verdict is Verdict.REPLACED:
            raise Closing(REPLACED, "a newer connection took this conversation over")
        if verdict is Verdict.SKIP:
            return
        if verdict is Verdict.SEND_AFTER_LOSS:  # the user spoke before the loss was noticed
            self._reset()
            await self._tell_loss()
        elif kind in RAISES_EPOCH:  # before the client hears of it: nothing older may follow
            self.raise_epoch(self._feed.epoch)
        if kind == b"listening_stopped" and self._microphone is not None:
            self._microphone.ended(fields.get(b"session_id", b"").decode(errors="replace"))
        if not await self._tell(entry):
            return
        self._timeline.see(kind, fields)
        if kind == b"llm_chunk":
            self._waits.text()
        else:
            self._waits.event(kind, fields)
            self._playlist.see(kind, fields, epoch_of(fields))  # after it was sent: its audio comes behind it
            self._speaking.changed()
            self._aftermath.changed()

    async def _tell(self, entry: Entry) -> bool:
        """Send an event to the client; False if this release cannot read it."""
        try:
            frame = event_json(entry.id, entry.fields, self._feed.epoch)
        except BadEntry as error:
            log.warning("left out: %s", error, extra={"conversation_id": self.id})
            await self._left_out.tell(error)
            return False
        await self._wire.text(frame)
        return True
