"""Ten turns with each kind of model server: what it refuses is adapted, and a long conversation stays answerable."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest

from tertulia_llm.model.client import Model
from tertulia_llm.settings import LLMSettings
from tertulia_shared.codec import pack
from tertulia_shared.conversation_state import StateField
from tertulia_shared.events import Thinking
from tests.fakes.server_kinds.hosted import HOSTED
from tests.fakes.server_kinds.local import LOCAL
from tests.fakes.server_kinds.server import KindServer, ServerKind
from tests.harness.llm import Client, LLMBench
from tests.harness.settings_of import settings_of

TURNS = 10
PADDING = "I keep telling you about my day. " * 150
"""5,000 characters: ten of these messages are larger than the servers' window."""
SETTINGS = {
    "temperature": 0.7,
    "top_p": 0.9,
    "min_p": 0.05,
    "top_k": 40,
    "frequency_penalty": 0.1,
    "presence_penalty": 0.1,
    "repetition_penalty": 1.1,
}
"""Settings that the user has chosen; most servers refuse some of them."""
MAX_REFUSED = 12
"""Requests that a server refuses in all: each parameter at most once, and the window."""
LINES = [f"The sea is calm tonight. This is reply {number}, my friend." for number in range(TURNS)]
REASONS_IN_SEPARATE_FIELD = {"OpenRouter", "Mistral", "DeepSeek", "Ollama", "vLLM"}


@asynccontextmanager
async def table_with(kind: ServerKind) -> AsyncGenerator[tuple[LLMBench, KindServer]]:
    """A conversation with Luna, whose model is at a server of this kind."""
    async with KindServer(kind, LINES).running() as server:
        table = LLMBench()
        await table.set("Luna")
        table.settings = settings_of(LLMSettings, llm_base_url=server.base_url, llm_model="house-model")
        model = Model(table.settings)
        table.model = cast("Any", model)
        outlet = table.bus.outlet()
        outlet.put(table.bus.keys.state(table.conversation_id), {StateField.SETTINGS: pack(SETTINGS)})
        await outlet.flush()
        try:
            yield table, server
        finally:
            await model.close()


def thoughts(client: Client) -> int:
    return sum(isinstance(event, Thinking) for _, event in client.events)


@pytest.mark.parametrize("kind", [*HOSTED, *LOCAL], ids=lambda kind: kind.name)
async def test_each_of_ten_successive_turns_gets_its_whole_reply(kind: ServerKind) -> None:
    async with table_with(kind) as (table, server):
        for number in range(TURNS):
            await table.say(f"Message {number}. {PADDING}")
            await table.work()
        client = await table.client()
        client.check()
        assert [error.message for error in client.errors] == []
        assert [text for _, text, _ in client.talk()] == LINES
        assert client.speech() == LINES, "the same is spoken"
        assert len(server.requests) == TURNS, "no reply was asked for twice"
        assert len(server.refused) <= MAX_REFUSED
        assert bool(thoughts(client)) == (kind.name in REASONS_IN_SEPARATE_FIELD)
        for number, body in enumerate(server.requests):
            prompt = "".join(message["content"] for message in body["messages"])
            assert "You are Luna" in prompt
            assert f"Message {number}. " in prompt, "the newest message is in the prompt"
            assert "The user greets me" not in prompt, "reasoning is not sent back"


@pytest.mark.parametrize("kind", [*HOSTED, *LOCAL], ids=lambda kind: kind.name)
async def test_refused_setting_is_reported_to_the_user_at_most_once(kind: ServerKind) -> None:
    async with table_with(kind) as (table, server):
        for number in range(2):
            await table.say(f"Message {number}.")
            await table.work()
        client = await table.client()
        first, second = server.requests
        dropped = sorted(name for name in SETTINGS if name not in first)
        assert [name for name in SETTINGS if name not in second] == [name for name in SETTINGS if name not in first]
        warned = " ".join(warning.message for warning in client.warnings)
        assert [name for name in dropped if name not in warned] == []
        assert len({warning.message for warning in client.warnings}) == len(client.warnings), (
            "each warning is sent once"
        )
