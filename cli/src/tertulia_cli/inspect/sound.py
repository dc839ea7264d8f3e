"""Writes a message's sound as WAV: to a file chunk by chunk, or to a pipe."""

from __future__ import annotations

import io
import wave
from collections.abc import AsyncIterator
from pathlib import Path
from typing import BinaryIO

from tertulia_cli.exit_codes import MISUSED, Failure
from tertulia_cli.formatting import printable
from tertulia_cli.inspect.turns import Message
from tertulia_shared.entries import SAMPLE_RATE_OUT

BYTES_PER_SAMPLE = 2


def check_sound(message: Message) -> None:
    """Check that the message has sound.

    Raises:
        Failure: the message has no sound; the error text gives the reason.
    """
    if any(sentence.chunks for sentence in message.sentences.values()):
        return
    whose = f"message {message.message_id} ({printable(message.name)})"
    if message.sound_complete is not None:
        raise Failure(f"{whose} ended without sound; `tertulia inspect` says why.")
    if message.text_complete is not None and (message.played_ms is not None or not message.sentences):
        raise Failure(
            f"the sound of {whose} has expired: Redis keeps it for two minutes after playback, or else for an hour."
        )
    raise Failure(f"{whose} has no sound yet; `tertulia inspect` shows its work.")


async def write_wav(path: Path, sound: AsyncIterator[bytes]) -> float:
    """Write a WAV file (24 kHz, 16 bit, mono); returns its length in seconds.

    Raises:
        Failure: the file cannot be written.
    """
    try:
        with path.open("wb") as raw:
            return await _write(raw, sound)
    except OSError as error:
        raise Failure(f"{path} cannot be written: {error.strerror or error}", MISUSED) from error


async def write_wav_to_pipe(pipe: BinaryIO, sound: AsyncIterator[bytes]) -> float:
    """Write a WAV file to a pipe; returns its length in seconds. The header, which comes first, has the length, so all
    of the sound is held in memory (48 kB for each second).

    Raises:
        BrokenPipeError: the reader of the pipe has closed it.
    """
    whole = io.BytesIO()
    seconds = await _write(whole, sound)
    pipe.write(whole.getbuffer())
    pipe.flush()
    return seconds


async def _write(raw: BinaryIO, sound: AsyncIterator[bytes]) -> float:
    written = 0
    with wave.open(raw, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(BYTES_PER_SAMPLE)
        file.setframerate(SAMPLE_RATE_OUT)
        async for pcm in sound:
            file.writeframes(pcm)
            written += len(pcm)
    return written / (SAMPLE_RATE_OUT * BYTES_PER_SAMPLE)
