"""The summary of a conversation over REST, and what its client gets."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import httpx2
import pytest

from tertulia_shared.bus import Put
from tertulia_shared.conversation_state import ConversationState, StateField
from tertulia_shared.conversation_summary import TEXT_MAX_CHARS, Summary, summary_of
from tertulia_shared.ids import new_id
from tertulia_shared.keys import Keys
from tertulia_shared.summary_documents import stored_summary
from tertulia_shared.testing.memory_store import MemoryStore
from tests.harness.gateway import Client, Gateway, gateway


@pytest.fixture
async def store() -> MemoryStore:
    made = MemoryStore()
    await made.open()
    return made


@pytest.fixture
async def open_gateway(redis_url: str, keys: Keys, store: MemoryStore) -> AsyncGenerator[Gateway]:
    async with gateway(redis_url, keys, store=store) as made:
        yield made


async def in_redis(open_gateway: Gateway, conversation_id: str) -> Summary:
    bus = open_gateway.bus
    return summary_of(ConversationState(await bus.hash(bus.keys.state(conversation_id))))


async def test_summary_is_shown_changed_and_forgotten(open_gateway: Gateway, store: MemoryStore) -> None:
    async with Client.at(open_gateway.url()) as client, _rest(open_gateway) as rest:
        await client.next()
        c = client.conversation_id
        path, bus = f"/api/conversations/{c}/summary", open_gateway.bus
        empty = (await rest.get(path)).json()
        assert empty == {
            "text": "", "covers": 0, "made_at": 0, "edited": False, "off": False, "enabled": True, "usage": {},
        }  # fmt: skip
        made = Summary(made="They met.", covers=40, made_at_ms=1, usage={"prompt_tokens": 7})
        await bus.transact(c, [Put(bus.keys.state(c), made.fields())])
        shown = (await rest.get(path)).json()
        assert (shown["text"], shown["covers"], shown["usage"]) == ("They met.", 40, {"prompt_tokens": 7})

        answer = (await rest.put(path, json={"text": " Otto is a dog. ", "covers": 30})).json()
        assert (answer["text"], answer["covers"], answer["edited"]) == ("Otto is a dog.", 30, True)
        event = await client.until("summary")
        assert (event["text"], event["covers"], event["edited"]) == ("Otto is a dog.", 30, True)
        assert await stored_summary(store, c) == await in_redis(open_gateway, c)
        assert (await rest.put(path, json={"text": "Otto is a dog."})).json() == answer, "it changes nothing"

        assert (await rest.put(path, json={"off": True})).json()["off"]
        assert (await client.until("summary"))["off"]
        assert await bus.hash(bus.keys.summaries_due()) == {}
        await rest.put(path, json={"off": False})
        await client.until("summary")
        assert await bus.hash(bus.keys.summaries_due()) == {c.encode(): b""}

        assert (await rest.delete(path)).status_code == 204
        assert (await client.until("summary"))["text"] == ""
        assert (await in_redis(open_gateway, c)).covers == 0
        assert (await rest.delete(path)).status_code == 204


async def test_stored_summary_comes_back_when_the_conversation_is_resumed(
    open_gateway: Gateway, store: MemoryStore
) -> None:
    c, bus = new_id(), open_gateway.bus
    await store.ensure_conversation(c)
    async with _rest(open_gateway) as rest:
        path = f"/api/conversations/{c}/summary"
        await rest.put(path, json={"text": "Otto is a dog."})
        kept = await in_redis(open_gateway, c)
        await bus.transact(c, [Put(bus.keys.state(c), {StateField.SUMMARY: None})])
        assert (await rest.get(path)).json()["text"] == "Otto is a dog."
    async with Client.at(open_gateway.url(f"?conversation_id={c}")) as client:
        await client.next()
        assert await in_redis(open_gateway, c) == kept


async def test_rest_refuses_what_is_no_summary(open_gateway: Gateway) -> None:
    async with Client.at(open_gateway.url()) as client, _rest(open_gateway) as rest:
        await client.next()
        path = f"/api/conversations/{client.conversation_id}/summary"
        for method in ("GET", "DELETE"):
            assert (await rest.request(method, f"/api/conversations/{new_id()}/summary")).status_code == 404
        for body in ({"text": "x" * (TEXT_MAX_CHARS + 1)}, {"text": 7}, {"covers": -1}, {"off": "maybe"}, {"made": ""}):
            assert (await rest.put(path, json=body)).status_code == 422, body


def _rest(open_gateway: Gateway) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(base_url=open_gateway.url().replace("ws://", "http://").split("/ws")[0])
