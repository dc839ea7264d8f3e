"""Speaks one message: reads its sentences in order, and publishes each chunk of audio once.

A worker that takes a message over synthesizes the last sentence again, with the same seed, and publishes only the
missing chunks.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace

from tertulia_shared.bus import (
    Append,
    Bus,
    Claim,
    Entry,
    Follow,
    NotOwner,
    Outlet,
    Refused,
    WriteRefused,
    WritesPaused,
)
from tertulia_shared.codec import BadEntry, decode, envelope
from tertulia_shared.conversation_state import ConversationState
from tertulia_shared.entries import MAX_SENTENCES, AudioChunk, TTSSentence, Work
from tertulia_shared.entry_ids import order
from tertulia_shared.events import Error
from tertulia_shared.ids import is_id
from tertulia_shared.interruption import until_interrupted
from tertulia_shared.keys import Key
from tertulia_shared.metrics import Metrics
from tertulia_shared.metrics.hop import Hop
from tertulia_shared.work import BadWork, RetryLater, pointed_at
from tertulia_tts.chunks import Chunker
from tertulia_tts.engine import SpeechEngine, SynthesisFailed, choose_voice
from tertulia_tts.metrics import SpeechMetrics
from tertulia_tts.resume import AudioPosition, ResumePoint, resume_after
from tertulia_tts.settings import TTSSettings

MAX_SENTENCE_CHARS = 2_000
"""Maximum length that is spoken; longer than any sentence that the llm stage writes."""
MAX_REASON_CHARS = 2_000
SENTENCE_WAIT_S = 600.0
"""Maximum wait for the next sentence: longer than all retries of a model together with a takeover."""

log = logging.getLogger(__name__)


def seed_of(message_id: str, sentence_index: int) -> int:
    """The seed of a sentence (32 bits), the same in every worker."""
    digest = hashlib.blake2b(f"{message_id}:{sentence_index}".encode(), digest_size=4).digest()
    return int.from_bytes(digest, "big")


class SpeechHandler:
    """The tts stage's `Handler`."""

    def __init__(
        self, bus: Bus, engine: SpeechEngine, settings: TTSSettings, metrics: Metrics | None = None
    ) -> None:  # fmt: skip
        self._bus = bus
        self._engine = engine
        self._settings = settings
        metrics = metrics or Metrics()
        self._metrics = SpeechMetrics(metrics, engine.name)
        self._hop = Hop(metrics, "sentences")

    async def handle(self, claim: Claim) -> None:
        """Speak the message until its end or an interruption.

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
        work, epoch = _message(claim), envelope(claim.fields).epoch
        audio = self._bus.keys.audio(work.conversation_id, work.message_id)
        sentences = self._bus.keys.sentences(work.conversation_id, work.message_id)
        # one round trip, because Redis may be far away
        owned = await self._bus.own(claim, work.conversation_id, work.message_id, last=audio, first=sentences)
        if isinstance(owned, Refused):
            if owned.later_attempt:
                raise NotOwner("a later attempt speaks this message")
            return  # the message has two pointers: the worker with the other one speaks it
        if owned.epoch > epoch:
            return  # the message was interrupted before it began
        published = None if owned.last is None else decode(AudioChunk, owned.last.fields)
        if published is not None and published.is_final:
            return
        if owned.last is not None and published is not None:
            await self._check_place(owned.last.id, published, sentences)
        resume = resume_after(
            None if published is None else AudioPosition(published.sentence_index, published.chunk_index)
        )
        async with until_interrupted(self._bus, work.conversation_id, epoch):
            outlet = self._bus.outlet(owned.fence(epoch))
            index = 0
            async with aclosing(self._sentences(sentences, owned.first, resume.sentence_index)) as coming:
                async for sentence in coming:
                    await self._speak(sentence, resume, outlet)
                    index = sentence.index
            await outlet.flush()
            # below an entry with a wrong id, Redis treats chunks as duplicates, including the final one
            place = await self._place_of_end(audio, index)
            if place:
                log.error("an entry with a wrong id displaced audio", extra={"message_id": work.message_id})
                outlet.append(audio, _final(work, index), id=place)
                await outlet.flush()

    async def _check_place(self, id: str, chunk: AudioChunk, sentences: Key) -> None:
        """Check that the last chunk's id matches its sentence and chunk index, because speaking resumes after it.

        Raises:
            BadEntry: the id does not match, or the sentence does not exist.
        """
        last = await self._bus.last(sentences)
        if id != _audio_id(chunk) or last is None or chunk.sentence_index >= order(last.id)[0]:
            raise BadEntry(f"AudioChunk entry {id}: the id does not match its sentence and chunk index")

    async def give_up(self, claim: Claim, reason: str) -> None:
        """Send the client an error and end the message's audio, so that the gateway continues with the next message."""
        work = pointed_at(claim.fields)
        if not (is_id(work.conversation_id) and is_id(work.message_id)):
            return
        epoch = 0
        with contextlib.suppress(BadEntry, WriteRefused):
            epoch = envelope(claim.fields).epoch
            if ConversationState(await self._bus.hash(self._bus.keys.state(work.conversation_id))).epoch > epoch:
                return  # interrupted: the client no longer waits for the audio
        last, index, character_id = None, 0, ""
        with contextlib.suppress(WriteRefused):  # the key is of another type
            last = await self._bus.last(self._bus.keys.sentences(work.conversation_id, work.message_id))
        if last is not None:  # sentence i has the id (i+1)-0, even if the entry cannot be decoded
            index = min(order(last.id)[0] - (last.fields.get(b"is_final") == b"1"), MAX_SENTENCES - 1)
            character_id = last.fields.get(b"character_id", b"").decode(errors="replace")
        audio = self._bus.keys.audio(work.conversation_id, work.message_id)
        place = ""
        final = _final(work, index, character_id)
        error = Error("tts_failed", f"This reply cannot be spoken: {reason}"[:MAX_REASON_CHARS], "", work.message_id)
        events = Append(self._bus.keys.events(work.conversation_id), error)
        try:
            place = await self._place_of_end(audio, index)
            await self._bus.transact(work.conversation_id, [Append(audio, final, place), events] if place else [events])
        except WritesPaused:
            raise
        except WriteRefused:
            log.exception("Redis refused the end of a message", extra={"message_id": work.message_id})
            await self._end_separately(work, epoch, events, Append(audio, final, place) if place else None)

    async def _end_separately(self, work: Work, epoch: int, events: Append, end: Append | None) -> None:
        """Send the error and end the audio in separate writes that do not read the state: one of the keys is broken.

        The tts worker lacks rights on some keys that a repair needs (`Bus.mend`), so it leaves the repair to the next
        service that writes there.
        """
        if end is not None:
            try:
                await self._write(end, epoch)
            except WritesPaused:
                raise
            except WriteRefused:
                log.exception("the final audio entry cannot be written", extra={"message_id": work.message_id})
        await self._write(events, epoch)

    async def _write(self, append: Append, epoch: int) -> None:
        outlet = self._bus.outlet(epoch=epoch)
        outlet.append(append.key, append.entry, id=append.id)
        await outlet.flush()

    async def _place_of_end(self, audio: Key, index: int) -> str:
        """The id for the final entry, after sentence `index - 1` and all entries; "" if the message already has one.

        Deletes entries whose id is beyond any sentence.
        """
        while (last := await self._bus.last(audio)) is not None and order(last.id)[0] > MAX_SENTENCES:
            await self._bus.reopen(audio, last.id)
        if last is not None and last.fields.get(b"is_final") == b"1":
            return ""
        if last is None or order(last.id) < (index + 1, 0):
            return f"{index + 1}-0"
        return f"{order(last.id)[0] + 1}-0"

    async def _sentences(self, key: Key, known: Sequence[Entry], first: int) -> AsyncGenerator[TTSSentence, None]:
        """The sentences from number `first` on; `known` are the stream's first entries."""
        entries = [entry for entry in known if order(entry.id)[0] > first]
        # read ahead while the known sentences are spoken
        follow = self._bus.follow(key, known[-1].id if entries else f"{first}-0")
        try:
            while True:
                if entries:
                    self._hop.taken(entries[0].fields)
                for entry in entries:
                    sentence = decode(TTSSentence, entry.fields)
                    if entry.id != f"{sentence.index + 1}-0":  # its chunks would use the ids of other chunks
                        raise BadEntry(f"TTSSentence entry {entry.id}: the id does not match sentence {sentence.index}")
                    yield replace(sentence, text=sentence.text[:MAX_SENTENCE_CHARS])
                    if sentence.is_final:
                        return
                entries = await _next_entries(follow)
        finally:
            follow.close()

    async def _speak(self, sentence: TTSSentence, resume: ResumePoint, outlet: Outlet) -> None:
        publish = _Publisher(outlet, self._bus.keys.audio(sentence.conversation_id, sentence.message_id), sentence)
        if sentence.is_final:
            publish.end()
            return
        publish.skip(resume.chunks_to_skip(sentence.index))
        timer = self._metrics.begin()
        chunker = Chunker(self._settings.tts_first_chunk_ms, self._settings.tts_chunk_ms)
        try:
            async with aclosing(self._synthesize(sentence)) as pieces:
                async for piece in pieces:
                    timer.made(piece)
                    if publish.chunks(chunker.feed(piece)):
                        timer.first_chunk()
                        await asyncio.sleep(0)  # lets the first chunk be sent even if the engine never waits
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
        if publish.chunks(chunker.finish()):
            timer.first_chunk()
        timer.done()

    def _synthesize(self, sentence: TTSSentence) -> AsyncGenerator[bytes, None]:
        choice = choose_voice(self._engine.voices(), sentence.voice_id)
        if choice.substituted and sentence.index == 0:
            log.warning("the character's voice is unknown to this engine", extra={"message_id": sentence.message_id})
        seed = seed_of(sentence.message_id, sentence.index)
        return self._engine.synthesize(sentence.text, choice.voice.id, seed)


class _Publisher:
    """Publishes one sentence's chunks, except those that are already published."""

    def __init__(self, outlet: Outlet, key: Key, sentence: TTSSentence) -> None:
        self._outlet = outlet
        self._key = key
        self._sentence = sentence
        self._made = 0
        self._skip = 0

    def skip(self, chunks: int) -> None:
        """Skip the first `chunks` chunks, which are already published."""
        self._skip = chunks

    def chunks(self, made: Sequence[bytes]) -> bool:
        """Publish the next chunks. True if they include the sentence's first new one."""
        before = self._made
        for pcm in made:
            if self._made >= self._skip:
                self._append(AudioChunk(pcm, self._sentence.index, self._made, *self._ids))
            self._made += 1
        return before <= self._skip < self._made

    def end(self) -> None:
        """Publish the message's final entry."""
        self._append(AudioChunk(b"", self._sentence.index, 0, *self._ids, is_final=True))

    @property
    def _ids(self) -> tuple[str, str, str]:
        return self._sentence.conversation_id, self._sentence.message_id, self._sentence.character_id

    def _append(self, chunk: AudioChunk) -> None:
        self._outlet.append(self._key, chunk, id=_audio_id(chunk))


async def _next_entries(follow: Follow) -> Sequence[Entry]:
    try:
        async with asyncio.timeout(SENTENCE_WAIT_S):
            return await follow.read()
    except TimeoutError:
        raise BadWork(f"no further sentence came for {SENTENCE_WAIT_S:g} seconds") from None


def _final(work: Work, index: int, character_id: str = "") -> AudioChunk:
    return AudioChunk(b"", index, 0, work.conversation_id, work.message_id, character_id, is_final=True)


def _audio_id(chunk: AudioChunk) -> str:
    if chunk.is_final:
        return f"{chunk.sentence_index + 1}-0"
    return f"{chunk.sentence_index + 1}-{chunk.chunk_index + 1}"


def _message(claim: Claim) -> Work:
    work = decode(Work, claim.fields)
    if not (is_id(work.conversation_id) and is_id(work.message_id)):
        raise BadWork("a tts work entry needs a conversation_id and a message_id, both UUIDs")
    return work
