"""Produces a sample of a voice, through the tts workers. A sample is an ordinary message of a conversation
without a client: two sentence entries, a work entry, an audio stream. Its keys are deleted afterwards: a sample takes
up to 3 MB in Redis, and a client can ask for many.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass

from tertulia_gateway.problem_codes import ProblemCode
from tertulia_shared.bus import Append, Bus, BusError
from tertulia_shared.codec import BadEntry, decode
from tertulia_shared.entries import SAMPLE_RATE_OUT, AudioChunk, Interrupt, TTSSentence, Work
from tertulia_shared.ids import new_id
from tertulia_shared.wav import wav_file

log = logging.getLogger(__name__)

PATIENCE_S = 15.0
"""Time limit for the whole sentence, in seconds."""
COLD_PATIENCE_S = 90.0
"""The same if no tts worker is running: one may be loading its models."""
MAX_CHARS = 200
MAX_PCM_BYTES = 60 * SAMPLE_RATE_OUT * 2
"""One minute of audio. A sample of `MAX_CHARS` takes a quarter of a minute."""
STATE_S = 600
"""The state of a sample expires after this time. A worker takes work over within a few seconds."""
MAX_WAITING = 2
RETRY_AFTER_S = 3


class VoiceSilent(Exception):
    """No tts worker spoke the sample in time, or its audio is unusable."""

    def __init__(self, code: ProblemCode, message: str, **params: str | float) -> None:
        super().__init__(message)
        self.code = code
        self.params = params


@dataclass(frozen=True, slots=True)
class Sample:
    """A text to speak with a voice, at a speed and a pitch as in `TTSSentence`.

    `message_id` and `index` determine the seed: with those of a reply's sentence, it sounds as it did in the reply.
    """

    voice: str
    text: str
    speed: float = 1.0
    pitch: float = 0.0
    message_id: str = ""
    index: int = 0


class SamplesBusy(Exception):
    """Too many requests wait for a sample."""


class SampleQueue:
    """Lets one sample be spoken at a time, while at most `MAX_WAITING` further requests wait."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._speaking = asyncio.Lock()
        self._asked = 0

    async def speak(self, sample: Sample, patience_s: float) -> bytes:
        """Wait until no other sample is being spoken, then do the same as `speech`. Returns a WAV, 24 kHz mono.

        Raises:
            SamplesBusy: too many requests are waiting.
        """
        return wav_file(await self.pcm(sample, patience_s), SAMPLE_RATE_OUT)

    async def pcm(self, sample: Sample, patience_s: float, *, is_continued: bool = False) -> bytes:
        """The same as `speak`, but returns PCM. `is_continued`: the request was accepted before, so it is not refused.

        Raises:
            SamplesBusy: too many requests are waiting.
        """
        if self._asked > MAX_WAITING and not is_continued:
            raise SamplesBusy(f"Samples are spoken one at a time, and {MAX_WAITING} wait. Try again in a moment.")
        self._asked += 1
        try:
            async with self._speaking:
                return await speech(self._bus, sample, patience_s)
        finally:
            self._asked -= 1


async def speech(bus: Bus, sample: Sample, patience_s: float) -> bytes:
    """Let a tts worker speak the sample. Returns PCM, 24 kHz signed 16-bit mono.

    Raises:
        VoiceSilent: the speech took longer than `patience_s`, is longer than `MAX_PCM_BYTES`, or cannot be decoded.
        BusError: Redis is unavailable.
    """
    conversation_id, message_id = new_id(), sample.message_id or new_id()
    sentences = bus.keys.sentences(conversation_id, message_id)

    def sentence(text: str, index: int, *, is_final: bool) -> Append:
        entry = TTSSentence(
            text, index, conversation_id, message_id, message_id, "",
            sample.voice, is_final, sample.speed, sample.pitch,
        )  # fmt: skip
        return Append(sentences, entry, f"{index + 1}-0", {"written": text})

    is_spoken = False
    try:
        await bus.transact(
            conversation_id,
            [sentence(sample.text, sample.index, is_final=False), sentence("", sample.index + 1, is_final=True)],
            then=("tts", Work(conversation_id, message_id, voice_id=sample.voice)),
        )
        async with asyncio.timeout(patience_s):
            pcm = await _spoken(bus, conversation_id, message_id)
        is_spoken = True
    except TimeoutError:
        raise VoiceSilent(
            ProblemCode.VOICE_SILENT,
            f"No speech came within {patience_s:g} seconds: no speech engine runs, or all are busy. Try again later; "
            "tertulia doctor says what is missing.",
            seconds=patience_s,
        ) from None
    finally:
        await _delete(bus, conversation_id, message_id, is_spoken=is_spoken)
    return pcm


async def _delete(bus: Bus, conversation_id: str, message_id: str, *, is_spoken: bool) -> None:
    """Delete the sample. `state` remains for a while: its epoch is raised, so a worker that claims the work later
    has nothing to do. Without it, a worker that takes the work over would wait for sentences.
    """
    keys = bus.keys
    made = [
        keys.sentences(conversation_id, message_id),
        keys.audio(conversation_id, message_id),
        keys.events(conversation_id),
        keys.owner(conversation_id, message_id),
    ]
    control, state = keys.control(conversation_id), keys.state(conversation_id)
    try:
        # the worker that has spoken it may not be done yet, and needs no interruption
        stop = [] if is_spoken else [Append(control, Interrupt("request"))]
        await bus.transact(conversation_id, stop, raise_epoch=True)
        await bus.delete(made)
        rest = bus.outlet()
        for key in (control, state):
            rest.expire(key, STATE_S)
        await rest.flush()
    except BusError as error:
        log.warning("the keys of a voice sample were not deleted; they expire within two days: %s", error)


async def _spoken(bus: Bus, conversation_id: str, message_id: str) -> bytes:
    audio = bus.follow(bus.keys.audio(conversation_id, message_id))
    pcm = bytearray()
    try:
        while True:
            for entry in await audio.read():
                chunk = decode(AudioChunk, entry.fields)
                if chunk.is_final:
                    return bytes(pcm)
                pcm += chunk.audio
                if len(pcm) > MAX_PCM_BYTES:
                    raise VoiceSilent(
                        ProblemCode.SAMPLE_TOO_LONG,
                        "The sample does not end: its speech is longer than a minute. Try another text.",
                    )
    except BadEntry as error:
        raise VoiceSilent(
            ProblemCode.SAMPLE_UNREADABLE,
            "The speech that came cannot be read. Update the gateway, or look at the tts log.",
        ) from error
    finally:
        audio.close()
