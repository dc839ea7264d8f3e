"""The real bus during faults of Redis: restart, kill, stall, lost scripts, broken connections. Also logins."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from tertulia_shared.bus import Append, Bus, BusError, BusUnavailable, Owned, WriteRefused
from tertulia_shared.bus.address import RedisAddress
from tertulia_shared.bus.link import Link
from tertulia_shared.bus.redis_bus import RedisBus, open_bus
from tertulia_shared.entries import Work
from tertulia_shared.events import TurnComplete
from tertulia_shared.ids import new_id
from tertulia_shared.keys import Keys
from tests.harness.bus import claimed, owned, read_count, running
from tests.harness.eventually import eventually
from tests.harness.leftover_keys import Leftovers
from tests.servers.redis_server import RedisServer

pytestmark = pytest.mark.slow

C = new_id()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    """A Redis for one test. It keeps all data that it acknowledged."""
    with RedisServer(tmp_path, fsync="always") as running_server:
        yield running_server


@pytest.fixture
async def bus(server: RedisServer, keys: Keys) -> AsyncGenerator[RedisBus]:
    async with running(server.url, keys) as made:
        yield made
    left = Leftovers(server.url, keys)
    assert left.faults() == []
    left.clear()


@pytest.fixture
async def admin(server: RedisServer) -> AsyncGenerator[Any]:
    """A connection to Redis that does not use the bus."""
    client = cast("Any", Redis.from_url(server.url))  # pyright: ignore[reportUnknownMemberType] - untyped kwargs
    yield client
    await client.aclose()


async def write(bus: Bus, *names: str) -> None:
    outlet = bus.outlet()
    for name in names:
        outlet.append(bus.keys.events(C), TurnComplete(name))
    await outlet.flush()


async def answers(bus: Bus) -> bool:
    """True if the bus reaches Redis again."""
    try:
        await bus.ping()
    except BusUnavailable:
        return False
    return True


def restart(server: RedisServer, how: str) -> None:
    if how == "kill":
        server.kill()
    else:
        server.stop()
    server.start()


@pytest.mark.parametrize("how", ["stop", "kill"])
async def test_bus_reads_and_writes_again_after_a_restart_of_redis(
    server: RedisServer, bus: RedisBus, how: str
) -> None:
    follow = bus.follow(bus.keys.events(C))
    await write(bus, "before")
    assert [entry.fields[b"turn_id"] for entry in await follow.read()] == [b"before"]
    claim = await claimed(bus, "llm", "a")
    mine = await owned(bus, claim, C, "turns")

    await asyncio.to_thread(restart, server, how)

    await eventually(lambda: answers(bus))
    await _until_written(bus, "after")
    entries = await read_count(follow, 1)
    assert {entry.fields[b"turn_id"] for entry in entries} == {b"after"}  # the entry "before" is not read again
    # the claim, its owner and the scripts still exist
    assert await bus.renew("llm", "a", [claim.id]) == set()
    assert (await bus.transact(C, [], fence=mine.fence(0), raise_epoch=True)).epoch == 1
    assert await bus.release_turns(mine, C, "0-0") is None
    assert await bus.finish(claim, "a")


async def _until_written(bus: Bus, name: str) -> None:
    # the connection for writes notices the restart only at its next write
    while True:
        try:
            await write(bus, name)
        except BusUnavailable:
            continue
        return


async def test_bus_calls_raise_while_redis_is_unavailable(server: RedisServer, bus: RedisBus) -> None:
    claim = await claimed(bus, "llm", "a")
    outlet = bus.outlet()
    server.kill()
    outlet.append(bus.keys.events(C), TurnComplete("t"))
    with pytest.raises(BusUnavailable):
        await outlet.flush()
    with pytest.raises(BusUnavailable):
        outlet.append(bus.keys.events(C), TurnComplete("t"))
    calls: list[Awaitable[object]] = [
        bus.ping(), bus.prepare("llm"), bus.post("llm", Work(C)), bus.claim("llm", "a", count=1, block_s=30),
        bus.take_over("llm", "a", idle_s=0, count=1), bus.renew("llm", "a", [claim.id]), bus.finish(claim, "a"),
        bus.nack(claim, "a"), bus.requeue(claim, "a"), bus.own(claim, C, "turns"),
        bus.transact(C, [], then=("llm", Work(C))),
        bus.read(bus.keys.events(C)), bus.last(bus.keys.events(C)), bus.hash(bus.keys.state(C)),
        bus.beat("a"), bus.leave("a"), bus.alive(1), bus.open_work("llm"),
    ]  # fmt: skip
    for result in await asyncio.gather(*calls, return_exceptions=True):
        assert isinstance(result, BusUnavailable), result
    await asyncio.to_thread(server.start)
    await eventually(lambda: answers(bus))


async def test_waiting_claim_raises_when_redis_becomes_unavailable(server: RedisServer, bus: RedisBus) -> None:
    await bus.prepare("llm")
    waiting = asyncio.create_task(bus.claim("llm", "a", count=1, block_s=60))
    await asyncio.sleep(0)
    await asyncio.to_thread(restart, server, "kill")
    with pytest.raises(BusUnavailable):
        await waiting
    await eventually(lambda: answers(bus))
    assert (await claimed(bus, "llm", "a")).attempt == 1


async def test_scripts_are_loaded_again_after_they_were_flushed(bus: RedisBus, admin: Any) -> None:
    claim = await claimed(bus, "llm", "a")
    await write(bus, "1")
    await admin.script_flush()
    await write(bus, "2")
    await admin.script_flush()
    mine = await owned(bus, claim, C, "turns")
    await admin.script_flush()
    assert (await bus.transact(C, [], fence=mine.fence(), raise_epoch=True)).new
    await admin.script_flush()
    # several scripts at once, in one pipeline and over both connections
    await asyncio.gather(*(bus.transact(C, [], raise_epoch=True) for _ in range(10)), write(bus, "3"))
    assert await bus.finish(claim, "a")
    assert (await bus.hash(bus.keys.state(C)))[b"epoch"] == b"11"
    assert [entry.fields[b"turn_id"] for entry in await bus.read(bus.keys.events(C))] == [b"1", b"2", b"3"]


async def test_takeover_finds_nothing_after_a_flush_and_makes_the_consumer_group_again(
    bus: RedisBus, admin: Any
) -> None:
    await claimed(bus, worker="a")
    await admin.flushall()
    assert await bus.take_over("tts", "b", idle_s=0, count=9) == []
    await bus.post("tts", Work("new"))
    assert await bus.take_over("tts", "b", idle_s=0, count=9) == []
    (claim,) = await bus.claim("tts", "b", count=9, block_s=0)
    assert claim.attempt == 1


async def test_owner_can_be_replaced_after_the_consumer_group_was_deleted(bus: RedisBus, admin: Any) -> None:
    first = await claimed(bus)
    assert isinstance(await bus.own(first, C, "turns"), Owned)
    await admin.delete(bus.keys.work("tts").name)  # this also deletes the consumer group
    other = replace(first, id="1-1")
    assert isinstance(await bus.own(other, C, "turns"), Owned)


async def test_broken_connections_raise_an_error_and_are_opened_again(bus: RedisBus, admin: Any) -> None:
    follow = bus.follow(bus.keys.events(C))
    accepted = failures = 0

    async def cut() -> None:
        while failures < 3:
            for client in await admin.client_list():
                if client["name"].startswith("tertulia:"):
                    await admin.client_kill_filter(_id=client["id"])

    async def write_on() -> None:
        nonlocal accepted, failures
        while failures < 3:
            try:
                await write(bus, str(accepted))
                accepted += 1
            except BusUnavailable:
                failures += 1  # Redis may have executed the write, or not

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(cut())
        tasks.create_task(write_on())
    await eventually(lambda: answers(bus))
    await _until_written(bus, "end")

    got: list[bytes] = []
    while not got or got[-1] != b"end":
        got += [entry.fields[b"turn_id"] for entry in await follow.read()]
    there = [entry.fields[b"turn_id"] for entry in await bus.read(bus.keys.events(C))]
    assert got == there  # each entry is there once and in order, although several connections were used
    assert {str(n).encode() for n in range(accepted)} <= set(there)


async def test_write_raises_if_the_connection_breaks_before_the_reply_comes(server: RedisServer, bus: RedisBus) -> None:
    await write(bus, "1")
    server.pause()
    outlet = bus.outlet()
    outlet.append(bus.keys.events(C), TurnComplete("2"))
    await eventually(lambda: bus._writes.is_waiting)  # the write was sent, and the server does not answer
    await asyncio.to_thread(restart, server, "kill")
    with pytest.raises(BusUnavailable):
        await outlet.flush()
    await _until_written(bus, "3")
    await eventually(lambda: answers(bus))
    assert [entry.fields[b"turn_id"] for entry in await bus.read(bus.keys.events(C))] == [b"1", b"3"]


async def test_late_reply_to_a_timed_out_call_is_not_returned_by_the_next_call(server: RedisServer) -> None:
    link = Link(RedisAddress.parse(server.url), "late")
    assert await link.call(("ECHO", "1")) == [b"1"]
    server.pause()
    with pytest.raises(BusUnavailable):
        await link.call(("ECHO", "2"), timeout_s=0.05)
    server.resume()
    assert await link.call(("ECHO", "3"), ("ECHO", "4")) == [b"3", b"4"]
    await link.close()


async def test_refused_connection_raises_the_error_that_redis_gave(bus: RedisBus, admin: Any) -> None:
    claim = await claimed(bus, "llm", "a")
    await admin.config_set("maxmemory", 1)
    outlet = bus.outlet()
    outlet.append(bus.keys.events(C), TurnComplete("t"))
    with pytest.raises(WriteRefused, match=r"(?i)memory"):
        await outlet.flush()
    once = bus.keys.turn_seen(C, "t")
    with pytest.raises(WriteRefused, match=r"(?i)memory"):
        await bus.transact(C, [Append(bus.keys.turns(C), TurnComplete("t"))], once=once, raise_epoch=True)
    with pytest.raises(WriteRefused, match=r"(?i)memory"):
        await bus.post("llm", Work(C))
    with pytest.raises(WriteRefused, match=r"(?i)memory"):
        await bus.beat("llm:a:demo")
    await admin.config_set("maxmemory", 0)
    assert (await bus.transact(C, [], once=once)).epoch == 0  # the transaction that was refused has written nothing
    assert await bus.finish(claim, "a")


async def test_bus_works_over_a_unix_socket_with_a_password(tmp_path: Path, keys: Keys) -> None:
    with RedisServer(tmp_path, unix=True, password="secret") as server:  # noqa: S106 - this server lives for a second
        async with open_bus(server.url, keys) as bus:
            await write(bus, "1")
            assert len(await bus.follow(bus.keys.events(C)).read()) == 1
        with pytest.raises(BusUnavailable) as refused:
            async with open_bus(server.url.replace("secret", "wrong"), keys):
                pass
        assert "wrong" not in str(refused.value)


async def test_bus_works_with_the_rights_of_a_service(server: RedisServer, keys: Keys, admin: Any) -> None:
    await admin.execute_command(
        "ACL", "SETUSER", "tertulia", "on", ">pw", f"~{keys.ns}:*", "+@all", "-@dangerous", "+client", "+keys", "-keys"
    )
    url = server.url.replace("redis://", "redis://tertulia:pw@")
    async with running(url, keys) as bus:
        claim = await claimed(bus, "llm", "a")
        mine = await owned(bus, claim, C, "turns")
        follow = bus.follow(keys.events(C))
        outlet = bus.outlet(mine.fence(0))
        outlet.append(keys.events(C), TurnComplete("t"))
        await outlet.flush()
        assert len(await follow.read()) == 1
        assert [c async for c in bus.conversations_with_turns()] == []
        assert await bus.finish(claim, "a")
        other = RedisBus(url, Keys("other"))
        with pytest.raises((BusError, RedisError), match=r"(?i)perm"):
            await other.open_work("llm")
        await other.close()


async def test_opening_a_bus_without_a_server_raises_at_once(keys: Keys, tmp_path: Path) -> None:
    with pytest.raises(BusUnavailable):
        async with open_bus(f"unix://{tmp_path}/none.sock", keys):
            pass
    with pytest.raises(ValueError, match=r"(?i)url|scheme"):
        async with open_bus("http://127.0.0.1", keys):
            pass


async def test_bus_that_is_closed_right_after_opening_leaves_no_connection(
    server: RedisServer, keys: Keys, admin: Any
) -> None:
    kept: list[Bus] = []
    for _ in range(5):
        async with open_bus(server.url, keys, name="brief") as bus:
            kept.append(bus)  # the bus is closed before any of its tasks has started

    async def alone() -> bool:
        return not any(client["name"].startswith("brief:") for client in await admin.client_list())

    await eventually(alone)


async def test_bus_can_be_closed_at_any_step_of_a_read(server: RedisServer, keys: Keys) -> None:
    async with running(server.url, keys) as bus:
        await write(bus, "1")
    for ticks in range(40):
        async with open_bus(server.url, keys) as bus:
            follow = bus.follow(keys.events(C))
            for _ in range(ticks):
                await asyncio.sleep(0)
            if ticks % 4 == 0:
                await follow.read()
