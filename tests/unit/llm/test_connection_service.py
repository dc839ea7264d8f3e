"""Which model answers, and how a person changes it while the worker runs."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from tertulia_llm.connection.current import CurrentModel
from tertulia_llm.connection.failures import CannotConnect
from tertulia_llm.connection.service import ConnectionService
from tertulia_llm.settings import LLMSettings
from tertulia_shared.entries import ModelRequest, ModelSettings
from tertulia_shared.model_connection import ConnectionFile, ModelConnection
from tertulia_shared.sealing import CannotOpen, seal
from tests.fakes.model_server import Hold, Reply, ScriptedModel
from tests.harness.settings_of import settings_of

KEY = "sk-made-up-0123456789"
DEMO = "http://127.0.0.1:9/v1"


class Bench:
    """A worker's connection, in a folder."""

    def __init__(self, folder: Path, **settings: object) -> None:
        self.settings = settings_of(LLMSettings, data_dir=folder, **settings)
        self.current = CurrentModel(self.settings, DEMO)
        self.service = ConnectionService(self.current, self.settings)

    async def ask(self, kind: str, address: str = "", model: str = "", key: str = "") -> dict[str, object]:
        sealed = seal(key, str((await self._describe())["public_key"]), address) if key else b""
        return await self.service.result(ModelRequest("r", kind, 0, address, model, sealed))

    async def _describe(self) -> dict[str, object]:
        return await self.service.result(ModelRequest("r", "describe", 0))

    async def text(self) -> str:
        messages = [{"role": "user", "content": "Hello!"}]
        async with self.current.reply(messages, ModelSettings()) as stream:
            return "".join([piece async for piece in stream if isinstance(piece, str)])


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncGenerator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    await bench.current.close()


async def test_connected_model_is_used_and_kept(bench: Bench, tmp_path: Path) -> None:
    async with ScriptedModel(default=Reply(["Owls."]), key=KEY) as server:
        state = await bench.ask("connect", server.base_url, "scripted", KEY)
        assert (state["source"], state["model"], state["has_key"]) == ("page", "scripted", True)
        assert await bench.text() == "Owls."
    assert ConnectionFile(tmp_path).load() == ModelConnection(server.base_url, "scripted", KEY)
    assert Bench(tmp_path).current.active.source == "page"


async def test_refused_connection_changes_nothing(bench: Bench, tmp_path: Path) -> None:
    async with ScriptedModel(key="another") as server:
        with pytest.raises(CannotConnect, match="refused this key"):
            await bench.ask("connect", server.base_url, "scripted", KEY)
    assert bench.current.active.source == "demo"
    assert ConnectionFile(tmp_path).stamp() is None


async def test_forgotten_connection_is_deleted_and_the_demo_answers(bench: Bench, tmp_path: Path) -> None:
    async with ScriptedModel(default=Reply(["Owls."]), key=KEY) as server:
        await bench.ask("connect", server.base_url, "scripted", KEY)
    state = await bench.ask("forget")
    assert (state["source"], state["has_key"], state["kept"]) == ("demo", False, False)
    assert ConnectionFile(tmp_path).stamp() is None


async def test_model_is_changed_without_pasting_the_key_again(bench: Bench) -> None:
    async with ScriptedModel(default=Reply(["Owls."]), key=KEY, models=["a", "b"]) as server:
        await bench.ask("connect", server.base_url, "a", KEY)
        assert (await bench.ask("list", server.base_url))["models"] == ["a", "b"]
        assert (await bench.ask("connect", server.base_url, "b"))["model"] == "b"


async def test_key_is_not_sent_to_another_server(bench: Bench) -> None:
    async with ScriptedModel(default=Reply(["Owls."]), key=KEY) as server, ScriptedModel(key=KEY) as other:
        await bench.ask("connect", server.base_url, "scripted", KEY)
        with pytest.raises(CannotConnect, match="asks for a key"):
            await bench.ask("list", other.base_url)


async def test_key_that_was_sealed_for_another_worker_is_refused(bench: Bench, tmp_path: Path) -> None:
    request = ModelRequest("r", "list", 0, DEMO, "", seal(KEY, await public_key_of(Bench(tmp_path)), DEMO))
    with pytest.raises(CannotOpen):
        await bench.service.result(request)


async def public_key_of(bench: Bench) -> str:
    return str((await bench.ask("describe"))["public_key"])


async def test_another_worker_begins_its_next_reply_with_the_new_connection(bench: Bench, tmp_path: Path) -> None:
    peer = Bench(tmp_path)
    async with ScriptedModel(default=Reply(["Owls."])) as server:
        await bench.ask("connect", server.base_url, "scripted")
        assert await peer.text() == "Owls."
    await peer.current.close()


async def test_reply_in_progress_ends_with_the_server_that_began_it(bench: Bench) -> None:
    hold = Hold(1)
    async with (
        ScriptedModel([Reply(["Hi"]), Reply(["Owls ", "hoot."], hold=hold)]) as old,
        ScriptedModel(default=Reply(["New."])) as new,
    ):
        await bench.ask("connect", old.base_url, "scripted")
        pieces: list[str] = []
        async with bench.current.reply([{"role": "user", "content": "Hello!"}], ModelSettings()) as stream:
            async for piece in stream:
                if isinstance(piece, str):
                    pieces.append(piece)
                if not hold.event.is_set():
                    await bench.ask("connect", new.base_url, "scripted")
                    hold.event.set()
        assert "".join(pieces) == "Owls hoot."
        assert await bench.text() == "New."


async def test_environment_wins_over_the_kept_connection(tmp_path: Path) -> None:
    ConnectionFile(tmp_path).save(ModelConnection("http://127.0.0.1:9/v1", "kept", KEY))
    bench = Bench(tmp_path, openrouter_api_key="sk-of-the-environment", llm_model="from/environment")
    state = await bench.ask("describe")
    assert (state["source"], state["model"], state["kept"]) == ("environment", "from/environment", True)
    with pytest.raises(CannotConnect, match="environment"):
        await bench.ask("connect", "http://127.0.0.1:9/v1", "m")
    assert (await bench.ask("forget"))["kept"] is False
    await bench.current.close()


async def test_damaged_file_is_reported_and_the_demo_answers(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "model-server.json").write_text('{"key": "' + KEY)
    bench = Bench(tmp_path)
    state = await bench.ask("describe")
    assert (state["source"], state["fault"], state["kept"]) == ("demo", "it is damaged", True)
    assert KEY not in caplog.text
    await bench.current.close()


async def test_extra_headers_of_the_environment_are_not_sent_to_a_server_of_the_page(tmp_path: Path) -> None:
    bench = Bench(tmp_path, llm_extra_headers='{"x-secret": "for another server"}')
    async with ScriptedModel(default=Reply(["Owls."])) as server:
        await bench.ask("connect", server.base_url, "scripted")
        await bench.text()
        assert all("x-secret" not in request.headers for request in server.requests)
    await bench.current.close()
