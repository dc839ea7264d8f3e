"""The voices of recordings in a tts worker, with both engines that clone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from tertulia_gateway.rest.voices import voices_of
from tertulia_shared.codec import decode_event
from tertulia_shared.entries import TTSSentence, VoiceClip, VoiceClips
from tertulia_shared.events import Warn
from tertulia_shared.ids import new_id
from tertulia_shared.keys import Keys
from tertulia_shared.testing.memory_bus import MemoryBus
from tertulia_shared.voice_files import VoiceFiles
from tertulia_tts.clip_voices import ClipVoices
from tertulia_tts.engine import ClonesVoices, SpeechEngine, can_clone
from tertulia_tts.engines.higgs.delay_pattern import Codes
from tertulia_tts.engines.higgs.engine import HiggsEngine, HiggsOptions
from tertulia_tts.engines.higgs.model import DeviceLost, OutOfMemory
from tertulia_tts.engines.openai.engine import OpenAIEngine, create
from tertulia_tts.engines.openai.settings import OpenAISettings
from tests.fakes.scripted_higgs import ScriptedModel
from tests.fakes.scripted_speech import ScriptedSpeech
from tests.fakes.speech_server import SpeechServer
from tests.harness.available_speech_engines import VOICES
from tests.harness.eventually import eventually
from tests.harness.recordings import recorded_pcm
from tests.harness.settings_of import settings_of

ADA = VoiceClip("clip-00000000000000aa", "Ada", "en-GB", "The lighthouse keeper counted the waves.")
BEN = VoiceClip("clip-00000000000000bb", "Ben", "de", "Es ist schon spät.")
FOLDER = ["luna", "rex", "sage"]


@pytest.fixture
def bus(keys: Keys) -> MemoryBus:
    return MemoryBus(keys)


@pytest.fixture
async def server() -> AsyncGenerator[SpeechServer]:
    async with SpeechServer(takes_voices=True) as server:
        yield server


@asynccontextmanager
async def openai(server: SpeechServer, cloning: str = "upload") -> AsyncGenerator[OpenAIEngine]:
    engine = create(
        settings_of(
            OpenAISettings, tts_openai_base_url=server.base_url, tts_openai_cloning=cloning, voices_dir=VOICES,
            tts_openai_retries=0,
        )
    )  # fmt: skip
    await engine.start()
    yield engine
    await engine.close()


@asynccontextmanager
async def higgs(model: ScriptedModel, kept: Path) -> AsyncGenerator[HiggsEngine]:
    engine = HiggsEngine(HiggsOptions(VOICES, kept), lambda: model)
    await engine.start()
    yield engine
    await engine.close()


@asynccontextmanager
async def following(bus: MemoryBus, engine: SpeechEngine) -> AsyncGenerator[ClipVoices]:
    """A worker that has loaded the voices and follows the list."""
    voices = ClipVoices(bus, engine)
    await voices.load()
    task = asyncio.create_task(voices.follow())
    yield voices
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def publish(bus: MemoryBus, *clips: VoiceClip, pcm: bytes | None = None) -> None:
    """Publish recordings, as the gateway does."""
    outlet = bus.outlet()
    for clip in clips:
        outlet.put(bus.keys.clip(clip.id), {"pcm": recorded_pcm() if pcm is None else pcm})
    outlet.append(bus.keys.clips(), VoiceClips(tuple(asdict(clip) for clip in clips)))
    await outlet.flush()


def ids(engine: SpeechEngine) -> list[str]:
    return [voice.id for voice in engine.voices()]


def sentence_of(voice_id: str) -> TTSSentence:
    return TTSSentence("Good evening.", 0, new_id(), new_id(), "ada-id", "Ada", voice_id)


async def warnings(bus: MemoryBus, sentence: TTSSentence) -> list[Warn]:
    entries = await bus.read(bus.keys.events(sentence.conversation_id))
    return [event for entry in entries if isinstance(event := decode_event(entry.fields), Warn)]


async def spoken(engine: SpeechEngine, voice: str) -> bytes:
    return b"".join([pcm async for pcm in engine.synthesize("Hello there.", voice, 7)])


def files_in(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())


async def faults(bus: MemoryBus) -> dict[bytes, bytes]:
    return dict(await bus.hash(bus.keys.clip_faults()))


async def test_voices_are_made_before_the_worker_takes_work(bus: MemoryBus, server: SpeechServer) -> None:
    await publish(bus, ADA, BEN)
    async with openai(server) as engine:
        await ClipVoices(bus, engine).load()
        assert ids(engine) == [*FOLDER, ADA.id, BEN.id]
        ada = next(voice for voice in engine.voices() if voice.id == ADA.id)
        assert (ada.name, ada.language) == ("Ada", "en-GB")
        assert await spoken(engine, ADA.id)
    assert server.requests[-1]["voice"].startswith(ADA.id)
    assert server.uploads[server.requests[-1]["voice"]]["ref_text"] == ADA.transcript


async def test_new_voice_is_made_and_published_while_the_worker_runs(bus: MemoryBus, server: SpeechServer) -> None:
    async with openai(server) as engine, following(bus, engine):
        await publish(bus, ADA)

        async def names() -> bool:
            return "Ada" in [voice.name for voice in voices_of(await bus.hash(bus.keys.voices()))]

        await eventually(names, "the new voice is published")


async def test_deleted_voice_is_deleted_at_the_server_and_vanishes_from_the_list(
    bus: MemoryBus, server: SpeechServer
) -> None:
    await publish(bus, ADA, BEN)
    async with openai(server) as engine, following(bus, engine):
        await publish(bus, BEN)
        await eventually(lambda: ids(engine) == [*FOLDER, BEN.id], "the voice is gone")
        await eventually(lambda: not any(name.startswith(ADA.id) for name in server.uploads), "the upload is gone")
        assert len(server.uploads) == 4
        assert ADA.id not in [voice.id for voice in voices_of(await bus.hash(bus.keys.voices()))]


async def test_recording_is_sent_with_each_request_to_a_server_without_uploads(bus: MemoryBus) -> None:
    await publish(bus, ADA)
    async with SpeechServer() as server, openai(server, "ref_audio") as engine:
        await ClipVoices(bus, engine).load()
        assert await spoken(engine, ADA.id)
        assert server.requests[-1]["ref_text"] == ADA.transcript
        await publish(bus)
        await ClipVoices(bus, engine).load()


async def test_voices_that_the_server_has_forgotten_are_uploaded_again_with_those_of_recordings(
    bus: MemoryBus, server: SpeechServer
) -> None:
    await publish(bus, ADA)
    async with openai(server) as engine:
        await ClipVoices(bus, engine).load()
        server.uploads.clear()
        assert await spoken(engine, ADA.id)
        assert len(server.uploads) == 4


async def test_failure_of_an_upload_is_reported_and_repaired_by_a_later_list(
    bus: MemoryBus, server: SpeechServer
) -> None:
    async with openai(server) as engine, following(bus, engine):
        server.takes_uploads = False
        await publish(bus, ADA)

        async def reported() -> bool:
            return "HTTP 503" in (await faults(bus)).get(f"openai:{ADA.id}".encode(), b"").decode()

        await eventually(reported, "the failure is reported")
        assert ids(engine) == FOLDER
        server.takes_uploads = True
        await publish(bus, ADA)
        await eventually(lambda: ids(engine) == [*FOLDER, ADA.id], "the voice is made")

        async def repaired() -> bool:
            return await faults(bus) == {}

        await eventually(repaired, "the report is withdrawn")


@pytest.mark.parametrize("pcm", [b"", recorded_pcm(1), bytes(48_000 * 6)], ids=["missing", "short", "silent"])
async def test_unusable_sound_in_redis_is_reported(bus: MemoryBus, server: SpeechServer, pcm: bytes) -> None:
    await publish(bus, ADA, pcm=pcm)
    async with openai(server) as engine:
        await ClipVoices(bus, engine).load()
        assert ids(engine) == FOLDER
    assert list(await faults(bus)) == [f"openai:{ADA.id}".encode()]


@pytest.mark.parametrize("clips", [({"id": "../x"},), ({"id": 7},), ("text",)])
async def test_list_that_cannot_be_read_changes_nothing(
    bus: MemoryBus, server: SpeechServer, clips: tuple[Any, ...]
) -> None:
    await publish(bus, ADA)
    async with openai(server) as engine:
        voices = ClipVoices(bus, engine)
        await voices.load()
        outlet = bus.outlet()
        outlet.append(bus.keys.clips(), VoiceClips(clips))
        await outlet.flush()
        await voices.load()
        assert ids(engine) == [*FOLDER, ADA.id]


async def test_list_that_redis_has_lost_changes_nothing(bus: MemoryBus, server: SpeechServer) -> None:
    await publish(bus, ADA)
    async with openai(server) as engine:
        voices = ClipVoices(bus, engine)
        await voices.load()
        await bus.delete([bus.keys.clips()])
        await voices.load()
        assert ids(engine) == [*FOLDER, ADA.id]


async def test_sentence_waits_until_its_new_voice_is_made(bus: MemoryBus, server: SpeechServer) -> None:
    async with openai(server) as engine:
        voices = ClipVoices(bus, engine)
        await voices.load()
        await publish(bus, ADA)
        sentence, outlet = sentence_of(ADA.id), bus.outlet()
        await voices.ready(sentence, outlet)
        assert ADA.id in ids(engine)
        await outlet.flush()
        assert await warnings(bus, sentence) == []


async def test_client_is_warned_once_that_the_voice_of_a_character_is_gone(
    bus: MemoryBus, server: SpeechServer
) -> None:
    await publish(bus, BEN)
    async with openai(server) as engine:
        voices = ClipVoices(bus, engine)
        await voices.load()
        sentence, outlet = sentence_of(ADA.id), bus.outlet()
        await voices.ready(sentence, outlet)
        await voices.ready(replace(sentence, index=1), outlet)
        await outlet.flush()
        (warning,) = await warnings(bus, sentence)
        assert warning.code == "voice_missing"
        assert "Luna's voice speaks" in warning.message


async def test_engine_that_does_not_clone_ignores_recordings(bus: MemoryBus, server: SpeechServer) -> None:
    await publish(bus, ADA)
    engine = ScriptedSpeech()
    voices = ClipVoices(bus, engine)
    await voices.load()
    assert ADA.id not in ids(engine)
    assert not can_clone(engine)
    sentence, outlet = sentence_of(ADA.id), bus.outlet()
    await voices.ready(sentence, outlet)
    await outlet.flush()
    assert [warning.code for warning in await warnings(bus, sentence)] == ["voice_missing"]
    assert await faults(bus) == {}


async def test_openai_engine_clones_only_if_the_settings_say_so() -> None:
    async with SpeechServer() as server, openai(server, "off") as engine:
        assert isinstance(engine, ClonesVoices)
        assert not can_clone(engine)


async def test_higgs_makes_and_forgets_a_voice_and_stores_no_codes_of_the_recording(
    bus: MemoryBus, tmp_path: Path
) -> None:
    await publish(bus, ADA)
    async with higgs(ScriptedModel(), tmp_path) as engine, following(bus, engine):
        stored = files_in(tmp_path)
        assert ids(engine) == [*FOLDER, ADA.id]
        assert await spoken(engine, ADA.id) not in (b"", await spoken(engine, "luna"))
        assert files_in(tmp_path) == stored
        await publish(bus)
        await eventually(lambda: ids(engine) == FOLDER, "the voice is gone")
        assert await spoken(engine, ADA.id) == await spoken(engine, "luna")


class FailingModel(ScriptedModel):
    """A model that fails to encode after the voices of the folder."""

    failure: Exception | None = None

    def encode(self, voice: VoiceFiles) -> Codes:
        if self.failure is not None:
            raise self.failure
        return super().encode(voice)


async def test_higgs_goes_on_if_the_device_has_no_memory_for_a_recording(bus: MemoryBus, tmp_path: Path) -> None:
    model = FailingModel()
    async with higgs(model, tmp_path) as engine:
        model.failure = OutOfMemory("full")
        await publish(bus, ADA)
        await ClipVoices(bus, engine).load()
        assert "too little memory" in (await faults(bus))[f"higgs:{ADA.id}".encode()].decode()
        assert await spoken(engine, "luna")


async def test_worker_goes_on_if_the_engine_raises_another_error(bus: MemoryBus, tmp_path: Path) -> None:
    model = FailingModel()
    async with higgs(model, tmp_path) as engine:
        model.failure = RuntimeError("shape mismatch")
        await publish(bus, ADA)
        await ClipVoices(bus, engine).load()
        assert "the speech engine failed (RuntimeError)" in (await faults(bus))[f"higgs:{ADA.id}".encode()].decode()
        assert ids(engine) == FOLDER


async def test_higgs_breaks_if_the_device_is_lost_while_a_recording_is_encoded(bus: MemoryBus, tmp_path: Path) -> None:
    model = FailingModel()
    async with higgs(model, tmp_path) as engine:
        model.failure = DeviceLost("gone")
        await publish(bus, ADA)
        await ClipVoices(bus, engine).load()
        assert "the device is lost: gone" in str(await engine.broken())
