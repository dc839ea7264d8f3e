"""Starts the engine that the setting names. With `auto`, the best engine that can run here and is fast enough."""

from __future__ import annotations

import logging
import time
from contextlib import aclosing, nullcontext
from dataclasses import dataclass
from typing import Final

from tertulia_shared.engine_choice import AUTO, Choice, choose_engine, passed_over, with_factor
from tertulia_shared.engine_speed import MAX_REAL_TIME_FACTOR, Measured, Speeds, is_fast_enough, usable_cores
from tertulia_shared.engines import TTS_ENGINES, load_with_engine
from tertulia_tts.agreed_speeds import AgreedSpeeds
from tertulia_tts.engine import BYTES_PER_SAMPLE, SAMPLE_RATE, EngineUnavailable, SpeechEngine, SynthesisFailed
from tertulia_tts.engines import load_engine
from tertulia_tts.settings import TTSSettings

MEASURED: Final = "kokoro"
"""The engine that `auto` measures. The others are fast on any machine, or run only if the setting names them."""
TEST_TEXT: Final = "This sentence measures how fast this machine can speak."
TEST_RUNS: Final = 3
"""The fastest run counts, because other processes that start now slow some of them down."""
MANY_CORES: Final = 4
FREE_SHARE: Final = 0.6
"""An engine that got a smaller share of the cores (of `MANY_CORES` at most) shared them with other programs."""
HOPELESS: Final = 3 * MAX_REAL_TIME_FACTOR
"""An engine that is so slow is not measured again."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Started:
    """A running engine, its settings, and why it was chosen."""

    engine: SpeechEngine
    settings: TTSSettings
    choice: Choice


async def start_engine(settings: TTSSettings, agreed: AgreedSpeeds | None = None) -> Started:
    """Start the engine that `settings` name. `agreed`: where workers share what one of them has measured.

    Raises:
        EngineError: it cannot run here; with `auto`, not even the simplest engine can.
    """
    speeds = Speeds(settings.data_dir)
    choice = choose_engine(TTS_ENGINES, settings.tts_engine, settings.models_folder, speeds.of)
    if settings.tts_engine != AUTO:
        return await _start(choice, settings)
    if choice.engine != MEASURED or speeds.of(MEASURED) is not None:
        return await _start_chosen(choice)
    async with agreed.measuring(MEASURED) if agreed else nullcontext() as factor:
        if factor is None:
            return await _start_measured(choice, speeds, agreed)
    return await _start_chosen(with_factor(choice, TTS_ENGINES, factor))


async def real_time_factor(engine: SpeechEngine, runs: int = TEST_RUNS) -> float:
    """How many seconds the started engine needs for a second of speech: the fastest of `runs` runs. Stops early when
    the result is clear.

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
        if is_fast_enough(fastest) or fastest > HOPELESS:
            break
    return fastest


async def _start_chosen(choice: Choice) -> Started:
    """Start the engine that `auto` has chosen; the simplest one if it does not start."""
    try:
        return await _start(choice, _settings_of(choice.engine))
    except EngineUnavailable as error:
        if choice.engine != MEASURED:
            raise
        choice = passed_over(choice, TTS_ENGINES, str(error))
    return await _start(choice, _settings_of(choice.engine))


async def _start_measured(choice: Choice, speeds: Speeds, agreed: AgreedSpeeds | None) -> Started:
    """Start the engine and measure it. If it is too slow, start the simplest one instead."""
    started = await _start_chosen(choice)
    if started.choice.engine != MEASURED:
        return started
    try:
        measured = await _measured(started.engine)
    except SynthesisFailed as failure:
        choice = passed_over(choice, TTS_ENGINES, str(failure))
    except BaseException:
        await started.engine.close()
        raise
    else:
        speeds.keep(MEASURED, measured)
        if agreed:
            await agreed.keep(MEASURED, measured)
        choice = with_factor(choice, TTS_ENGINES, measured.factor)
    if choice.engine == MEASURED:
        return Started(started.engine, started.settings, choice)
    await started.engine.close()
    return await _start_chosen(choice)


async def _measured(engine: SpeechEngine) -> Measured:
    """Measure the engine.

    Raises:
        SynthesisFailed: the engine failed.
    """
    cpu, began = time.process_time(), time.perf_counter()
    factor = await real_time_factor(engine)
    share = (time.process_time() - cpu) / (time.perf_counter() - began) / min(usable_cores(), MANY_CORES)
    busy = not is_fast_enough(factor) and share < FREE_SHARE
    log.info("%s needs %.2f s for a second of speech; got %.0f %% of the cores", engine.name, factor, 100 * share)
    return Measured(factor, time.time(), busy)


async def _start(choice: Choice, settings: TTSSettings) -> Started:
    engine = load_engine(choice.engine, settings)
    await engine.start()
    return Started(engine, settings, choice)


def _settings_of(engine: str) -> TTSSettings:
    return load_with_engine(TTSSettings, TTS_ENGINES, "tts_engine", engine=engine)
