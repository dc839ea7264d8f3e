"""The cast of a conversation through the real gateway: over the socket and over REST."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import httpx2
import pytest

from tertulia_shared.conversation_cast import Cast, cast_of, stored_cast
from tertulia_shared.conversation_state import ConversationState
from tertulia_shared.ids import new_id
from tertulia_shared.keys import Keys
from tertulia_shared.testing.memory_store import MemoryStore
from tests.harness.eventually import eventually
from tests.harness.gateway import LUNA, REX, Client, Gateway, gateway


@pytest.fixture
async def store() -> MemoryStore:
    made = MemoryStore()
    await made.open()
    return made


@pytest.fixture
async def open_gateway(redis_url: str, keys: Keys, store: MemoryStore) -> AsyncGenerator[Gateway]:
    async with gateway(redis_url, keys, store=store) as made:
        yield made


async def stored(store: MemoryStore, conversation_id: str) -> Cast:
    """The cast in the store; the default if the conversation is not there."""
    if await store.conversation(conversation_id) is None:
        return Cast()
    return stored_cast(await store.model_settings(conversation_id))


async def in_redis(open_gateway: Gateway, conversation_id: str) -> Cast:
    bus = open_gateway.bus
    return cast_of(ConversationState(await bus.hash(bus.keys.state(conversation_id))))


async def test_cast_is_confirmed_saved_and_kept_beside_the_other_settings(
    open_gateway: Gateway, store: MemoryStore
) -> None:
    async with Client.at(open_gateway.url()) as client:
        await client.next()
        c = client.conversation_id
        await client.send("cast")
        answer = await client.until("cast")
        assert (answer["characters"], answer["told"], "event_id" in answer) == (None, False, False)
        assert await store.conversation(c) is None, "a query makes no row"
        await client.send("model_settings", top_k=40)
        await client.send("cast", characters=[REX, LUNA])
        answer = await client.until("cast")
        assert (answer["characters"], answer["told"], "event_id" in answer) == ([REX, LUNA], False, True)
        await client.send("cast", told=True)
        assert (await client.until("cast"))["characters"] == [REX, LUNA]
        await client.send("answering", discussion=2)
        await client.until("answering")

        async def is_saved() -> bool:
            now = await stored(store, c)
            return (now.seats, now.told) == ((REX, LUNA), True) and "answering" in await store.model_settings(c)

        await eventually(is_saved)
        assert (await store.model_settings(c))["top_k"] == 40


async def test_cast_is_read_from_the_store_when_redis_lost_it(open_gateway: Gateway, store: MemoryStore) -> None:
    c = new_id()
    await store.ensure_conversation(c)
    cast = Cast((REX,), {LUNA: (0, 5)}, told=True)
    await store.save_model_settings(c, {"top_k": 7, **cast.stored()})
    async with Client.at(open_gateway.url(f"?conversation_id={c}")) as client:
        await client.next()
        await client.send("cast")
        assert (await client.until("cast"))["characters"] == [REX]
        await client.send("answering", discussion=2)
        await client.until("answering")

        async def is_saved() -> bool:
            return "answering" in await store.model_settings(c)

        await eventually(is_saved)
        assert await stored(store, c) == cast


async def test_cast_can_be_changed_while_the_store_is_away(open_gateway: Gateway, store: MemoryStore) -> None:
    async with Client.at(open_gateway.url()) as client:
        await client.next()
        store.away = True
        await client.send("cast", characters=[LUNA])
        assert (await client.until("cast"))["characters"] == [LUNA]
        assert await in_redis(open_gateway, client.conversation_id) == Cast((LUNA,))


async def test_changes_of_several_clients_at_once_leave_one_of_them(open_gateway: Gateway) -> None:
    async with Client.at(open_gateway.url()) as client, _rest(open_gateway) as rest:
        await client.next()
        path = f"/api/conversations/{client.conversation_id}/cast"
        changes = [{"characters": [LUNA]}, {"characters": [REX]}, {"characters": [LUNA, REX]}] * 2
        answers = await asyncio.gather(*(rest.put(path, json=change) for change in changes))
        assert {answer.status_code for answer in answers} == {200}
        last = (await rest.get(path)).json()
        assert {"characters": last["characters"]} in changes


async def test_change_over_rest_reaches_the_client(open_gateway: Gateway, store: MemoryStore) -> None:
    async with Client.at(open_gateway.url()) as client, _rest(open_gateway) as rest:
        await client.next()
        path = f"/api/conversations/{client.conversation_id}/cast"
        assert (await rest.get(path)).json() == {"characters": None, "told": False}
        for _ in range(2):
            response = await rest.put(path, json={"characters": [LUNA], "told": True})
            assert response.json() == {"characters": [LUNA], "told": True}
            event = await client.until("cast")
            assert (event["characters"], event["told"]) == ([LUNA], True)
        assert (await rest.get(path)).json() == {"characters": [LUNA], "told": True}

        async def is_saved() -> bool:
            return (await stored(store, client.conversation_id)).seats == (LUNA,)

        await eventually(is_saved)


async def test_rest_keeps_the_stored_settings_of_a_conversation_that_redis_lacks(
    open_gateway: Gateway, store: MemoryStore
) -> None:
    c = new_id()
    await store.ensure_conversation(c)
    await store.save_model_settings(c, {"top_k": 7, "user_name": "Ana", **Cast((REX,)).stored()})
    async with _rest(open_gateway) as rest:
        assert (await rest.get(f"/api/conversations/{c}/cast")).json()["characters"] == [REX]
        await rest.put(f"/api/conversations/{c}/cast", json={"characters": [REX, LUNA]})

        async def is_saved() -> bool:
            return (await stored(store, c)).seats == (REX, LUNA)

        await eventually(is_saved)
    settings = await store.model_settings(c)
    assert (settings["top_k"], settings["user_name"]) == (7, "Ana")
    assert list((await stored(store, c)).stays) == [LUNA], "Luna came later"


async def test_rest_refuses_what_is_no_cast(open_gateway: Gateway) -> None:
    async with Client.at(open_gateway.url()) as client, _rest(open_gateway) as rest:
        await client.next()
        path = f"/api/conversations/{client.conversation_id}/cast"
        assert (await rest.get(f"/api/conversations/{new_id()}/cast")).status_code == 404
        for body in ({"characters": [LUNA, LUNA]}, {"characters": ["Luna"]}, {"told": True}, {"characters": 7}):
            assert (await rest.put(path, json=body)).status_code == 422, body


def _rest(open_gateway: Gateway) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(base_url=open_gateway.url().replace("ws://", "http://").split("/ws")[0])
