from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tertulia_shared.engine_choice import Choice
from tertulia_tts import selection
from tertulia_tts.engine import EngineUnavailable, SpeechEngine
from tertulia_tts.selection import MAX_REAL_TIME_FACTOR, real_time_factor, start_engine, too_slow
from tertulia_tts.settings import TTSSettings
from tests.fakes.scripted_speech import ScriptedSpeech
from tests.harness.settings_of import settings_of


class TrackedSpeech(ScriptedSpeech):
    """A scripted engine that knows whether it runs. `fault`: why it cannot start."""

    def __init__(self, name: str, fault: str = "") -> None:
        super().__init__(name=name, piece_s=0)
        self.fault, self.is_running = fault, False

    async def start(self) -> None:
        if self.fault:
            raise EngineUnavailable(self.fault)
        self.is_running = True

    async def close(self) -> None:
        self.is_running = False


def offer(monkeypatch: pytest.MonkeyPatch, factor: float, fault: str = "") -> Mapping[str, TrackedSpeech]:
    """Let kokoro and espeak be scripted engines. `factor`: the real-time factor of kokoro."""
    engines = {"kokoro": TrackedSpeech("kokoro", fault), "espeak": TrackedSpeech("espeak")}

    def load(name: str, _settings: TTSSettings) -> TrackedSpeech:
        return engines[name]

    def choose(_group: str, name: str, _folder: Path) -> Choice:
        return Choice("kokoro" if name == "auto" else name)

    async def measure(_engine: SpeechEngine) -> float:
        return factor

    monkeypatch.setattr(selection, "load_engine", load)
    monkeypatch.setattr(selection, "choose_engine", choose)
    monkeypatch.setattr(selection, "real_time_factor", measure)
    return engines


async def test_auto_takes_kokoro_where_it_is_fast_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    engines = offer(monkeypatch, 0.4)
    started = await start_engine(settings_of(TTSSettings, tts_engine="auto"))
    assert (started.engine.name, started.settings.tts_engine, started.passed_over) == ("kokoro", "kokoro", {})
    assert engines["kokoro"].is_running


async def test_auto_takes_espeak_where_kokoro_is_too_slow_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    engines = offer(monkeypatch, 0.83)
    started = await start_engine(settings_of(TTSSettings, tts_engine="auto"))
    assert (started.engine.name, started.settings.tts_engine) == ("espeak", "espeak")
    assert "0.83 s for a second of speech" in started.passed_over["kokoro"]
    assert "TERTULIA_TTS_ENGINE=kokoro" in started.passed_over["kokoro"]
    assert (engines["kokoro"].is_running, engines["espeak"].is_running) == (False, True)


async def test_auto_takes_espeak_where_kokoro_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    offer(monkeypatch, 0.1, fault="the model is damaged")
    started = await start_engine(settings_of(TTSSettings, tts_engine="auto"))
    assert started.engine.name == "espeak"
    assert started.passed_over == {"kokoro": "the model is damaged"}


async def test_engine_that_the_setting_names_is_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    offer(monkeypatch, 5.0)
    started = await start_engine(settings_of(TTSSettings, tts_engine="kokoro"))
    assert (started.engine.name, started.passed_over) == ("kokoro", {})


async def test_real_time_factor_of_an_engine_that_never_waits_is_small() -> None:
    assert 0 < await real_time_factor(ScriptedSpeech(ms_per_char=1_000, piece_s=0)) < MAX_REAL_TIME_FACTOR


async def test_engine_without_sound_is_too_slow() -> None:
    assert too_slow(await real_time_factor(ScriptedSpeech(ms_per_char=0)))


def test_only_a_factor_below_the_limit_is_fast_enough() -> None:
    assert not too_slow(MAX_REAL_TIME_FACTOR - 0.01)
    assert too_slow(MAX_REAL_TIME_FACTOR)
