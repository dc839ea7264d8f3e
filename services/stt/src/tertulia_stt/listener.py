"""Serves one listening session: feeds microphone PCM to the recognizer, and the recognizer's events to `SpeechEvents`.

The `TurnWriter` stores a checkpoint after each piece of speech. So a worker that takes the session over processes only
the audio after the last piece, and continues the same turn.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from tertulia_shared import events as client_events
from tertulia_shared.bus import Append, Bus, Claim, Entry, Fence, Follow, NotOwner, Owned, Refused, WriteRefused
from tertulia_shared.codec import Fields, decode, envelope
from tertulia_shared.conversation_cast import Cast, cast_of
from tertulia_shared.conversation_state import ConversationState
from tertulia_shared.entries import MicChunk, Work
from tertulia_shared.exception_groups import first_error
from tertulia_shared.ids import is_id
from tertulia_shared.keys import SOUND_GRACE_S
from tertulia_shared.metrics import Metrics
from tertulia_shared.work import BadWork, RetryLater, permanent_refusal_is_bad_work
from tertulia_stt.checkpoint import Checkpoint, CheckpointTracker, read_checkpoint, read_turn
from tertulia_stt.engine import RecognitionEngine, RecognitionFailed, RecognitionSession
from tertulia_stt.giving_up import end_turn, give_up_session
from tertulia_stt.metrics import ListenerMetrics
from tertulia_stt.names_at_the_table import NamesAtTheTable, without_repetitions
from tertulia_stt.second_opinion import SecondOpinion
from tertulia_stt.settings import STTSettings
from tertulia_stt.speech_events import SpeechEvents
from tertulia_stt.turn import NO_TURN
from tertulia_stt.turn_end import TurnEndModel
from tertulia_stt.turn_handover import RECONNECT_S, TurnHandover
from tertulia_stt.turn_taking import TurnRules
from tertulia_stt.turn_writer import TurnWriter

MICROPHONE_PAUSE_S = 2.0
"""If the microphone sends nothing for this long, the turn ends, because silence is measured in audio and there is
none.
"""
MICROPHONE_POLL_S = 0.5
MAX_EXPECTED = 32
"""The recognizer is told this many words at most, because each of them costs it time."""


@dataclass(slots=True)
class _Session:
    """The state of the session being served."""

    work: Work
    tracker: CheckpointTracker
    turns: TurnWriter
    events: SpeechEvents
    cause: str = "stopped"
    """Why the session ends. The client gets this reason."""


class Listener:
    """The stt stage's `Handler`."""

    def __init__(
        self,
        bus: Bus,
        engine: RecognitionEngine,
        settings: STTSettings,
        metrics: Metrics | None = None,
        *,
        turn_model: TurnEndModel | None = None,
    ) -> None:
        self._bus = bus
        self._engine = engine
        self._settings = settings
        self._turn_model = turn_model
        self._metrics = ListenerMetrics(metrics or Metrics(), engine.name)
        self._names = NamesAtTheTable(bus)
        self._rules = TurnRules(
            settings.silence_bounds, settings.stt_reopen_ms, settings.think_ahead != "off", engine.writing
        )

    async def handle(self, claim: Claim) -> None:
        """Recognize the session's speech until the session ends.

        Raises:
            BadWork: Redis refuses a write permanently.
        """
        with permanent_refusal_is_bad_work():
            await self._handle(claim)

    async def give_up(self, claim: Claim, reason: str) -> None:
        """Tell the client that the session has failed."""
        await give_up_session(self._bus, claim, reason)

    async def _handle(self, claim: Claim) -> None:
        work = _session_of(claim)
        owned = await self._bus.own(claim, work.conversation_id, work.session_id)
        if isinstance(owned, Refused) and owned.later_attempt:
            raise NotOwner("a later attempt serves this session")
        keys = self._bus.keys
        fields = await self._bus.hash(keys.mic_progress(work.conversation_id, work.session_id))
        if b"ended" in fields:
            if not isinstance(owned, Refused) and read_turn(fields) != NO_TURN:
                await self._end_offered_turn(work, owned.fence())
            await self._report_end(work)
            return
        if isinstance(owned, Refused):
            return
        await self._names.refresh()
        start = await self._start(work, owned, fields)
        session = self._session(work, owned.fence(), start)
        await self._recognize(session, start, cast_of(ConversationState(owned.state)))
        if session.cause != "abandoned" or not await self._offer_turn(session, owned.fence()):
            await self._end(session, owned.fence())

    async def _start(self, work: Work, owned: Owned, progress: Fields) -> Checkpoint:
        """The checkpoint from which the session continues; or begin the session."""
        if progress:
            return read_checkpoint(progress)
        handover = TurnHandover(self._bus, work, owned.fence())
        return Checkpoint(turn=await handover.begin(ConversationState(owned.state), self._settings.lease_s))

    async def _recognize(self, session: _Session, start: Checkpoint, cast: Cast) -> None:
        recognizer = await self._engine.open(first_sample=start.sample)

        def expect(names: Sequence[str]) -> None:
            words = without_repetitions(*names, *self._engine.writing.names)
            session.events.expect(names, words)
            recognizer.expect(words[:MAX_EXPECTED])

        try:
            expect(names := self._names.of(cast))
            async with asyncio.TaskGroup() as tasks:
                following = tasks.create_task(self._names.follow(session.work.conversation_id, cast, names, expect))
                tasks.create_task(self._feed(session, recognizer, start.after))
                await self._publish(session, recognizer)
                following.cancel()
        except ExceptionGroup as group:
            error = first_error(group)
            if isinstance(error, RecognitionFailed):
                raise RetryLater(str(error)) from error
            if isinstance(error, WriteRefused):
                raise error from group
            raise
        finally:
            await recognizer.close()

    async def _end(self, session: _Session, fence: Fence) -> None:
        await session.events.end()
        work, keys = session.work, self._bus.keys
        outlet, progress = self._bus.outlet(fence), keys.mic_progress(work.conversation_id, work.session_id)
        outlet.append(keys.events(work.conversation_id), client_events.ListeningStopped(work.session_id, session.cause))
        outlet.put(progress, {"ended": 1, "pending": None})
        outlet.expire(keys.mic(work.conversation_id, work.session_id), SOUND_GRACE_S)
        await outlet.flush()

    async def _offer_turn(self, session: _Session, fence: Fence) -> bool:
        """Offer the session's turn to the next session. Returns False if it has none, or the next one began already."""
        checkpoint = await session.events.carried_over()
        if checkpoint.turn == NO_TURN or not await TurnHandover(self._bus, session.work, fence).offer(checkpoint):
            return False
        await self._end_offered_turn(session.work, fence)
        return True

    async def _end_offered_turn(self, work: Work, fence: Fence) -> None:
        """End the turn that is offered, after a time in which another session may continue it."""
        if await TurnHandover(self._bus, work, fence).is_offered():
            await asyncio.sleep(max(RECONNECT_S, self._settings.stt_reopen_ms / 1000))
        if await end_turn(self._bus, work, fence):
            self._metrics.finished("turn")

    async def _report_end(self, work: Work) -> None:
        """Report the end of a session that ended earlier, if its event is no longer in the stream. A gateway that posts
        the work again waits for this event.
        """
        key, stopped = self._bus.keys.events(work.conversation_id), client_events.ListeningStopped.type.encode()
        for entry in await self._bus.read(key):
            if entry.fields.get(b"type") == stopped and entry.fields.get(b"session_id") == work.session_id.encode():
                return
        await self._bus.transact(
            work.conversation_id, [Append(key, client_events.ListeningStopped(work.session_id, "stopped"))]
        )

    def _session(self, work: Work, fence: Fence, start: Checkpoint) -> _Session:
        # It needs numpy, 10 MB and 0.1 s: imported at the first session, when the worker serves no other.
        from tertulia_stt.overlapping_speech import OverlappingSpeech  # noqa: PLC0415 - see above

        tracker = CheckpointTracker(start)
        overlap = OverlappingSpeech(self._bus, work.conversation_id, self._settings)
        turns = TurnWriter(self._bus, work, fence, rules=self._rules, metrics=self._metrics, start=start)
        events = SpeechEvents(
            self._bus, work, fence, tracker=tracker, overlap=overlap, turns=turns,
            opinion=SecondOpinion(self._turn_model), metrics=self._metrics,
        )  # fmt: skip
        return _Session(work, tracker, turns, events)

    async def _feed(self, session: _Session, recognizer: RecognitionSession, after: str) -> None:
        mic = self._bus.follow(self._bus.keys.mic(session.work.conversation_id, session.work.session_id), after)
        try:
            while (entries := await self._next(session, mic)) is not None:
                self._metrics.hop.taken(entries[0].fields)
                if await self._feed_entries(session, recognizer, entries):
                    break
        finally:
            mic.close()
        session.turns.is_input_over = True
        await recognizer.finish()

    async def _next(self, session: _Session, mic: Follow) -> Sequence[Entry] | None:
        """The next entries of the microphone; None if no entry comes for `stt_idle_s`."""
        waited_s, wait_s = 0.0, MICROPHONE_PAUSE_S
        while waited_s < self._settings.stt_idle_s:
            wait_s = min(wait_s, self._settings.stt_idle_s - waited_s)
            try:
                async with asyncio.timeout(wait_s):
                    return await mic.read()
            except TimeoutError:
                waited_s, wait_s = waited_s + wait_s, MICROPHONE_POLL_S
            await session.events.microphone_pauses()
        session.cause = "idle"
        return None

    async def _feed_entries(self, session: _Session, recognizer: RecognitionSession, entries: Sequence[Entry]) -> bool:
        """Feed the entries to the recognizer. Returns True if one of them ends the session."""
        for entry in entries:
            chunk = decode(MicChunk, entry.fields)
            if chunk.is_final:
                session.cause = chunk.cause or "stopped"
                return True
            number = int(entry.id.partition("-")[0])
            if pcm := session.tracker.add(number, chunk.pcm):
                session.events.hear(pcm, envelope(entry.fields).ts)
                await recognizer.feed(pcm)
        return False

    async def _publish(self, session: _Session, recognizer: RecognitionSession) -> None:
        async for event in recognizer.events():
            await session.events.take(event)


def _session_of(claim: Claim) -> Work:
    work = decode(Work, claim.fields)
    if not (is_id(work.conversation_id) and is_id(work.session_id)):
        raise BadWork("an stt work entry needs a conversation_id and a session_id, both UUIDs")
    return work
