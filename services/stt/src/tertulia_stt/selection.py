"""Starts the engine that the setting names. With `auto`, the last choice if the best engine does not start."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from tertulia_shared.engine_choice import PREFERENCE, Choice, passed_over
from tertulia_shared.engines import STT_ENGINES, load_with_engine
from tertulia_stt.engine import EngineUnavailable, RecognitionEngine
from tertulia_stt.engines import load_engine
from tertulia_stt.settings import STTSettings

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Started:
    """A running engine, its settings, and why it was chosen."""

    engine: RecognitionEngine
    settings: STTSettings
    choice: Choice


async def start_engine(settings: STTSettings, choice: Choice) -> Started:
    """Start the chosen engine with its settings.

    Raises:
        EngineError: it cannot run here; with `auto`, not even the simplest engine can.
    """
    try:
        return await _start(settings, choice)
    except EngineUnavailable as error:
        if choice.is_named or choice.engine == PREFERENCE[STT_ENGINES][-1]:
            raise
        log.warning("the engine %s cannot run: %s", choice.engine, error)
        choice = passed_over(choice, STT_ENGINES, str(error))
    return await _start(load_with_engine(STTSettings, STT_ENGINES, "stt_engine", engine=choice.engine), choice)


async def _start(settings: STTSettings, choice: Choice) -> Started:
    engine = load_engine(choice.engine, settings)
    await engine.start()
    return Started(engine, settings, choice)
