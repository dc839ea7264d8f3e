"""Speaks one message: reads its sentences in order, synthesizes them, and publishes each chunk of audio once.

A worker that takes a message over synthesizes the last spoken sentence again, with the same seed, and publishes only
the sound that is missing. If the engine cannot make the same sound again, it continues at the beginning of a clause.
A message that another engine began is left to workers of that engine for one lease; then its last sentence is spoken
again from the start.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from tertulia_shared.bus import Bus, Claim, NotOwner, Outlet, Owned, Refused
from tertulia_shared.chosen_work import SpeechPresence
from tertulia_shared.codec import BadEntry, decode, envelope
from tertulia_shared.conversation_state import StateField
from tertulia_shared.entries import MAX_PITCH, MAX_SPEED, MIN_SPEED, AudioChunk, TTSSentence, Work
from tertulia_shared.entry_ids import order
from tertulia_shared.events import Error
from tertulia_shared.ids import is_id
from tertulia_shared.interruption import until_interrupted
from tertulia_shared.keys import Key
from tertulia_shared.metrics import Metrics
from tertulia_shared.metrics.hop import Hop
from tertulia_shared.tracing import SpanHandle
from tertulia_shared.work import BadWork, ForAnother, RetryLater, permanent_refusal_is_bad_work
from tertulia_tts.audio_stream import ChunkPublisher, audio_id, final_entry, missing_final_id
from tertulia_tts.chunks import Chunker, ChunkLengths
from tertulia_tts.clip_voices import ClipVoices
from tertulia_tts.engine import (
    BYTES_PER_SAMPLE,
    SAMPLE_RATE,
    SpeechEngine,
    SpeechRequest,
    SynthesisFailed,
    TakesRequest,
    Varying,
    choose_voice,
)
from tertulia_tts.first_sounds import FirstSounds
from tertulia_tts.giving_up import give_up_message
from tertulia_tts.metrics import SpeechMetrics
from tertulia_tts.playout import Playout
from tertulia_tts.restart import RESTART_GAP_MS, SpokenText, restart_at
from tertulia_tts.resume import ResumePoint, resume_after
from tertulia_tts.scripts import ForeignScripts
from tertulia_tts.sentence_reader import read_sentences
from tertulia_tts.settings import TTSSettings
from tertulia_tts.spoken_text import says_something
from tertulia_tts.stand_in import StandIn

MAX_LEFT = 1_000

log = logging.getLogger(__name__)


def seed_of(message_id: str, sentence_index: int) -> int:
    """The seed of a sentence (32 bits), the same in every worker."""
    digest = hashlib.blake2b(f"{message_id}:{sentence_index}".encode(), digest_size=4).digest()
    return int.from_bytes(digest, "big")


@dataclass(frozen=True, slots=True)
class _Rendition:
    """What a worker speaks of a sentence: `silence`, and the text in the voice. `progress` is set if the engine cannot
    make the same sound again.
    """

    text: str
    voice: str
    silence: bytes = b""
    progress: SpokenText | None = None


@dataclass(frozen=True, slots=True)
class _Speech:
    """The speaking of one message by this worker."""

    resume: ResumePoint
    playout: Playout
    lengths: ChunkLengths
    outlet: Outlet
    turn_id: str
    span: SpanHandle


class SpeechHandler:
    """The tts stage's `Handler`."""

    def __init__(
        self,
        bus: Bus,
        engine: SpeechEngine,
        settings: TTSSettings,
        metrics: Metrics | None = None,
        clip_voices: ClipVoices | None = None,
        *,
        presence: SpeechPresence | None = None,
    ) -> None:
        self._bus = bus
        self._engine = engine
        # a check of a protocol takes microseconds, and every sentence would need two
        self._request_engine = engine if isinstance(engine, TakesRequest) else None
        self._varying_engine = engine if isinstance(engine, Varying) else None
        self._settings = settings
        metrics = metrics or Metrics()
        self._metrics = SpeechMetrics(metrics, engine.name)
        self._hop = Hop(metrics, "sentences")
        self._scripts = ForeignScripts(bus.keys)
        self._clip_voices = clip_voices or ClipVoices(bus, engine)
        self._presence = presence
        self._stand_in = StandIn(bus.keys, engine.name, presence, self._metrics)
        self._first_sounds = FirstSounds()
        self._left: dict[str, float] = {}
        """Until when (loop time) each message is left to the engine that began it."""

    async def handle(self, claim: Claim) -> None:
        """Speak the message to its end, or until it is interrupted.

        Raises:
            BadWork: Redis refuses a write permanently.
        """
        with permanent_refusal_is_bad_work():
            work = _message(claim)
            with self._first_sounds.expected(work.message_id):
                await self._handle(claim, work)

    async def give_up(self, claim: Claim, reason: str) -> None:
        """Send the client an error, and end the message's audio."""
        await give_up_message(self._bus, claim, reason)

    async def _handle(self, claim: Claim, work: Work) -> None:
        epoch = envelope(claim.fields).epoch
        audio = self._bus.keys.audio(work.conversation_id, work.message_id)
        sentences = self._bus.keys.sentences(work.conversation_id, work.message_id)
        # become the owner and read both streams in one call, because a round trip to a remote Redis takes long
        owned = await self._bus.own(
            claim,
            work.conversation_id,
            work.message_id,
            last=audio,
            first=sentences,
            fields=(StateField.EPOCH,),
            commands=True,
        )
        if isinstance(owned, Refused):
            if owned.later_attempt:
                raise NotOwner("a later attempt speaks this message")
            return  # there are two work entries for this message, and the worker with the other entry speaks it
        if owned.epoch > epoch:
            return  # the message was interrupted before it began
        published = None if owned.last is None else decode(AudioChunk, owned.last.fields)
        if published is not None and published.is_final:
            return
        if owned.last is not None and published is not None:
            await self._check_last_chunk(owned.last.id, published, sentences)
        first_ms, rest_ms = self._settings.tts_first_chunk_ms, self._settings.tts_chunk_ms
        resume = resume_after(published, engine=self._engine.name, first_ms=first_ms, rest_ms=rest_ms)
        if resume.engine_before:
            self._leave_to_engine(resume.engine_before, claim)
        fence, after = owned.fence(epoch), owned.commands_after
        async with until_interrupted(self._bus, work.conversation_id, epoch, after=after, fence=fence):
            outlet = self._bus.outlet(fence)
            index = await self._speak_all(sentences, owned, resume, outlet, work)
            if not outlet.skipped:
                return
            # after an entry with a wrong id, Redis skips those with lower ids, also the final entry
            if final_id := await missing_final_id(self._bus, audio, index):
                log.error("an entry with a wrong id displaced audio", extra={"message_id": work.message_id})
                outlet.append(audio, final_entry(work, index), id=final_id)
                await outlet.flush()

    def _leave_to_engine(self, engine: str, claim: Claim) -> None:
        """For one lease, leave a message that another engine began to the workers of that engine.

        Raises:
            ForAnother: until then.
        """
        if self._presence is None:
            return
        now = asyncio.get_running_loop().time()
        until = self._left.setdefault(claim.id, now + self._settings.lease_s)
        if len(self._left) > MAX_LEFT:
            del self._left[next(iter(self._left))]
        if now < until:
            self._presence.leave(claim.id, until - now)
            raise ForAnother(f"{engine} has begun this message")

    async def _check_last_chunk(self, id: str, chunk: AudioChunk, sentences: Key) -> None:
        """Check that the id of the last chunk matches its sentence and chunk index, because the audio continues after
        this chunk.

        Raises:
            BadEntry: the id does not match, or the sentence does not exist.
        """
        last = await self._bus.last(sentences)
        if id != audio_id(chunk) or last is None or chunk.sentence_index >= order(last.id)[0]:
            raise BadEntry(f"AudioChunk entry {id}: the id does not match its sentence and chunk index")

    async def _speak_all(self, sentences: Key, owned: Owned, resume: ResumePoint, outlet: Outlet, work: Work) -> int:
        """Speak the sentences from the resume point on. Returns the number of sentences, which is the index of the
        final entry.
        """
        index = 0
        lengths = ChunkLengths(self._settings.tts_first_chunk_ms, self._settings.tts_chunk_ms)
        span = self._metrics.start_span("speak", work.turn_id)
        speech = _Speech(resume, Playout(), lengths, outlet, work.turn_id, span)
        reading = read_sentences(self._bus, sentences, self._hop, known=owned.first, first=resume.sentence_index)
        try:
            async with aclosing(reading):
                async for sentence in reading:
                    await self._speak(sentence, speech)
                    index = sentence.index
            await outlet.flush(by_tick=True)
        finally:
            span.end(message_id=work.message_id, engine=self._engine.name, sentences=index)
        return index

    async def _speak(self, sentence: TTSSentence, speech: _Speech) -> None:
        outlet, resume, playout = speech.outlet, speech.resume, speech.playout
        audio = self._bus.keys.audio(sentence.conversation_id, sentence.message_id)
        now = asyncio.get_running_loop().time
        if sentence.is_final:
            can_wait = self._first_sounds.can_wait(playout.lead_s(now()))
            ChunkPublisher(outlet, audio, sentence).end(can_wait=can_wait)
            return
        await self._clip_voices.ready(sentence, outlet)
        self._stand_in.warn(sentence, outlet, before=resume.engine_before)
        spoken = self._choose(sentence, resume, outlet)
        if spoken is None:
            return  # it is published completely
        skip = 0 if spoken.progress is not None else resume.bytes_before(sentence.index)
        publisher = ChunkPublisher(
            outlet,
            audio,
            sentence,
            engine=self._engine.name,
            first_chunk=resume.chunks_before(sentence.index),
            begins_at=skip // BYTES_PER_SAMPLE,
            spoken=spoken.progress,
            text=spoken.text,
        )
        timer = self._metrics.begin(self._metrics.start_span("sentence", speech.turn_id, speech.span.id))
        chunker = Chunker(speech.lengths)
        made_bytes = 0
        if spoken.silence:
            publisher.publish([spoken.silence])
        try:
            async with aclosing(self._synthesize(sentence, spoken, playout.ends(now()))) as pieces:
                async for made in pieces:
                    made_bytes += len(made)
                    piece, skip = (made[skip:], max(0, skip - len(made))) if skip else (made, 0)
                    chunks = chunker.feed(piece, playout.lead_s(now()))
                    if not chunks:
                        continue
                    if self._publish(chunks, publisher, sentence, playout):
                        timer.first_chunk()
                        # let the event loop send the first chunk, even if the engine never waits
                        await asyncio.sleep(0)
                    await outlet.room()
        except SynthesisFailed as failure:
            if failure.retryable:
                raise RetryLater(str(failure)) from failure
            self._metrics.failed()
            log.warning("a sentence cannot be spoken", extra={"message_id": sentence.message_id}, exc_info=True)
            outlet.append(
                self._bus.keys.events(sentence.conversation_id),
                Error("tts_failed", f"A sentence could not be spoken: {failure}", message_id=sentence.message_id),
            )
        if self._publish(chunker.finish(), publisher, sentence, playout, is_last=True):
            timer.first_chunk()
        timer.done(made_bytes)

    def _publish(
        self,
        chunks: Sequence[bytes],
        publisher: ChunkPublisher,
        sentence: TTSSentence,
        playout: Playout,
        *,
        is_last: bool = False,
    ) -> bool:
        """Publish the sentence's next chunks. Returns True if they are the first ones."""
        now = asyncio.get_running_loop().time()
        can_wait = self._first_sounds.can_wait(playout.lead_s(now))
        playout.published(sum(map(len, chunks)), now)
        if chunks:
            self._first_sounds.arrived(sentence.message_id)
        return publisher.publish(chunks, is_last=is_last, can_wait=can_wait)

    def _choose(self, sentence: TTSSentence, resume: ResumePoint, outlet: Outlet) -> _Rendition | None:
        """What to synthesize of a sentence; None if it is published completely."""
        choice = choose_voice(self._engine.voices(), sentence.voice_id)
        if choice.substituted and sentence.index == 0:
            self._metrics.voice_replaced()
            log.warning("the character's voice is unknown to this engine", extra={"message_id": sentence.message_id})
        text = self._scripts.leave_out(sentence, choice.voice, outlet)
        is_begun = resume.chunks_before(sentence.index) > 0
        if is_begun and resume.engine_before and resume.text_at >= len(text):
            return None
        if self._varying_engine is None or self._varying_engine.is_reproducible:
            return _Rendition(text, choice.voice.id)
        if not is_begun:
            return _Rendition(text, choice.voice.id, progress=SpokenText(text))
        start = 0 if resume.engine_before else restart_at(text, resume.text_at)
        if not says_something(text[start:]):
            return None
        silence = bytes(SAMPLE_RATE * RESTART_GAP_MS // 1000 * BYTES_PER_SAMPLE)
        return _Rendition(text[start:], choice.voice.id, silence, SpokenText(text, start, RESTART_GAP_MS))

    def _synthesize(self, sentence: TTSSentence, spoken: _Rendition, deadline: float) -> AsyncGenerator[bytes, None]:
        seed = seed_of(sentence.message_id, sentence.index)
        if self._request_engine is not None:
            speed = min(max(sentence.speed, MIN_SPEED), MAX_SPEED)
            pitch = min(max(sentence.pitch, -MAX_PITCH), MAX_PITCH)
            return self._request_engine.speak(
                SpeechRequest(spoken.text, spoken.voice, seed, sentence.index, deadline, speed, pitch)
            )
        return self._engine.synthesize(spoken.text, spoken.voice, seed)


def _message(claim: Claim) -> Work:
    work = decode(Work, claim.fields)
    if not (is_id(work.conversation_id) and is_id(work.message_id)):
        raise BadWork("a tts work entry needs a conversation_id and a message_id, both UUIDs")
    return work
