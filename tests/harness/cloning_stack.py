"""A stack whose speech engine makes voices from recordings: the engine openai, at a scripted speech server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.fakes.speech_server import SpeechServer
from tests.harness.available_speech_engines import VOICES
from tests.harness.stack import Stack


@asynccontextmanager
async def cloning_stack(folder: Path, **env: str) -> AsyncGenerator[tuple[Stack, SpeechServer]]:
    """Run the server in this event loop, so the stack, whose calls block, is started and stopped in a thread."""
    async with SpeechServer(takes_voices=True) as server:
        stack = Stack(
            folder,
            env={
                "TERTULIA_TTS_ENGINE": "openai",
                "TERTULIA_TTS_OPENAI_BASE_URL": server.base_url,
                "TERTULIA_TTS_OPENAI_CLONING": "upload",
                "TERTULIA_VOICES_DIR": str(VOICES),
                **env,
            },
        )
        await asyncio.to_thread(stack.__enter__)
        try:
            yield stack, server
        except BaseException as error:
            await asyncio.to_thread(stack.__exit__, type(error), error, None)
            raise
        await asyncio.to_thread(stack.__exit__, None)
