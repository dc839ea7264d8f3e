"""The REST API: what it gives, what it refuses and how it says so."""

from __future__ import annotations

import asyncio
import io
import wave
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from tertulia_gateway.app import make_app
from tertulia_gateway.ws.connections import Connections
from tertulia_shared.codec import decode, pack
from tertulia_shared.entries import AudioChunk, TTSSentence, Work
from tertulia_shared.keys import Keys
from tertulia_shared.store import Message
from tertulia_shared.store.records import utc_now
from tertulia_shared.testing.memory_bus import MemoryBus
from tertulia_shared.testing.memory_store import MemoryStore
from tests.unit.gateway.gateway_context import gateway_context

ABSENT = "12345678-1234-4234-8234-123456789012"


@pytest.fixture
def bus(keys: Keys) -> MemoryBus:
    return MemoryBus(keys)


@pytest.fixture
async def store() -> MemoryStore:
    made = MemoryStore()
    await made.open()
    return made


def client_of(bus: MemoryBus, store: MemoryStore, static: Path = Path("/nowhere"), **given: Any) -> httpx2.AsyncClient:
    app = make_app(gateway_context(bus, store, **given), Connections(1), static=static)
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://localhost:8000")


@pytest.fixture
async def api(bus: MemoryBus, store: MemoryStore) -> AsyncGenerator[httpx2.AsyncClient]:
    async with client_of(bus, store) as client:
        yield client


async def talk(store: MemoryStore, messages: int = 3) -> str:
    """A conversation with so many messages."""
    c, now = str(uuid4()), utc_now()
    await store.ensure_conversation(c)
    mine = Message(str(uuid4()), c, str(uuid4()), "user", None, "", "Hello <b>", "complete", 0, now, now)
    await store.save_messages([replace(mine, id=str(uuid4()), position=n) for n in range(messages - 1)])
    await store.save_messages(
        [
            replace(
                mine, id=str(uuid4()), role="character", character_id=str(uuid4()), character_name="Luna",
                text="Well, ", status="interrupted", position=messages,
            )
        ]
    )  # fmt: skip
    return c


def problem(response: httpx2.Response, status: int) -> dict[str, Any]:
    """The response as RFC 9457 problem details, checked."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    details: dict[str, Any] = response.json()
    assert details["status"] == status
    assert details["title"]
    assert details["detail"]
    return details


async def test_conversations_are_paged(api: httpx2.AsyncClient, store: MemoryStore) -> None:
    made = {await talk(store) for _ in range(5)}
    got: list[str] = []
    before: str | None = None
    for _ in range(3):
        params = {"limit": 2} | ({} if before is None else {"before": before})
        page = (await api.get("/api/conversations", params=params)).json()
        got += [item["id"] for item in page["items"]]
        before = page["next"]
    assert before is None
    assert len(got) == 5
    assert set(got) == made


async def test_messages_are_paged_in_order(api: httpx2.AsyncClient, store: MemoryStore) -> None:
    c = await talk(store, 5)
    page = (await api.get(f"/api/conversations/{c}", params={"limit": 3})).json()
    assert [message["position"] for message in page["messages"]] == [0, 1, 2]
    rest = (await api.get(f"/api/conversations/{c}", params={"limit": 3, "after": page["next"]})).json()
    assert [message["position"] for message in rest["messages"]] == [3, 5]
    assert rest["next"] is None


async def test_rename_and_delete(api: httpx2.AsyncClient, store: MemoryStore) -> None:
    c = await talk(store)
    assert (await api.patch(f"/api/conversations/{c}", json={"title": " Stars "})).json()["title"] == "Stars"
    assert (await api.delete(f"/api/conversations/{c}")).status_code == 204
    problem(await api.get(f"/api/conversations/{c}"), 404)
    problem(await api.delete(f"/api/conversations/{c}"), 404)


async def test_export_as_markdown_and_json(api: httpx2.AsyncClient, store: MemoryStore) -> None:
    c = await talk(store)
    markdown = await api.get(f"/api/conversations/{c}/export")
    assert markdown.headers["content-type"].startswith("text/markdown")
    assert "attachment" in markdown.headers["content-disposition"]
    assert "**Luna:** Well, *(cut off)*" in markdown.text.replace("  ", " ")
    assert "**You:** Hello" in markdown.text
    exported = (await api.get(f"/api/conversations/{c}/export", params={"format": "json"})).json()
    assert exported["id"] == c
    assert len(exported["messages"]) == 3
    assert len((await api.get(f"/api/conversations/{c}/export?format=json")).json()["messages"]) == 3
    problem(await api.get(f"/api/conversations/{c}/export?format=pdf"), 422)
    problem(await api.get(f"/api/conversations/{ABSENT}/export"), 404)


async def test_a_character_is_made_changed_and_removed(api: httpx2.AsyncClient, bus: MemoryBus) -> None:
    made = await api.post("/api/characters", json={"name": "Iris", "voice": "luna", "system_prompt": "You are Iris."})
    assert made.status_code == 201
    id = made.json()["id"]
    changed = await api.patch(f"/api/characters/{id}", json={"active": False})
    assert (changed.json()["name"], changed.json()["active"]) == ("Iris", False)
    names = [each["name"] for each in (await api.get("/api/characters")).json()["characters"]]
    assert names == ["Iris", "Luna", "Rex", "Sage"]
    assert (await api.get(f"/api/characters/{id}")).json() == changed.json()
    assert (await api.delete(f"/api/characters/{id}")).status_code == 204
    problem(await api.delete(f"/api/characters/{id}"), 404)
    assert len(await bus.read(bus.keys.broadcast())) == 3  # each write is told to the workers


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"voice": "luna"}, "name"),
        ({"name": "", "voice": "luna"}, "name"),
        ({"name": "<b>", "voice": "luna"}, "name"),
        ({"name": "Iris", "voice": "luna", "image": "javascript:1"}, "image"),
        ({"name": "Iris", "voice": "luna", "system_prompt": "x" * 8001}, "system_prompt"),
        ({"name": "Iris", "voice": "luna", "mood": "good"}, "mood"),
    ],
)
async def test_a_bad_character_is_explained(api: httpx2.AsyncClient, body: dict[str, str], field: str) -> None:
    details = problem(await api.post("/api/characters", json=body), 422)
    assert [error["field"] for error in details["errors"]] == [field]
    assert field in details["detail"]


async def test_a_name_that_is_taken(api: httpx2.AsyncClient) -> None:
    details = problem(await api.post("/api/characters", json={"name": "LUNA", "voice": "luna"}), 409)
    assert "another name" in details["detail"]


async def test_voices_are_what_the_engines_publish(api: httpx2.AsyncClient, bus: MemoryBus) -> None:
    assert (await api.get("/api/voices")).json() == {"voices": []}
    voice = {"id": "luna", "name": "Luna", "language": "en", "description": "warm"}
    outlet = bus.outlet()
    outlet.put(bus.keys.voices(), {"espeak": pack([voice])})
    await outlet.flush()
    assert (await api.get("/api/voices")).json() == {"voices": [voice | {"engine": "espeak"}]}


async def test_a_voice_can_be_tried(api: httpx2.AsyncClient, bus: MemoryBus) -> None:
    outlet = bus.outlet()
    outlet.put(bus.keys.voices(), {"espeak": pack([{"id": "luna", "name": "", "language": "en", "description": ""}])})
    await outlet.flush()
    await bus.prepare("tts")

    spoken: list[Work] = []

    async def speak() -> None:
        (claim,) = await bus.claim("tts", "w", count=1, block_s=5)
        work = decode(Work, claim.fields)
        spoken.append(work)
        said = await bus.read(bus.keys.sentences(work.conversation_id, work.message_id))
        sentence, final = [decode(TTSSentence, entry.fields) for entry in said]
        assert (sentence.text, sentence.voice_id, final.is_final) == ("Good day.", "luna", True)
        ids = (work.conversation_id, work.message_id, "")
        worker = bus.outlet()
        key = bus.keys.audio(work.conversation_id, work.message_id)
        worker.append(key, AudioChunk(b"\1\0" * 240, 0, 0, *ids), id="1-1")
        worker.append(key, AudioChunk(b"\2\0" * 240, 0, 1, *ids), id="1-2")
        worker.append(key, AudioChunk(b"", 1, 0, *ids, is_final=True), id="2-0")
        await worker.flush()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(speak())
        answer = await api.get("/api/voices/luna/sample", params={"text": "Good day."})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "audio/wav")
    with wave.open(io.BytesIO(answer.content)) as wav:
        assert (wav.getframerate(), wav.getnchannels(), wav.getnframes()) == (24_000, 1, 480)
        assert wav.readframes(480) == b"\1\0" * 240 + b"\2\0" * 240
    problem(await api.get("/api/voices/nobody/sample"), 404)
    assert await left_of(bus, spoken[0]) == []
    assert await bus.hash(bus.keys.state(spoken[0].conversation_id)) == {}


async def left_of(bus: MemoryBus, work: Work) -> list[object]:
    """What is still there of a message's streams."""
    of_message = work.conversation_id, work.message_id
    streams = bus.keys.sentences(*of_message), bus.keys.audio(*of_message), bus.keys.events(work.conversation_id)
    return [entry for stream in streams for entry in await bus.read(stream)]


async def test_samples_of_voices_leave_nothing_behind_when_they_fail(
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
        assert await left_of(bus, asked.pop()) == []


async def test_samples_are_spoken_one_at_a_time(
    api: httpx2.AsyncClient, bus: MemoryBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tertulia_gateway.rest.voice_preview.PATIENCE_S", 0.1)
    await publish_luna(bus)
    answers = await asyncio.gather(*(api.get("/api/voices/luna/sample") for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [429, 429, 503, 503, 503]
    busy = next(answer for answer in answers if answer.status_code == 429)
    assert int(busy.headers["retry-after"]) > 0
    problem(busy, 429)


async def publish_luna(bus: MemoryBus) -> None:
    """An engine says that it has one voice."""
    outlet = bus.outlet()
    outlet.put(bus.keys.voices(), {"espeak": pack([{"id": "luna", "name": "", "language": "en", "description": ""}])})
    await outlet.flush()


async def test_a_voice_nobody_speaks_is_a_problem_not_a_wait(
    api: httpx2.AsyncClient, bus: MemoryBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tertulia_gateway.rest.voice_preview.PATIENCE_S", 0.01)
    outlet = bus.outlet()
    outlet.put(bus.keys.voices(), {"espeak": pack([{"id": "luna", "name": "", "language": "en", "description": ""}])})
    await outlet.flush()
    problem(await api.get("/api/voices/luna/sample"), 503)


def _any_picture(image: str) -> bool:
    """What an earlier release took."""
    return len(image) >= 0


async def test_a_picture_of_an_earlier_release_is_not_shown_and_bars_no_change(
    api: httpx2.AsyncClient, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = (await api.post("/api/characters", json={"name": "Iris", "voice": "luna"})).json()
    character = await store.character(made["id"])
    assert character is not None
    with monkeypatch.context() as earlier:
        earlier.setattr("tertulia_shared.store.validation.is_picture", _any_picture)
        await store.save_character(replace(character, image="https://elsewhere.example/pixel.png"))
    path = f"/api/characters/{made['id']}"
    assert (await api.get(path)).json()["image"] == ""
    assert {each["image"][:5] for each in (await api.get("/api/characters")).json()["characters"]} <= {"", "data:"}
    assert (await api.patch(path, json={"name": "Iris B."})).json()["name"] == "Iris B."
    refused = problem(await api.patch(path, json={"image": "https://elsewhere.example/pixel.png"}), 422)
    assert [error["field"] for error in refused["errors"]] == ["image"]


async def test_pictures_come_from_nowhere_else(api: httpx2.AsyncClient) -> None:
    policy = (await api.get("/healthz")).headers["content-security-policy"]
    assert "img-src 'self' data: blob:;" in policy


async def test_status_and_readiness(api: httpx2.AsyncClient, bus: MemoryBus) -> None:
    assert (await api.get("/healthz")).json() == {"status": "up"}
    ready = await api.get("/readyz")
    assert (ready.status_code, ready.json()["missing"]) == (503, ["stt", "llm", "tts"])
    for member in ("stt:a:pocketsphinx", "llm:b:demo", "tts:c:espeak"):
        await bus.beat(member)
    assert (await api.get("/readyz")).json()["ready"] is True
    status = (await api.get("/api/status")).json()
    assert (status["demo"], status["engines"]["tts"], status["missing"]) == (True, ["espeak"], [])
    bus.break_connection()
    assert (await api.get("/readyz")).json()["missing"] == ["redis"]
    assert (await api.get("/healthz")).status_code == 200
    problem(await api.get("/api/voices"), 503)


async def test_a_store_that_is_away(api: httpx2.AsyncClient, store: MemoryStore) -> None:
    store.away = True
    assert "away" in problem(await api.get("/api/characters"), 503)["detail"]


@pytest.mark.parametrize(
    "path",
    ["/api/conversations?limit=0", "/api/conversations?before=x", "/api/conversations/7", "/api/characters/../x%00"],
)
async def test_bad_parameters_are_explained(api: httpx2.AsyncClient, path: str) -> None:
    response = await api.get(path)
    problem(response, 404 if "characters" in path else 422)


async def test_wrong_paths_and_methods_are_problems_too(api: httpx2.AsyncClient) -> None:
    problem(await api.get("/api/nothing"), 404)
    problem(await api.put("/api/characters", json={}), 405)
    problem(await api.post("/api/characters", content=b"{"), 422)


async def test_other_origins_may_not_change_anything(api: httpx2.AsyncClient) -> None:
    evil = {"Origin": "https://evil.example"}
    problem(await api.post("/api/characters", json={"name": "Iris", "voice": "luna"}, headers=evil), 403)
    problem(await api.delete(f"/api/conversations/{ABSENT}", headers=evil), 403)
    problem(await api.get("/api/characters", headers={"Host": "evil.example"}), 403)


async def test_the_token_is_asked_for(bus: MemoryBus, store: MemoryStore) -> None:
    secret = "y" * 20
    async with client_of(bus, store, token=secret) as api:
        refused = await api.get("/api/characters")
        problem(refused, 401)
        assert refused.headers["www-authenticate"] == "Bearer"
        assert (await api.get("/openapi.json")).status_code == 401
        assert (await api.get("/healthz")).status_code == 200
        assert (await api.get("/api/characters", headers={"Authorization": f"Bearer {secret}"})).status_code == 200


async def test_the_page_is_served_with_its_policy(bus: MemoryBus, store: MemoryStore, tmp_path: Path) -> None:
    async with client_of(bus, store) as api:
        assert "make web" in (await api.get("/")).text
    (tmp_path / "index.html").write_text("<!doctype html>hello")
    async with client_of(bus, store, static=tmp_path) as api:
        page = await api.get("/")
        assert page.text == "<!doctype html>hello"
        assert "default-src 'self'" in page.headers["content-security-policy"]
        assert page.headers["x-content-type-options"] == "nosniff"
        problem(await api.get("/api/nothing"), 404)


async def test_openapi_tells_of_the_problems(api: httpx2.AsyncClient) -> None:
    spec = (await api.get("/openapi.json")).json()
    answers = spec["paths"]["/api/characters"]["post"]["responses"]
    for status in ("409", "422", "503"):
        schema = answers[status]["content"]["application/problem+json"]["schema"]
        assert schema == {"$ref": "#/components/schemas/ProblemDetails"}
        assert list(answers[status]["content"]) == ["application/problem+json"]


async def test_the_reference_can_be_read(api: httpx2.AsyncClient) -> None:
    page = (await api.get("/api/docs")).text
    assert "<code>PATCH /api/characters/{character_id}</code>" in page
    assert 'href="#ProblemDetails"' in page
    assert 'id="ProblemDetails"' in page
    assert "<script" not in page


async def test_bodies_are_bounded(api: httpx2.AsyncClient) -> None:
    problem(await api.post("/api/characters", content=b"x" * (1024 * 1024 + 1)), 413)

    async def endless() -> AsyncGenerator[bytes]:
        yield b"{"

    problem(await api.post("/api/characters", content=endless()), 411)


async def test_metrics_are_shown_as_text_to_those_who_may_use_the_api(bus: MemoryBus, store: MemoryStore) -> None:
    token = "x" * 16
    async with client_of(bus, store, token=token) as api:
        problem(await api.get("/metrics"), 401)
        shown = await api.get("/metrics", headers={"Authorization": f"Bearer {token}"})
        assert shown.status_code == 200
        assert shown.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    async with client_of(bus, store) as api:
        assert (await api.get("/metrics")).status_code == 200
        problem(await api.get("/metrics", headers={"Host": "tertulia.example"}), 403)
