"""Voices and their samples in the REST API."""

from __future__ import annotations

import asyncio
import io
import wave
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tertulia_gateway.app import make_app
from tertulia_gateway.ws.connections import Connections
from tertulia_shared.codec import decode, pack
from tertulia_shared.conversation_state import ConversationState, StateField
from tertulia_shared.entries import AudioChunk, TTSSentence, Work
from tertulia_shared.testing.memory_bus import MemoryBus
from tertulia_shared.testing.memory_store import MemoryStore
from tests.unit.gateway.gateway_context import gateway_context
from tests.unit.gateway.rest_client import problem


async def publish_luna(bus: MemoryBus) -> None:
    """Publish one voice, as an engine does."""
    outlet = bus.outlet()
    outlet.put(bus.keys.voices(), {"espeak": pack([{"id": "luna", "name": "", "language": "en", "description": ""}])})
    await outlet.flush()


async def remaining(bus: MemoryBus, work: Work) -> list[object]:
    """The entries that are still in a message's streams."""
    of_message = work.conversation_id, work.message_id
    streams = bus.keys.sentences(*of_message), bus.keys.audio(*of_message), bus.keys.events(work.conversation_id)
    return [entry for stream in streams for entry in await bus.read(stream)]


async def test_api_lists_the_voices_that_the_engines_have_published(api: httpx2.AsyncClient, bus: MemoryBus) -> None:
    assert (await api.get("/api/voices")).json() == {"voices": []}
    voice = {"id": "luna", "name": "Luna", "language": "en", "description": "warm"}
    outlet = bus.outlet()
    outlet.put(bus.keys.voices(), {"espeak": pack([voice])})
    await outlet.flush()
    expected: dict[str, Any] = voice | {
        "engine": "espeak", "adjustable": [], "available": False, "traits": [], "origin": "",
    }  # fmt: skip
    assert (await api.get("/api/voices")).json() == {"voices": [expected]}
    outlet.put(bus.keys.voices(), {"espeak": pack([voice | {"adjustable": ["speed", "pitch"], "traits": ["warm"]}])})
    await outlet.flush()
    await bus.beat("tts:worker:espeak")
    expected |= {"adjustable": ["speed", "pitch"], "available": True, "traits": ["warm"]}
    assert (await api.get("/api/voices")).json() == {"voices": [expected]}


async def test_voice_sample_is_spoken_and_its_keys_are_deleted(api: httpx2.AsyncClient, bus: MemoryBus) -> None:
    await publish_luna(bus)
    await bus.prepare("tts")

    spoken: list[Work] = []

    async def speak() -> None:
        (claim,) = await bus.claim("tts", "w", count=1, block_s=5)
        work = decode(Work, claim.fields)
        spoken.append(work)
        said = await bus.read(bus.keys.sentences(work.conversation_id, work.message_id))
        sentence, final = [decode(TTSSentence, entry.fields) for entry in said]
        assert (sentence.text, sentence.voice_id, final.is_final) == ("Good day.", "luna", True)
        assert (sentence.speed, sentence.pitch) == (1.25, -2.5)
        ids = (work.conversation_id, work.message_id, "")
        worker = bus.outlet()
        key = bus.keys.audio(work.conversation_id, work.message_id)
        worker.append(key, AudioChunk(b"\1\0" * 240, 0, 0, *ids), id="1-1")
        worker.append(key, AudioChunk(b"\2\0" * 240, 0, 1, *ids), id="1-2")
        worker.append(key, AudioChunk(b"", 1, 0, *ids, is_final=True), id="2-0")
        await worker.flush()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(speak())
        answer = await api.get("/api/voices/luna/sample", params={"text": "Good day.", "speed": 1.25, "pitch": -2.5})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "audio/wav")
    with wave.open(io.BytesIO(answer.content)) as wav:
        assert (wav.getframerate(), wav.getnchannels(), wav.getnframes()) == (24_000, 1, 480)
        assert wav.readframes(480) == b"\1\0" * 240 + b"\2\0" * 240
    problem(await api.get("/api/voices/unknown/sample"), 404)
    assert await remaining(bus, spoken[0]) == []
    # a worker that takes the work over, because the first one died before it finished, sees that it has to do nothing
    state = ConversationState(await bus.hash(bus.keys.state(spoken[0].conversation_id)))
    assert int(state.get(StateField.EPOCH, b"0")) > 0


async def test_failed_voice_sample_leaves_no_entries_in_redis(
    api: httpx2.AsyncClient, bus: MemoryBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tertulia_gateway.rest.voice_preview.MAX_PCM_BYTES", 4)
    await publish_luna(bus)
    await bus.prepare("tts")

    asked: list[Work] = []

    async def speak(audio: bytes, **more: bytes) -> None:
        (claim,) = await bus.claim("tts", "w", count=1, block_s=5)
        work = decode(Work, claim.fields)
        asked.append(work)
        worker = bus.outlet()
        chunk = AudioChunk(audio, 0, 0, work.conversation_id, work.message_id, "")
        worker.append(bus.keys.audio(work.conversation_id, work.message_id), chunk, id="1-1", **more)
        await worker.flush()
        await bus.finish(claim, "w")

    for audio, more in ((b"\1\0" * 9, {}), (b"", {"v": b"99"})):
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(speak(audio, **more))
            problem(await api.get("/api/voices/luna/sample"), 503)
        assert await remaining(bus, asked.pop()) == []


async def test_voice_samples_are_spoken_one_at_a_time_and_excess_requests_are_refused(
    api: httpx2.AsyncClient, bus: MemoryBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tertulia_gateway.rest.voices.COLD_PATIENCE_S", 0.1)
    await publish_luna(bus)
    answers = await asyncio.gather(*(api.get("/api/voices/luna/sample") for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [429, 429, 503, 503, 503]
    busy = next(answer for answer in answers if answer.status_code == 429)
    assert int(busy.headers["retry-after"]) > 0
    problem(busy, 429)


async def test_voice_sample_fails_after_a_time_limit_if_no_tts_worker_runs(
    api: httpx2.AsyncClient, bus: MemoryBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tertulia_gateway.rest.voices.COLD_PATIENCE_S", 0.01)
    await publish_luna(bus)
    problem(await api.get("/api/voices/luna/sample"), 503)


async def test_voice_sample_is_refused_if_only_another_engine_runs(api: httpx2.AsyncClient, bus: MemoryBus) -> None:
    await publish_luna(bus)
    outlet = bus.outlet()
    outlet.put(bus.keys.voices(), {"kokoro": pack([{"id": "a", "name": "", "language": "en", "description": ""}])})
    await outlet.flush()
    await bus.beat("tts:worker:kokoro")
    details = problem(await api.get("/api/voices/luna/sample"), 503)
    assert "espeak, which has this voice, is not running" in details["detail"]
    assert "Choose a voice of kokoro" in details["detail"]


@pytest.mark.parametrize("query", [{"speed": 0.4}, {"speed": "fast"}, {"pitch": 7}, {"speed": "nan"}])
async def test_voice_sample_refuses_an_impossible_speed_or_pitch(
    api: httpx2.AsyncClient, query: dict[str, float | str]
) -> None:
    details = problem(await api.get("/api/voices/luna/sample", params=query), 422)
    assert [error["field"] for error in details["errors"]] == list(query)


async def test_voice_sample_of_a_client_that_leaves_is_cancelled(bus: MemoryBus, store: MemoryStore) -> None:
    await publish_luna(bus)
    await bus.prepare("tts")
    app = make_app(gateway_context(bus, store), Connections(1), static=Path("/nowhere"))
    scope = {
        "type": "http", "method": "GET", "path": "/api/voices/luna/sample", "raw_path": b"/api/voices/luna/sample",
        "query_string": b"", "headers": [(b"host", b"localhost:8000")], "http_version": "1.1", "scheme": "http",
        "server": ("localhost", 8000), "client": ("127.0.0.1", 1), "root_path": "",
    }  # fmt: skip
    messages: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    messages.put_nowait({"type": "http.request", "body": b"", "more_body": False})

    async def ignore(_: Any) -> None:
        """Drop the response: its client is gone."""

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(app(scope, messages.get, ignore))
        (claim,) = await bus.claim("tts", "w", count=1, block_s=5)
        messages.put_nowait({"type": "http.disconnect"})
    assert await remaining(bus, decode(Work, claim.fields)) == []
