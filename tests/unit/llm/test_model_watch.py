"""Background requests for the context windows of models, and what is published about the models."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tertulia_llm.model.adaptation import Adaptations
from tertulia_llm.model.client import Model
from tertulia_llm.model.knowledge import MAX_MODELS, MAX_QUESTIONS, KnownModels
from tertulia_llm.model.watch import ModelWatch, find_window, told_window
from tertulia_llm.settings import LLMSettings
from tertulia_shared.entries import ModelSettings
from tertulia_shared.keys import Keys
from tertulia_shared.testing.memory_bus import MemoryBus
from tests.fakes.model_server import Hold, Reply, ScriptedModel
from tests.fakes.server_kinds.hosted import HOSTED
from tests.fakes.server_kinds.local import LOCAL
from tests.fakes.server_kinds.server import MODEL, WINDOW_TOKENS, Body, KindServer, ServerKind
from tests.harness.settings_of import settings_of

TELLS = {"OpenRouter", "Mistral", "Ollama", "llama.cpp", "vLLM", "LM Studio"}
ASKED = [{"role": "user", "content": "Hello"}]


@asynccontextmanager
async def model_at(base_url: str, **settings: object) -> AsyncGenerator[Model]:
    model = Model(settings_of(LLMSettings, llm_base_url=base_url, llm_model=MODEL, **settings))
    try:
        yield model
    finally:
        await model.close()


@asynccontextmanager
async def watched(model: Model, bus: MemoryBus) -> AsyncGenerator[None]:
    task = asyncio.create_task(ModelWatch(model, bus, MODEL).run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def published(bus: MemoryBus, *, until: str) -> dict[str, dict[str, Any]]:
    """The published models by name; waits until one of them has the field `until`."""
    while True:
        fields = await bus.hash(bus.keys.models())
        found = [json.loads(raw) for raw in fields.values()]
        if any(each[until] for each in found):
            return {each["model"]: each for each in found}
        await asyncio.sleep(0.005)


def no_stream(_text: str, _body: Body) -> list[bytes]:
    return []


@pytest.mark.parametrize("kind", [*HOSTED, *LOCAL], ids=lambda kind: kind.name)
async def test_window_is_found_at_each_place_where_servers_state_it(kind: ServerKind) -> None:
    async with KindServer(kind, []).running() as server, model_at(server.base_url) as model:
        told = await told_window(model.server, MODEL)
        assert told == (WINDOW_TOKENS if kind.name in TELLS else None)


@pytest.mark.parametrize(
    ("models", "paths", "window"),
    [
        ({"data": [{"id": "other", "context_length": 4096}, {"id": MODEL}]}, {}, None),
        ({"data": [{"id": "other", "context_length": 4096}, {"id": "third"}]}, {}, None),
        ({"data": [{"id": "the-one-model", "meta": {"n_ctx_train": 4096}}]}, {}, 4096),
        (
            {"data": [{"id": MODEL, "meta": {"n_ctx_train": 4096}}]},
            {"/props": {"default_generation_settings": {"n_ctx": 2048}}},
            2048,
        ),
        ({"data": [{"id": MODEL}]}, {"/api/show": {"parameters": 'stop "x"\nnum_ctx   8000'}}, 8000),
        (
            {"data": [{"id": MODEL}]},
            {"/api/ps": {"models": []}, "/api/show": {"model_info": {"x.context_length": 9}}},
            None,
        ),
        ({"data": [{"id": MODEL}]}, {"/api/v0/models": {"data": [{"id": MODEL, "max_context_length": 131_072}]}}, None),
        ("rubbish", {"/props": [], "/api/ps": 3, "/api/show": "x", "/api/v0/models": None}, None),
    ],
)
async def test_window_is_read_only_from_an_entry_for_the_same_model(
    models: object, paths: Mapping[str, object], window: int | None
) -> None:
    kind = ServerKind("x", no_stream, models=models, paths=paths)
    async with KindServer(kind, []).running() as server, model_at(server.base_url) as model:
        assert await told_window(model.server, MODEL) == window


async def test_server_is_asked_for_the_window_only_after_replies_and_a_limited_number_of_times() -> None:
    async with ScriptedModel([], default=Reply(["Hi."])) as server, model_at(server.base_url) as model:
        known = model.known.of(MODEL)
        for _ in range(3):
            await find_window(model.server, known)
        assert known.questions == 1
        for _ in range(2 * MAX_QUESTIONS):
            async with model.reply(ASKED, ModelSettings()) as stream:
                async for _ in stream:
                    pass
            await find_window(model.server, known)
        assert known.questions == MAX_QUESTIONS
        assert known.window is None


async def test_server_is_not_asked_for_a_window_that_is_in_the_settings() -> None:
    async with ScriptedModel() as server, model_at(server.base_url, llm_context_tokens=4096) as model:
        await find_window(model.server, model.known.of(MODEL))
        assert (model.known.of(MODEL).questions, model.known.of(MODEL).window) == (0, 4096)


async def test_window_and_changes_are_published() -> None:
    kind = next(kind for kind in LOCAL if kind.name == "vLLM")
    bus = MemoryBus(Keys("test"))
    async with KindServer(kind, []).running() as server, model_at(server.base_url) as model, watched(model, bus):
        first = (await published(bus, until="context_tokens"))[MODEL]
        assert (first["server"], first["context_tokens"], first["changes"]) == (server.base_url, WINDOW_TOKENS, [])
        model.known.of(MODEL).adaptations = Adaptations(dropped=("seed",))
        model.server.changed()
        assert (await published(bus, until="changes"))[MODEL]["changes"] == ["leaves out seed"]


async def test_published_address_of_the_server_has_no_password() -> None:
    async with model_at("http://user:secret@127.0.0.1:9/v1") as model:
        assert model.server.shown() == "http://127.0.0.1:9/v1"


async def test_reply_does_not_wait_for_the_requests_about_windows() -> None:
    hold = Hold(after_tokens=1)
    bus = MemoryBus(Keys("test"))
    async with (
        ScriptedModel([Reply(["Hi", "."], hold=hold)]) as server,
        model_at(server.base_url) as model,
        watched(model, bus),
        model.reply(ASKED, ModelSettings()) as stream,
    ):
        texts = aiter(stream)
        assert await anext(texts) == "Hi"
        hold.event.set()
        assert await anext(texts) == "."


def test_least_recently_used_model_is_forgotten_above_the_maximum() -> None:
    known = KnownModels(None)
    first = known.of("first")
    for number in range(MAX_MODELS):
        known.of(str(number))
    assert len(known.all()) == MAX_MODELS
    assert known.of("first") is not first
