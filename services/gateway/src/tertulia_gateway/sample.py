"""How does a voice sound? One sentence, spoken by the tts workers in the ordinary way, as a WAV.

It is a message like any other, of a conversation that nobody opens: two sentence entries, a pointer, an audio stream.
Its keys expire by themselves.
"""

from __future__ import annotations

import asyncio
import io
import wave

from tertulia_shared.bus import Append, Bus
from tertulia_shared.codec import decode
from tertulia_shared.entries import SAMPLE_RATE_OUT, AudioChunk, TTSSentence, Work
from tertulia_shared.ids import new_id

PATIENCE_S = 15.0
"""How long to wait for the whole sentence."""
MAX_CHARS = 200


class VoiceSilent(Exception):
    """No tts worker has spoken the sample in time."""


async def voice_sample(bus: Bus, voice: str, text: str) -> bytes:
    """`text` in that voice: a WAV of 24 kHz signed 16-bit mono.

    Raises:
        VoiceSilent: it took longer than `PATIENCE_S`.
        BusError: Redis is away.
    """
    conversation_id, message_id = new_id(), new_id()
    sentences = bus.keys.sentences(conversation_id, message_id)

    def sentence(text: str, index: int, *, is_final: bool) -> Append:
        entry = TTSSentence(text, index, conversation_id, message_id, message_id, "", voice, is_final)
        return Append(sentences, entry, f"{index + 1}-0", {"written": text})

    await bus.transact(
        conversation_id,
        [sentence(text, 0, is_final=False), sentence("", 1, is_final=True)],
        then=("tts", Work(conversation_id, message_id)),
    )
    try:
        async with asyncio.timeout(PATIENCE_S):
            pcm = await _spoken(bus, conversation_id, message_id)
    except TimeoutError:
        raise VoiceSilent(
            f"No speech came within {PATIENCE_S:g} seconds: no tts worker runs, or all are busy. Try again later."
        ) from None
    return _wav(pcm)


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
    finally:
        audio.close()


def _wav(pcm: bytes) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE_OUT)
        file.writeframes(pcm)
    return out.getvalue()
