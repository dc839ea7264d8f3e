"""Serves one listening session: feeds microphone PCM to the recognizer, sends its events, makes utterances into turns.

The stt stage's `Handler`. One script writes an utterance's turn, its event and the checkpoint after it. So a worker
that takes the session over processes only the audio that has not become a turn.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

from tertulia_shared import codec
from tertulia_shared import events as client_events
from tertulia_shared.bus import Append, Bus, Claim, Entry, NotOwner, Owned, Put, Refused, WriteRefused, WritesPaused
from tertulia_shared.codec import decode
from tertulia_shared.conversation_state import ConversationState, StateField
from tertulia_shared.conversation_writes import accept_turn, interrupt
from tertulia_shared.entries import MicChunk, TTSSentence, TurnPlan, UserTurn, Work
from tertulia_shared.exception_groups import first_error
from tertulia_shared.ids import is_id, reply_id, spoken_turn_id
from tertulia_shared.keys import SOUND_GRACE_S
from tertulia_shared.metrics import Metrics
from tertulia_shared.text import clean_text
from tertulia_shared.work import BadWork, RetryLater, pointed_at
from tertulia_stt import engine as heard
from tertulia_stt.barge_in import BargeInDecision, Bounds, Heard, decide, echo_share, words_of
from tertulia_stt.checkpoint import CheckpointTracker, read_checkpoint
from tertulia_stt.endpointing import EndpointSettings
from tertulia_stt.engine import SAMPLE_RATE, RecognitionEngine, RecognitionFailed, RecognitionSession, STTEvent
from tertulia_stt.metrics import ListenerMetrics
from tertulia_stt.settings import STTSettings

END_SILENCE_SAMPLES = EndpointSettings().hangover_ms * SAMPLE_RATE // 1000
"""The silence that ends an utterance."""

MAX_TRANSCRIPT_CHARS = 8_000
"""Maximum length of an utterance's text: the same as for typed text."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Session:
    """The state of the session being served."""

    work: Work
    owned: Owned
    tracker: CheckpointTracker
    cause: str = "stopped"
    speech_from: int | None = None
    """The first sample of the current utterance."""
    speech_ended: float | None = None
    """The time at which the end of the current utterance was detected."""
    over: bool = False
    """True if the current utterance began while a character was speaking."""
    broke_in: bool = False
    being_said: dict[str, str] = field(default_factory=dict[str, str])
    """The sentences that characters have spoken since the utterance began, by message and entry id."""


class Listener:
    """The stt stage's `Handler`."""

    def __init__(
        self, bus: Bus, engine: RecognitionEngine, settings: STTSettings, metrics: Metrics | None = None
    ) -> None:  # fmt: skip
        self._bus = bus
        self._engine = engine
        self._settings = settings
        self._bounds = Bounds(settings.stt_barge_in_ms, settings.stt_echo_share)
        self._metrics = ListenerMetrics(metrics or Metrics(), engine.name)

    async def handle(self, claim: Claim) -> None:
        """Listen until the session ends.

        Raises:
            BadWork: Redis refuses a write permanently.
        """
        try:
            await self._handle(claim)
        except WritesPaused:
            raise
        except WriteRefused as error:
            raise BadWork(str(error)) from error

    async def _handle(self, claim: Claim) -> None:
        work = _session_of(claim)
        owned = await self._bus.own(claim, work.conversation_id, work.session_id)
        if isinstance(owned, Refused):
            if owned.later_attempt:
                raise NotOwner("a later attempt serves this session")
            return
        keys = self._bus.keys
        fields = await self._bus.hash(keys.mic_progress(work.conversation_id, work.session_id))
        if b"ended" in fields:
            return
        start = read_checkpoint(fields)
        session = _Session(work, owned, CheckpointTracker(start))
        recognizer = await self._engine.open(first_sample=start.sample)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._feed(session, recognizer, start.after))
                tasks.create_task(self._publish(session, recognizer))
        except ExceptionGroup as group:
            error = first_error(group)
            if isinstance(error, RecognitionFailed):
                raise RetryLater(str(error)) from error
            if isinstance(error, WriteRefused):
                raise error from group
            raise
        finally:
            await recognizer.close()
        outlet = self._bus.outlet(owned.fence())
        outlet.append(keys.events(work.conversation_id), client_events.ListeningStopped(work.session_id, session.cause))
        outlet.put(keys.mic_progress(work.conversation_id, work.session_id), {"ended": 1})
        outlet.expire(keys.mic(work.conversation_id, work.session_id), SOUND_GRACE_S)
        await outlet.flush()

    async def give_up(self, claim: Claim, reason: str) -> None:
        """Tell the client that the session has failed."""
        work = pointed_at(claim.fields)
        if not (is_id(work.conversation_id) and is_id(work.session_id)):
            return
        events = self._bus.keys.events(work.conversation_id)
        final_events = [
            Append(events, client_events.Error("stt_failed", f"Listening failed: {reason}. Start listening again.")),
            Append(events, client_events.ListeningStopped(work.session_id, "failed")),
        ]
        try:  # a separate write: if this key is the broken one, the events below are still sent, exactly once
            outlet = self._bus.outlet()
            outlet.put(self._bus.keys.mic_progress(work.conversation_id, work.session_id), {"ended": 1})
            await outlet.flush()
        except WritesPaused:
            raise
        except WriteRefused as error:
            log.error("Redis refused a write: %s", error, extra={"session_id": work.session_id})  # noqa: TRY400
        try:
            await self._bus.transact(work.conversation_id, final_events)
        except WritesPaused:
            raise
        except WriteRefused as error:
            repaired = await self._bus.mend(work.conversation_id)
            log.error("Redis refused a write: %s; repaired: %s", error, repaired, extra={"session_id": work.session_id})  # noqa: TRY400
            await self._bus.transact(work.conversation_id, final_events)  # even if another process repaired them first

    async def _feed(self, session: _Session, recognizer: RecognitionSession, after: str) -> None:
        mic = self._bus.follow(self._bus.keys.mic(session.work.conversation_id, session.work.session_id), after)
        try:
            while True:
                try:
                    async with asyncio.timeout(self._settings.stt_idle_s):
                        entries = await mic.read()
                    self._metrics.hop.taken(entries[0].fields)
                except TimeoutError:
                    session.cause = "idle"
                    break
                if await self._feed_entries(session, recognizer, entries):
                    break
        finally:
            mic.close()
        await recognizer.finish()

    async def _feed_entries(self, session: _Session, recognizer: RecognitionSession, entries: Sequence[Entry]) -> bool:
        """Feed the entries. True if the session ends with one of them."""
        for entry in entries:
            chunk = decode(MicChunk, entry.fields)
            if chunk.is_final:
                session.cause = chunk.cause or "stopped"
                return True
            number = int(entry.id.partition("-")[0])
            if pcm := session.tracker.add(number, chunk.pcm):
                await recognizer.feed(pcm)
        return False

    async def _publish(self, session: _Session, recognizer: RecognitionSession) -> None:
        work = session.work
        outlet = self._bus.outlet(session.owned.fence())
        events = self._bus.keys.events(work.conversation_id)
        async for event in recognizer.events():
            match event:
                case heard.TranscriptionFinished():
                    self._metrics.transcribed(session.speech_ended)
                    session.speech_ended = None
                    await outlet.flush()  # `_finished` writes by another connection: its events must come after these
                    await self._finished(session, event)
                    continue
                case heard.TranscriptionUpdate(text=text):
                    outlet.append(events, client_events.TranscriptionUpdate(work.session_id, clean_text(text)))
                    await self._interrupt_if_barge_in(session, event, text)
                case heard.TranscriptionStabilized(text=text):
                    outlet.append(events, client_events.TranscriptionStabilized(work.session_id, clean_text(text)))
                case _:
                    outlet.append(events, _CLIENT_EVENTS[type(event)](work.session_id))
                    if isinstance(event, heard.VadStart):
                        session.speech_from = event.at_sample
                        session.broke_in = False
                        await self._note_speech(session)
                    elif isinstance(event, heard.VadStop):
                        session.speech_ended = self._metrics.clock()
            await outlet.room()
        await outlet.flush()

    async def _note_speech(self, session: _Session) -> None:
        """Record, at the beginning of an utterance, whether a character is speaking, and its sentences."""
        session.being_said = {}
        session.over = await self._is_talking(session)

    async def _is_talking(self, session: _Session) -> bool:
        """Return whether a character is speaking now. Adds its sentences to `session.being_said`."""
        conversation_id = session.work.conversation_id
        state = ConversationState(await self._bus.hash(self._bus.keys.state(conversation_id)))
        talking, plan = state.is_talking, state.get(StateField.PLAN)
        if (talking or session.over) and plan is not None:
            try:
                await self._note_what_is_said(session, codec.known(TurnPlan, codec.unpack(plan)))
            except ValueError as error:  # includes BadEntry; without the sentences only echo detection is worse
                log.warning(
                    "the sentences being spoken cannot be read: %s", error, extra={"conversation_id": conversation_id}
                )
        return talking

    async def _note_what_is_said(self, session: _Session, plan: TurnPlan) -> None:
        for speaker in plan.speakers:
            message_id = reply_id(plan.turn_id, speaker.id)
            key = self._bus.keys.sentences(session.work.conversation_id, message_id)
            for entry in await self._bus.read(key):
                session.being_said[f"{message_id} {entry.id}"] = decode(TTSSentence, entry.fields).text

    def _decide(self, session: _Session, event: STTEvent, text: str, *, is_final: bool) -> BargeInDecision:
        begun = event.at_sample if session.speech_from is None else session.speech_from
        until = event.at_sample
        if isinstance(event, heard.TranscriptionFinished):  # the event comes after the silence that follows the speech
            until = event.end_sample - END_SILENCE_SAMPLES
        return decide(Heard(until - begun, text, is_final), list(session.being_said.values()), self._bounds)

    async def _interrupt_if_barge_in(self, session: _Session, event: STTEvent, text: str) -> None:
        if not session.over or session.broke_in or not self._settings.stt_barge_in:
            return
        if self._decide(session, event, text, is_final=False) is not BargeInDecision.BREAK_IN:
            return
        await self._is_talking(session)  # reload the spoken sentences: it may be the echo of a newer one
        if self._decide(session, event, text, is_final=False) is BargeInDecision.BREAK_IN:
            session.broke_in = True
            self._metrics.barged_in()
            conversation_id = session.work.conversation_id
            await interrupt(self._bus, conversation_id, "turn", fence=session.owned.fence())

    async def _finished(self, session: _Session, event: heard.TranscriptionFinished) -> None:
        work, keys, text = session.work, self._bus.keys, clean_text(event.text).strip()[:MAX_TRANSCRIPT_CHARS]
        conversation_id = work.conversation_id
        done = Put(
            keys.mic_progress(conversation_id, work.session_id), session.tracker.checkpoint(event.end_sample).fields()
        )
        ignored = session.over and not session.broke_in and await self._is_false_alarm(session, event, text)
        broke_in_late = session.over and not session.broke_in
        session.speech_from = None
        session.over = False
        fence = session.owned.fence()
        if not text or ignored:
            finished = client_events.TranscriptionFinished(work.session_id, text)
            await self._bus.transact(
                conversation_id, [Append(keys.events(conversation_id), finished), done], fence=fence
            )
            self._metrics.finished("ignored" if text else "no_words")
            return
        turn_id = spoken_turn_id(work.session_id, event.start_sample)
        log.info("an utterance became a turn", extra={"conversation_id": conversation_id, "turn_id": turn_id})
        finished = client_events.TranscriptionFinished(work.session_id, text, turn_id)
        await accept_turn(
            self._bus,
            UserTurn(turn_id, conversation_id, text, "spoken"),
            before=[Append(keys.events(conversation_id), finished), done],
            fence=fence,
            once=False,
        )
        self._metrics.finished("turn")
        if broke_in_late:
            self._metrics.barged_in()

    async def _is_false_alarm(self, session: _Session, event: heard.TranscriptionFinished, text: str) -> bool:
        """True if speech over a character should be ignored (echo or backchannel)."""
        if not await self._is_talking(session):  # the character has finished: "yes" is an answer now, an echo is not
            return echo_share(words_of(text), list(session.being_said.values())) >= self._bounds.echo_share
        return (
            not self._settings.stt_barge_in
            or self._decide(session, event, text, is_final=True) is BargeInDecision.IGNORE
        )


_CLIENT_EVENTS = {
    heard.VadDetectStart: client_events.VadDetectStart,
    heard.VadDetectStop: client_events.VadDetectStop,
    heard.VadStart: client_events.VadStart,
    heard.VadStop: client_events.VadStop,
    heard.RecordingStart: client_events.RecordingStart,
    heard.RecordingStop: client_events.RecordingStop,
}


def _session_of(claim: Claim) -> Work:
    work = decode(Work, claim.fields)
    if not (is_id(work.conversation_id) and is_id(work.session_id)):
        raise BadWork("an stt work entry needs a conversation_id and a session_id, both UUIDs")
    return work
