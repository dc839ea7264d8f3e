"""The client is told within three seconds if nobody can speak a reply."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

import pytest

from tertulia_llm.absent_voices import AbsentVoices, PostedMessage
from tertulia_shared.bus import WriteRefused
from tertulia_shared.codec import Fields, decode_event, pack
from tertulia_shared.entries import AudioChunk
from tertulia_shared.events import Warn
from tertulia_shared.ids import new_id
from tertulia_shared.keys import Key, Keys
from tertulia_shared.speech_workers import SpeechWorker, field_of
from tertulia_shared.testing.memory_bus import MemoryBus
from tests.harness.virtual_time import now, virtual_time

WITHIN_S = 3.0
C = new_id()


def message(voice_id: str = "luna", *, epoch: int = 1) -> PostedMessage:
    return PostedMessage(C, new_id(), voice_id, "Luna", epoch)


async def set_epoch(bus: MemoryBus, epoch: int) -> None:
    outlet = bus.outlet()
    outlet.put(bus.keys.state(C), {"epoch": epoch})
    await outlet.flush()


@asynccontextmanager
async def watching(bus: MemoryBus, epoch: int = 1) -> AsyncGenerator[AbsentVoices]:
    await set_epoch(bus, epoch)
    watch = AbsentVoices(bus)
    task = asyncio.create_task(watch.follow())
    yield watch
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def live(bus: MemoryBus, name: str = "w", *voices: str) -> None:
    """A worker with these voices is alive now, and its engine has published them."""
    await bus.beat(f"tts:{name}:espeak")
    outlet = bus.outlet()
    outlet.put(bus.keys.speech_workers(), field_of(SpeechWorker(name, "espeak", voices=frozenset(voices))))
    outlet.put(bus.keys.voices(), {"espeak": pack([{"id": voice} for voice in voices])})
    await outlet.flush()


async def keep_alive(bus: MemoryBus, for_s: float) -> None:
    until = now() + for_s
    while now() < until:
        await bus.beat("tts:w:espeak")
        await asyncio.sleep(1)


async def warnings(bus: MemoryBus) -> list[Warn]:
    entries = await bus.read(bus.keys.events(C))
    return [event for entry in entries if isinstance(event := decode_event(entry.fields), Warn)]


def make_bus() -> MemoryBus:
    return MemoryBus(Keys("test"), clock=now)


@virtual_time
async def test_client_is_warned_if_no_worker_is_alive() -> None:
    bus = make_bus()
    async with watching(bus) as watch:
        watch.watch(message())
        await asyncio.sleep(WITHIN_S)
        (warning,) = await warnings(bus)
        assert warning.code == "stage_away"
        assert "No speech engine is running" in warning.message


@virtual_time
async def test_client_is_warned_of_a_worker_that_died_just_before_the_message() -> None:
    bus = make_bus()
    await live(bus, "w", "luna")
    async with watching(bus) as watch:
        watch.watch(message())
        await asyncio.sleep(WITHIN_S)
        assert [warning.code for warning in await warnings(bus)] == ["stage_away"]


@pytest.mark.parametrize(("voice", "codes"), [("luna", []), ("vera", ["stage_away"]), ("unknown", [])])
@virtual_time
async def test_client_is_warned_if_only_an_engine_that_is_away_has_the_voice(voice: str, codes: list[str]) -> None:
    bus = make_bus()
    await live(bus, "w", "luna")
    outlet = bus.outlet()
    outlet.put(bus.keys.voices(), {"higgs": pack([{"id": "vera"}])})
    await outlet.flush()
    async with watching(bus) as watch:
        watch.watch(message(voice))
        await keep_alive(bus, WITHIN_S)
        assert [warning.code for warning in await warnings(bus)] == codes
        assert all("Luna's voice (vera)" in warning.message for warning in await warnings(bus))


@virtual_time
async def test_client_is_warned_once_a_turn() -> None:
    bus = make_bus()
    async with watching(bus) as watch:
        for _ in range(2):
            watch.watch(message())
        await asyncio.sleep(WITHIN_S)
        assert len(await warnings(bus)) == 1
        await set_epoch(bus, 2)
        watch.watch(message(epoch=2))
        await asyncio.sleep(WITHIN_S)
        assert len(await warnings(bus)) == 2


@virtual_time
async def test_reply_that_is_heard_brings_no_warning() -> None:
    bus = make_bus()
    async with watching(bus) as watch:
        heard = message()
        outlet = bus.outlet()
        outlet.append(bus.keys.audio(C, heard.message_id), AudioChunk(b"\0\0", 0, 0, C, heard.message_id, ""), id="1-1")
        await outlet.flush()
        watch.watch(heard)
        await asyncio.sleep(WITHIN_S)
        assert await warnings(bus) == []


@virtual_time
async def test_watch_survives_a_lost_connection() -> None:
    bus = make_bus()
    async with watching(bus) as watch:
        bus.break_connection()
        watch.watch(message())
        await asyncio.sleep(1.5)
        bus.restore_connection()
        await asyncio.sleep(WITHIN_S - 1.5)
        assert [warning.code for warning in await warnings(bus)] == ["stage_away"]


@pytest.mark.parametrize(
    "epoch", [None, 1, 3], ids=["Redis lost the conversation", "a turn came after the loss", "interrupted"]
)
@virtual_time
async def test_nothing_is_written_to_a_conversation_that_no_longer_waits(epoch: int | None) -> None:
    bus = make_bus()
    async with watching(bus, 2) as watch:
        watch.watch(message(epoch=2))
        if epoch is None:
            await bus.delete([bus.keys.state(C)])
        else:
            await set_epoch(bus, epoch)
        await asyncio.sleep(WITHIN_S)
        assert await bus.read(bus.keys.events(C)) == []


class OldRights(MemoryBus):
    """A bus whose Redis user has the rights of an older release."""

    reads = 0

    async def hash(self, key: Key) -> Fields:
        if key == self.keys.speech_workers():
            self.reads += 1
            raise WriteRefused("its user lacks the right")
        return await super().hash(key)


@virtual_time
async def test_worker_without_the_new_rights_reads_the_speech_workers_once_for_a_message() -> None:
    bus = OldRights(Keys("test"), clock=now)
    async with watching(bus) as watch:
        watch.watch(message())
        await asyncio.sleep(20 * WITHIN_S)
        assert bus.reads == 1
        assert await warnings(bus) == []
