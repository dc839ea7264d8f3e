"""Every recognizer that can run in this environment, for the contract suite.

An engine is made with the default settings, unless `PREPARED` names it.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Final

from tertulia_shared.engines import STT_ENGINES, installed_engines
from tertulia_stt.engine import RecognitionEngine
from tertulia_stt.engines import load_engine
from tertulia_stt.engines.openai.settings import OpenAISTTSettings
from tertulia_stt.engines.realtimestt.settings import RealtimeSTTSettings
from tertulia_stt.engines.whisper.settings import WhisperSettings
from tertulia_stt.settings import STTSettings
from tests.fakes.loudness_recognizer import LoudnessEngine
from tests.fakes.tiny_whisper import make_tiny_whisper
from tests.harness.settings_of import settings_of


def runnable_engines() -> list[str]:
    """The names of a fake and of the installed engines whose libraries are installed."""
    runnable = [name for name, engine in installed_engines(STT_ENGINES).items() if not engine.spec().missing()]
    return ["loudness", *runnable]


@asynccontextmanager
async def made_engine(name: str, folder: Path) -> AsyncGenerator[RecognitionEngine]:
    """An engine that is not started. `folder` keeps the models that are made for it."""
    if name in WITH_SERVER:
        async with WITH_SERVER[name]() as engine:
            yield engine
    else:
        yield PREPARED.get(name, lambda _: _default(name))(folder)


def _default(name: str) -> RecognitionEngine:
    settings = settings_of(installed_engines(STT_ENGINES)[name].spec().settings)
    assert isinstance(settings, STTSettings)
    return load_engine(name, settings)


def _realtimestt(folder: Path) -> RecognitionEngine:
    model = _tiny_whisper(folder)
    return load_engine("realtimestt", settings_of(RealtimeSTTSettings, stt_model=model, stt_realtime_model=model))


def _whisper(folder: Path) -> RecognitionEngine:
    model = _tiny_whisper(folder)
    return load_engine("whisper", settings_of(WhisperSettings, stt_model=model, stt_realtime_model=model))


@asynccontextmanager
async def _openai() -> AsyncGenerator[RecognitionEngine]:
    from tests.fakes.transcription_server import TranscriptionServer  # noqa: PLC0415 - realtimestt has no aiohttp

    async with TranscriptionServer() as server:
        settings = settings_of(
            OpenAISTTSettings, stt_openai_base_url=server.base_url, stt_openai_partials="on", stt_openai_partial_ms=200
        )
        yield load_engine("openai", settings)


def _tiny_whisper(folder: Path) -> str:
    weights = folder / "tiny"
    return str(weights if weights.is_dir() else make_tiny_whisper(weights))


PREPARED: Final[Mapping[str, Callable[[Path], RecognitionEngine]]] = {
    "loudness": lambda _: LoudnessEngine(),
    "realtimestt": _realtimestt,
    "whisper": _whisper,
}
"""The fake, and engines that do not start with their default settings."""

WITH_SERVER: Final[Mapping[str, Callable[[], AbstractAsyncContextManager[RecognitionEngine]]]] = {"openai": _openai}
"""Engines that need a server."""

WANDER: Final[Mapping[str, int]] = {"realtimestt": 8_000}
"""The number of samples by which an engine's positions for the same audio may differ, as it uses the wall clock."""
