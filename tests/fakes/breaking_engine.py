"""A speech engine that breaks for good as soon as it has spoken one sentence."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from tertulia_tts.engine import EngineBroken, SynthesisFailed
from tertulia_tts.engines.instant import InstantEngine


class BreakingEngine(InstantEngine):
    """Registered by the tests that need it."""

    name = "breaking"

    def __init__(self) -> None:
        super().__init__()
        self._broke = asyncio.Event()

    async def synthesize(self, text: str, voice: str, seed: int) -> AsyncGenerator[bytes, None]:
        self._broke.set()
        raise SynthesisFailed("the device is lost", retryable=True)
        yield b""  # what makes it a generator

    async def broken(self) -> EngineBroken:
        await self._broke.wait()
        return EngineBroken("the engine 'breaking' broke: the device is lost")
