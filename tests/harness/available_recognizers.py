"""Every recognizer that can run in this environment, for the contract suite.

An engine is made with the default settings, unless `PREPARED` names it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from tertulia_shared.engines import STT_ENGINES, installed_engines
from tertulia_stt.engine import RecognitionEngine
from tertulia_stt.engines import load_engine
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


def make_engine(name: str, folder: Path) -> RecognitionEngine:
    """An engine that is not started. `folder` keeps the models that are made for it."""
    return PREPARED.get(name, lambda _: _default(name))(folder)


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


def _tiny_whisper(folder: Path) -> str:
    weights = folder / "tiny"
    return str(weights if weights.is_dir() else make_tiny_whisper(weights))


PREPARED: Final[Mapping[str, Callable[[Path], RecognitionEngine]]] = {
    "loudness": lambda _: LoudnessEngine(),
    "realtimestt": _realtimestt,
    "whisper": _whisper,
}
"""The fake, and engines that do not start with their default settings."""

WANDER: Final[Mapping[str, int]] = {"realtimestt": 8_000}
"""The number of samples by which an engine's positions for the same audio may differ, as it uses the wall clock."""
