"""The doctor's questions to the servers of the engine `openai`."""

from __future__ import annotations

import pytest

from tertulia_cli.doctor.speech_servers import ask_speech_servers
from tertulia_cli.settings import RunSettings
from tests.fakes.speech_server import SpeechServer
from tests.fakes.transcription_server import TranscriptionServer
from tests.harness.settings_of import settings_of

OPENAI = {"stt_engine": "openai", "tts_engine": "openai"}


async def test_doctor_asks_the_chosen_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    async with TranscriptionServer() as hears, SpeechServer() as speaks:
        monkeypatch.setenv("TERTULIA_STT_OPENAI_BASE_URL", hears.base_url)
        monkeypatch.setenv("TERTULIA_TTS_OPENAI_BASE_URL", speaks.base_url)
        found = await ask_speech_servers(settings_of(RunSettings, **OPENAI))
        assert [each.ok for each in found] == [True, True]
        assert found[0].what == f"transcription server: whisper-1 at {hears.base_url} transcribes"
        assert found[1].what == f"speech server: kokoro at {speaks.base_url} speaks"
        assert len(hears.requests) == len(speaks.requests) == 1


async def test_doctor_quotes_the_remedy_without_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    async with TranscriptionServer(key="right") as hears:
        monkeypatch.setenv("TERTULIA_STT_OPENAI_BASE_URL", hears.base_url)
        monkeypatch.setenv("TERTULIA_STT_OPENAI_KEY", "sk-wrong")
        (found,) = await ask_speech_servers(settings_of(RunSettings, stt_engine="openai"))
    assert not found.ok
    assert found.needed
    assert "TERTULIA_STT_OPENAI_KEY" in found.advice
    assert "sk-wrong" not in repr(found)


async def test_doctor_reports_a_wrong_setting_of_the_stt_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERTULIA_STT_OPENAI_BASE_URL", "localhost:8000")
    (found,) = await ask_speech_servers(settings_of(RunSettings, stt_engine="openai"))
    assert not found.ok
    assert "TERTULIA_STT_OPENAI_BASE_URL" in found.advice


async def test_doctor_asks_no_server_of_an_engine_that_is_not_chosen() -> None:
    assert await ask_speech_servers(settings_of(RunSettings)) == []
