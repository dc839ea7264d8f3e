"""Trying a model server: its list of models, its key, a short reply, and what the page says if one fails."""

from __future__ import annotations

import pytest

from tertulia_llm.connection.discovery import find_servers
from tertulia_llm.connection.failures import CannotConnect
from tertulia_llm.connection.models import usable_models
from tertulia_llm.connection.trial import list_models, try_connection
from tertulia_llm.settings import LLMSettings
from tertulia_shared.model_connection import ModelConnection
from tertulia_shared.model_providers import PROVIDERS, Provider, local_providers
from tests.fakes.model_server import Act, Fail, Raw, Reply, ScriptedModel, reserved_port
from tests.fakes.server_kinds.hosted import HOSTED
from tests.fakes.server_kinds.local import LOCAL
from tests.fakes.server_kinds.server import MODEL, KindServer, ServerKind
from tests.harness.settings_of import settings_of

KEY = "sk-made-up-0123456789"
SETTINGS = settings_of(LLMSettings)


async def listed(address: str, key: str = "", *, in_container: bool = False) -> tuple[str, list[str]]:
    return await list_models(SETTINGS, ModelConnection(address, "any", key), in_container=in_container)


async def refusal_of_trial(*script: Act, key: str = "") -> CannotConnect:
    async with ScriptedModel(script) as server:
        with pytest.raises(CannotConnect) as raised:
            await try_connection(SETTINGS, ModelConnection(server.base_url, "m", key), in_container=False)
    return raised.value


@pytest.mark.parametrize("kind", [*HOSTED, *LOCAL], ids=lambda kind: kind.name)
async def test_every_kind_of_server_can_be_connected(kind: ServerKind) -> None:
    async with KindServer(kind, ["Hello."]).running() as server:
        address, models = await listed(server.base_url)
        connection = ModelConnection(address, MODEL, KEY)
        await try_connection(SETTINGS, connection, in_container=False)
    assert address == server.base_url
    assert any(MODEL in name for name in models)


async def test_address_without_v1_is_corrected() -> None:
    async with ScriptedModel(models=["a", "b"]) as server:
        assert await listed(server.base_url.removesuffix("/v1")) == (server.base_url, ["a", "b"])


async def test_refused_key_is_explained_without_showing_it() -> None:
    async with ScriptedModel(key="another") as server:
        with pytest.raises(CannotConnect, match="refused this key") as raised:
            await listed(server.base_url, KEY)
    assert raised.value.code == "llm_auth"
    assert "Incorrect API key provided: …" in str(raised.value)
    assert KEY not in str(raised.value)


async def test_server_that_asks_for_a_key_says_to_paste_one() -> None:
    async with ScriptedModel(key=KEY) as server:
        with pytest.raises(CannotConnect, match="asks for a key: paste one"):
            await listed(server.base_url)


async def test_server_without_a_list_of_models_is_not_openai_compatible() -> None:
    async with ScriptedModel() as server:
        with pytest.raises(CannotConnect, match="no OpenAI-compatible API") as raised:
            await listed(server.base_url.replace("/v1", "/web/page"))
    assert raised.value.code == "llm_address"


@pytest.mark.parametrize(
    ("host", "in_container", "advice"),
    [
        ("127.0.0.1", False, "whether the server runs"),
        ("127.0.0.1", True, "use host.docker.internal"),
        ("localhost", True, "the container itself"),
    ],
)
async def test_address_where_nothing_answers_is_explained(host: str, advice: str, *, in_container: bool) -> None:
    with reserved_port() as port, pytest.raises(CannotConnect, match=advice) as raised:
        await listed(f"http://{host}:{port}/v1", in_container=in_container)
    assert raised.value.code == "llm_unavailable"


@pytest.mark.parametrize(
    ("act", "code", "words"),
    [
        (Fail(401), "llm_auth", "refused this key"),
        (Fail(402), "llm_credit", "no credit left"),
        (Fail(429, {"error": {"message": "x", "code": "insufficient_quota"}}), "llm_credit", "no credit left"),
        (Fail(429), "llm_rate", "slow down"),
        (Fail(404, {"error": {"message": "m", "code": "model_not_found"}}), "llm_model", "choose another"),
        (Fail(500), "llm_unavailable", "could not answer"),
        (Raw([b"<html><title>Login</title></html>"], "text/html"), "llm_address", "no OpenAI-compatible API"),
    ],
)
async def test_failed_reply_is_explained(act: Act, code: str, words: str) -> None:
    failure = await refusal_of_trial(act, key=KEY)
    assert failure.code == code
    assert words in str(failure)


async def test_empty_reply_does_not_connect() -> None:
    assert (await refusal_of_trial(Reply([]))).code == "llm_no_text"


async def test_running_server_is_found_at_its_port() -> None:
    async with ScriptedModel(models=["llama3.2:latest", "nomic-embed-text", "a", "b", "c"]) as server:
        port = int(server.base_url.split(":")[2].removesuffix("/v1"))
        with reserved_port() as silent:
            providers = [Provider("lmstudio", "LM Studio", port=silent), Provider("ollama", "Ollama", port=port)]
            (found,) = await find_servers(["127.0.0.1"], providers)
    assert (found.provider, found.address, found.count) == ("ollama", server.base_url, 4)
    assert found.models == ("llama3.2:latest", "a", "b")


async def test_server_of_another_kind_is_not_found() -> None:
    async with ScriptedModel(key=KEY) as server:
        port = int(server.base_url.split(":")[2].removesuffix("/v1"))
        assert await find_servers(["127.0.0.1"], [Provider("vllm", "vLLM", port=port)]) == []


def test_only_programs_on_this_machine_are_looked_for() -> None:
    assert {provider.id for provider in local_providers()} == {"ollama", "lmstudio", "llamacpp", "vllm"}
    assert all(provider.needs_key for provider in PROVIDERS if not provider.port)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["gpt-5", "text-embedding-3-small", "whisper-1", "tts-1", "gpt-5"], ["gpt-5"]),
        (["nomic-embed-text"], ["nomic-embed-text"]),
        (["a\nb", "x" * 201, ""], []),
    ],
)
def test_models_that_cannot_chat_are_left_out_unless_there_are_no_others(names: list[str], expected: list[str]) -> None:
    assert usable_models(names) == expected
