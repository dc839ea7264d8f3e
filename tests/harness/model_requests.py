"""A `Model` that is connected to a scripted server, for tests of single requests."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from tertulia_llm.model.client import Model
from tertulia_llm.settings import LLMSettings
from tertulia_shared.entries import ModelSettings
from tests.fakes.model_server import Act, Fail, Reply, ScriptedModel
from tests.fakes.model_sse import DONE
from tests.fakes.server_kinds.server import Body, KindServer, ServerKind, delta
from tests.harness.settings_of import settings_of

SYSTEM = {"role": "system", "content": "You are Luna."}
QUESTION = {"role": "user", "content": "And now?"}
PROMPT = [SYSTEM, {"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi."}, QUESTION]
HI = Reply(["Hi."])
CONVERSATIONS = 8


def refused(message: str, param: str | None = None, status: int = 400) -> Fail:
    return Fail(status, {"error": {"message": message, "param": param}})


@asynccontextmanager
async def model_with(
    *script: Act, default: Act | None = HI, **settings: object
) -> AsyncGenerator[tuple[ScriptedModel, Model]]:
    async with ScriptedModel(script, default=default) as server:
        given: dict[str, object] = {
            "llm_base_url": server.base_url,
            "llm_model": "house",
            "openrouter_api_key": "sk-test",
        }
        model = Model(settings_of(LLMSettings, **{**given, **settings}))
        try:
            yield server, model
        finally:
            await model.close()


async def ask(
    model: Model, settings: ModelSettings | None = None, messages: list[dict[str, str]] | None = None
) -> tuple[str, list[str]]:
    """The text of the reply, and the notices."""
    async with model.reply(messages or PROMPT, settings or ModelSettings(), seed=7) as stream:
        pieces: list[object] = [piece async for piece in stream]
        return "".join(piece for piece in pieces if isinstance(piece, str)), list(stream.dropped)


def bodies(server: ScriptedModel) -> list[Mapping[str, Any]]:
    return [request.body for request in server.requests]


@asynccontextmanager
async def model_at(kind: ServerKind) -> AsyncGenerator[tuple[KindServer, Model]]:
    async with KindServer(kind, ["Hi."] * CONVERSATIONS).running() as server:
        model = Model(settings_of(LLMSettings, llm_base_url=server.base_url, llm_model="house"))
        try:
            yield server, model
        finally:
            await model.close()


def one_reply(text: str, _: Body) -> list[bytes]:
    return [delta({"content": text}), delta({}, "stop"), DONE]
