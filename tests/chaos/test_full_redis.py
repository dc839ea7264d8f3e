"""A small Redis. Turns do not fill it. If something else fills it, clients are warned, and turns continue
afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
import redis
from redis.exceptions import OutOfMemoryError

from tertulia_shared.ids import new_id
from tests.harness.client import talk
from tests.harness.stack import Stack

TURNS = 100
MB = 1024 * 1024
LIMIT_MB = 8


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder: Path = tmp_path_factory.mktemp("small") / "stack"
    options = ["--maxmemory", f"{LIMIT_MB}mb", "--maxmemory-policy", "noeviction"]
    with Stack(folder, env={"TERTULIA_DEMO_TOKENS_PER_SECOND": "400"}, redis_options=options) as running:
        yield running


@pytest.fixture
def client_of(small: Stack) -> Iterator[Any]:
    client = cast("Any", redis.Redis.from_url(small.redis.url))  # pyright: ignore[reportUnknownMemberType] - untyped kwargs
    yield client
    client.close()


@pytest.mark.timeout(300)
async def test_turns_do_not_fill_redis(small: Stack, client_of: Any) -> None:
    heard, most = 0, 0
    async with talk(*small.urls) as client:
        for _ in range(TURNS):
            turn_id = new_id()
            await client.hears("Luna, what do you think about the stars?", turn_id)
            heard += sum(len(bytes(s)) for m in client.record.of_turn(turn_id) for s in m.pcm.values())
            most = max(most, client_of.info("memory")["used_memory"])
        assert client.record.of("warning") == []
        assert client.record.of("error") == []
    print(f"{TURNS} turns, {heard / MB:.1f} MB of sound, Redis used at most {most / MB:.1f} MB")  # noqa: T201 - figures for the documentation
    assert heard > 1.5 * LIMIT_MB * MB, "without eviction Redis would be full"
    assert most < LIMIT_MB * MB


@pytest.mark.timeout(120)
async def test_turn_continues_when_redis_is_no_longer_full(small: Stack, client_of: Any) -> None:
    async with talk(*small.urls) as client:
        turn_id = new_id()
        await client.say("Luna, tell me a very long story", turn_id)
        await client.until_frames(10)
        names: list[str] = []
        try:
            for size in (MB, 16_384):
                while True:
                    names.append(f"ballast:{len(names)}")
                    client_of.set(names[-1], b"x" * size)
        except OutOfMemoryError:
            client_of.config_set("maxmemory", MB)  # deleting audio cannot free enough memory
        warning = await client.until_event("warning")
        assert warning["code"] == "writes_paused"
        assert "no memory" in warning["message"]
        client_of.config_set("maxmemory", f"{LIMIT_MB}mb")
        client_of.delete(*names)
        assert (await client.until_event("warning", 2))["code"] == "writes_resumed"
        await client.until_done(turn_id)
        await client.hears("Luna, what do you think about the stars?", new_id())
        assert len(client.record.of("warning")) == 2
