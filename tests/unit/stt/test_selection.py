from __future__ import annotations

from collections.abc import Mapping

import pytest

from tertulia_shared.engine_choice import Choice
from tertulia_stt import selection
from tertulia_stt.engine import EngineUnavailable
from tertulia_stt.engines.whisper.settings import WhisperSettings
from tertulia_stt.selection import start_engine
from tertulia_stt.settings import STTSettings
from tests.fakes.scripted_recognition import ScriptedRecognition
from tests.harness.settings_of import settings_of

DAMAGED = "the Whisper model cannot be loaded"


class NeedyRecognition(ScriptedRecognition):
    """A recognizer that starts only if it has no `fault`."""

    def __init__(self, fault: str = "") -> None:
        super().__init__()
        self.fault = fault

    async def start(self) -> None:
        if self.fault:
            raise EngineUnavailable(self.fault)


def offer(monkeypatch: pytest.MonkeyPatch, faults: Mapping[str, str]) -> Mapping[str, NeedyRecognition]:
    engines = {name: NeedyRecognition(fault) for name, fault in faults.items()}

    def load(name: str, _settings: STTSettings) -> NeedyRecognition:
        return engines[name]

    monkeypatch.setattr(selection, "load_engine", load)
    return engines


async def test_auto_takes_pocketsphinx_where_whisper_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    engines = offer(monkeypatch, {"whisper": DAMAGED, "pocketsphinx": ""})
    monkeypatch.setenv("TERTULIA_STT_CONCURRENCY", "3")
    started = await start_engine(settings_of(WhisperSettings), Choice("whisper"))
    assert started.engine is engines["pocketsphinx"]
    assert (started.settings.stt_engine, started.settings.stt_concurrency) == ("pocketsphinx", 3)
    assert (started.choice.engine, started.choice.reason) == ("pocketsphinx", f"whisper: {DAMAGED}")


@pytest.mark.parametrize("choice", [Choice("whisper", is_named=True), Choice("pocketsphinx")], ids=lambda c: c.engine)
async def test_named_engine_and_last_choice_have_no_substitute(monkeypatch: pytest.MonkeyPatch, choice: Choice) -> None:
    offer(monkeypatch, {"whisper": DAMAGED, "pocketsphinx": "no model"})
    with pytest.raises(EngineUnavailable):
        await start_engine(settings_of(STTSettings), choice)
