"""Redis answers but refuses writes: each client is warned once, and a message that is sent again is written once."""

from __future__ import annotations

import asyncio
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any, cast

import httpx2
import pytest
import redis
from redis.exceptions import OutOfMemoryError

from tertulia_shared.entry_ids import order
from tertulia_shared.keys import Keys
from tests.harness.eventually import PATIENCE_S, eventually
from tests.harness.gateway import Client, Workers, gateway
from tests.servers.redis_server import RedisServer

TURN = "12345678-1234-4234-8234-123456789012"


class Pausable:
    """A small Redis that can be made to refuse writes, for either of two reasons."""

    def __init__(self, server: RedisServer) -> None:
        self.server = server
        self.client = cast("Any", redis.Redis.from_url(server.url))  # pyright: ignore[reportUnknownMemberType] - untyped kwargs

    @contextmanager
    def paused(self, kind: str) -> Generator[None]:
        if kind == "full":
            ballast = 0
            try:
                for size in (1 << 20, 1 << 14):
                    while True:
                        self.client.set(f"ballast:{ballast}", b"x" * size)
                        ballast += 1
            except OutOfMemoryError:
                self.client.config_set("maxmemory", 1 << 20)  # leave no memory for even a small write
            yield
            self.client.config_set("maxmemory", "32mb")
            self.client.delete(*(f"ballast:{number}" for number in range(ballast + 1)))
        else:
            self.client.config_set("min-replicas-to-write", 1)
            yield
            self.client.config_set("min-replicas-to-write", 0)


@pytest.fixture
def pausable(tmp_path: Path) -> Iterator[Pausable]:
    options = ["--maxmemory", "32mb", "--maxmemory-policy", "noeviction"]
    with RedisServer(tmp_path / "redis", options=options) as server:
        made = Pausable(server)
        yield made
        made.client.close()


KINDS = pytest.mark.parametrize(("kind", "cause"), [("full", "no memory"), ("lonely", "replicas")])


@KINDS
async def test_client_is_warned_once_while_redis_refuses_writes(
    pausable: Pausable, keys: Keys, kind: str, cause: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with gateway(pausable.server.url, keys) as made, Client.at(made.url()) as client:
        await client.next()
        with pausable.paused(kind):
            warning = await client.until("warning")
            assert (warning["code"], cause in warning["message"]) == ("writes_paused", True)
            for _ in range(20):
                await client.send("user_message", text="are you there?", turn_id=TURN)
                refused = await client.until("error")
                assert (refused["code"], refused["turn_id"]) == ("unavailable", TURN)
                assert cause in refused["message"]
        assert (await client.until("warning"))["code"] == "writes_resumed"
        await client.send("user_message", text="are you there?", turn_id=TURN)
        await client.until("turn_accepted")
        workers = Workers(made.bus, client.conversation_id)
        turn, epoch = await workers.next_turn()
        assert turn.turn_id == TURN
        await workers.reply(turn, epoch).whole()
        await client.until("turn_metrics")
        assert [frame["code"] for frame in client.of("warning")] == ["writes_paused", "writes_resumed"]
        assert len(await made.bus.read(keys.turns(client.conversation_id))) == 1
    lines = [record for record in caplog.records if "refused" in record.getMessage() and record.levelname != "DEBUG"]
    assert len(lines) == 1, "one line for the outage"


@KINDS
async def test_client_that_connects_while_redis_refuses_writes_gets_an_error_and_later_a_conversation(
    pausable: Pausable, keys: Keys, kind: str, cause: str
) -> None:
    async with gateway(pausable.server.url, keys) as made:
        with pausable.paused(kind):
            async with Client.at(made.url()) as client:
                refused = await client.until("error")
                assert refused["code"] == "unavailable"
                assert cause in refused["message"]
        async with Client.at(made.url()) as later:
            await later.until("conversation_started")


@KINDS
async def test_receipts_that_redis_refused_are_written_before_the_next_turn(
    pausable: Pausable, keys: Keys, kind: str, cause: str
) -> None:
    async with gateway(pausable.server.url, keys) as made, Client.at(made.url()) as client:
        await client.next()
        receipts, turns = keys.receipts(client.conversation_id), keys.turns(client.conversation_id)
        with pausable.paused(kind):
            for chunk in (1, 2):
                await client.send("playback", message_id=TURN, sentence_index=0, chunk_index=chunk, played_ms=200)
            await client.send("user_message", text="are you there?", turn_id=TURN)
            assert cause in (await client.until("error"))["message"]
        await client.send("user_message", text="are you there?", turn_id=TURN)
        await client.until("turn_accepted")
        written, accepted = await made.bus.read(receipts), await made.bus.read(turns)
        assert [entry.fields[b"chunk_index"] for entry in written] == [b"2"]
        assert order(written[0].id) <= order(accepted[0].id)


@KINDS
async def test_receipts_that_redis_refused_are_written_although_the_client_says_nothing_more(
    pausable: Pausable, keys: Keys, kind: str, cause: str
) -> None:
    async with gateway(pausable.server.url, keys) as made, Client.at(made.url()) as client:
        await client.next()
        receipts = keys.receipts(client.conversation_id)
        with pausable.paused(kind):
            await client.send("playback", message_id=TURN, sentence_index=0, chunk_index=2, played_ms=200)
            assert cause in (await client.until("warning"))["message"]
            assert await made.bus.read(receipts) == []
        async with asyncio.timeout(PATIENCE_S):
            written = await made.bus.follow(receipts).read()
        assert [entry.fields[b"chunk_index"] for entry in written] == [b"2"]


@KINDS
async def test_receipts_that_redis_refused_are_written_although_the_client_has_gone(
    pausable: Pausable, keys: Keys, kind: str, cause: str
) -> None:
    async with gateway(pausable.server.url, keys) as made:
        async with Client.at(made.url()) as client:
            await client.next()
            receipts = keys.receipts(client.conversation_id)
            with pausable.paused(kind):
                await client.send("playback", message_id=TURN, sentence_index=0, chunk_index=2, played_ms=200)
                assert cause in (await client.until("warning"))["message"]
                await client.socket.close()
                assert await made.bus.read(receipts) == []
        async with asyncio.timeout(PATIENCE_S):
            written = await made.bus.follow(receipts).read()
        assert [entry.fields[b"chunk_index"] for entry in written] == [b"2"]


async def test_microphone_audio_that_redis_refused_is_written_later(pausable: Pausable, keys: Keys) -> None:
    async with gateway(pausable.server.url, keys) as made, Client.at(made.url()) as client:
        await client.next()
        await client.send("start_listening")
        frames = [bytes([number, 0]) * 320 for number in range(50)]
        with pausable.paused("full"):
            await client.until("warning")
            for frame in frames:
                await client.socket.send(frame)
            await client.send("stop_listening")
            await client.send("user_message", text="now", turn_id=TURN)
            assert (await client.until("error"))["turn_id"] == TURN, "the audio frames before it were accepted"
        assert (await client.until("warning"))["code"] == "writes_resumed"
        follow = made.bus.follow(keys.work("stt"))
        async with asyncio.timeout(PATIENCE_S):
            session = (await follow.read())[0].fields[b"session_id"].decode()
            mic = made.bus.follow(keys.mic(client.conversation_id, session))
            heard: list[bytes] = []
            while len(heard) <= len(frames):
                heard += [entry.fields[b"pcm"] for entry in await mic.read()]
        assert heard == [*frames, b""]
        assert [frame["code"] for frame in client.of("error")] == ["unavailable"], "no error about the microphone"


async def test_readiness_and_the_metric_say_that_redis_is_full(pausable: Pausable, keys: Keys) -> None:
    async with gateway(pausable.server.url, keys) as made, httpx2.AsyncClient(
        base_url=f"http://127.0.0.1:{made.port}"
    ) as api:  # fmt: skip
        for member in ("stt:a:pocketsphinx", "llm:b:demo", "tts:c:espeak"):
            await made.bus.beat(member)
        assert (await api.get("/readyz")).json()["problems"] == []
        with pausable.paused("full"):

            async def reported() -> set[str]:
                ready = await api.get("/readyz")
                codes = {problem["code"] for problem in ready.json()["problems"]}
                return codes if ready.status_code == HTTPStatus.SERVICE_UNAVAILABLE else set()

            codes = await eventually(reported, "the problems")
            assert codes == {"redis_refuses_writes", "redis_nearly_full"}

            async def shown() -> bool:
                return 'tertulia_problem{code="redis_refuses_writes"} 1.0' in (await api.get("/metrics")).text

            await eventually(shown, "the metric")
