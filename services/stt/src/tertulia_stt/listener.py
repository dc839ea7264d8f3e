"""Serves one listening session: feeds microphone PCM to the recognizer, sends the recognizer's events to the client,
and writes the turns.

A single Redis script writes an utterance's turn, its event and the checkpoint after it. So a worker that takes the
session over processes only the audio after the last turn.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass

from tertulia_shared import events as client_events
from tertulia_shared.bus import Append, Bus, Claim, Entry, NotOwner, Owned, Put, Refused, WriteRefused
from tertulia_shared.codec import decode
from tertulia_shared.conversation_writes import accept_turn, interrupt
from tertulia_shared.entries import MicChunk, UserTurn, Work
from tertulia_shared.exception_groups import first_error
from tertulia_shared.ids import is_id, spoken_turn_id
from tertulia_shared.keys import SOUND_GRACE_S
from tertulia_shared.metrics import Metrics
from tertulia_shared.text import clean_text
from tertulia_shared.work import BadWork, RetryLater, permanent_refusal_is_bad_work
from tertulia_stt import engine as recognition
from tertulia_stt.checkpoint import CheckpointTracker, read_checkpoint
from tertulia_stt.engine import RecognitionEngine, RecognitionFailed, RecognitionSession
from tertulia_stt.giving_up import give_up_session
from tertulia_stt.metrics import ListenerMetrics
from tertulia_stt.overlapping_speech import OverlappingSpeech
from tertulia_stt.settings import STTSettings

MAX_TRANSCRIPT_CHARS = 8_000
"""Maximum length of an utterance's text, the same as for typed text."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Session:
    """The state of the session being served."""

    work: Work
    owned: Owned
    tracker: CheckpointTracker
    overlap: OverlappingSpeech
    cause: str = "stopped"
    """Why the session ends. The client gets this reason."""
    speech_ended: float | None = None
    """When the end of the current utterance was detected; None before that."""


class Listener:
    """The stt stage's `Handler`."""

    def __init__(
        self, bus: Bus, engine: RecognitionEngine, settings: STTSettings, metrics: Metrics | None = None
    ) -> None:  # fmt: skip
        self._bus = bus
        self._engine = engine
        self._settings = settings
        self._metrics = ListenerMetrics(metrics or Metrics(), engine.name)

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
        if isinstance(owned, Refused):
            if owned.later_attempt:
                raise NotOwner("a later attempt serves this session")
            return
        keys = self._bus.keys
        fields = await self._bus.hash(keys.mic_progress(work.conversation_id, work.session_id))
        if b"ended" in fields:
            return
        start = read_checkpoint(fields)
        overlap = OverlappingSpeech(self._bus, work.conversation_id, self._settings)
        session = _Session(work, owned, CheckpointTracker(start), overlap)
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
        """Feed the entries to the recognizer. Returns True if one of them ends the session."""
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
                case recognition.TranscriptionFinished():
                    self._metrics.transcribed(session.speech_ended)
                    session.speech_ended = None
                    await outlet.flush()  # flush first, because `_finished` does not write through the outlet
                    await self._finished(session, event)
                    continue
                case recognition.TranscriptionUpdate(text=text):
                    outlet.append(events, client_events.TranscriptionUpdate(work.session_id, clean_text(text)))
                    if await session.overlap.is_barge_in(event):
                        self._metrics.barged_in()
                        await interrupt(self._bus, work.conversation_id, "turn", fence=session.owned.fence())
                case recognition.TranscriptionStabilized(text=text):
                    outlet.append(events, client_events.TranscriptionStabilized(work.session_id, clean_text(text)))
                case _:
                    outlet.append(events, _CLIENT_EVENTS[type(event)](work.session_id))
                    if isinstance(event, recognition.VadStart):
                        await session.overlap.begin(event.at_sample)
                    elif isinstance(event, recognition.VadStop):
                        session.speech_ended = self._metrics.clock()
            await outlet.room()
        await outlet.flush()

    async def _finished(self, session: _Session, event: recognition.TranscriptionFinished) -> None:
        """Write the utterance's final text and the checkpoint, and also a turn, unless the utterance is ignored or has
        no words.
        """
        work, keys, text = session.work, self._bus.keys, clean_text(event.text).strip()[:MAX_TRANSCRIPT_CHARS]
        conversation_id, overlap = work.conversation_id, session.overlap
        checkpoint = Put(
            keys.mic_progress(conversation_id, work.session_id), session.tracker.checkpoint(event.end_sample).fields()
        )
        was_undecided = overlap.is_undecided
        is_ignored = was_undecided and await overlap.is_false_alarm(event, text)
        overlap.end()
        fence = session.owned.fence()
        if not text or is_ignored:
            finished = client_events.TranscriptionFinished(work.session_id, text)
            await self._bus.transact(
                conversation_id, [Append(keys.events(conversation_id), finished), checkpoint], fence=fence
            )
            self._metrics.finished("ignored" if text else "no_words")
            return
        turn_id = spoken_turn_id(work.session_id, event.start_sample)
        log.info("an utterance became a turn", extra={"conversation_id": conversation_id, "turn_id": turn_id})
        finished = client_events.TranscriptionFinished(work.session_id, text, turn_id)
        await accept_turn(
            self._bus,
            UserTurn(turn_id, conversation_id, text, "spoken"),
            before=[Append(keys.events(conversation_id), finished), checkpoint],
            fence=fence,
            once=False,
        )
        self._metrics.finished("turn")
        if was_undecided:  # no partial text has interrupted the reply, but this turn does
            self._metrics.barged_in()


_CLIENT_EVENTS = {
    recognition.VadDetectStart: client_events.VadDetectStart,
    recognition.VadDetectStop: client_events.VadDetectStop,
    recognition.VadStart: client_events.VadStart,
    recognition.VadStop: client_events.VadStop,
    recognition.RecordingStart: client_events.RecordingStart,
    recognition.RecordingStop: client_events.RecordingStop,
}


def _session_of(claim: Claim) -> Work:
    work = decode(Work, claim.fields)
    if not (is_id(work.conversation_id) and is_id(work.session_id)):
        raise BadWork("an stt work entry needs a conversation_id and a session_id, both UUIDs")
    return work
