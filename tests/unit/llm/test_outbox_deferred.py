"""Outbox writes of a newer release: they are deferred, block nothing else, and expire."""

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
from tertulia_shared.codec import VERSION, unpack
from tertulia_shared.ids import new_id
from tertulia_shared.keys import Key
from tertulia_shared.outbox import Outbox, message_write, settings_write
from tertulia_shared.testing.memory_bus import MemoryBus
from tests.harness.virtual_time import now, virtual_time
from tests.unit.llm.outbox_scene import said, scene, wall_ms


class DiesInMove(MemoryBus):
    """A bus whose connection breaks once in the middle of a move."""

    died = False

    async def move(self, key: Key, entries: Sequence[Entry], to: Key) -> None:
        if self.died:
            await super().move(key, entries, to)
            return
        self.died = True
        await super().move(key, [replace(entry, id="1-1") for entry in entries], to)  # appended but not removed
        raise BusUnavailable("in mid-move")


@virtual_time
async def test_write_of_a_newer_release_is_deferred_and_blocks_no_other() -> None:
    it = await scene()
    other = new_id()
    for conversation_id in (it.talk, other):
        await it.store.ensure_conversation(conversation_id)
    await it.post(message_write(said(it.talk, 1)))
    await it.post_newer(message_write(said(it.talk, 2)))
    (_, newer) = await it.bus.read(it.bus.keys.store())
    async with it.draining():
        await it.emptied()
        assert it.store.saved == [["1"]]
        assert [entry.fields for entry in await it.held()] == [newer.fields]
        outbox = Outbox(it.bus, it.store, 1.0)
        assert await outbox.is_waiting(it.talk)
        assert not await outbox.is_waiting(other)
        await asyncio.sleep(60)
        assert await it.bus.acquire_lease(it.bus.keys.drainer(), "a newer worker"), "the lease is free"
    assert await it.dead() == []


@virtual_time
async def test_deferred_write_blocks_its_own_conversation_only() -> None:
    it = await scene()
    other = new_id()
    for conversation_id in (it.talk, other):
        await it.store.ensure_conversation(conversation_id)
    await it.post_newer(message_write(said(it.talk, 1)))
    await it.post(message_write(said(it.talk, 2)), settings_write(it.talk, {"top_k": 2}), message_write(said(other, 3)))
    async with it.draining():
        await it.emptied()
        assert it.store.saved == [["3"]]
        assert len(await it.held()) == 3
        await it.post(message_write(said(other, 4)), message_write(said(it.talk, 5)))
        await it.emptied()
        assert it.store.saved == [["3"], ["4"]]
        assert len(await it.held()) == 4
    assert await it.store.model_settings(it.talk) in (None, {})


@pytest.mark.parametrize("dies", [False, True], ids=["deferred", "deferred by a worker that died"])
@virtual_time
async def test_newer_worker_applies_deferred_writes_in_order(
    dies: bool,  # noqa: FBT001 - a parameter of the test
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    it = await scene()
    it.bus = DiesInMove(it.bus.keys, clock=now, now_ms=wall_ms)
    it.bus.died = not dies
    await it.store.ensure_conversation(it.talk)
    await it.post_newer(settings_write(it.talk, {"top_k": 1}))
    await it.post(message_write(said(it.talk, 1)), settings_write(it.talk, {"top_k": 2}))
    async with it.draining("old"):
        await it.emptied()
        await it.post(settings_write(it.talk, {"top_k": 3}))
        await it.emptied()
        assert len(await it.held()) == (7 if dies else 4)
    assert it.store.saved == []
    await it.post(settings_write(it.talk, {"top_k": 4}))
    monkeypatch.setattr(codec, "VERSION", VERSION + 1)
    async with it.draining("newer"):
        await it.all_applied()
    assert await it.store.model_settings(it.talk) == {"top_k": 4}
    assert [message.text for message in await it.store.history(it.talk, 10)] == ["1"]
    assert await it.dead() == []


@virtual_time
async def test_idle_newer_worker_polls_for_deferred_writes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    it = await scene()
    await it.store.ensure_conversation(it.talk)
    monkeypatch.setattr(codec, "VERSION", VERSION + 1)
    async with it.draining("newer"):
        await asyncio.sleep(60)
        outlet = it.bus.outlet()
        outlet.append(it.bus.keys.held_back(), message_write(said(it.talk, 1)))  # as an older worker with the lease
        await outlet.flush()
        async with asyncio.timeout(DEFERRED_POLL_S + 0.1):
            await it.all_applied()
    assert it.store.saved == [["1"]]


@virtual_time
async def test_deferred_write_expires_whole_and_the_rest_is_applied() -> None:
    it = await scene()
    await it.store.ensure_conversation(it.talk)
    newer = said(it.talk, 1)
    await it.post_newer(message_write(newer))
    await it.post(message_write(said(it.talk, 2)))
    (entry, _) = await it.bus.read(it.bus.keys.store())
    await asyncio.sleep(2 * DEFER_MAX_S)  # the age of an entry does not count: the store may have been away
    async with it.draining():
        await asyncio.sleep(DEFER_MAX_S - 60)
        assert it.store.saved == []
        assert await it.dead() == []
        await asyncio.sleep(120)
        assert await it.held() == []
    assert it.store.saved == [["2"]]
    (letter,) = await it.dead()
    assert (letter.stage, letter.conversation_id, letter.message_id) == ("store", it.talk, newer.id)
    assert "newer release" in letter.reason
    assert unpack(letter.entry) == dict(entry.fields), "the entry can be written again"


@virtual_time
async def test_deferred_write_does_not_expire_while_a_newer_worker_is_alive() -> None:
    it = await scene()
    await it.store.ensure_conversation(it.talk)
    await it.post_newer(message_write(said(it.talk, 1)))
    async with it.draining():
        await asyncio.sleep(DEFER_MAX_S - 60)
        await it.newer_worker(2 * DEFER_MAX_S)
        await asyncio.sleep(DEFER_MAX_S - 60)
        assert await it.dead() == []
        assert len(await it.held()) == 1
        await asyncio.sleep(120)
        assert len(await it.dead()) == 1


def test_missing_time_restarts_after_a_gap_in_updates_or_questions() -> None:
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
