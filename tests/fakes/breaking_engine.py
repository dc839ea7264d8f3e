"""A speech engine that breaks permanently after one sentence."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator
from pathlib import Path

from tertulia_shared.engines import TTS_ENGINES
from tertulia_tts.engine import EngineBroken, EngineSpec, SynthesisFailed
from tertulia_tts.engines.instant.engine import InstantEngine
from tertulia_tts.settings import TTSSettings
from tests.fakes.engine_package import offer_engines

ENGINE = EngineSpec("tests.fakes.breaking_engine:create", TTSSettings)


def create(_settings: TTSSettings) -> BreakingEngine:
    """The engine; it has no settings."""
    return BreakingEngine()


def with_breaking_engine(folder: Path) -> dict[str, str]:
    """The environment variables with which a tts worker finds the engine and chooses it."""
    packages = offer_engines(folder, TTS_ENGINES, {"breaking": "tests.fakes.breaking_engine:ENGINE"})
    root = Path(__file__).parents[2]
    return {"PYTHONPATH": os.pathsep.join(map(str, (packages, root))), "TERTULIA_TTS_ENGINE": "breaking"}


class BreakingEngine(InstantEngine):
    """Offered by `with_breaking_engine`, for tests of the worker."""

    name = "breaking"

    def __init__(self) -> None:
        super().__init__()
        self._broke = asyncio.Event()

    async def synthesize(self, text: str, voice: str, seed: int) -> AsyncGenerator[bytes, None]:
        self._broke.set()
        raise SynthesisFailed("the device is lost", retryable=True)
        yield b""  # makes the function a generator

    async def broken(self) -> EngineBroken:
        await self._broke.wait()
        return EngineBroken("the engine 'breaking' broke: the device is lost")
