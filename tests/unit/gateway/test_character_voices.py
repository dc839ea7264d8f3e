"""The voices of active characters that no live worker can speak, as the health check reports them."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import replace

import pytest

from tertulia_gateway.monitoring.character_voices import READ_AGAIN_S, CharacterVoices
from tertulia_shared.bus import BusRefused, BusUnavailable
from tertulia_shared.codec import Fields, pack
from tertulia_shared.keys import Key, Keys
from tertulia_shared.speech_workers import SpeechWorker, field_of
from tertulia_shared.store import Character
from tertulia_shared.testing.memory_bus import MemoryBus
from tertulia_shared.testing.memory_store import MemoryStore
from tests.unit.gateway.gateway_context import gateway_context

MEMBERS = ["stt:a:pocketsphinx", "llm:b:demo", "tts:c:espeak"]


class RefusingBus(MemoryBus):
    """A bus whose Redis user may not read the entries of the speech workers while `refuses` is set."""

    refuses = False

    async def hash(self, key: Key) -> Fields:
        if self.refuses and key == self.keys.speech_workers():
            raise BusRefused("NOPERM scripted")
        return await super().hash(key)


class SlowStore(MemoryStore):
    """A store that does not answer while `is_slow` is set."""

    is_slow = False

    async def characters(self, *, active_only: bool = False) -> list[Character]:
        if self.is_slow:
            await asyncio.Event().wait()
        return await super().characters(active_only=active_only)


class Clock:
    """Monotonic seconds that the test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def bus() -> RefusingBus:
    return RefusingBus(Keys("test"))


@pytest.fixture
async def store() -> SlowStore:
    """A store with the first characters: Luna, Rex and Sage, each with the voice of its name."""
    made = SlowStore()
    await made.open()
    return made


async def speaks(bus: MemoryBus, voices: Collection[str], *, name: str = "c") -> None:
    """Let the worker say that it has these voices."""
    outlet = bus.outlet()
    outlet.put(bus.keys.speech_workers(), field_of(SpeechWorker(name, "espeak", voices=frozenset(voices))))
    await outlet.flush()


async def publish(bus: MemoryBus, *voices: str) -> None:
    """Let a stopped engine have published these voices."""
    outlet = bus.outlet()
    outlet.put(bus.keys.voices(), {"higgs": pack([{"id": voice, "name": voice} for voice in voices])})
    await outlet.flush()


async def test_voice_that_only_a_stopped_engine_has_is_absent(bus: RefusingBus, store: SlowStore) -> None:
    await publish(bus, "rex")
    await speaks(bus, ["luna", "sage"])
    assert await CharacterVoices(bus, store, Clock()).absent(MEMBERS) == ["rex"]


async def test_voice_that_a_live_worker_has_is_not_absent(bus: RefusingBus, store: SlowStore) -> None:
    await publish(bus, "rex")
    await speaks(bus, ["luna", "sage", "rex"])
    assert await CharacterVoices(bus, store, Clock()).absent(MEMBERS) == []


async def test_characters_at_rest_need_no_voice(bus: RefusingBus, store: SlowStore) -> None:
    await publish(bus, "rex")
    await speaks(bus, ["luna", "sage"])
    for character in await store.characters():
        if character.name == "Rex":
            await store.save_character(replace(character, active=False))
    assert await CharacterVoices(bus, store, Clock()).absent(MEMBERS) == []


async def test_without_any_voice_worker_the_absent_stage_is_the_problem(bus: RefusingBus, store: SlowStore) -> None:
    await publish(bus, "rex")
    assert await CharacterVoices(bus, store, Clock()).absent(["llm:b:demo"]) == ()


async def test_changed_voice_is_noticed_when_the_characters_are_read_again(bus: RefusingBus, store: SlowStore) -> None:
    await publish(bus, "rex")
    await speaks(bus, ["luna", "sage"])
    clock = Clock()
    voices = CharacterVoices(bus, store, clock)
    assert await voices.absent(MEMBERS) == ["rex"]
    for character in await store.characters():
        await store.save_character(replace(character, voice="luna"))
    clock.now = READ_AGAIN_S - 0.1
    assert await voices.absent(MEMBERS) == ["rex"]
    clock.now = READ_AGAIN_S
    assert await voices.absent(MEMBERS) == []


@pytest.mark.parametrize("way", ["away", "is_slow"])
async def test_store_that_cannot_be_read_leaves_the_last_characters(
    bus: RefusingBus, store: SlowStore, way: str
) -> None:
    await publish(bus, "rex")
    await speaks(bus, ["luna", "sage"])
    clock = Clock()
    voices = CharacterVoices(bus, store, clock)
    assert await voices.absent(MEMBERS) == ["rex"]
    setattr(store, way, True)
    clock.now = READ_AGAIN_S
    assert await voices.absent(MEMBERS) == ["rex"]


async def test_user_of_redis_without_the_right_reports_nothing(bus: RefusingBus, store: SlowStore) -> None:
    await publish(bus, "rex")
    bus.refuses = True
    assert await CharacterVoices(bus, store, Clock()).absent(MEMBERS) == []


async def test_unavailable_redis_is_reported_as_such(bus: RefusingBus, store: SlowStore) -> None:
    bus.break_connection()
    with pytest.raises(BusUnavailable):
        await CharacterVoices(bus, store, Clock()).absent(MEMBERS)


async def test_health_of_a_gateway_names_the_absent_voice(bus: RefusingBus, store: SlowStore) -> None:
    await publish(bus, "rex")
    await speaks(bus, ["luna", "sage"])
    for member in MEMBERS:
        await bus.beat(member)
    health = await gateway_context(bus, store).health().now()
    assert [(problem.code, problem.text) for problem in health.problems] == [
        ("voice_away", "no running speech engine has these voices: rex")
    ]
    assert health.ready
