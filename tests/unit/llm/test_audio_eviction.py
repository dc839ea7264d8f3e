"""Eviction near the memory limit: heard audio first, in order of expiry; never audio in use, never text."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from tertulia_llm.audio_eviction import EMPTY_BYTES, HIGH, POLL_S, AudioEviction, plan_eviction
from tertulia_shared.bus import Append, Expire, Sound
from tertulia_shared.entries import AudioChunk, UserTurn
from tertulia_shared.ids import new_id
from tertulia_shared.keys import HOUR_S, SOUND_GRACE_S, Keys
from tertulia_shared.metrics import Metrics
from tertulia_shared.testing.memory_bus import MemoryBus
from tests.harness.virtual_time import now, settle, virtual_time

NOW_MS = 1_800_000_000_000
SECOND = 48_000


def heard(name: str, ttl_s: int, size: int = SECOND) -> Sound:
    return Sound(name, ttl_s, size, NOW_MS)


def unheard(name: str, ended_s_ago: int, size: int = SECOND) -> Sound:
    return Sound(name, HOUR_S - ended_s_ago, size, NOW_MS - ended_s_ago * 1000)


def test_plan_evicts_heard_audio_first_in_order_of_expiry() -> None:
    plan = plan_eviction([unheard("d", 900), heard("b", 90), heard("a", 20), heard("c", 110)], 2 * SECOND, NOW_MS)
    assert [sound.name for sound in plan.whole] == ["a", "b"]
    assert plan.all_but_final == ()


def test_plan_evicts_unheard_finished_replies_next_oldest_first() -> None:
    plan = plan_eviction([unheard("c", 900), heard("a", 90), unheard("b", 1800)], 2 * SECOND, NOW_MS)
    assert [sound.name for sound in plan.whole] == ["a"]
    assert [sound.name for sound in plan.all_but_final] == ["b"]


def test_plan_keeps_audio_that_is_being_made_or_played() -> None:
    long_reply = unheard("played", SOUND_GRACE_S + 100, 200 * SECOND)  # it takes 200 s to play
    made = Sound("made", HOUR_S, 100 * SECOND, 0)
    assert plan_eviction([long_reply, made], 1 << 40, NOW_MS).size == 0


def test_plan_keeps_streams_that_are_too_small_to_matter() -> None:
    assert plan_eviction([unheard("a", 3000, EMPTY_BYTES)], 1 << 40, NOW_MS).size == 0


@given(
    st.lists(st.builds(Sound, st.uuids().map(str), st.integers(-2, HOUR_S), st.integers(0, 10**7),
             st.integers(NOW_MS - HOUR_S * 1000, NOW_MS) | st.just(0)), max_size=30),
    st.integers(-10, 10**8),
)  # fmt: skip
def test_plan_frees_the_requested_memory_with_no_more_streams_than_needed(sounds: list[Sound], excess: int) -> None:
    plan = plan_eviction(sounds, excess, NOW_MS)
    chosen = [*plan.whole, *plan.all_but_final]
    assert len(chosen) == len(set(chosen))
    if chosen:
        assert plan.size - chosen[-1].size < excess
    if plan.size < excess:  # then the plan must be the same as without a limit
        assert plan == plan_eviction(sounds, 1 << 50, NOW_MS)


class EvictionBench:
    def __init__(self) -> None:
        self.bus = MemoryBus(Keys("test"), clock=now, now_ms=lambda: NOW_MS + int(now() * 1000))
        self.conversation_id = new_id()

    async def reply(self, *, heard: bool) -> str:
        id, keys = new_id(), self.bus.keys
        key = keys.audio(self.conversation_id, id)
        writes = [
            Append(key, AudioChunk(b"\0" * SECOND, 0, 0, self.conversation_id, id, "luna"), "1-1"),
            Append(key, AudioChunk(b"", 1, 0, self.conversation_id, id, "luna", is_final=True), "2-0"),
            *([Expire(key, SOUND_GRACE_S)] if heard else []),
        ]
        await self.bus.transact(self.conversation_id, writes)
        return id

    async def length(self, message_id: str) -> int:
        return await self.bus.length(self.bus.keys.audio(self.conversation_id, message_id))

    def eviction(self, holder: str = "a") -> asyncio.Task[None]:
        eviction = AudioEviction(self.bus, holder, Metrics(), 0, now_ms=lambda: NOW_MS + int(now() * 1000))
        return asyncio.create_task(eviction.run())


@virtual_time
async def test_near_the_memory_limit_the_oldest_audio_is_deleted_and_text_is_kept() -> None:
    bench = EvictionBench()
    turns = bench.bus.keys.turns(bench.conversation_id)
    await bench.bus.transact(
        bench.conversation_id, [Append(turns, UserTurn("t", bench.conversation_id, "x" * SECOND, "typed"))]
    )
    old, fresh = await bench.reply(heard=True), await bench.reply(heard=False)
    bench.bus.limit_bytes = int((await bench.bus.space()).used / HIGH) + SECOND
    task = bench.eviction()
    await settle()
    assert (await bench.length(old), await bench.length(fresh)) == (2, 2), "below the limit"
    bench.bus.limit_bytes = int((await bench.bus.space()).used / HIGH) - 1_000
    await asyncio.sleep(POLL_S)
    await settle()
    assert (await bench.length(old), await bench.length(fresh)) == (0, 2)
    assert await bench.bus.length(turns) == 1
    task.cancel()


@virtual_time
async def test_worker_without_the_lease_deletes_audio_only_if_redis_is_full() -> None:
    bench = EvictionBench()
    await bench.bus.acquire_lease(bench.bus.keys.space_keeper(), "b")
    old = await bench.reply(heard=True)
    bench.bus.limit_bytes = 1_000
    task = bench.eviction("a")
    await settle()
    assert await bench.length(old) == 2
    bench.bus.pause_writes("OOM command not allowed when used memory > 'maxmemory'")
    await asyncio.sleep(POLL_S)
    await settle()
    assert await bench.length(old) == 0
    task.cancel()
