"""The check of the model server for `tertulia doctor`."""

from __future__ import annotations

import pytest

from tertulia_llm import check as module
from tertulia_llm.check import Found, check
from tertulia_llm.connection.trial import SHORT_REPLY_TOKENS as TOKENS
from tertulia_llm.settings import LLMSettings
from tests.fakes.model_server import Fail, Hold, Reply, ScriptedModel
from tests.fakes.server_kinds.hosted import HOSTED
from tests.fakes.server_kinds.local import LOCAL
from tests.fakes.server_kinds.server import MODEL, WINDOW_TOKENS, KindServer, ServerKind
from tests.harness.settings_of import settings_of


async def found_at(base_url: str, **settings: object) -> list[Found]:
    given: dict[str, object] = {"llm_model": MODEL, "openrouter_api_key": "sk-secret", **settings}
    found = [each async for each in check(settings_of(LLMSettings, llm_base_url=base_url, **given))]
    assert "sk-secret" not in repr(found)
    return found


def kind(name: str) -> ServerKind:
    return next(kind for kind in (*HOSTED, *LOCAL) if kind.name == name)


async def test_working_server_is_reported_with_its_context_window() -> None:
    async with KindServer(kind("vLLM"), ["Hello."]).running() as server:
        found = await found_at(server.base_url)
        assert [each.ok for each in found] == [True] * 3
        text = " ".join(each.what for each in found)
        for part in ("answers", MODEL, str(WINDOW_TOKENS)):
            assert part in text
        assert server.requests[0]["max_tokens"] == TOKENS


async def test_refused_parameters_are_reported() -> None:
    async with KindServer(kind("OpenAI"), ["Hello."]).running() as server:
        changes = [each.what for each in await found_at(server.base_url) if "Tertulia" in each.what]
    assert any("sends max_completion_tokens instead of max_tokens" in change for change in changes)


async def test_if_the_server_does_not_state_its_window_the_setting_for_it_is_named() -> None:
    async with KindServer(kind("DeepSeek"), ["Hello."]).running() as server:
        assert any("TERTULIA_LLM_CONTEXT_TOKENS" in each.advice for each in await found_at(server.base_url))


async def test_refused_key_is_reported_with_the_message_of_the_server() -> None:
    async with ScriptedModel([Fail(401, {"error": {"message": "Incorrect key"}})]) as server:
        first, *_ = await found_at(server.base_url)
        assert not first.ok
        assert "Incorrect key" in first.advice
        assert "OPENROUTER_API_KEY" in first.advice


async def test_unknown_model_is_reported_with_similar_names() -> None:
    refusal = Fail(404, {"error": {"message": "model not found", "code": "model_not_found"}})
    async with ScriptedModel([refusal]) as server:
        found = await found_at(server.base_url, llm_model="scripted-2")
        assert not found[0].ok
        assert any("scripted" in each.what and not each.ok for each in found[1:])


async def test_unreachable_server_is_reported_in_one_line() -> None:
    (found,) = await found_at("http://127.0.0.1:9/v1")
    assert not found.ok
    assert "TERTULIA_LLM_BASE_URL" in found.advice


async def test_server_that_does_not_answer_in_time_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REPLY_S", 0.05)
    hold = Hold(after_tokens=0)
    async with ScriptedModel([Reply(["Hi"], hold=hold)]) as server:
        first, *_ = await found_at(server.base_url)
        hold.event.set()
    assert not first.ok
    assert "did not answer" in first.what


@pytest.mark.parametrize("reply", [Reply([]), Fail(200, "")])
async def test_reply_without_text_is_reported(reply: Reply | Fail) -> None:
    async with ScriptedModel([reply]) as server:
        first, *_ = await found_at(server.base_url)
    assert not first.ok


async def test_model_that_needs_more_tokens_to_reason_works() -> None:
    words = "Could not finish the message because max_tokens or model output limit was reached."
    async with ScriptedModel([Fail(400, {"error": {"message": words}})]) as server:
        first, *_ = await found_at(server.base_url)
    assert first.ok
    assert "accepts requests" in first.what


async def test_model_that_answers_though_it_is_not_listed_is_not_said_to_be_missing() -> None:
    async with ScriptedModel([Reply(["Hi"])]) as server:
        found = await found_at(server.base_url, llm_model="hidden")
    assert all(each.ok for each in found)
    assert any("does not have hidden" in each.what for each in found)
