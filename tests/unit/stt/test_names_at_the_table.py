from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from tertulia_shared.bus import BusUnavailable, Put
from tertulia_shared.character_names import fields_of
from tertulia_shared.conversation_cast import Cast
from tertulia_shared.keys import Key, Keys
from tertulia_shared.testing.memory_bus import MemoryBus
from tertulia_stt.names_at_the_table import REFRESH_S, NamesAtTheTable, without_repetitions
from tests.harness.virtual_time import virtual_time

TALK, LUNA, ZOE = (f"00000000-0000-4000-8000-00000000000{number}" for number in range(3))


class CountingReads(MemoryBus):
    """Counts the reads of hashes."""

    reads = 0

    async def hash(self, key: Key) -> Mapping[bytes, bytes]:
        self.reads += 1
        return await super().hash(key)


async def write(bus: MemoryBus, fields: Mapping[str, str]) -> None:
    outlet = bus.outlet()
    outlet.put(bus.keys.character_names(), fields)
    await outlet.flush()


async def table(*names: str) -> tuple[CountingReads, NamesAtTheTable]:
    bus = CountingReads(Keys("test"))
    await write(bus, fields_of(names))
    return bus, NamesAtTheTable(bus)


@virtual_time
async def test_names_are_read_once_for_all_sessions() -> None:
    bus, at_the_table = await table("Luna", "Ivy")
    await asyncio.gather(*(at_the_table.refresh() for _ in range(5)))
    assert at_the_table.names == ("Luna", "Ivy")
    assert bus.reads == 1


@virtual_time
async def test_names_are_read_again_only_after_some_time() -> None:
    bus, at_the_table = await table("Luna")
    await at_the_table.refresh()
    await write(bus, fields_of(["Ivy"]))
    await at_the_table.refresh()
    assert at_the_table.names == ("Luna",)
    await asyncio.sleep(REFRESH_S)
    await at_the_table.refresh()
    assert at_the_table.names == ("Ivy",)


@virtual_time
async def test_follower_is_told_each_change_once() -> None:
    bus, at_the_table = await table("Luna")
    await at_the_table.refresh()
    told: list[Sequence[str]] = []
    following = asyncio.create_task(at_the_table.follow(TALK, Cast(), at_the_table.names, told.append))
    await asyncio.sleep(3 * REFRESH_S)
    assert told == []
    await write(bus, fields_of(["Luna", "Ivy"]))
    await asyncio.sleep(3 * REFRESH_S)
    await write(bus, fields_of([]))
    await asyncio.sleep(3 * REFRESH_S)
    assert told == [("Luna", "Ivy"), ()]
    following.cancel()


@virtual_time
async def test_follower_is_told_a_change_that_another_session_has_read() -> None:
    _, at_the_table = await table("Luna")
    known = at_the_table.names
    await at_the_table.refresh()
    told: list[Sequence[str]] = []
    following = asyncio.create_task(at_the_table.follow(TALK, Cast(), known, told.append))
    await asyncio.sleep(2 * REFRESH_S)
    assert told == [("Luna",)]
    following.cancel()


@virtual_time
async def test_names_read_last_remain_while_they_cannot_be_read(caplog: pytest.LogCaptureFixture) -> None:
    bus, at_the_table = await table("Luna")
    await at_the_table.refresh()
    await write(bus, {"names": "Luna"})
    await asyncio.sleep(REFRESH_S)
    await at_the_table.refresh()
    bus.break_connection()
    with pytest.raises(BusUnavailable):
        await bus.hash(bus.keys.character_names())
    for _ in range(3):
        await asyncio.sleep(REFRESH_S)
        await at_the_table.refresh()
    assert at_the_table.names == ("Luna",)
    assert len([record for record in caplog.records if "cannot be read" in record.message]) == 1


@virtual_time
async def test_names_are_those_of_the_cast_of_the_conversation() -> None:
    bus, at_the_table = await table()
    await write(bus, fields_of(["Luna"], {LUNA: "Luna", ZOE: "Zoe"}))
    await at_the_table.refresh()
    assert at_the_table.of(Cast()) == ("Luna",)
    assert at_the_table.of(Cast((ZOE, LUNA))) == ("Zoe", "Luna")


@virtual_time
async def test_names_of_an_older_llm_worker_are_those_of_the_active_characters() -> None:
    _, at_the_table = await table("Luna")
    await at_the_table.refresh()
    assert at_the_table.of(Cast((ZOE,))) == ("Luna",)


@virtual_time
async def test_follower_is_told_that_a_character_was_invited() -> None:
    bus, at_the_table = await table()
    await write(bus, fields_of(["Luna"], {LUNA: "Luna", ZOE: "Zoe"}))
    await at_the_table.refresh()
    told: list[Sequence[str]] = []
    following = asyncio.create_task(at_the_table.follow(TALK, Cast(), at_the_table.names, told.append))
    await bus.transact(TALK, [Put(bus.keys.state(TALK), Cast((LUNA, ZOE)).fields())])
    await asyncio.sleep(2 * REFRESH_S)
    following.cancel()
    assert told == [("Luna", "Zoe")]


@virtual_time
async def test_there_are_no_names_if_none_were_written() -> None:
    at_the_table = NamesAtTheTable(MemoryBus(Keys("test")))
    await at_the_table.refresh()
    assert at_the_table.names == ()


def test_words_that_differ_only_in_case_are_the_same() -> None:
    assert without_repetitions("Ivy", "Luna", "luna", "Théo", "IVY", "Kubernetes") == (
        "Ivy", "Luna", "Théo", "Kubernetes",
    )  # fmt: skip
