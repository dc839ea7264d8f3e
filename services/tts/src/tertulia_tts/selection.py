"""Starts the engine that the setting names. With `auto`, the best engine that can run here and is fast enough."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

from tertulia_shared.engine_choice import AUTO, PREFERENCE, choose_engine
from tertulia_shared.engines import TTS_ENGINES, load_with_engine
from tertulia_tts.engine import BYTES_PER_SAMPLE, SAMPLE_RATE, EngineUnavailable, SpeechEngine
from tertulia_tts.engines import load_engine
from tertulia_tts.settings import TTSSettings

MAX_REAL_TIME_FACTOR: Final = 0.6
"""Seconds that an engine may need for a second of speech: the rest is for a second conversation and other workers."""
TEST_TEXT: Final = "This sentence measures how fast this machine can speak."
TEST_RUNS: Final = 3
"""The fastest run counts, because other processes that start now slow some of them down."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Started:
    """A running engine and its settings. `passed_over` has each better engine that cannot run here, with the reason."""

    engine: SpeechEngine
    settings: TTSSettings
    passed_over: Mapping[str, str]


async def start_engine(settings: TTSSettings) -> Started:
    """Start the engine that `settings` name.

    Raises:
        EngineError: it cannot run here; with `auto`, not even the simplest engine can.
    """
    choice = choose_engine(TTS_ENGINES, settings.tts_engine, settings.models_folder)
    if settings.tts_engine != AUTO:
        engine = load_engine(choice.engine, settings)
        await engine.start()
        return Started(engine, settings, {})
    passed_over = dict(choice.passed_over)
    simplest = PREFERENCE[TTS_ENGINES][-1]
    if choice.engine != simplest:
        better = _settings_of(choice.engine)
        engine = load_engine(choice.engine, better)
        reason = await _start_if_fast(engine)
        if not reason:
            return Started(engine, better, passed_over)
        passed_over[choice.engine] = reason
    fallback = _settings_of(simplest)
    engine = load_engine(simplest, fallback)
    await engine.start()
    return Started(engine, fallback, passed_over)


async def real_time_factor(engine: SpeechEngine, runs: int = TEST_RUNS) -> float:
    """How many seconds the started engine needs for a second of speech: the fastest of `runs` runs. Stops early when
    a run is fast enough.

    Raises:
        SynthesisFailed: the engine failed.
    """
    fastest = float("inf")
    for _ in range(runs):
        audio_bytes = 0
        began = time.perf_counter()
        async with aclosing(engine.synthesize(TEST_TEXT, engine.voices()[0].id, 0)) as pieces:
            async for piece in pieces:
                audio_bytes += len(piece)
        seconds = audio_bytes / BYTES_PER_SAMPLE / SAMPLE_RATE
        fastest = min(fastest, (time.perf_counter() - began) / seconds if seconds else fastest)
        if fastest < MAX_REAL_TIME_FACTOR:
            break
    return fastest


def too_slow(factor: float) -> str:
    """Why an engine with this real-time factor is not used; "" if it is fast enough."""
    if factor < MAX_REAL_TIME_FACTOR:
        return ""
    return (
        f"this machine needs {factor:.2f} s for a second of speech, and only below {MAX_REAL_TIME_FACTOR:g} s speech "
        "has no gaps"
    )


async def _start_if_fast(engine: SpeechEngine) -> str:
    """Start the engine. If it cannot run or is too slow, close it and return the reason; else return ""."""
    try:
        await engine.start()
    except EngineUnavailable as error:
        return str(error)
    try:
        factor = await real_time_factor(engine)
    except BaseException:
        await engine.close()
        raise
    log.info("%s needs %.2f s for a second of speech", engine.name, factor)
    if reason := too_slow(factor):
        await engine.close()
        return f"{reason}. TERTULIA_TTS_ENGINE={engine.name} uses it all the same"
    return ""


def _settings_of(engine: str) -> TTSSettings:
    return load_with_engine(TTSSettings, TTS_ENGINES, "tts_engine", engine=engine)
