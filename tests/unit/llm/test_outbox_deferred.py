"""Outbox writes of a newer release: they are deferred, delay no other write, and expire."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from tertulia_llm.outbox.deferred import DEFER_MAX_S, UNSEEN_S, MissingReaders
from tertulia_llm.outbox.drainer import (
    DEFERRED_POLL_S,
)
from tertulia_shared import codec
from tertulia_shared.bus import BusUnavailable, Entry
from tertulia_shared.codec import unpack
from tertulia_shared.entries import STORE_WRITE_VERSION
from tertulia_shared.ids import new_id
from tertulia_shared.keys import Key
from tertulia_shared.outbox import Outbox
from tertulia_shared.outbox_writes import message_write, settings_write
from tertulia_shared.testing.memory_bus import MemoryBus
from tests.harness.virtual_time import now, virtual_time
from tests.unit.llm.outbox_bench import opened_bench, said, wall_ms


class DiesInMove(MemoryBus):
    """A bus whose connection breaks once, in the middle of a move."""

    died = False

    async def move(self, key: Key, entries: Sequence[Entry], to: Key) -> None:
        if self.died:
            await super().move(key, entries, to)
            return
        self.died = True
        # the entry is appended, but not removed from its old stream
        await super().move(key, [replace(entry, id="1-1") for entry in entries], to)
        raise BusUnavailable("in mid-move")


@virtual_time
async def test_write_of_a_newer_release_is_deferred_and_other_writes_are_applied() -> None:
    bench = await opened_bench()
    other = new_id()
    for conversation_id in (bench.talk, other):
        await bench.store.ensure_conversation(conversation_id)
    await bench.post(message_write(said(bench.talk, 1)))
    await bench.post_newer(message_write(said(bench.talk, 2)))
    (_, newer) = await bench.bus.read(bench.bus.keys.store())
    async with bench.draining():
        await bench.emptied()
        assert bench.store.saved == [["1"]]
        assert [entry.fields for entry in await bench.held()] == [newer.fields]
        outbox = Outbox(bench.bus, bench.store, 1.0)
        assert await outbox.is_waiting(bench.talk)
        assert not await outbox.is_waiting(other)
        await asyncio.sleep(60)
        assert await bench.bus.acquire_lease(bench.bus.keys.drainer(), "a newer worker"), "the lease is free"
    assert await bench.dead() == []


@virtual_time
async def test_deferred_write_delays_only_later_writes_of_its_own_conversation() -> None:
    bench = await opened_bench()
    other = new_id()
    for conversation_id in (bench.talk, other):
        await bench.store.ensure_conversation(conversation_id)
    await bench.post_newer(message_write(said(bench.talk, 1)))
    await bench.post(
        message_write(said(bench.talk, 2)), settings_write(bench.talk, {"top_k": 2}), message_write(said(other, 3))
    )
    async with bench.draining():
        await bench.emptied()
        assert bench.store.saved == [["3"]]
        assert len(await bench.held()) == 3
        await bench.post(message_write(said(other, 4)), message_write(said(bench.talk, 5)))
        await bench.emptied()
        assert bench.store.saved == [["3"], ["4"]]
        assert len(await bench.held()) == 4
    assert await bench.store.model_settings(bench.talk) in (None, {})


@pytest.mark.parametrize("dies", [False, True], ids=["deferred", "deferred by a worker that died"])
@virtual_time
async def test_newer_worker_applies_deferred_writes_in_order(
    dies: bool,  # noqa: FBT001 - a parameter of the test
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench = await opened_bench()
    bench.bus = DiesInMove(bench.bus.keys, clock=now, now_ms=wall_ms)
    bench.bus.died = not dies
    await bench.store.ensure_conversation(bench.talk)
    await bench.post_newer(settings_write(bench.talk, {"top_k": 1}))
    await bench.post(message_write(said(bench.talk, 1)), settings_write(bench.talk, {"top_k": 2}))
    async with bench.draining("old"):
        await bench.emptied()
        await bench.post(settings_write(bench.talk, {"top_k": 3}))
        await bench.emptied()
        assert len(await bench.held()) == (7 if dies else 4)
    assert bench.store.saved == []
    await bench.post(settings_write(bench.talk, {"top_k": 4}))
    monkeypatch.setattr(codec, "VERSION", STORE_WRITE_VERSION + 1)
    async with bench.draining("newer"):
        await bench.all_applied()
    assert await bench.store.model_settings(bench.talk) == {"top_k": 4}
    assert [message.text for message in await bench.store.history(bench.talk, 10)] == ["1"]
    assert await bench.dead() == []


@virtual_time
async def test_idle_worker_of_a_newer_release_polls_for_deferred_writes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench = await opened_bench()
    await bench.store.ensure_conversation(bench.talk)
    monkeypatch.setattr(codec, "VERSION", STORE_WRITE_VERSION + 1)
    async with bench.draining("newer"):
        await asyncio.sleep(60)
        outlet = bench.bus.outlet()
        outlet.append(
            bench.bus.keys.held_back(), message_write(said(bench.talk, 1))
        )  # as an older worker with the lease does
        await outlet.flush()
        async with asyncio.timeout(DEFERRED_POLL_S + 0.1):
            await bench.all_applied()
    assert bench.store.saved == [["1"]]


@virtual_time
async def test_expired_deferred_write_becomes_a_dead_letter_and_the_writes_after_it_are_applied() -> None:
    bench = await opened_bench()
    await bench.store.ensure_conversation(bench.talk)
    newer = said(bench.talk, 1)
    await bench.post_newer(message_write(newer))
    await bench.post(message_write(said(bench.talk, 2)))
    (entry, _) = await bench.bus.read(bench.bus.keys.store())
    await asyncio.sleep(2 * DEFER_MAX_S)  # the age of the entry does not count: the store may have been unavailable
    async with bench.draining():
        await asyncio.sleep(DEFER_MAX_S - 60)
        assert bench.store.saved == []
        assert await bench.dead() == []
        await asyncio.sleep(120)
        assert await bench.held() == []
    assert bench.store.saved == [["2"]]
    (letter,) = await bench.dead()
    assert (letter.stage, letter.conversation_id, letter.message_id) == ("store", bench.talk, newer.id)
    assert "newer release" in letter.reason
    assert unpack(letter.entry) == dict(entry.fields), "the entry can be written again"


@virtual_time
async def test_deferred_write_does_not_expire_while_a_worker_of_its_release_is_alive() -> None:
    bench = await opened_bench()
    await bench.store.ensure_conversation(bench.talk)
    await bench.post_newer(message_write(said(bench.talk, 1)))
    async with bench.draining():
        await asyncio.sleep(DEFER_MAX_S - 60)
        await bench.newer_worker(2 * DEFER_MAX_S)
        await asyncio.sleep(DEFER_MAX_S - 60)
        assert await bench.dead() == []
        assert len(await bench.held()) == 1
        await asyncio.sleep(120)
        assert len(await bench.dead()) == 1


def test_time_without_a_reader_restarts_after_a_gap_in_updates_or_in_questions() -> None:
    missing = MissingReaders()
    for at in (0, UNSEEN_S, 2 * UNSEEN_S):
        missing.update([], at)
        assert missing.missing_s(2) == at
    assert missing.missing_s(3) == 0
    missing.update([], at + UNSEEN_S + 1)
    assert missing.missing_s(2) == 0, "a gap between updates"
    missing.update([], at + UNSEEN_S + 2)
    missing.update([], at + UNSEEN_S + 3)
    assert missing.missing_s(2) == 0, "the version was not asked for"
    missing.update(["tts:a.v2:x", "llm:b.v1:x"], at + UNSEEN_S + 4)
    assert missing.missing_s(2) == 1
    missing.update(["llm:c.v3:x"], at + UNSEEN_S + 5)
    assert missing.missing_s(2) == 0
