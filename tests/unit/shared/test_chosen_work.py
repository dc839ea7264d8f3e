"""Workers of two engines on the memory bus: which of them gets which message."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

import pytest

from tertulia_shared import chosen_work
from tertulia_shared.bus import UNASSIGNED, Claim, QueueView, WriteRefused
from tertulia_shared.chosen_work import SpeechPresence
from tertulia_shared.codec import Fields, UnknownVersion, pack
from tertulia_shared.entries import NEWEST_VERSION, Work
from tertulia_shared.ids import new_id
from tertulia_shared.keys import Key, Keys, Stage
from tertulia_shared.speech_workers import SpeechWorker
from tertulia_shared.testing.memory_bus import MemoryBus
from tertulia_shared.work import ForAnother
from tertulia_shared.worker import Worker
from tests.harness.virtual_time import now, settle, virtual_time
from tests.unit.shared.worker_bench import SETTINGS, Act, ScriptedHandler, nothing

CLAIM_AFTER_S = 1.0
KNOWN_S = 6.0
"""After this time, each worker knows what the others can speak."""
LOCAL = SpeechWorker("", "espeak", voices=frozenset({"luna", "otto"}))
BOX = SpeechWorker("", "higgs", tier=0, voices=frozenset({"luna", "vera"}))


class LookCounter(MemoryBus):
    """A bus that counts how often a worker looked at what waits."""

    looks = 0

    async def look(self, stage: Stage) -> QueueView:
        self.looks += 1
        return await super().look(stage)


class SpeechBench(ScriptedHandler):
    """A worker and what it did."""

    def __init__(self, bus: MemoryBus, can_speak: SpeechWorker, act: Act = nothing, *, concurrency: int = 8) -> None:
        super().__init__(act)
        self.can_speak = can_speak
        self.presence = SpeechPresence(bus, lambda: self.can_speak, claim_after_s=CLAIM_AFTER_S)
        self.worker = Worker(
            bus, "tts", self, SETTINGS, engine=can_speak.engine, concurrency=concurrency, presence=self.presence
        )

    @property
    def voices(self) -> list[str]:
        """The voices of the work that it began."""
        return [claim.fields[b"voice_id"].decode() for claim in self.begun]


@asynccontextmanager
async def working(bus: MemoryBus, *benches: SpeechBench) -> AsyncGenerator[None]:
    """Run these workers, each as soon as it is entered, until all know each other."""
    async with AsyncExitStack() as stack:
        for bench in benches:
            await stack.enter_async_context(_running(bus, bench))
        await asyncio.sleep(KNOWN_S)
        yield


@asynccontextmanager
async def _running(bus: MemoryBus, bench: SpeechBench) -> AsyncGenerator[None]:
    outlet = bus.outlet()
    voices = [{"id": voice} for voice in sorted(bench.can_speak.voices)]
    outlet.put(bus.keys.voices(), {bench.can_speak.engine: pack(voices)})
    await outlet.flush()
    stop = asyncio.Event()
    task = asyncio.create_task(bench.worker.run(stop))
    await settle()
    try:
        yield
    finally:
        stop.set()
        await task


def make_bus() -> LookCounter:
    return LookCounter(Keys("test"), clock=now, now_ms=lambda: round(now() * 1000))


async def post(bus: MemoryBus, *voices: str) -> None:
    for voice in voices:
        await bus.post("tts", Work(new_id(), message_id=new_id(), voice_id=voice))


@virtual_time
async def test_each_engine_gets_its_voices_and_the_preferred_one_what_both_have() -> None:
    bus = make_bus()
    local, box = SpeechBench(bus, LOCAL), SpeechBench(bus, BOX)
    async with working(bus, local, box):
        await post(bus, "luna", "otto", "vera", "luna", "otto")
        await settle()
        assert box.voices == ["luna", "vera", "luna"]
        assert local.voices == ["otto", "otto"]


@virtual_time
async def test_lone_worker_begins_at_once_without_a_look_at_the_queue() -> None:
    bus = make_bus()
    local = SpeechBench(bus, LOCAL)
    async with working(bus, local):
        bus.looks = 0
        began_at = now()
        await post(bus, "luna", "otto", "a voice that nobody knows")
        await settle()
        assert local.voices == ["luna", "otto", "a voice that nobody knows"]
        assert now() - began_at < 0.01
        assert bus.looks == 0


@virtual_time
async def test_voice_of_an_absent_engine_is_set_aside_and_spoken_when_the_engine_comes() -> None:
    bus = make_bus()
    local, box = SpeechBench(bus, LOCAL), SpeechBench(bus, BOX)
    async with working(bus, box):
        pass
    async with working(bus, local):
        await post(bus, "vera", "luna")
        await asyncio.sleep(KNOWN_S)
        assert local.voices == ["luna"]
        again = SpeechBench(bus, BOX)
        async with working(bus, again):
            assert again.voices == ["vera"]
            assert [claim.attempt for claim in again.begun] == [1]
        assert local.voices == ["luna"]


@virtual_time
async def test_waiting_work_is_begun_soon_after_a_worker_has_got_its_voice() -> None:
    bus = make_bus()
    local, box = SpeechBench(bus, LOCAL), SpeechBench(bus, BOX)
    outlet = bus.outlet()
    outlet.put(bus.keys.voices(), {"kokoro": pack([{"id": "nina"}])})
    await outlet.flush()
    async with working(bus, local, box):
        await post(bus, "nina")
        await asyncio.sleep(KNOWN_S)
        assert local.voices == box.voices == []
        local.can_speak = replace(LOCAL, voices=LOCAL.voices | {"nina"})
        await asyncio.sleep(1.1)
        assert local.voices == ["nina"]


@virtual_time
async def test_full_preferred_worker_gets_nothing_beyond_its_slots_and_the_other_steps_in_later() -> None:
    async def forever(_claim: Claim) -> None:
        await asyncio.Event().wait()

    bus = make_bus()
    local, box = SpeechBench(bus, LOCAL), SpeechBench(bus, BOX, forever, concurrency=1)
    async with working(bus, local, box):
        await post(bus, "luna", "luna")
        await asyncio.sleep(CLAIM_AFTER_S - 0.1)
        assert (len(box.begun), len(local.begun)) == (1, 0)
        await asyncio.sleep(0.2)
        assert (len(box.begun), len(local.begun)) == (1, 1)
        assert local.presence.preferred("luna") == "higgs"


@virtual_time
async def test_work_returned_for_another_worker_goes_to_one_that_does_not_leave_it() -> None:
    bus = make_bus()

    async def leave(claim: Claim) -> None:
        first.presence.leave(claim.id, 10)
        raise ForAnother("the other engine has begun it")

    first = SpeechBench(bus, LOCAL, leave)
    async with working(bus, first):
        await post(bus, "luna")
        await asyncio.sleep(KNOWN_S)
        assert len(first.begun) == 1
        second = SpeechBench(bus, LOCAL)
        async with working(bus, second):
            assert [claim.attempt for claim in second.begun] == [2]
            assert await bus.uncounted(second.begun[0]) == 1


@virtual_time
async def test_work_for_a_newer_release_is_returned_once_and_not_picked_again() -> None:
    bus = make_bus()

    async def cannot_read(_claim: Claim) -> None:
        raise UnknownVersion(NEWEST_VERSION + 1)

    local = SpeechBench(bus, LOCAL, cannot_read)
    async with working(bus, local):
        newer = f"tts:host-1-abcdef.v{NEWEST_VERSION + 1}:espeak"
        await bus.beat(newer)
        await post(bus, "luna")
        for _ in range(4):
            await bus.beat(newer)
            await asyncio.sleep(1)
        assert len(local.begun) == 1
        assert await bus.holders("tts") == [UNASSIGNED]


@pytest.fixture
def _brief(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chosen_work, "SPEAKABLE_S", 20.0)


@pytest.mark.usefixtures("_brief")
@virtual_time
async def test_work_that_nobody_could_speak_for_long_is_dropped() -> None:
    bus = make_bus()
    async with working(bus, SpeechBench(bus, BOX)):
        pass
    local = SpeechBench(bus, LOCAL)
    async with working(bus, local):
        await post(bus, "vera")
        await asyncio.sleep(10)
        assert await bus.holders("tts") == [UNASSIGNED]
        await asyncio.sleep(15)
        assert await bus.open_work("tts") == 0
        assert local.begun == []


class OldRights(LookCounter):
    """A bus whose Redis user has the rights of an older release."""

    async def hash(self, key: Key) -> Fields:
        if key == self.keys.speech_workers():
            raise WriteRefused("its user lacks the right")
        return await super().hash(key)


@virtual_time
async def test_worker_without_the_new_rights_takes_all_work_as_an_older_release_does() -> None:
    bus = OldRights(Keys("test"), clock=now, now_ms=lambda: round(now() * 1000))
    local = SpeechBench(bus, LOCAL)
    async with working(bus, local):
        await post(bus, "luna", "vera")
        await settle()
        assert local.voices == ["luna", "vera"]
        assert bus.looks == 0
