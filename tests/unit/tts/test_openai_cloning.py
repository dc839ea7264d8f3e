"""The voices of the voices folder, cloned by a server: uploaded once, or sent with each request."""

from __future__ import annotations

import asyncio
import base64
import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tertulia_shared.voice_files import read_voice
from tertulia_shared.wav import parse
from tertulia_tts.engine import EngineUnavailable, SynthesisFailed
from tertulia_tts.engines.openai.engine import OpenAIEngine, create
from tertulia_tts.engines.openai.settings import OpenAISettings
from tests.fakes.speech_server import SpeechServer
from tests.harness.settings_of import settings_of

VOICES = Path(__file__).parents[3] / "voices"
IDS = ["luna", "rex", "sage"]


def engine_at(server: SpeechServer, cloning: str = "upload", folder: Path = VOICES) -> OpenAIEngine:
    return create(
        settings_of(
            OpenAISettings, tts_openai_base_url=server.base_url, tts_openai_cloning=cloning, voices_dir=folder,
            tts_openai_retries=0,
        )
    )  # fmt: skip


@asynccontextmanager
async def started(server: SpeechServer, cloning: str = "upload", folder: Path = VOICES) -> AsyncGenerator[OpenAIEngine]:
    engine = engine_at(server, cloning, folder)
    await engine.start()
    yield engine
    await engine.close()


async def spoken(engine: OpenAIEngine, voice: str) -> bytes:
    return b"".join([pcm async for pcm in engine.synthesize("Hello there.", voice, 7)])


async def test_voices_are_uploaded_once_and_named_in_the_requests() -> None:
    async with SpeechServer(takes_voices=True) as server:
        async with started(server) as engine:
            assert [voice.id for voice in engine.voices()] == IDS
            assert await spoken(engine, "rex")
        async with started(server) as engine:
            assert await spoken(engine, "sage")
    assert len(server.uploads) == len(server.clips) == 3
    rex = read_voice(VOICES / "rex")
    assert server.uploads[server.requests[1]["voice"]]["ref_text"] == rex.transcript
    assert server.requests[1]["voice"].startswith("rex-")
    assert server.requests[-1]["voice"].startswith("sage-")
    assert parse(server.clips[1]).layout.hz == rex.sample_rate


async def test_voice_whose_clip_has_changed_is_uploaded_under_another_name(tmp_path: Path) -> None:
    folder = tmp_path / "voices"
    shutil.copytree(VOICES, folder)
    async with SpeechServer(takes_voices=True) as server:
        async with started(server, folder=folder):
            pass
        shutil.copy(folder / "sage/reference.wav", folder / "luna/reference.wav")
        async with started(server, folder=folder):
            pass
    assert sorted(name.partition("-")[0] for name in server.uploads) == ["luna", "luna", "rex", "sage"]


async def test_voices_that_the_server_has_forgotten_are_uploaded_again() -> None:
    async with SpeechServer(takes_voices=True) as server, started(server) as engine:
        before = await spoken(engine, "rex")
        server.uploads.clear()
        assert await spoken(engine, "rex") == before
        assert len(server.uploads) == 3


async def test_workers_that_start_at_the_same_time_share_the_uploaded_voices() -> None:
    async with SpeechServer(takes_voices=True) as server:
        engines = [engine_at(server) for _ in range(3)]
        await asyncio.gather(*(engine.start() for engine in engines))
        assert len(server.uploads) == 3
        for engine in engines:
            assert await spoken(engine, "rex")
            await engine.close()


async def test_voice_that_the_server_refuses_even_after_an_upload_fails() -> None:
    async with SpeechServer(takes_voices=True, refused={"input"}) as server:
        with pytest.raises(EngineUnavailable, match="422"):
            await engine_at(server).start()


async def test_clip_is_sent_with_each_request() -> None:
    async with SpeechServer() as server, started(server, "ref_audio") as engine:
        assert await spoken(engine, "sage")
    request = server.requests[-1]
    assert "voice" not in request
    assert request["ref_text"] == read_voice(VOICES / "sage").transcript
    kind, _, encoded = request["ref_audio"].partition(",")
    assert kind == "data:audio/wav;base64"
    assert parse(base64.b64decode(encoded)).layout.hz == read_voice(VOICES / "sage").sample_rate


async def test_start_at_a_server_that_takes_no_voices_names_the_alternatives() -> None:
    async with SpeechServer() as server:
        with pytest.raises(EngineUnavailable, match="TERTULIA_TTS_OPENAI_CLONING=ref_audio, or off"):
            await engine_at(server).start()


async def test_start_at_an_unreachable_server_names_the_setting() -> None:
    async with SpeechServer() as server:
        pass
    with pytest.raises(EngineUnavailable, match="TERTULIA_TTS_OPENAI_BASE_URL"):
        await engine_at(server).start()


async def test_server_that_vanishes_while_voices_are_uploaded_again_is_a_passing_failure() -> None:
    async with SpeechServer(takes_voices=True) as server, started(server) as engine:
        server.uploads.clear()
        server.takes_uploads = False
        with pytest.raises(SynthesisFailed) as caught:
            await spoken(engine, "rex")
        assert caught.value.retryable


async def test_voices_folder_without_the_default_voices_is_refused(tmp_path: Path) -> None:
    async with SpeechServer(takes_voices=True) as server:
        with pytest.raises(EngineUnavailable, match=r"luna, rex, sage.*TERTULIA_VOICES_DIR"):
            engine_at(server, folder=tmp_path)
