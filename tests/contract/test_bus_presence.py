"""Heartbeats show which workers are alive. `ping` shows that Redis answers."""

from __future__ import annotations

from tertulia_shared.bus import Bus
from tests.harness.bus import LONG_S, Bench


async def test_worker_with_a_recent_heartbeat_counts_as_alive(bench: Bench) -> None:
    assert list(await bench.bus.alive(LONG_S)) == []
    await bench.bus.beat("stt-1")
    await bench.pass_time(0.03)
    await bench.rival.beat("llm-1")
    assert list(await bench.bus.alive(LONG_S)) == ["stt-1", "llm-1"]
    assert "stt-1" not in await bench.bus.alive(0.02)


async def test_new_heartbeat_replaces_the_old_one(bench: Bench) -> None:
    await bench.bus.beat("stt-1")
    await bench.pass_time(0.03)
    await bench.bus.beat("llm-1")
    await bench.bus.beat("stt-1")
    assert list(await bench.bus.alive(LONG_S)) == ["llm-1", "stt-1"]


async def test_deregistered_worker_does_not_count_as_alive(bench: Bench) -> None:
    await bench.bus.beat("tts-1")
    await bench.bus.beat("tts-2")
    await bench.rival.leave("tts-1")
    await bench.rival.leave("who?")
    assert list(await bench.bus.alive(LONG_S)) == ["tts-2"]


async def test_ping_returns_the_round_trip_time_to_redis(bus: Bus) -> None:
    assert await bus.ping() >= 0


async def test_slots_of_the_workers_of_a_stage_are_listed_by_name(bench: Bench) -> None:
    await bench.bus.beat("tts:one:espeak", slots=64)
    await bench.bus.beat("tts:two:kokoro", slots=1)
    await bench.bus.beat("llm:three:model", slots=8)
    await bench.bus.beat("tts:of-an-older-release:espeak")
    assert await bench.rival.slots("tts", LONG_S) == {"one": 64, "two": 1}
    await bench.bus.beat("tts:two:kokoro", slots=2)
    assert await bench.rival.slots("tts", LONG_S) == {"one": 64, "two": 2}
    await bench.pass_time(0.03)
    assert await bench.rival.slots("tts", 0.02) == {}
