"""Leases on a real Redis. A process that gets little CPU time keeps them. A suspended process and a process whose event
loop hangs lose them.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
import redis

from tertulia_shared.bus import Bus
from tertulia_shared.bus.address import RedisAddress
from tertulia_shared.bus.blocking_connection import BlockingConnection
from tertulia_shared.bus.lease_keeper import LeaseKeeper
from tertulia_shared.bus.redis_bus import open_bus
from tertulia_shared.bus.scripts.work import renew
from tertulia_shared.keys import Keys
from tests.harness.bus import claimed
from tests.harness.eventually import eventually
from tests.harness.service_process import cpu_s
from tests.servers.redis_server import RedisServer

pytestmark = pytest.mark.slow

STARVED_S = float(os.environ.get("TERTULIA_STARVED_S", "5"))
"""How long a process gets little CPU time. The figures in the documentation come from a minute and more."""
LEASE_S = 3.0
PERIOD_S, RUNS_S = 0.2, 0.02
"""The process gets a tenth of each such period: a period lasts longer if a busy machine does not give it at once."""

HOLDER = """
import asyncio, sys
from tertulia_shared.bus.redis_bus import open_bus
from tertulia_shared.keys import Keys

async def main():
    url, ns, lease_s = sys.argv[1], sys.argv[2], float(sys.argv[3])
    async with open_bus(url, Keys(ns)) as bus:
        await bus.prepare("tts")
        claims = await bus.claim("tts", "starved", count=64, block_s=30)
        held = {claim.id: claim.attempt for claim in claims}
        lost = lambda work_id, attempt: print("lost", work_id, flush=True)
        async with bus.keep_leases("tts", "starved", every_s=lease_s / 6, held=lambda: held, on_lost=lost):
            print("holds", len(held), flush=True)
            while True:  # a busy event loop, as one that speaks many messages
                sum(range(20_000))
                await asyncio.sleep(0)

asyncio.run(main())
"""


@pytest.fixture
def holder(redis_url: str, keys: Keys) -> Iterator[subprocess.Popen[str]]:
    """A process that has work and computes all the time."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, redis_url, keys.ns, str(LEASE_S)], stdout=subprocess.PIPE, text=True
    ) as process:
        yield process
        process.send_signal(signal.SIGCONT)
        process.kill()


async def holding(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    line = await asyncio.to_thread(process.stdout.readline)
    assert line.startswith("holds"), line


async def test_process_that_gets_a_tenth_of_a_core_keeps_its_work(
    redis_url: str, keys: Keys, holder: subprocess.Popen[str]
) -> None:
    async with open_bus(redis_url, keys) as bus:
        claim_id = await _post(bus)
        await holding(holder)
        until = time.monotonic() + STARVED_S
        while time.monotonic() < until:
            holder.send_signal(signal.SIGSTOP)
            await asyncio.sleep(PERIOD_S - RUNS_S)
            begun_s = cpu_s(holder.pid)
            holder.send_signal(signal.SIGCONT)
            await eventually(lambda begun_s=begun_s: cpu_s(holder.pid) >= begun_s + RUNS_S, "it has run")
            assert await bus.take_over("tts", "peer", idle_s=LEASE_S, count=1) == []
        assert [held.id for held in await bus.pending("tts")] == [claim_id]


async def test_suspended_process_loses_its_work_when_the_lease_expires(
    redis_url: str, keys: Keys, holder: subprocess.Popen[str]
) -> None:
    async with open_bus(redis_url, keys) as bus:
        await _post(bus)
        await holding(holder)
        holder.send_signal(signal.SIGSTOP)
        while not await bus.take_over("tts", "peer", idle_s=LEASE_S, count=1):  # noqa: ASYNC110 - another process changes it
            await asyncio.sleep(0.05)
        holder.send_signal(signal.SIGCONT)
        assert holder.stdout is not None
        assert (await asyncio.to_thread(holder.stdout.readline)).startswith("lost")


async def test_process_whose_event_loop_hangs_loses_its_work(redis_url: str, keys: Keys) -> None:
    hung_s, every_s = 0.5, 0.05
    async with open_bus(redis_url, keys) as bus:
        claim = await claimed(bus, worker="hung")
        address = RedisAddress.parse(redis_url)
        keeper = LeaseKeeper(
            lambda timeout_s: BlockingConnection(address, "test", timeout_s),
            lambda ids: renew(stream_key=keys.work("tts").name, group="tts", worker="hung", work_ids=ids),
            every_s=every_s, held=lambda: {claim.id: claim.attempt}, on_lost=lambda _id, _attempt: None, hung_s=hung_s,
        )  # fmt: skip
        client = cast("Any", redis.Redis.from_url(redis_url))  # pyright: ignore[reportUnknownMemberType] - untyped kwargs
        idle_ms: list[int] = []
        async with keeper.running():
            begun = time.monotonic()
            while time.monotonic() - begun < 3 * hung_s:  # this call blocks the event loop
                (pending,) = client.xpending_range(keys.work("tts").name, "tts", "-", "+", 1)
                idle_ms.append(pending["time_since_delivered"])
            assert idle_ms[-1] > hung_s * 1000, "nothing was renewed while it hung"
            await eventually(
                lambda: (
                    client.xpending_range(keys.work("tts").name, "tts", "-", "+", 1)[0]["time_since_delivered"] < 400
                ),
                "it is renewed again",
            )
        client.close()


async def test_leases_are_renewed_over_a_unix_socket_with_a_login(tmp_path: Path, keys: Keys) -> None:
    with RedisServer(tmp_path, unix=True, password="secret") as server:  # noqa: S106 - this server lives for a second
        async with open_bus(server.url, keys) as bus:
            await _is_kept(bus)


async def test_leases_are_renewed_again_after_the_connection_was_broken(redis_url: str, keys: Keys) -> None:
    client = cast("Any", redis.Redis.from_url(redis_url))  # pyright: ignore[reportUnknownMemberType] - untyped kwargs
    async with open_bus(redis_url, keys, name="cut") as bus:
        claim = await claimed(bus, worker="a")
        lost: list[str] = []
        async with bus.keep_leases(
            "tts", "a", every_s=0.05, held=lambda: {claim.id: 1}, on_lost=lambda work_id, _: lost.append(work_id)
        ):
            named = f"cut:{os.getpid()}:leases"

            def ids() -> set[str]:
                return {each["id"] for each in client.client_list() if each["name"] == named}

            (before,) = await eventually(ids, "the connection")
            client.client_kill_filter(_id=before)
            client.script_flush()
            await eventually(lambda: ids() - {before}, "a new connection")
            await bus.take_over("tts", "b", idle_s=0, count=1)
            await eventually(lambda: lost, "the loss is reported over it")
    client.close()


async def _post(bus: Bus) -> str:
    claim = await claimed(bus, worker="first")
    assert await bus.requeue(claim, "first")
    return (await bus.read(bus.keys.work("tts")))[0].id


async def _is_kept(bus: Bus) -> None:
    claim = await claimed(bus, worker="a")
    lost: list[str] = []
    async with bus.keep_leases(
        "tts", "a", every_s=0.05, held=lambda: {claim.id: 1}, on_lost=lambda work_id, _: lost.append(work_id)
    ):
        await bus.take_over("tts", "b", idle_s=0, count=1)
        await eventually(lambda: lost, "the loss is reported")


async def test_keeper_at_rest_looks_for_held_work_twice_a_lease_and_renews_it(redis_url: str, keys: Keys) -> None:
    client = cast("Any", redis.Redis.from_url(redis_url))  # pyright: ignore[reportUnknownMemberType] - untyped kwargs
    held: dict[str, int] = {}
    async with open_bus(redis_url, keys) as bus:
        claim = await claimed(bus, worker="a")
        looks: list[float] = []

        def in_hand() -> dict[str, int]:
            looks.append(time.monotonic())
            return dict(held)

        async with bus.keep_leases(
            "tts", "a", every_s=LEASE_S / 6, held=in_hand, on_lost=lambda _id, _: None
        ):  # fmt: skip
            await eventually(lambda: len(looks) > 3, "the keeper is at rest")
            assert min(later - earlier for earlier, later in itertools.pairwise(looks)) < LEASE_S / 2
            held[claim.id] = claim.attempt
            ms = LEASE_S / 2 * 1000
            await eventually(
                lambda: (
                    client.xpending_range(keys.work("tts").name, "tts", "-", "+", 1)[0]["time_since_delivered"] < ms
                ),
                "it is renewed",
            )
    client.close()


async def test_renewal_that_redis_delays_is_reported_with_the_time_since_the_one_before(
    redis_url: str, keys: Keys
) -> None:
    client = cast("Any", redis.Redis.from_url(redis_url))  # pyright: ignore[reportUnknownMemberType] - untyped kwargs
    renewed: list[float] = []
    async with open_bus(redis_url, keys) as bus:
        claim = await claimed(bus, worker="a")
        async with bus.keep_leases(
            "tts", "a", every_s=0.05, held=lambda: {claim.id: 1}, on_lost=lambda _id, _: None,
            on_renewed=renewed.append,
        ):  # fmt: skip
            await eventually(lambda: len(renewed) > 2, "renewals in time")
            assert min(renewed) < 0.3
            client.execute_command("CLIENT", "PAUSE", 600, "ALL")
            await eventually(lambda: max(renewed) > 0.5, "the delayed renewal")
    client.close()
