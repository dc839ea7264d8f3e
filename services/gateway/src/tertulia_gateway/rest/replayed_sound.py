"""The sound of a finished reply, for a client that wants to hear it again. It is read from Redis while it is kept
there; after that tts workers speak the sentences again, each as a sample of a voice (see `voice_preview`). No key of
the conversation is written, so nothing counts as heard, and a conversation that goes on is not interrupted.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace

from tertulia_gateway.monitoring.health import engines_of
from tertulia_gateway.problem_codes import ProblemCode
from tertulia_gateway.rest.replay_text import KnownSentence, Part, parts_to_speak
from tertulia_gateway.rest.voice_preview import COLD_PATIENCE_S, PATIENCE_S, Sample, SampleQueue, VoiceSilent
from tertulia_shared.bus import Bus, BusError
from tertulia_shared.codec import BadEntry, decode
from tertulia_shared.entries import AudioChunk, TTSSentence
from tertulia_shared.store import Message, Store
from tertulia_shared.written_texts import written_texts

log = logging.getLogger(__name__)

CHUNKS_AT_ONCE = 100
"""Entries of `audio` read in one call: at most 1.6 MB."""


class NoReplay(Exception):
    """The message cannot be replayed; the text says why."""

    def __init__(self, code: ProblemCode, message: str) -> None:
        super().__init__(message)
        self.code = code


class ReplayedSound:
    """Reads or makes the sound of stored messages."""

    def __init__(self, bus: Bus, store: Store, *, alive_s: float) -> None:
        self._bus = bus
        self._store = store
        self._alive_s = alive_s
        self._samples = SampleQueue(bus)

    async def begin(self, message: Message) -> tuple[bytes, AsyncGenerator[bytes, None]]:
        """The first PCM of a message, and the rest. The rest ends early if speech fails; that is logged.

        Raises:
            NoReplay: it is no finished reply, has no text to speak, or its character was deleted.
            SamplesBusy, VoiceSilent, BusError, StoreError: as for a sample of a voice.
        """
        if message.role != "character" or message.status == "streaming":
            raise NoReplay(
                ProblemCode.NOTHING_TO_REPLAY,
                "Only a finished reply of a character has a voice. Wait for its end, or choose another message.",
            )
        for sound in (self._kept(message), self._made_again(message)):
            first = await anext(sound, None)
            if first is not None:
                return first, _until_failure(sound, message.id)
        raise NoReplay(
            ProblemCode.NOTHING_TO_REPLAY, "Nothing of this message was spoken. Choose a message that was heard."
        )

    async def whole(
        self, message: Message, voice: Sample, voices: Collection[str], patience_s: float
    ) -> AsyncGenerator[bytes, None]:
        """All PCM of a message of any speaker, a sentence at a time, or at once if Redis has it.

        Args:
            voice: speaks the message if its sentences are not kept, or were spoken by a voice that is not in `voices`.
            patience_s: the time limit for one sentence.

        Raises:
            VoiceSilent, BusError: see `voice_preview.speech`.
        """
        if kept := await self._all_kept(message):
            yield kept
            return
        known_voice, known = await self._sentences(message)
        if known_voice is not None and known_voice.voice in voices:
            voice = known_voice
        for part in parts_to_speak(message.text, known):
            if pcm := await self._samples.pcm(_sample(voice, part), patience_s, is_continued=True):
                yield pcm

    async def _all_kept(self, message: Message) -> bytes:
        """The sound in Redis; b"" if it is not whole, or was deleted while it was read."""
        audio = self._bus.keys.audio(message.conversation_id, message.id)
        before = await self._bus.read(audio, count=1)
        pcm = b"".join([piece async for piece in self._kept(message)])
        after = await self._bus.read(audio, count=1)
        return pcm if [entry.id for entry in before] == [entry.id for entry in after] else b""

    async def _kept(self, message: Message) -> AsyncGenerator[bytes, None]:
        """The sound in Redis. Nothing if it is not whole, or if the user interrupted: not all of it was heard then."""
        audio = self._bus.keys.audio(message.conversation_id, message.id)
        last = await self._bus.last(audio)
        if message.status != "complete" or last is None or not _is_final(last.fields):
            return
        after = "0-0"
        while entries := await self._bus.read(audio, after, count=CHUNKS_AT_ONCE):
            after = entries[-1].id
            try:
                pcm = b"".join(decode(AudioChunk, entry.fields).audio for entry in entries)
            except BadEntry as error:
                log.warning("the sound of a message cannot be read: %s", error, extra={"message_id": message.id})
                return
            if pcm:
                yield pcm

    async def _made_again(self, message: Message) -> AsyncGenerator[bytes, None]:
        voice, known = await self._sentences(message)
        parts = parts_to_speak(message.text, known)
        if not parts:
            return
        voice = voice or await self._voice_of(message)
        running = engines_of(await self._bus.alive(self._alive_s))["tts"]
        patience_s = PATIENCE_S if running else COLD_PATIENCE_S
        for nth, part in enumerate(parts):
            pcm = await self._samples.pcm(_sample(voice, part), patience_s, is_continued=nth > 0)
            if pcm:
                yield pcm

    async def _sentences(self, message: Message) -> tuple[Sample | None, Sequence[KnownSentence]]:
        """The voice of the message, and its sentences as they were spoken; nothing if Redis has them no longer."""
        entries = await self._bus.read(self._bus.keys.sentences(message.conversation_id, message.id))
        try:
            sentences = [decode(TTSSentence, entry.fields) for entry in entries]
            texts = written_texts(entries)
        except BadEntry as error:
            log.warning("the sentences of a message cannot be read: %s", error, extra={"message_id": message.id})
            return None, ()
        if not sentences:
            return None, ()
        first = sentences[0]
        known = [KnownSentence(each.index, each.text, text) for each, text in zip(sentences, texts, strict=True)]
        return Sample(first.voice_id, "", first.speed, first.pitch, message.id), known

    async def _voice_of(self, message: Message) -> Sample:
        """The voice that the character has now."""
        character = await self._store.character(message.character_id or "")
        if character is None:
            raise NoReplay(
                ProblemCode.SPEAKER_DELETED,
                f"{message.character_name} was deleted, and the sound of this message is no longer kept.",
            )
        return Sample(character.voice, "", character.speed, character.pitch, message.id)


def _sample(voice: Sample, part: Part) -> Sample:
    return replace(voice, text=part.text, index=part.index)


def _is_final(fields: Mapping[bytes, bytes]) -> bool:
    try:
        return decode(AudioChunk, fields).is_final
    except BadEntry:
        return False


async def _until_failure(sound: AsyncGenerator[bytes, None], message_id: str) -> AsyncGenerator[bytes, None]:
    async with aclosing(sound):
        try:
            async for pcm in sound:
                yield pcm
        except (VoiceSilent, BusError) as error:
            log.warning("a replay ended early: %s", error, extra={"message_id": message_id})
