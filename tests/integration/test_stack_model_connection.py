"""A person connects a model server in the page: real processes, and a scripted server."""

from __future__ import annotations

import asyncio
import json
import signal
import stat
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tertulia_shared.ids import new_id
from tertulia_shared.model_connection import FILE_NAME
from tests.fakes.model_server import Reply, ScriptedModel
from tests.harness.client import talk
from tests.harness.eventually import eventually
from tests.harness.service_process import Service
from tests.harness.stack import Stack

pytestmark = pytest.mark.timeout(120)
WORKERS: Mapping[Service, int] = {"gateway": 1, "llm": 1, "tts": 1}
KEY = "sk-made-up-for-the-page-0123456789"
OWL = Reply(["I like ", "owls."])
HELLO = "Luna, hello there!"


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    """A stack without a model server. Its logs must not contain the key."""
    with Stack(tmp_path / "stack", workers=WORKERS, env={"TERTULIA_LOG_LEVEL": "DEBUG"}) as running:
        running.unsaid.add(KEY)
        yield running


async def rest(stack: Stack, method: str, path: str, body: object = None) -> tuple[int, Any]:
    """The status and the body of a response."""

    def send() -> tuple[int, Any]:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(stack.http(path), data, headers, method=method)  # noqa: S310 - ours
        try:
            with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310 - ours
                return response.status, json.loads(response.read())
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())

    return await asyncio.to_thread(send)


async def reply_to(stack: Stack, text: str) -> str:
    """The reply to a message in a new conversation."""
    async with talk(*stack.urls) as client:
        turn_id = new_id()
        await client.hears(text, turn_id)
        stack.unsaid |= client.record.words()
        return client.record.of_turn(turn_id)[0].text


async def is_no_demo(stack: Stack) -> bool:
    return (await rest(stack, "GET", "/api/status"))[1]["engines"]["llm"] == ["openai"]


async def test_connected_server_answers_without_a_restart_and_the_demo_after_it_is_forgotten(stack: Stack) -> None:
    async with ScriptedModel(default=OWL, key=KEY, models=["house/model", "text-embedding-3"]) as model:
        _, before = await rest(stack, "GET", "/api/model")
        listed = await rest(stack, "POST", "/api/model/models", {"address": model.base_url, "key": KEY})
        wanted = {"address": model.base_url, "model": "house/model", "key": KEY}
        status, connected = await rest(stack, "PUT", "/api/model", wanted)
        assert (status, connected["source"], connected["model"]) == (200, "page", "house/model")
        assert await reply_to(stack, HELLO) == "I like owls."
        await eventually(lambda: is_no_demo(stack), "the status says that the demo does not answer")
        _, forgotten = await rest(stack, "DELETE", "/api/model")
        assert forgotten["source"] == "demo"
        assert await reply_to(stack, HELLO) != "I like owls."
    assert before["source"] == "demo"
    assert listed == (200, {"address": model.base_url, "models": ["house/model"]})


async def test_killed_worker_keeps_the_connection(stack: Stack) -> None:
    async with ScriptedModel(default=OWL, key=KEY) as model:
        await rest(stack, "PUT", "/api/model", {"address": model.base_url, "model": "scripted", "key": KEY})
        stack.of("llm")[0].send(signal.SIGKILL)
        stack.start("llm")
        stack.wait_ready()
        assert await reply_to(stack, HELLO) == "I like owls."
        status, kept = await rest(stack, "GET", "/api/model")
    assert (status, kept["source"], kept["has_key"]) == (200, "page", True)


async def test_second_worker_uses_the_connection_at_once(stack: Stack) -> None:
    stack.start("llm")
    stack.wait_ready()
    async with ScriptedModel(default=OWL) as model:
        await rest(stack, "PUT", "/api/model", {"address": model.base_url, "model": "scripted"})
        replies = await asyncio.gather(*(reply_to(stack, HELLO) for _ in range(6)))
    assert set(replies) == {"I like owls."}


async def test_key_is_in_a_file_of_its_owner_alone_and_neither_in_redis_files_nor_in_an_answer(tmp_path: Path) -> None:
    folder = tmp_path / "stack"
    with Stack(folder, workers=WORKERS, env={"TERTULIA_LOG_LEVEL": "DEBUG"}, fsync="always") as stack:
        stack.unsaid.add(KEY)
        async with ScriptedModel(default=OWL, key=KEY) as model:
            wanted = {"address": model.base_url, "model": "scripted", "key": KEY}
            answers = [
                await rest(stack, "PUT", "/api/model", {**wanted, "key": f"{KEY}-wrong"}),
                await rest(stack, "PUT", "/api/model", wanted),
                await rest(stack, "GET", "/api/model"),
                await rest(stack, "GET", "/api/status"),
            ]
        file = stack.data_dir / FILE_NAME
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert json.loads(file.read_text())["key"] == KEY
    assert [status for status, _ in answers] == [422, 200, 200, 200]
    assert answers[0][1]["errors"][0]["field"] == "key"
    assert KEY not in json.dumps(answers)
    written = b"".join(path.read_bytes() for path in (folder / "redis").rglob("*.aof"))
    assert b"sealed_key" in written
    assert KEY.encode() not in written


async def test_environment_wins_over_the_page(tmp_path: Path) -> None:
    async with ScriptedModel(default=OWL) as model:
        env = {"TERTULIA_LLM_BASE_URL": model.base_url, "TERTULIA_LLM_MODEL": "from/environment"}
        with Stack(tmp_path / "stack", workers=WORKERS, env=env) as stack:
            _, state = await rest(stack, "GET", "/api/model")
            refused = await rest(stack, "PUT", "/api/model", {"address": model.base_url, "model": "scripted"})
    assert (state["source"], state["model"]) == ("environment", "from/environment")
    assert refused[0] == 409
    assert "environment" in refused[1]["detail"]
