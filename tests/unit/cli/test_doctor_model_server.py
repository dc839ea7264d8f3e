"""The doctor's questions to the model server."""

from __future__ import annotations

import pytest

from tertulia_cli.doctor import server_check
from tertulia_cli.doctor.findings import Finding
from tertulia_cli.doctor.model_server import CHECK, ask_model_server
from tertulia_cli.doctor.server_check import read_finding
from tertulia_cli.settings import RunSettings
from tests.fakes.model_server import Fail, Hold, Reply, ScriptedModel
from tests.harness.settings_of import settings_of

KEY = "sk-secret-key"


async def asked(server: ScriptedModel, monkeypatch: pytest.MonkeyPatch, **env: str) -> list[Finding]:
    given = {
        "OPENROUTER_API_KEY": KEY,
        "TERTULIA_LLM_BASE_URL": server.base_url,
        "TERTULIA_LLM_MODEL": "scripted",
        **env,
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    found = list(await ask_model_server(settings_of(RunSettings)))
    assert KEY not in repr(found)
    assert all(not each.needed for each in found), "a talk with the demo model is possible"
    return found


async def test_doctor_asks_the_model_server(monkeypatch: pytest.MonkeyPatch) -> None:
    async with ScriptedModel([Reply(["Hi"])]) as server:
        found = await asked(server, monkeypatch)
        assert found[0] == Finding(ok=True, what="model server: the model answers", needed=False)
        assert len(server.requests) == 1


async def test_doctor_quotes_the_error_of_the_model_server(monkeypatch: pytest.MonkeyPatch) -> None:
    async with ScriptedModel([Fail(401, {"error": {"message": "Incorrect key"}})]) as server:
        first, *_ = await asked(server, monkeypatch)
        assert not first.ok
        assert "Incorrect key" in first.advice


async def test_doctor_does_not_ask_for_the_demo_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENROUTER_API_KEY", raising=False)
    monkeypatch.delenv("TERTULIA_LLM_BASE_URL", raising=False)
    assert await ask_model_server(settings_of(RunSettings)) == []


async def test_doctor_reports_a_wrong_setting_of_the_llm_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    async with ScriptedModel() as server:
        (found,) = await asked(server, monkeypatch, TERTULIA_LLM_EXTRA_BODY="[]")
        assert not found.ok
        assert "TERTULIA_LLM_EXTRA_BODY" in found.advice


async def test_doctor_stops_asking_a_model_server_after_the_time_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    hold = Hold(after_tokens=0)
    monkeypatch.setattr(server_check, "TIMEOUT_S", 0.0)
    async with ScriptedModel([Reply(["Hi"], hold=hold)]) as server:
        (found,) = await asked(server, monkeypatch)
        hold.event.set()
    assert not found.ok
    assert "TERTULIA_LLM_BASE_URL" in found.advice


@pytest.mark.parametrize("line", [b"", b"not json", b"[]", b"3"])
def test_doctor_skips_output_that_is_not_a_finding(line: bytes) -> None:
    assert read_finding(line, CHECK) == []
