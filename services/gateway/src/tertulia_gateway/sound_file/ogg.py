"""Encodes PCM as Ogg with Opus, in a process of its own: the encoder's library needs 30 MB and takes the CPU for about
a hundredth of the sound's duration, which must not delay the conversations of this process.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

from tertulia_gateway.sound_file.ogg_process import LENGTH_BYTES

ANSWER_S: Final = 30.0
"""Time limit for one block, in seconds. A block of one minute takes less than a second."""


class EncoderFailed(Exception):
    """The encoder's process cannot start, or has ended."""


async def ogg(sound: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    """Encode a sound (24 kHz signed 16-bit mono PCM) while it comes. Closing the generator ends the process.

    Raises:
        EncoderFailed: the encoder's process does not answer.
    """
    async with aclosing(sound):
        process = await _start()
        try:
            async for pcm in sound:
                if pcm and (encoded := await _answer(process, pcm)):
                    yield encoded
            yield await _answer(process, b"")
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()


async def _start() -> asyncio.subprocess.Process:
    try:
        return await asyncio.create_subprocess_exec(
            sys.executable, "-I", "-m", "tertulia_gateway.sound_file.ogg_process",
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
    except OSError as error:
        raise EncoderFailed(f"The Ogg encoder cannot start ({error.strerror}). Choose WAV.") from error


async def _answer(process: asyncio.subprocess.Process, pcm: bytes) -> bytes:
    assert process.stdin is not None  # noqa: S101 - it was started with pipes
    assert process.stdout is not None  # noqa: S101
    try:
        async with asyncio.timeout(ANSWER_S):
            process.stdin.write(len(pcm).to_bytes(LENGTH_BYTES, "little") + pcm)
            await process.stdin.drain()
            length = int.from_bytes(await process.stdout.readexactly(LENGTH_BYTES), "little")
            return await process.stdout.readexactly(length)
    except (OSError, EOFError, TimeoutError) as error:
        raise EncoderFailed("The Ogg encoder has failed; the gateway's log says why. Choose WAV.") from error
