"""The sound of a stored message in the REST API."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import httpx2
import pytest

from tertulia_gateway.problem_codes import ProblemCode
from tertulia_shared.ids import new_id
from tertulia_shared.store import Character, Message
from tertulia_shared.store.records import utc_now
from tertulia_shared.testing.memory_bus import MemoryBus
from tertulia_shared.testing.memory_store import MemoryStore
from tests.unit.gateway.rest_client import problem
from tests.unit.gateway.speaking_worker import speaking, write_audio, write_sentences

HEADER_BYTES = 44


async def reply(store: MemoryStore, text: str = "One. Two.", /, **changes: str | None) -> tuple[Message, Character]:
    """Store a reply of a new character."""
    now = utc_now()
    name = f"Luna {new_id()[:8]}"
    luna = Character(new_id(), name, "luna", "", "", active=True, created_at=now, updated_at=now, speed=1.5, pitch=-2.0)
    await store.save_character(luna)
    conversation_id = new_id()
    await store.ensure_conversation(conversation_id, "tea")
    message = Message(
        new_id(), conversation_id, new_id(), "character", luna.id, luna.name, text, "complete", 1, now, now
    )
    message = replace(message, **cast("dict[str, Any]", changes))
    await store.save_messages([message])
    return message, luna


def path(message: Message) -> str:
    return f"/api/conversations/{message.conversation_id}/messages/{message.id}/sound"


async def test_kept_sound_is_sent_as_a_wav_without_work_for_a_worker(
    api: httpx2.AsyncClient, bus: MemoryBus, store: MemoryStore
) -> None:
    message, _ = await reply(store)
    await write_audio(bus, message, *(b"%04d" % nth for nth in range(250)))
    answer = await api.get(path(message))
    assert (answer.status_code, answer.headers["content-type"]) == (200, "audio/wav")
    assert answer.content[:4] == b"RIFF"
    assert answer.content[40:44] == b"\xff" * 4
    assert answer.content[HEADER_BYTES:] == b"".join(b"%04d" % nth for nth in range(250))
    assert await bus.length(bus.keys.receipts(message.conversation_id)) == 0
    assert await bus.length(bus.keys.events(message.conversation_id)) == 0


async def test_sound_that_is_gone_is_made_again_sentence_by_sentence_with_the_same_seeds(
    api: httpx2.AsyncClient, bus: MemoryBus, store: MemoryStore
) -> None:
    message, _ = await reply(store, "1. Two.")
    await write_sentences(bus, message, ("One.", "1. "), ("Two.", "Two."))
    async with speaking(bus) as said:
        answer = await api.get(path(message))
    assert answer.content[HEADER_BYTES:] == b"One.Two."
    assert [(each.message_id, each.index, each.voice_id, each.speed, each.pitch) for each in said] == [
        (message.id, 0, "rex", 0.8, 1.0),
        (message.id, 1, "rex", 0.8, 1.0),
    ]
    assert all(each.conversation_id != message.conversation_id for each in said)
    for each in said:
        assert await bus.length(bus.keys.audio(each.conversation_id, each.message_id)) == 0
        assert await bus.length(bus.keys.sentences(each.conversation_id, each.message_id)) == 0


async def test_old_message_is_spoken_in_the_voice_that_its_character_has_now(
    api: httpx2.AsyncClient, bus: MemoryBus, store: MemoryStore
) -> None:
    message, luna = await reply(store)
    async with speaking(bus) as said:
        answer = await api.get(path(message))
        assert answer.content[HEADER_BYTES:] == b"One.Two."
        assert {(each.voice_id, each.speed, each.pitch) for each in said} == {("luna", 1.5, -2.0)}
    await store.delete_character(luna.id)
    assert problem(await api.get(path(message)), 409)["code"] == ProblemCode.SPEAKER_DELETED


async def test_only_the_heard_part_of_an_interrupted_reply_is_spoken(
    api: httpx2.AsyncClient, bus: MemoryBus, store: MemoryStore
) -> None:
    message, _ = await reply(store, "One.", status="interrupted", unheard=" Two.")
    await write_sentences(bus, message, ("One.", "One. "), ("Two.", "Two."))
    await write_audio(bus, message)
    async with speaking(bus):
        assert (await api.get(path(message))).content[HEADER_BYTES:] == b"One."


@pytest.mark.parametrize("change", [{"role": "user", "character_id": None}, {"status": "streaming"}, {"text": "😀"}])
async def test_message_without_a_voice_is_refused(
    api: httpx2.AsyncClient, store: MemoryStore, change: dict[str, str | None]
) -> None:
    message, _ = await reply(store, **change)
    assert problem(await api.get(path(message)), 409)["code"] == ProblemCode.NOTHING_TO_REPLAY


async def test_unknown_message_is_not_found(api: httpx2.AsyncClient, store: MemoryStore) -> None:
    message, _ = await reply(store)
    assert problem(await api.get(path(replace(message, id=new_id()))), 404)["code"] == ProblemCode.MESSAGE_NOT_FOUND
    absent = replace(message, conversation_id=new_id())
    assert problem(await api.get(path(absent)), 404)["code"] == ProblemCode.CONVERSATION_NOT_FOUND


async def test_replay_fails_after_a_time_limit_if_no_tts_worker_runs(
    api: httpx2.AsyncClient, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tertulia_gateway.rest.replayed_sound.COLD_PATIENCE_S", 0.01)
    message, _ = await reply(store)
    assert problem(await api.get(path(message)), 503)["code"] == ProblemCode.VOICE_SILENT
