"""Voices made from recordings in the REST API, and what the gateway publishes of them."""

from __future__ import annotations

import base64
import logging
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tertulia_gateway.clips.clip_publisher import PUBLISH_AGAIN_S, ClipPublisher
from tertulia_gateway.clips.clip_store import ClipStore
from tertulia_gateway.rest.middleware import MAX_CLIP_BODY_BYTES
from tertulia_shared.codec import decode, pack
from tertulia_shared.engine_choice import Choice
from tertulia_shared.engine_state import state_of
from tertulia_shared.entries import VoiceClips
from tertulia_shared.testing.memory_bus import MemoryBus
from tertulia_shared.testing.memory_store import MemoryStore
from tertulia_shared.voice_clips import LONGEST_S
from tests.harness.recordings import new_clip, recorded_pcm
from tests.unit.gateway.rest_client import client_of, problem

PCM = recorded_pcm()
LUNA = {"id": "luna", "name": "Luna", "language": "en", "description": ""}


@pytest.fixture
async def api(bus: MemoryBus, store: MemoryStore, tmp_path: Path) -> AsyncGenerator[httpx2.AsyncClient]:
    """A gateway beside a running engine that clones."""
    async with client_of(bus, store, data_dir=tmp_path, max_clips=3) as client:
        await run_engine(bus)  # now: a worker counts as running for some seconds, and the start of a client takes some
        yield client


async def run_engine(bus: MemoryBus, *voices: dict[str, str]) -> None:
    """Publish what a worker with the engine higgs publishes."""
    await bus.beat("tts:worker:higgs")
    outlet = bus.outlet()
    outlet.put(bus.keys.engines(), state_of("tts", Choice("higgs"), clones=True))
    outlet.put(bus.keys.voices(), {"higgs": pack([LUNA, *voices])})
    await outlet.flush()


async def made(api: httpx2.AsyncClient, name: str = "Ada") -> str:
    answer = await api.post("/api/clips", json=new_clip(name, PCM))
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


async def clips(api: httpx2.AsyncClient) -> list[dict[str, Any]]:
    return (await api.get("/api/clips")).json()["clips"]


async def listed(bus: MemoryBus) -> list[str]:
    """The names of the recordings that workers see."""
    last = await bus.last(bus.keys.clips())
    return [] if last is None else [clip["name"] for clip in decode(VoiceClips, last.fields).clips]


async def test_recording_is_stored_with_the_consent_and_published_to_the_workers(
    api: httpx2.AsyncClient, bus: MemoryBus
) -> None:
    answer = await api.post("/api/clips", json=new_clip("  Ada  ", PCM))
    clip = answer.json()
    assert answer.status_code == 201
    assert (clip["name"], clip["seconds"], clip["ready"], clip["problem"]) == ("Ada", 6.0, False, "")
    assert clip["consented_at"] == clip["created_at"]
    assert (await api.get("/api/clips")).json() == {"engines": ["higgs"], "limit": 3, "clips": [clip]}
    assert await bus.hash(bus.keys.clip(clip["id"])) == {b"pcm": PCM}
    assert await listed(bus) == ["Ada"]


async def test_voice_is_ready_once_an_engine_has_it(api: httpx2.AsyncClient, bus: MemoryBus) -> None:
    id = await made(api)
    await run_engine(bus, LUNA | {"id": id, "name": "Ada"})
    assert [clip["ready"] for clip in await clips(api)] == [True]


async def test_problem_of_a_running_engine_is_shown(api: httpx2.AsyncClient, bus: MemoryBus) -> None:
    id = await made(api)
    outlet = bus.outlet()
    outlet.put(bus.keys.clip_faults(), {f"higgs:{id}": "out of memory", f"openai:{id}": "refused"})
    await outlet.flush()
    assert [clip["problem"] for clip in await clips(api)] == ["out of memory"]
    await api.delete(f"/api/clips/{id}")
    assert await bus.hash(bus.keys.clip_faults()) == {}


async def test_recordings_survive_a_restart_of_the_gateway_and_of_redis(
    api: httpx2.AsyncClient, store: MemoryStore, bus: MemoryBus, tmp_path: Path
) -> None:
    await made(api)
    empty = MemoryBus(bus.keys)
    await ClipPublisher(empty, ClipStore(tmp_path / "clips", 3), lambda: 0.0).check()
    assert await listed(empty) == ["Ada"]
    async with client_of(empty, store, data_dir=tmp_path) as restarted:
        (clip,) = await clips(restarted)
        assert await empty.hash(empty.keys.clip(clip["id"])) == {b"pcm": PCM}


async def test_recordings_are_published_again_before_they_expire_and_not_in_between(
    api: httpx2.AsyncClient, bus: MemoryBus, tmp_path: Path
) -> None:
    await made(api)
    times = iter((0.0, 1.0, PUBLISH_AGAIN_S, PUBLISH_AGAIN_S + 1, PUBLISH_AGAIN_S + 1))
    publisher = ClipPublisher(bus, ClipStore(tmp_path / "clips", 3), lambda: next(times))
    lengths: list[int] = []
    for _ in range(4):
        await publisher.check()
        lengths.append(await bus.length(bus.keys.clips()))
    assert lengths == [2, 2, 2, 3]
    assert bus.keys.clips().ttl_s > 2 * PUBLISH_AGAIN_S


async def test_gateway_without_recordings_publishes_nothing(bus: MemoryBus, tmp_path: Path) -> None:
    await ClipPublisher(bus, ClipStore(tmp_path / "clips", 3), lambda: 0.0).check()
    assert await bus.last(bus.keys.clips()) is None


async def test_deleted_voice_vanishes_from_the_lists_and_its_recording_is_deleted(
    api: httpx2.AsyncClient, bus: MemoryBus, tmp_path: Path
) -> None:
    ada, _ = await made(api), await made(api, "Ben")
    assert (await api.delete(f"/api/clips/{ada}")).status_code == 204
    assert [clip["name"] for clip in await clips(api)] == await listed(bus) == ["Ben"]
    assert await bus.hash(bus.keys.clip(ada)) == {}
    assert not list((tmp_path / "clips").glob(f"{ada}*"))
    await run_engine(bus, LUNA | {"id": ada, "name": "Ada"})  # the engine has not read the new list yet
    assert [voice["id"] for voice in (await api.get("/api/voices")).json()["voices"]] == ["luna"]
    problem(await api.get(f"/api/voices/{ada}/sample"), 404)
    problem(await api.delete(f"/api/clips/{ada}"), 404)
    problem(await api.delete("/api/clips/luna"), 422)


async def test_voice_of_a_character_is_not_deleted(api: httpx2.AsyncClient, store: MemoryStore) -> None:
    id = await made(api)
    luna, *_ = await store.characters()
    await store.save_character(replace(luna, voice=id, active=False))
    assert "Luna speaks with this voice" in problem(await api.delete(f"/api/clips/{id}"), 409)["detail"]
    await store.save_character(luna)
    assert (await api.delete(f"/api/clips/{id}")).status_code == 204


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"consent": False}, "consent"),
        ({"consent": "yes"}, "consent"),
        ({"name": " "}, "name"),
        ({"name": "..."}, "name"),
        ({"name": "A\u200bda"}, "name"),
        ({"name": "a" * 41}, "name"),
        ({"transcript": ""}, "transcript"),
        ({"transcript": " ... "}, "transcript"),
        ({"transcript": "a" * 1001}, "transcript"),
        ({"language": "English, please"}, "language"),
        ({"audio": "%%%"}, "audio"),
        ({"audio": base64.b64encode(b"RIFF").decode()}, "audio"),
        ({"file": "../../x"}, "file"),
    ],
)
async def test_wrong_field_is_refused_by_name(api: httpx2.AsyncClient, changes: dict[str, Any], field: str) -> None:
    details = problem(await api.post("/api/clips", json=new_clip(pcm=PCM) | changes), 422)
    assert [error["field"] for error in details["errors"]] == [field]
    assert await clips(api) == []


async def test_unusable_recording_is_refused_with_the_reason(api: httpx2.AsyncClient) -> None:
    details = problem(await api.post("/api/clips", json=new_clip(pcm=recorded_pcm(2))), 422)
    (error,) = details["errors"]
    assert (error["field"], error["message"]) == ("audio", "The recording is 2.0 s long; 5 to 30 s are needed.")
    assert (error["code"], error["params"]) == ("recording_length", {"seconds": 2.0, "least": 5.0, "most": 30.0})


@pytest.mark.parametrize("taken", ["ADA", "luna"])
async def test_name_of_another_voice_is_refused(api: httpx2.AsyncClient, taken: str) -> None:
    await made(api)
    details = problem(await api.post("/api/clips", json=new_clip(taken, PCM)), 409)
    assert [error["field"] for error in details["errors"]] == ["name"]


async def test_number_of_voices_is_bounded(api: httpx2.AsyncClient) -> None:
    for name in ("Ada", "Ben", "Cleo"):
        await made(api, name)
    details = problem(await api.post("/api/clips", json=new_clip("Dan", PCM)), 409)
    assert "TERTULIA_MAX_CLIPS" in details["detail"]


async def test_longest_recording_fits_into_the_request_and_longer_bodies_are_refused(api: httpx2.AsyncClient) -> None:
    longest = new_clip(pcm=recorded_pcm(LONGEST_S), transcript="é" * 1000)
    assert (await api.post("/api/clips", json=longest)).status_code == 201
    problem(await api.post("/api/clips", content=b" " * (MAX_CLIP_BODY_BYTES + 1)), 413)


async def test_recording_is_refused_while_no_engine_clones(bus: MemoryBus, store: MemoryStore, tmp_path: Path) -> None:
    async with client_of(bus, store, data_dir=tmp_path) as api:
        await bus.beat("tts:worker:espeak")
        assert (await api.get("/api/clips")).json()["engines"] == []
        problem(await api.post("/api/clips", json=new_clip(pcm=PCM)), 409)
    assert not (tmp_path / "clips").exists()


async def test_folder_that_cannot_be_written_is_reported(api: httpx2.AsyncClient, tmp_path: Path) -> None:
    (tmp_path / "clips").write_text("a file")
    assert "clips" in problem(await api.post("/api/clips", json=new_clip(pcm=PCM)), 503)["detail"]


async def test_requests_of_other_sites_are_refused(api: httpx2.AsyncClient) -> None:
    elsewhere = {"Origin": "https://example.org"}
    problem(await api.post("/api/clips", json=new_clip(pcm=PCM), headers=elsewhere), 403)
    problem(await api.delete("/api/clips/clip-0123456789abcdef", headers=elsewhere), 403)


async def test_log_has_neither_name_nor_transcript(api: httpx2.AsyncClient, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    await api.delete(f"/api/clips/{await made(api)}")
    problem(await api.post("/api/clips", json=new_clip(pcm=recorded_pcm(2))), 422)
    assert "Ada" not in caplog.text
    assert "lighthouse" not in caplog.text
