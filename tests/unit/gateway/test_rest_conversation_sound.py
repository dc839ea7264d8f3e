"""A whole conversation as a sound file in the REST API."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
import soundfile

from tertulia_gateway.app import make_app
from tertulia_gateway.problem_codes import ProblemCode
from tertulia_gateway.rest import spoken_conversation
from tertulia_gateway.rest.replayed_sound import ReplayedSound
from tertulia_gateway.rest.sound_file_errors import SoundFileBroken
from tertulia_gateway.rest.voice_preview import VoiceSilent
from tertulia_gateway.sound_file import ogg as ogg_encoder
from tertulia_gateway.ws.connections import Connections
from tertulia_shared.bus import BusUnavailable
from tertulia_shared.codec import decode, pack
from tertulia_shared.conversation_state import ConversationState, StateField
from tertulia_shared.entries import SAMPLE_RATE_OUT, Work
from tertulia_shared.ids import new_id
from tertulia_shared.store import Character, Message
from tertulia_shared.store.records import utc_now
from tertulia_shared.testing.memory_bus import MemoryBus
from tertulia_shared.testing.memory_store import MemoryStore
from tests.harness.eventually import eventually
from tests.unit.gateway.gateway_context import gateway_context
from tests.unit.gateway.rest_client import problem
from tests.unit.gateway.speaking_worker import speaking, write_audio, write_sentences

NOW = utc_now()
HEADER_BYTES = 44
PAUSE = bytes(int(spoken_conversation.PAUSE_S * SAMPLE_RATE_OUT) * 2)


@pytest.fixture
async def mira(store: MemoryStore) -> Character:
    mira = Character(new_id(), "Mira", "luna", "", "", active=True, created_at=NOW, updated_at=NOW, speed=1.5)
    await store.save_character(mira)
    return mira


@pytest.fixture(autouse=True)
async def voices(bus: MemoryBus) -> None:
    voices = [{"id": id, "name": id, "language": "en", "description": ""} for id in ("luna", "emma", "rex")]
    outlet = bus.outlet()
    outlet.put(bus.keys.voices(), {"fake": pack(voices)})
    await outlet.flush()
    await bus.beat("tts:w:fake")


async def talk(store: MemoryStore, *said: tuple[Character | None, str], status: Any = "complete") -> list[Message]:
    """Store a conversation; None is the user. All replies have the status."""
    conversation_id = new_id()
    await store.ensure_conversation(conversation_id, "tea")
    messages = [
        Message(new_id(), conversation_id, new_id(), "user", None, "You", text, "complete", nth + 1, NOW, NOW)
        if by is None
        else Message(new_id(), conversation_id, new_id(), "character", by.id, by.name, text, status, nth + 1, NOW, NOW)
        for nth, (by, text) in enumerate(said)
    ]
    await store.save_messages(messages)
    return messages


def path(messages: Sequence[Message], query: str = "format=wav") -> str:
    return f"/api/conversations/{messages[0].conversation_id}/sound?{query}"


async def test_messages_are_spoken_in_turn_with_a_pause_between_them(
    api: httpx2.AsyncClient, bus: MemoryBus, store: MemoryStore, mira: Character
) -> None:
    messages = await talk(store, (None, "Hello! Who's there?"), (mira, "Only me."), (mira, "😀"), (None, "Good."))
    async with speaking(bus) as said:
        answer = await api.get(path(messages))
    assert (answer.status_code, answer.headers["content-type"]) == (200, "audio/wav")
    name = f"tertulia-{NOW:%Y-%m-%d}-{messages[0].conversation_id[:8]}.wav"
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'
    assert answer.content[HEADER_BYTES:] == PAUSE.join([b"Hello!Who's there?", b"Only me.", b"Good."])
    assert [(each.voice_id, each.speed, each.message_id, each.index) for each in said] == [
        ("emma", 1.0, messages[0].id, 0),
        ("emma", 1.0, messages[0].id, 1),
        ("luna", 1.5, messages[1].id, 0),
        ("emma", 1.0, messages[3].id, 0),
    ]


async def test_users_messages_can_be_left_out(
    api: httpx2.AsyncClient, bus: MemoryBus, store: MemoryStore, mira: Character
) -> None:
    messages = await talk(store, (None, "Hello."), (mira, "Hi."))
    async with speaking(bus):
        answer = await api.get(path(messages, "format=wav&user_voice=none"))
    assert answer.content[HEADER_BYTES:] == b"Hi."


async def test_kept_sound_is_used_and_of_an_interrupted_reply_what_was_heard(
    api: httpx2.AsyncClient, bus: MemoryBus, store: MemoryStore, mira: Character
) -> None:
    messages = await talk(store, (mira, "One. Two."))
    await write_audio(bus, messages[0], b"kept", b"sound.")
    answer = await api.get(path(messages))
    assert answer.content[HEADER_BYTES:] == b"keptsound."

    messages = await talk(store, (mira, "One."), status="interrupted")
    await write_sentences(bus, messages[0], ("One.", "One. "), ("Two.", "Two."))
    await write_audio(bus, messages[0], b"not heard as a whole")
    async with speaking(bus) as said:
        answer = await api.get(path(messages))
    assert answer.content[HEADER_BYTES:] == b"One."
    assert [each.voice_id for each in said] == ["rex"]  # the voice of its sentences


async def test_ogg_has_the_same_length_as_the_sound(
    api: httpx2.AsyncClient, bus: MemoryBus, store: MemoryStore, mira: Character
) -> None:
    messages = await talk(store, (mira, "One."), (mira, "Two."))
    for message in messages:
        await write_audio(bus, message, bytes(SAMPLE_RATE_OUT * 2))
    answer = await api.get(path(messages, ""))
    assert (answer.status_code, answer.headers["content-type"]) == (200, "audio/ogg")
    read = soundfile.info(io.BytesIO(answer.content))
    assert (read.format, read.subtype, read.channels) == ("OGG", "OPUS", 1)
    assert read.duration == pytest.approx(2 + spoken_conversation.PAUSE_S, abs=0.05)


async def test_one_file_is_made_at_a_time(
    api: httpx2.AsyncClient, bus: MemoryBus, store: MemoryStore, mira: Character
) -> None:
    messages = await talk(store, (mira, "Hi."))
    first = asyncio.ensure_future(api.get(path(messages)))
    await eventually(lambda: bus.open_work("tts"))
    refused = await api.get(path(messages))
    assert problem(refused, 429)["code"] == ProblemCode.SOUND_FILE_BUSY
    assert int(refused.headers["retry-after"]) > 0
    async with speaking(bus):
        assert (await first).status_code == 200
        assert (await api.get(path(messages))).status_code == 200


class Failing:
    """Makes speech fail before a message's last sentence, once for each of `errors`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *errors: Exception) -> None:
        self.errors = list(errors)
        make = ReplayedSound.whole

        async def whole(*given: Any) -> AsyncGenerator[bytes, None]:
            async for pcm in make(*given):
                if pcm == b"Two." and self.errors:
                    raise self.errors.pop()
                yield pcm

        monkeypatch.setattr(ReplayedSound, "whole", whole)
        monkeypatch.setattr(spoken_conversation, "RETRY_S", 0.0)


async def test_message_is_begun_again_after_a_failure_and_continues_where_it_was(
    api: httpx2.AsyncClient, bus: MemoryBus, store: MemoryStore, mira: Character, monkeypatch: pytest.MonkeyPatch
) -> None:
    messages = await talk(store, (mira, "Zero."), (mira, "One. Two."))
    failing = Failing(monkeypatch, BusUnavailable("away"), VoiceSilent(ProblemCode.VOICE_SILENT, "-"))
    async with speaking(bus):
        answer = await api.get(path(messages))
    assert not failing.errors
    assert answer.content[HEADER_BYTES:] == b"Zero." + PAUSE + b"One.Two."


async def test_lasting_failure_breaks_the_connection_and_lets_the_next_client_begin(
    api: httpx2.AsyncClient, bus: MemoryBus, store: MemoryStore, mira: Character, monkeypatch: pytest.MonkeyPatch
) -> None:
    messages = await talk(store, (mira, "One. Two."))
    failing = Failing(monkeypatch, BusUnavailable("away"))
    async with speaking(bus):
        with pytest.raises(SoundFileBroken):
            await api.get(path(messages))
        assert not failing.errors
        assert (await api.get(path(messages))).status_code == 200


@pytest.mark.parametrize(("text", "status"), [("Unfini", "streaming"), ("😀", "complete"), ("", "interrupted")])
async def test_conversation_without_speech_is_refused(
    api: httpx2.AsyncClient, store: MemoryStore, mira: Character, text: str, status: str
) -> None:
    messages = await talk(store, (mira, text), status=status)
    assert problem(await api.get(path(messages)), 409)["code"] == ProblemCode.NOTHING_TO_SPEAK


async def test_too_long_conversation_is_refused(
    api: httpx2.AsyncClient, store: MemoryStore, mira: Character, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spoken_conversation, "MAX_CHARS", 10)
    messages = await talk(store, (mira, "Eleven char"))
    details = problem(await api.get(path(messages)), 409)
    assert (details["code"], set(details["params"])) == (ProblemCode.SOUND_FILE_TOO_LONG, {"messages", "characters"})


async def test_unknown_conversation_or_voice_is_not_found(
    api: httpx2.AsyncClient, store: MemoryStore, mira: Character
) -> None:
    messages = await talk(store, (mira, "Hi."))
    absent = [replace(messages[0], conversation_id=new_id())]
    assert problem(await api.get(path(absent)), 404)["code"] == ProblemCode.CONVERSATION_NOT_FOUND
    answer = await api.get(path(messages, "user_voice=nobody"))
    assert problem(answer, 404)["code"] == ProblemCode.VOICE_NOT_FOUND
    assert problem(await api.get(path(messages, "format=mp3")), 422)["code"] == ProblemCode.INVALID


async def test_silent_engine_is_reported_before_the_file_begins(
    api: httpx2.AsyncClient, store: MemoryStore, mira: Character, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spoken_conversation, "COLD_PATIENCE_S", 0.01)
    messages = await talk(store, (mira, "Hi."))
    assert problem(await api.get(path(messages)), 503)["code"] == ProblemCode.VOICE_SILENT


async def test_encoder_that_cannot_start_is_reported(
    api: httpx2.AsyncClient, bus: MemoryBus, store: MemoryStore, mira: Character, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ogg_encoder, "sys", type("sys", (), {"executable": "/bin/false"}))
    messages = await talk(store, (mira, "Hi."))
    async with speaking(bus):
        assert problem(await api.get(path(messages, "")), 503)["code"] == ProblemCode.ENCODER_FAILED
        assert (await api.get(path(messages))).status_code == 200


async def test_client_that_leaves_ends_the_job_and_its_speech(
    bus: MemoryBus, store: MemoryStore, mira: Character
) -> None:
    messages = await talk(store, (mira, "One."), (mira, "Two."))
    await write_audio(bus, messages[0], b"kept")
    left = asyncio.Event()
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    path_, _, query = path(messages).partition("?")
    scope = {
        "type": "http", "asgi": {"version": "3.0", "spec_version": "2.4"}, "http_version": "1.1", "method": "GET",
        "scheme": "http", "path": path_, "raw_path": path_.encode(), "query_string": query.encode(), "root_path": "",
        "headers": [(b"host", b"localhost:8000")], "client": ("127.0.0.1", 1), "server": ("localhost", 8000),
        "state": {},
    }  # fmt: skip
    app = make_app(gateway_context(bus, store), Connections(1), static=Path("/nowhere"))
    await bus.prepare("tts")
    served = asyncio.ensure_future(app(scope, receive, send))
    await eventually(lambda: bus.open_work("tts"), "speech of the second message")
    assert b"kept" in b"".join(message.get("body", b"") for message in sent)
    left.set()
    await served
    work = decode(Work, (await bus.claim("tts", "w", count=1, block_s=0))[0].fields)
    assert await bus.length(bus.keys.sentences(work.conversation_id, work.message_id)) == 0
    state = ConversationState(await bus.hash(bus.keys.state(work.conversation_id)))
    assert int(state.get(StateField.EPOCH, b"0")) > 0  # a worker that has begun stops
    transport = httpx2.ASGITransport(app)
    async with speaking(bus), httpx2.AsyncClient(transport=transport, base_url="http://localhost:8000") as api:
        assert (await api.get(path(messages))).status_code == 200
