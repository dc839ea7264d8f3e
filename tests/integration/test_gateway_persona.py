"""The persona and the author's note of a conversation through the real gateway."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from typing import Any

import httpx2
import pytest

from tertulia_shared.author_note import AuthorNote, note_of
from tertulia_shared.conversation_state import ConversationState
from tertulia_shared.ids import new_id
from tertulia_shared.keys import Keys
from tertulia_shared.persona import Persona, document_of, persona_of
from tertulia_shared.testing.memory_store import MemoryStore
from tertulia_shared.user_name import name_of
from tests.harness.eventually import eventually
from tests.harness.gateway import Client, Gateway, gateway
from tests.harness.store_records import at, character

ADA = Persona(new_id(), "Ada", "A clockmaker.")


@pytest.fixture
async def store() -> MemoryStore:
    made = MemoryStore()
    await made.open()
    await made.save_document(document_of(ADA, "", None, at(0)))
    return made


@pytest.fixture
async def open_gateway(redis_url: str, keys: Keys, store: MemoryStore) -> AsyncGenerator[Gateway]:
    async with gateway(redis_url, keys, store=store) as made:
        yield made


async def state_of(open_gateway: Gateway, conversation_id: str) -> ConversationState:
    bus = open_gateway.bus
    return ConversationState(await bus.hash(bus.keys.state(conversation_id)))


async def saved(store: MemoryStore, conversation_id: str) -> Mapping[str, Any]:
    """The stored settings; empty if the conversation is not there."""
    if await store.conversation(conversation_id) is None:
        return {}
    return await store.model_settings(conversation_id)


async def test_persona_names_the_user_and_is_saved_beside_the_other_settings(
    open_gateway: Gateway, store: MemoryStore
) -> None:
    async with Client.at(open_gateway.url()) as client:
        await client.next()
        c = client.conversation_id
        await client.send("persona")
        answer = await client.until("persona")
        assert (answer["persona_id"], answer["name"], "event_id" in answer) == ("", "", False)
        assert await store.conversation(c) is None, "a query makes no row"
        await client.send("model_settings", top_k=40)
        for _ in range(2):
            await client.send("persona", persona_id=ADA.id)
            frames = await client.until_each("persona", "user_name")
            event = frames["persona"]
            assert (event["persona_id"], event["name"], event["description"]) == (ADA.id, "Ada", "A clockmaker.")
            assert "event_id" in event
            assert frames["user_name"]["name"] == "Ada"

        async def is_saved() -> bool:
            settings = await saved(store, c)
            return (settings.get("top_k"), settings.get("user_name")) == (40, "Ada") and "persona" in settings

        await eventually(is_saved)
        await client.send("user_name", name="Captain")
        assert (await client.until("user_name"))["name"] == "Captain"
        state = await state_of(open_gateway, c)
        assert (persona_of(state), name_of(state)) == (ADA, "Captain"), "a later name wins"
        await client.send("persona", persona_id=None)
        frames = await client.until_each("persona", "user_name")
        assert (frames["persona"]["persona_id"], frames["user_name"]["name"]) == ("", "Captain")

        async def is_given_up() -> bool:
            return "persona" not in await saved(store, c)

        await eventually(is_given_up)
        assert persona_of(await state_of(open_gateway, c)) == Persona()


async def test_persona_that_does_not_exist_or_has_the_name_of_a_character_is_refused(
    open_gateway: Gateway, store: MemoryStore
) -> None:
    namesake = Persona(new_id(), "Iris")
    await store.save_document(document_of(namesake, "", None, at(0)))
    await store.save_character(character("IRIS"))
    async with Client.at(open_gateway.url()) as client:
        await client.next()
        for persona_id, reason in ((new_id(), "no persona"), (namesake.id, "called IRIS")):
            await client.send("persona", persona_id=persona_id)
            error = await client.until("error")
            assert (error["code"], reason in error["message"]) == ("bad_field", True)
        await client.send("persona")
        assert (await client.until("persona"))["persona_id"] == ""


async def test_persona_and_note_are_read_from_the_store_when_redis_lost_them(
    open_gateway: Gateway, store: MemoryStore
) -> None:
    c, gone = new_id(), Persona(new_id(), "Bo", "Deleted since.")
    await store.ensure_conversation(c)
    note = AuthorNote("It rains.", 2)
    await store.save_model_settings(c, {"top_k": 7, "user_name": "Bo", **gone.stored(), **note.stored()})
    async with Client.at(open_gateway.url(f"?conversation_id={c}")) as client:
        await client.next()
        await client.send("persona")
        assert (await client.until("persona"))["description"] == "Deleted since."
        await client.send("note")
        answer = await client.until("note")
        assert (answer["text"], answer["depth"], "event_id" in answer) == ("It rains.", 2, False)
        await client.send("answering", discussion=2)
        await client.until("answering")

        async def is_saved() -> bool:
            return "answering" in await saved(store, c)

        await eventually(is_saved)
        settings = await saved(store, c)
        assert (settings["user_name"], settings["note"]) == ("Bo", {"text": "It rains.", "depth": 2})
        assert settings["persona"]["id"] == gone.id, "a deleted persona stays in the conversation"


async def test_edited_persona_reaches_the_conversation_when_it_is_opened_again(
    open_gateway: Gateway, store: MemoryStore
) -> None:
    async with Client.at(open_gateway.url()) as client, _rest(open_gateway) as rest:
        await client.next()
        c = client.conversation_id
        await client.send("persona", persona_id=ADA.id)
        await client.until("user_name")
        edited = {"name": "Zoe", "description": "A diver."}
        assert (await rest.put(f"/api/personas/{ADA.id}", json=edited)).status_code == 200
        assert persona_of(await state_of(open_gateway, c)) == ADA
    async with Client.at(open_gateway.url(f"?conversation_id={c}")) as client:
        frames = await client.until_each("persona", "user_name")
        assert (frames["persona"]["name"], frames["persona"]["description"]) == ("Zoe", "A diver.")
        assert frames["user_name"]["name"] == "Zoe"
    state = await state_of(open_gateway, c)
    assert (persona_of(state), name_of(state)) == (Persona(ADA.id, "Zoe", "A diver."), "Zoe")
    store.away = True
    async with Client.at(open_gateway.url(f"?conversation_id={c}")) as client:
        await client.send("persona")
        assert (await client.until("persona"))["name"] == "Zoe"


async def test_note_is_confirmed_saved_and_changed_while_the_store_is_away(
    open_gateway: Gateway, store: MemoryStore
) -> None:
    async with Client.at(open_gateway.url()) as client:
        await client.next()
        c = client.conversation_id
        await client.send("note")
        answer = await client.until("note")
        assert (answer["text"], answer["depth"], "event_id" in answer) == ("", 4, False)
        assert await store.conversation(c) is None, "a query makes no row"
        await client.send("note", text=" It rains. ")
        event = await client.until("note")
        assert (event["text"], event["depth"], "event_id" in event) == ("It rains.", 4, True)

        async def is_saved() -> bool:
            return (await saved(store, c)).get("note") == {"text": "It rains.", "depth": 4}

        await eventually(is_saved)
        store.away = True
        await client.send("note", depth=0)
        assert (await client.until("note"))["text"] == "It rains."
        assert note_of(await state_of(open_gateway, c)) == AuthorNote("It rains.", 0)
        await client.send("note", text="")
        await client.until("note")
        assert note_of(await state_of(open_gateway, c)) == AuthorNote("", 0)


async def test_longest_persona_note_and_cast_fit_into_the_stored_settings(
    open_gateway: Gateway, store: MemoryStore
) -> None:
    longest = Persona(new_id(), "𝓐" * 40, "𝓐" * 4_000)
    await store.save_document(document_of(longest, "", None, at(0)))
    async with Client.at(open_gateway.url()) as client:
        await client.next()
        c = client.conversation_id
        await client.send("persona", persona_id=longest.id)
        await client.until("user_name")
        await client.send("note", text="𝓐" * 2_000)
        await client.until("note")

        async def is_saved() -> bool:
            settings = await saved(store, c)
            return "note" in settings and "persona" in settings

        await eventually(is_saved)


def _rest(open_gateway: Gateway) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(base_url=open_gateway.url().replace("ws://", "http://").split("/ws")[0])
