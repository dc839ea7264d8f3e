from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from tertulia_llm.characters import PUBLISH_AGAIN_S, CharacterCache
from tertulia_shared.bus import Entry, WriteRefused
from tertulia_shared.bus.outlet import QueueOutlet
from tertulia_shared.character_names import names_in
from tertulia_shared.codec import Value
from tertulia_shared.conversation_cast import Cast
from tertulia_shared.entries import ModelSettings, Refresh
from tertulia_shared.keys import Key, Keys
from tertulia_shared.store import StoreUnavailable
from tertulia_shared.testing.memory_bus import MemoryBus
from tertulia_shared.testing.memory_store import MemoryStore
from tests.harness.store_records import character
from tests.harness.virtual_time import settle, virtual_time


async def cache_bench() -> tuple[MemoryBus, MemoryStore, CharacterCache]:
    bus, store = MemoryBus(Keys("test")), MemoryStore()
    await store.open()
    return bus, store, CharacterCache(bus, store)


async def refresh(bus: MemoryBus) -> None:
    outlet = bus.outlet()
    outlet.append(bus.keys.broadcast(), Refresh())
    await outlet.flush()


def names(characters: CharacterCache) -> list[str]:
    return [speaker.name for speaker in characters.active]


@virtual_time
async def test_cache_has_active_characters_sorted_by_name() -> None:
    _, store, characters = await cache_bench()
    await store.save_character(character("Abe"))
    await store.save_character(character("Zoe", active=False))
    await characters.read()
    assert names(characters) == ["Abe", "Luna", "Rex", "Sage"]


@virtual_time
async def test_cache_has_the_settings_of_each_character() -> None:
    bus, store, characters = await cache_bench()
    abe = replace(character("Abe"), model_settings={"model": "big/one", "temperature": 0.5})
    await store.save_character(abe)
    await characters.read()
    own = {speaker.name: speaker.settings for speaker in characters.active}
    assert own["Abe"] == ModelSettings(model="big/one", temperature=0.5)
    assert own["Luna"] == ModelSettings()
    store.away = True
    restarted = CharacterCache(bus, store)
    await restarted.start()
    assert restarted.active == characters.active


@virtual_time
async def test_inactive_characters_are_known_too_while_the_store_is_away() -> None:
    bus, store, characters = await cache_bench()
    zoe = character("Zoe", active=False)
    await store.save_character(zoe)
    await characters.read()
    store.away = True
    restarted = CharacterCache(bus, store)
    await restarted.start()
    for cache in (characters, restarted):
        assert [speaker.name for speaker in cache.seated(Cast((zoe.id,)))] == ["Zoe"]
        assert names(cache) == ["Luna", "Rex", "Sage"]


@virtual_time
async def test_cache_starts_with_the_characters_that_an_older_worker_wrote() -> None:
    bus, store, characters = await cache_bench()
    await characters.read()
    outlet = bus.outlet()
    outlet.put(bus.keys.cast(), {"inactive": None})
    await outlet.flush()
    store.away = True
    restarted = CharacterCache(bus, store)
    await restarted.start()
    assert names(restarted) == ["Luna", "Rex", "Sage"]


def pause_writes(bus: MemoryBus) -> None:
    bus.pause_writes("OOM command not allowed")


@virtual_time
@pytest.mark.parametrize("away", [MemoryBus.break_connection, pause_writes])
async def test_cache_starts_while_redis_accepts_no_writes_and_writes_the_characters_later(
    away: Callable[[MemoryBus], None],
) -> None:
    bus, _, characters = await cache_bench()
    away(bus)
    await characters.start()
    assert names(characters) == ["Luna", "Rex", "Sage"]
    bus.resume_writes()
    bus.restore_connection()
    following = asyncio.create_task(characters.follow())
    await settle()
    assert b"speakers" in await bus.hash(bus.keys.cast())
    following.cancel()


@virtual_time
async def test_changed_characters_are_read_only_after_a_refresh() -> None:
    bus, store, characters = await cache_bench()
    await refresh(bus)  # this refresh is older than the cache
    following = asyncio.create_task(characters.follow())
    await settle()
    await store.save_character(character("Abe"))
    await settle()
    assert "Abe" not in names(characters)
    await refresh(bus)
    await settle()
    assert "Abe" in names(characters)
    following.cancel()


@virtual_time
async def test_change_during_the_start_of_following_is_not_missed() -> None:
    class Slow(MemoryBus):
        """Adds a character while `last` is read."""

        async def last(self, key: Key) -> Entry | None:
            await settle()
            await store.save_character(character("Abe"))
            await refresh(self)
            return await super().last(key)

    bus, store = Slow(Keys("test")), MemoryStore()
    await store.open()
    characters = CharacterCache(bus, store)
    following = asyncio.create_task(characters.follow())
    await settle()
    await settle()
    assert "Abe" in names(characters)
    following.cancel()


@virtual_time
async def test_cached_characters_stay_until_the_store_is_available_again() -> None:
    bus, store, characters = await cache_bench()
    following = asyncio.create_task(characters.follow())
    await settle()
    await store.save_character(character("Abe"))
    store.away = True
    with pytest.raises(StoreUnavailable):
        await characters.read()
    await refresh(bus)
    await asyncio.sleep(60)
    assert names(characters) == ["Luna", "Rex", "Sage"]
    store.away = False
    await asyncio.sleep(2)
    assert names(characters) == ["Abe", "Luna", "Rex", "Sage"]
    following.cancel()


@virtual_time
async def test_cache_starts_from_redis_while_the_store_is_unavailable() -> None:
    bus, store, characters = await cache_bench()
    store.away = True
    with pytest.raises(StoreUnavailable):
        await characters.start()
    store.away = False
    await characters.start()
    store.away = True
    another = CharacterCache(bus, store)
    await another.start()
    assert another.active == characters.active
    assert names(another) == ["Luna", "Rex", "Sage"]


class NotifyingStore(MemoryStore):
    """A store that reports a change when a test sets `change`."""

    def __init__(self) -> None:
        super().__init__()
        self.change = asyncio.Event()

    async def watch_characters(self, changed: Callable[[], None]) -> None:
        while True:
            await self.change.wait()
            self.change.clear()
            changed()


@virtual_time
async def test_change_reported_by_the_store_is_read_without_a_refresh() -> None:
    store = NotifyingStore()
    await store.open()
    characters = CharacterCache(MemoryBus(Keys("test")), store)
    following = asyncio.create_task(characters.follow())
    await settle()
    await store.save_character(character("Abe"))
    store.change.set()
    await settle()
    assert names(characters) == ["Abe", "Luna", "Rex", "Sage"]
    following.cancel()


async def published_names(bus: MemoryBus) -> tuple[str, ...] | None:
    return names_in(await bus.hash(bus.keys.character_names()))


@virtual_time
async def test_names_of_the_active_characters_are_in_redis_and_change_with_them() -> None:
    bus, store, characters = await cache_bench()
    await characters.start()
    assert await published_names(bus) == ("Luna", "Rex", "Sage")
    following = asyncio.create_task(characters.follow())
    await settle()
    await store.save_character(character("Théo"))
    await refresh(bus)
    await settle()
    assert await published_names(bus) == ("Luna", "Rex", "Sage", "Théo")
    following.cancel()


@virtual_time
async def test_characters_are_written_again_after_redis_has_lost_them() -> None:
    bus, _, characters = await cache_bench()
    following = asyncio.create_task(characters.follow())
    await settle()
    await bus.delete([bus.keys.cast(), bus.keys.character_names()])
    assert await published_names(bus) is None
    await asyncio.sleep(PUBLISH_AGAIN_S)
    await settle()
    assert await published_names(bus) == ("Luna", "Rex", "Sage")
    assert b"speakers" in await bus.hash(bus.keys.cast())
    following.cancel()


@virtual_time
async def test_characters_are_used_if_the_redis_user_may_not_write_their_names(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bus, _, characters = await cache_bench()
    put = QueueOutlet.put

    def refused(outlet: QueueOutlet, key: Key, fields: Mapping[str, Value | None]) -> None:
        if key == bus.keys.character_names():
            raise WriteRefused("its user 'llm' lacks the right")
        put(outlet, key, fields)

    monkeypatch.setattr(QueueOutlet, "put", refused)
    await characters.read()
    assert names(characters) == ["Luna", "Rex", "Sage"]
    assert b"speakers" in await bus.hash(bus.keys.cast())
    assert await published_names(bus) is None
