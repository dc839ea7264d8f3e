"""The speed of an engine on which the workers of a deployment agree."""

from __future__ import annotations

import asyncio
import time

import pytest

from tertulia_shared.bus import BusUnavailable
from tertulia_shared.engine_speed import MAX_AGE_IF_BUSY_S, Measured
from tertulia_shared.keys import Keys
from tertulia_shared.testing.memory_bus import MemoryBus
from tertulia_tts import agreed_speeds
from tertulia_tts.agreed_speeds import AgreedSpeeds


@pytest.fixture
def bus(monkeypatch: pytest.MonkeyPatch) -> MemoryBus:
    monkeypatch.setattr(agreed_speeds, "POLL_S", 0.0)
    return MemoryBus(Keys())


async def start_worker(speeds: AgreedSpeeds, factor: float) -> tuple[float, bool]:
    """The factor that a worker uses, and whether it had to measure; its measurement would give `factor`."""
    async with speeds.measuring("kokoro") as known:
        if known is not None:
            return known, False
        await asyncio.sleep(0)  # the other workers run while this one measures
        await speeds.keep("kokoro", Measured(factor, time.time()))
        return factor, True


async def test_one_of_the_workers_that_start_together_measures_and_the_others_use_its_result(bus: MemoryBus) -> None:
    factors = (0.5, 0.7, 0.9)
    started = await asyncio.gather(*(start_worker(AgreedSpeeds(bus, "laptop"), factor) for factor in factors))
    assert sorted(measured for _, measured in started) == [False, False, True]
    assert len({factor for factor, _ in started}) == 1


async def test_worker_on_another_kind_of_machine_measures_for_itself(bus: MemoryBus) -> None:
    assert await start_worker(AgreedSpeeds(bus, "laptop"), 0.9) == (0.9, True)
    assert await start_worker(AgreedSpeeds(bus, "server"), 0.2) == (0.2, True)


async def test_next_worker_measures_if_the_first_one_fails_to(bus: MemoryBus) -> None:
    async def fail() -> None:
        async with AgreedSpeeds(bus, "laptop").measuring("kokoro"):
            raise RuntimeError("no sound")

    with pytest.raises(RuntimeError):
        await fail()
    assert await start_worker(AgreedSpeeds(bus, "laptop"), 0.3) == (0.3, True)


async def test_old_result_counts_only_while_another_tts_worker_uses_it(bus: MemoryBus) -> None:
    old = Measured(0.9, time.time() - MAX_AGE_IF_BUSY_S - 1, busy=True)
    await AgreedSpeeds(bus, "laptop").keep("kokoro", old)
    await bus.beat("stt:a:whisper")
    await bus.beat("tts:b:espeak")
    assert await start_worker(AgreedSpeeds(bus, "laptop"), 0.4) == (0.9, False)
    await bus.leave("tts:b:espeak")
    assert await start_worker(AgreedSpeeds(bus, "laptop"), 0.4) == (0.4, True)


@pytest.mark.parametrize("raw", ["", "[]", "{", '{"factor": "fast"}'])
async def test_result_that_cannot_be_decoded_is_measured_again(bus: MemoryBus, raw: str) -> None:
    outlet = bus.outlet()
    outlet.put(bus.keys.engine_speeds(), {"kokoro:laptop": raw})
    await outlet.flush()
    assert await start_worker(AgreedSpeeds(bus, "laptop"), 0.4) == (0.4, True)


async def test_worker_without_redis_measures_for_itself(bus: MemoryBus, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(_: object) -> dict[bytes, bytes]:
        raise BusUnavailable("no connection")

    monkeypatch.setattr(bus, "hash", fail)
    assert await start_worker(AgreedSpeeds(bus, "laptop"), 0.4) == (0.4, True)
