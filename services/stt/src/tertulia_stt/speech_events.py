"""Processes the recognizer's events of one listening session: passes them on to the client, and the pieces of speech to
the `TurnWriter`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from tertulia_shared import events as client_events
from tertulia_shared.bus import Bus, Fence
from tertulia_shared.conversation_writes import interrupt
from tertulia_shared.entries import Work
from tertulia_shared.text import clean_text
from tertulia_stt import engine as recognition
from tertulia_stt.checkpoint import Checkpoint, CheckpointTracker
from tertulia_stt.endpointing import FRAME_SAMPLES
from tertulia_stt.engine import BYTES_PER_SAMPLE, STTEvent
from tertulia_stt.metrics import ListenerMetrics
from tertulia_stt.second_opinion import SecondOpinion
from tertulia_stt.turn import Piece
from tertulia_stt.turn_writer import TurnWriter

if TYPE_CHECKING:  # it needs numpy; the listener imports it at its first session
    from tertulia_stt.overlapping_speech import OverlappingSpeech

CAUGHT_UP_SAMPLES: Final = 4 * FRAME_SAMPLES
"""The recognizer has processed all audio if at most this much follows its last event. It processes whole frames, and
does not report a frame that may be the beginning of speech.
"""


class SpeechEvents:
    """Processes the events of one session. `tracker` has the positions of the audio that was fed to the recognizer."""

    def __init__(
        self,
        bus: Bus,
        work: Work,
        fence: Fence,
        *,
        tracker: CheckpointTracker,
        overlap: OverlappingSpeech,
        turns: TurnWriter,
        opinion: SecondOpinion,
        metrics: ListenerMetrics,
    ) -> None:
        self._bus = bus
        self._work = work
        self._fence = fence
        self._tracker = tracker
        self._overlap = overlap
        self._turns = turns
        self._opinion = opinion
        self._metrics = metrics
        self._outlet = bus.outlet(fence)
        self._events = bus.keys.events(work.conversation_id)
        self._recognized = tracker.position  # the sample of the last event
        self._speech_ended: float | None = None  # when the end of the current piece was detected
        self._lock = asyncio.Lock()  # held while an event changes the turn

    async def take(self, event: STTEvent) -> None:
        """Process an event of the recognizer."""
        async with self._lock:
            await self._take(event)
            self._recognized = event.at_sample
        await self._outlet.room()

    def expect(self, names: Sequence[str], words: Sequence[str]) -> None:
        """Set the names of the active characters, and all words, with these names, that the recognizer expects."""
        self._overlap.expect(names)
        self._turns.expect(words)

    def hear(self, pcm: bytes, ts: int) -> None:
        """Note sound that is fed to the recognizer. `ts`: the time at which the gateway wrote it (ms since 1970)."""
        first_sample = self._tracker.position - len(pcm) // BYTES_PER_SAMPLE
        self._overlap.hear(first_sample, pcm, ts)
        self._opinion.hear(first_sample, pcm)

    async def microphone_pauses(self) -> None:
        """End the turn, because the microphone has sent nothing for a while. Do nothing if the user was speaking, or if
        the recognizer has not processed all audio.
        """
        async with self._lock:
            if self._turns.waits and self._tracker.position - self._recognized <= CAUGHT_UP_SAMPLES:
                await self._outlet.flush()
                await self._turns.end(self._tracker.position)

    async def carried_over(self) -> Checkpoint:
        """The checkpoint with the turn that the conversation's next session may continue."""
        async with self._lock:
            await self._outlet.flush()
            return self._turns.carried_over(self._tracker.position)

    async def end(self) -> None:
        """End the turn, because there are no more events."""
        async with self._lock:
            await self._outlet.flush()
            await self._turns.end(self._tracker.position)

    async def _take(self, event: STTEvent) -> None:
        match event:
            case recognition.Silence(at_sample=at):
                if self._turns.waits:
                    await self._outlet.flush()  # flush first, because the turns are not written through the outlet
                    await self._turns.silence(at)
            case recognition.TranscriptionFinished():
                self._metrics.transcribed(self._speech_ended)
                self._speech_ended = None
                await self._outlet.flush()
                await self._finished(event)
            case recognition.TranscriptionDraft():
                await self._drafted(event)
            case recognition.SpeechContinues():
                await self._outlet.flush()
                await self._turns.draft_dropped()
            case recognition.VadStart(at_sample=at):
                await self._outlet.flush()
                await self._turns.speech_began(at)
                self._tell(client_events.VadStart(self._work.session_id))
                await self._overlap.begin(event)
            case recognition.TranscriptionUpdate(text=text):
                whole = self._turns.with_partial(clean_text(text))
                self._tell(client_events.TranscriptionUpdate(self._work.session_id, whole))
                if await self._overlap.is_barge_in(event):
                    await self._barge_in()
            case _:
                self._pass_on(event)

    def _pass_on(self, event: STTEvent) -> None:
        """Process an event that does not change the turn."""
        session_id = self._work.session_id
        match event:
            case recognition.TranscriptionStabilized(text=text):
                whole = self._turns.with_partial(clean_text(text))
                self._tell(client_events.TranscriptionStabilized(session_id, whole))
            case recognition.RecordingStart():
                if self._turns.recording_starts():
                    self._tell(client_events.RecordingStart(session_id))
            case recognition.VadStop():
                self._tell(client_events.VadStop(session_id))
                self._speech_ended = self._metrics.clock()
            case recognition.VadDetectStart():
                self._tell(client_events.VadDetectStart(session_id))
            case recognition.VadDetectStop():
                self._tell(client_events.VadDetectStop(session_id))
            case _:
                pass  # `RecordingStop`: the recording of the turn stops when the turn ends

    async def _finished(self, event: recognition.TranscriptionFinished) -> None:
        """Add a piece of speech to the turn, unless it is ignored, has no words, or is only a stop phrase."""
        text, overlap = clean_text(event.text).strip(), self._overlap
        checkpoint = self._tracker.checkpoint(event.end_sample)
        was_undecided = overlap.is_undecided
        is_ignored = was_undecided and await overlap.is_false_alarm(event, text)
        overlap.end()
        if not text or is_ignored:
            self._metrics.finished("ignored" if text else "no_words")
            await self._turns.noise_finished(text, event.at_sample, checkpoint)
            return
        if await overlap.is_stop(event, text) and self._is_obeyed(text):
            if was_undecided:
                await self._barge_in()
            self._metrics.finished("stop")
            await self._turns.take_back(text, event.at_sample, checkpoint)
            return
        if await self._is_noise(event, text):
            self._metrics.finished("ignored")
            await self._turns.noise_finished(text, event.at_sample, checkpoint)
            return
        if was_undecided:  # no partial text has interrupted the reply, but this piece does
            await self._barge_in()
        piece = Piece(overlap.own_text(text) or text, event.start_sample, event.speech_end, event.is_cut)
        await self._turns.piece_finished(piece, event.at_sample, checkpoint, await self._ask(piece, event.end_sample))

    async def _drafted(self, event: recognition.TranscriptionDraft) -> None:
        """Guess the turn with a piece that is not finished, unless the piece may be ignored or may be a stop phrase."""
        text, overlap = clean_text(event.text).strip(), self._overlap
        if not text or not self._turns.thinks_ahead or overlap.is_undecided:
            return
        finished = event.if_finished()
        if await overlap.is_stop(finished, text) or await self._is_noise(finished, text):
            return
        await self._outlet.flush()
        piece = Piece(overlap.own_text(text) or text, event.start_sample, event.speech_end_sample)
        await self._turns.piece_drafted(piece)

    async def _is_noise(self, event: recognition.TranscriptionFinished, text: str) -> bool:
        """True if the text was written for a noise after a text that may be complete."""
        turns = self._turns
        return turns.may_be_complete and await self._overlap.is_noise(event, text, is_finished=turns.is_finished)

    def _is_obeyed(self, text: str) -> bool:
        """True if a piece that only asks for silence is no part of a turn: there is no open turn, or the piece cancels
        the turn.
        """
        return not self._turns.is_open or (self._turns.may_be_complete and self._overlap.takes_back(text))

    async def _ask(self, piece: Piece, end_sample: int) -> float | None:
        """The model's opinion (0 to 1) whether the turn ends with this piece; None if there is no model or the text is
        clear.
        """
        if not self._opinion.is_available or (start := self._turns.sound_to_judge(piece)) is None:
            return None
        return await self._opinion.probability_finished(start, end_sample)

    async def _barge_in(self) -> None:
        self._metrics.barged_in()
        if self._overlap.is_character_speaking:
            await interrupt(self._bus, self._work.conversation_id, "turn", fence=self._fence)

    def _tell(self, event: client_events.Event) -> None:
        self._outlet.append(self._events, event)
