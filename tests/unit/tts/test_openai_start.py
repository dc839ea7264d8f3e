"""The start of the engine openai: a wrong setting is found at once."""

from __future__ import annotations

import numpy as np
import pytest

from tertulia_tts.engine import EngineUnavailable
from tertulia_tts.engines.openai import attempts, speech_client
from tertulia_tts.engines.openai.engine import OpenAIEngine
from tertulia_tts.engines.openai.speech_client import SpeechServer
from tests.fakes import speech_server
from tests.fakes.speech_server import Act, Refuse, Say
from tests.harness.full_port import full_port

VOICES = {"luna": "af_bella", "rex": "am_michael"}


@pytest.fixture(autouse=True)
def no_backoff(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "FIRST_BACKOFF_S", 0.001)


@pytest.mark.parametrize(("act", "reason"), [(Refuse(401), "TERTULIA_TTS_OPENAI_KEY"), (Refuse(404), "/audio/speech")])
async def test_start_error_names_the_setting_that_the_server_rejects(act: Act, reason: str) -> None:
    async with speech_server.SpeechServer([act]) as server:
        engine = OpenAIEngine(SpeechServer(server.base_url, "key", "kokoro", VOICES))
        with pytest.raises(EngineUnavailable, match=reason):
            await engine.start()


async def test_start_fails_if_the_server_cannot_be_reached() -> None:
    async with speech_server.SpeechServer() as server:
        pass
    engine = OpenAIEngine(SpeechServer(server.base_url, "", "kokoro", VOICES, retries=0))
    with pytest.raises(EngineUnavailable, match=r"cannot be reached.*TERTULIA_TTS_OPENAI_BASE_URL"):
        await engine.start()


async def test_start_fails_if_the_address_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speech_client, "CONNECT_S", 0.05)
    with full_port() as port:
        engine = OpenAIEngine(SpeechServer(f"http://127.0.0.1:{port}/v1", "", "kokoro", VOICES, retries=0))
        with pytest.raises(EngineUnavailable, match=r"cannot be reached \(no connection within 0.05 s\)"):
            await engine.start()


async def test_start_fails_if_the_server_sends_silence() -> None:
    async with speech_server.SpeechServer([Say(bytes(np.zeros(9600, np.int16)))]) as server:
        engine = OpenAIEngine(SpeechServer(server.base_url, "", "kokoro", VOICES))
        with pytest.raises(EngineUnavailable, match="silence"):
            await engine.start()
