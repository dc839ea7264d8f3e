"""A gateway's requests about the model server and an llm worker's answers, on the fake bus and on the real one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tertulia_gateway import model_requests
from tertulia_gateway.model_requests import ModelRequestFailed, Target
from tertulia_gateway.model_requests import ModelRequests as Asking
from tertulia_llm.connection.failures import CannotConnect
from tertulia_llm.connection.requests import ModelRequests as Answering
from tertulia_shared.bus import Bus, Entry
from tertulia_shared.clock import wall_ms
from tertulia_shared.entries import ModelRequest
from tertulia_shared.ids import new_id
from tertulia_shared.keys import Key
from tertulia_shared.sealing import CannotOpen, Unsealer
from tests.harness.eventually import eventually

KEY = "sk-made-up-0123456789"
ADDRESS = "https://models.example/v1"


class ScriptedService:
    """Answers every request with its kind, or raises the scripted error. `keys`: those that it could open."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.unsealer = Unsealer()
        self.kinds: list[str] = []
        self.keys: list[str] = []
        self.hold: asyncio.Event | None = None

    async def result(self, request: ModelRequest) -> dict[str, Any]:
        self.kinds.append(request.kind)
        if request.kind == "describe":
            return {"public_key": self.unsealer.public_key}
        if self.hold is not None:
            await self.hold.wait()
        if request.sealed_key:
            self.keys.append(self.unsealer.open(request.sealed_key, request.address))
        if self.errors:
            raise self.errors.pop(0)
        return {"did": request.kind}


@asynccontextmanager
async def answering(bus: Bus, service: ScriptedService, name: str = "llm-1") -> AsyncGenerator[None]:
    async with asyncio.TaskGroup() as tasks:
        worker = tasks.create_task(Answering(bus, service, name, wall_ms=wall_ms).run())  # type: ignore[arg-type]
        yield
        worker.cancel()


async def collect(bus: Bus, into: list[Entry]) -> None:
    """Collect the requests; the worker deletes them."""
    requests = bus.follow(bus.keys.model_requests())
    while True:
        into += await requests.read()


async def gone(bus: Bus, key: Key) -> bool:
    return await bus.length(key) == 0


async def test_worker_answers_and_request_and_answer_are_deleted(bus: Bus) -> None:
    service = ScriptedService()
    entries: list[Entry] = []
    async with answering(bus, service), asyncio.TaskGroup() as tasks:
        collecting = tasks.create_task(collect(bus, entries))
        assert await Asking(bus, wall_ms).find() == {"did": "find"}
        await eventually(lambda: entries or None, "the request is seen")
        await eventually(lambda: gone(bus, bus.keys.model_requests()), "the request is deleted")
        collecting.cancel()
    assert await gone(bus, bus.keys.model_answer(entries[0].fields[b"request_id"].decode()))


async def test_key_reaches_the_worker_and_is_not_in_redis(bus: Bus) -> None:
    service = ScriptedService()
    entries: list[Entry] = []
    async with answering(bus, service), asyncio.TaskGroup() as tasks:
        collecting = tasks.create_task(collect(bus, entries))
        await Asking(bus, wall_ms).connect(Target(ADDRESS, "m", KEY))
        await eventually(lambda: len(entries) == 2 or None, "the requests for the public key and with the sealed key")
        collecting.cancel()
    assert service.keys == [KEY]
    assert any(b"sealed_key" in entry.fields for entry in entries)
    assert not any(KEY.encode() in value for entry in entries for value in entry.fields.values())


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (CannotConnect("llm_auth", "The key is wrong."), "llm_auth", "The key is wrong."),
        (ValueError("address: must be a URL"), "invalid", "must be a URL"),
        (OSError(28, "No space left on device"), "failed", "No space left on device"),
        (RuntimeError(f"unexpected: {KEY}"), "failed", "RuntimeError"),
    ],
)
async def test_failure_reaches_the_gateway_in_words(
    bus: Bus, error: Exception, code: str, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with answering(bus, ScriptedService(error)):
        with pytest.raises(ModelRequestFailed, match=words) as raised:
            await Asking(bus, wall_ms).connect(Target(ADDRESS, "m"))
    assert raised.value.code == code
    assert KEY not in str(raised.value)
    assert KEY not in caplog.text


async def test_key_is_sealed_again_if_another_worker_took_over(bus: Bus) -> None:
    service = ScriptedService(CannotOpen())
    async with answering(bus, service):
        assert await Asking(bus, wall_ms).connect(Target(ADDRESS, "m", KEY)) == {"did": "connect"}
    assert service.kinds == ["describe", "connect", "describe", "connect"]


async def test_second_worker_answers_after_the_first_has_stopped(bus: Bus) -> None:
    first, second = ScriptedService(), ScriptedService()
    async with answering(bus, first, "llm-1"):
        await Asking(bus, wall_ms).find()
        async with answering(bus, second, "llm-2"):
            await Asking(bus, wall_ms).find()
    async with answering(bus, second, "llm-2"):
        await Asking(bus, wall_ms).find()
    assert (first.kinds, second.kinds) == (["find", "find"], ["find"])


async def test_request_whose_deadline_has_passed_is_not_served(bus: Bus) -> None:
    outlet = bus.outlet()
    outlet.append(bus.keys.model_requests(), ModelRequest(new_id(), "forget", wall_ms() - 1))
    await outlet.flush()
    service = ScriptedService()
    async with answering(bus, service):
        await Asking(bus, wall_ms).find()
    assert service.kinds == ["find"]


async def test_without_a_worker_the_request_fails(bus: Bus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_requests, "QUICK_S", 0.05)
    with pytest.raises(ModelRequestFailed, match="No llm worker answered") as raised:
        await Asking(bus, wall_ms).describe()
    assert raised.value.code == "no_worker"


async def test_worker_that_is_busy_says_so(bus: Bus) -> None:
    service = ScriptedService()
    service.hold = asyncio.Event()
    asking = Asking(bus, wall_ms)
    async with answering(bus, service), asyncio.TaskGroup() as tasks:
        waiting = [tasks.create_task(asking.find()) for _ in range(4)]
        await eventually(lambda: len(service.kinds) == 4 or None, "four requests are being served")
        with pytest.raises(ModelRequestFailed, match="Try again in a moment") as raised:
            await asking.find()
        service.hold.set()
        assert [await each for each in waiting] == [{"did": "find"}] * 4
    assert raised.value.code == "busy"
