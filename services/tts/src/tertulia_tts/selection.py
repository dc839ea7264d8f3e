"""Starts the engine that the setting names. With `auto`, the best engine that can run here and is fast enough."""

from __future__ import annotations

import logging
import time
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

from tertulia_shared.engine_choice import AUTO, Choice, choose_engine, passed_over, with_factor
from tertulia_shared.engine_speed import MAX_REAL_TIME_FACTOR, Speeds, is_fast_enough, usable_cores
from tertulia_shared.engines import TTS_ENGINES, load_with_engine
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


async def start_engine(settings: TTSSettings) -> Started:
    """Start the engine that `settings` name.

    Raises:
        EngineError: it cannot run here; with `auto`, not even the simplest engine can.
    """
    speeds = Speeds(settings.data_dir)
    choice = choose_engine(TTS_ENGINES, settings.tts_engine, settings.models_folder, speeds.of)
    if settings.tts_engine != AUTO:
        return await _start(choice, settings)
    if choice.engine == MEASURED:
        try:
            started = await _start(choice, _settings_of(choice.engine))
        except EngineUnavailable as error:
            choice = passed_over(choice, TTS_ENGINES, str(error))
        else:
            if speeds.of(MEASURED) is not None:
                return started
            choice = await _judged(choice, started.engine, speeds)
            if choice.engine == MEASURED:
                return Started(started.engine, started.settings, choice)
            await started.engine.close()
    return await _start(choice, _settings_of(choice.engine))


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


async def _judged(choice: Choice, engine: SpeechEngine, speeds: Speeds) -> Choice:
    """The choice after the chosen engine was measured. Closes the engine if the measurement is cancelled."""
    try:
        return with_factor(choice, TTS_ENGINES, await _measured(engine, speeds))
    except SynthesisFailed as failure:
        return passed_over(choice, TTS_ENGINES, str(failure))
    except BaseException:
        await engine.close()
        raise


async def _measured(engine: SpeechEngine, speeds: Speeds) -> float:
    """Measure the engine and keep the result.

    Raises:
        SynthesisFailed: the engine failed.
    """
    cpu, began = time.process_time(), time.perf_counter()
    factor = await real_time_factor(engine)
    share = (time.process_time() - cpu) / (time.perf_counter() - began) / min(usable_cores(), MANY_CORES)
    busy = not is_fast_enough(factor) and share < FREE_SHARE
    log.info("%s needs %.2f s for a second of speech; got %.0f %% of the cores", engine.name, factor, 100 * share)
    speeds.keep(engine.name, factor, busy=busy)
    return factor


async def _start(choice: Choice, settings: TTSSettings) -> Started:
    engine = load_engine(choice.engine, settings)
    await engine.start()
    return Started(engine, settings, choice)


def _settings_of(engine: str) -> TTSSettings:
    return load_with_engine(TTSSettings, TTS_ENGINES, "tts_engine", engine=engine)
