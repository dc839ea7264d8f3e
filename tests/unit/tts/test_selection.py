from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tertulia_shared.engine_choice import Choice, with_factor
from tertulia_shared.engine_speed import MAX_REAL_TIME_FACTOR, is_fast_enough
from tertulia_shared.keys import Keys
from tertulia_shared.testing.memory_bus import MemoryBus
from tertulia_tts import selection
from tertulia_tts.agreed_speeds import AgreedSpeeds
from tertulia_tts.engine import EngineUnavailable, SpeechEngine, SynthesisFailed
from tertulia_tts.selection import real_time_factor, start_engine
from tertulia_tts.settings import TTSSettings
from tests.fakes.scripted_speech import ScriptedSpeech
from tests.harness.settings_of import settings_of


class TrackedSpeech(ScriptedSpeech):
    """A scripted engine that knows whether it runs. `fault`: why it cannot start."""

    def __init__(self, name: str, fault: str = "") -> None:
        super().__init__(name=name, piece_s=0)
        self.fault, self.is_running = fault, False
        self.times_measured = 0

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

    def choose(group: str, name: str, _folder: Path, factor_of: Callable[[str], float | None]) -> Choice:
        if name != "auto":
            return Choice(name)
        known = factor_of("kokoro")
        return Choice("kokoro") if known is None else with_factor(Choice("kokoro"), group, known)

    async def measure(_engine: SpeechEngine) -> float:
        engines["kokoro"].times_measured += 1
        return factor

    monkeypatch.setattr(selection, "load_engine", load)
    monkeypatch.setattr(selection, "choose_engine", choose)
    monkeypatch.setattr(selection, "real_time_factor", measure)
    return engines


@pytest.fixture
def auto(tmp_path: Path) -> TTSSettings:
    return settings_of(TTSSettings, tts_engine="auto", data_dir=tmp_path)


async def test_auto_takes_kokoro_where_it_is_fast_enough(monkeypatch: pytest.MonkeyPatch, auto: TTSSettings) -> None:
    engines = offer(monkeypatch, 0.4)
    started = await start_engine(auto)
    assert (started.engine.name, started.settings.tts_engine) == ("kokoro", "kokoro")
    assert started.choice.reason == "real-time factor 0.40 on this machine"
    assert engines["kokoro"].is_running


async def test_auto_takes_espeak_where_kokoro_is_too_slow_and_says_why(
    monkeypatch: pytest.MonkeyPatch, auto: TTSSettings
) -> None:
    engines = offer(monkeypatch, 0.83)
    started = await start_engine(auto)
    assert (started.engine.name, started.settings.tts_engine) == ("espeak", "espeak")
    assert started.choice.reason.startswith("kokoro: it needs 0.83 of real time on this machine")
    assert "TERTULIA_TTS_ENGINE=kokoro" in started.choice.reason
    assert (engines["kokoro"].is_running, engines["espeak"].is_running) == (False, True)


@pytest.mark.parametrize(("factor", "engine"), [(0.4, "kokoro"), (0.83, "espeak")])
async def test_kokoro_is_measured_at_the_first_start_only(
    monkeypatch: pytest.MonkeyPatch, auto: TTSSettings, factor: float, engine: str
) -> None:
    engines = offer(monkeypatch, factor)
    assert [(await start_engine(auto)).engine.name for _ in range(3)] == [engine] * 3
    assert engines["kokoro"].times_measured == 1


async def test_workers_without_a_data_folder_use_what_the_first_one_has_measured(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    bus = MemoryBus(Keys())
    settings = settings_of(TTSSettings, tts_engine="auto", data_dir=tmp_path / "missing")
    engines = offer(monkeypatch, 0.83)
    assert (await start_engine(settings, AgreedSpeeds(bus))).engine.name == "espeak"
    offered = offer(monkeypatch, 0.4)
    later = await start_engine(settings, AgreedSpeeds(bus))
    assert (later.engine.name, later.choice.reason.partition(" on this")[0]) == (
        "espeak", "kokoro: it needs 0.83 of real time",
    )  # fmt: skip
    assert (engines["kokoro"].times_measured, offered["kokoro"].times_measured) == (1, 0)


async def test_auto_takes_espeak_where_kokoro_does_not_start(
    monkeypatch: pytest.MonkeyPatch, auto: TTSSettings
) -> None:
    offer(monkeypatch, 0.1, fault="the model is damaged")
    started = await start_engine(auto)
    assert started.engine.name == "espeak"
    assert started.choice.reason == "kokoro: the model is damaged"


async def test_auto_takes_espeak_where_kokoro_fails_to_speak(
    monkeypatch: pytest.MonkeyPatch, auto: TTSSettings
) -> None:
    engines = offer(monkeypatch, 0.1)

    async def fail(_engine: SpeechEngine) -> float:
        raise SynthesisFailed("no memory", retryable=True)

    monkeypatch.setattr(selection, "real_time_factor", fail)
    started = await start_engine(auto)
    assert started.engine.name == "espeak"
    assert started.choice.reason == "kokoro: no memory"
    assert not engines["kokoro"].is_running


async def test_engine_that_the_setting_names_is_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    engines = offer(monkeypatch, 5.0)
    started = await start_engine(settings_of(TTSSettings, tts_engine="kokoro"))
    assert started.engine.name == "kokoro"
    assert engines["kokoro"].times_measured == 0


async def test_real_time_factor_of_an_engine_that_never_waits_is_small() -> None:
    assert 0 < await real_time_factor(ScriptedSpeech(ms_per_char=1_000, piece_s=0)) < MAX_REAL_TIME_FACTOR


async def test_engine_without_sound_is_too_slow() -> None:
    assert not is_fast_enough(await real_time_factor(ScriptedSpeech(ms_per_char=0)))
