"""Memory use can be read, and audio can be deleted, even while Redis refuses writes."""

from __future__ import annotations

from tertulia_shared.bus import Append, Bus, Expire
from tertulia_shared.entries import AudioChunk, MicChunk, UserTurn
from tertulia_shared.ids import new_id
from tests.harness.bus import listed

C, M, S = new_id(), new_id(), new_id()
PCM = b"\1\0" * 5_000


async def fill(bus: Bus) -> None:
    keys = bus.keys
    await bus.transact(
        C,
        [
            Append(keys.turns(C), UserTurn("t", C, "hello", "typed")),
            Append(keys.audio(C, M), AudioChunk(PCM, 0, 0, C, M, "luna"), "1-1"),
            Append(keys.audio(C, M), AudioChunk(b"", 1, 0, C, M, "luna", is_final=True), "2-0"),
            Append(keys.audio(C, S), AudioChunk(PCM, 0, 0, C, S, "rex"), "1-1"),
            Append(keys.mic(C, S), MicChunk(PCM), "1-0"),
        ],
    )


async def test_audio_streams_are_listed_with_their_ttl_size_and_end(bus: Bus) -> None:
    await fill(bus)
    found = {sound.name: sound for sound in await listed(bus.sounds())}
    assert set(found) == {bus.keys.audio(C, M).name, bus.keys.audio(C, S).name}
    audio, unfinished = found[bus.keys.audio(C, M).name], found[bus.keys.audio(C, S).name]
    assert (audio.size >= len(PCM), unfinished.size >= len(PCM)) == (True, True)
    assert (audio.ended_ms > 0, unfinished.ended_ms) == (True, 0)
    assert audio.ttl_s > 600
    await bus.transact(C, [Expire(bus.keys.audio(C, M), 100)])
    found = {sound.name: sound for sound in await listed(bus.sounds())}
    assert 0 < found[audio.name].ttl_s <= 100


async def test_memory_size_can_be_read_for_every_key(bus: Bus) -> None:
    await fill(bus)
    sizes = {sized.name: sized.size for sized in await listed(bus.sizes())}
    assert sizes[bus.keys.audio(C, M).name] >= len(PCM)
    assert sizes[bus.keys.turns(C).name] > 0


async def test_space_returns_the_memory_that_redis_uses(bus: Bus) -> None:
    await fill(bus)
    space = await bus.space()
    assert space.used >= 2 * len(PCM)
    assert space.policy


async def test_freeing_memory_deletes_only_the_named_keys(bus: Bus) -> None:
    await fill(bus)
    await bus.free([bus.keys.mic(C, S).name], keep_end=False)
    await bus.free([], keep_end=False)
    assert await bus.length(bus.keys.mic(C, S)) == 0
    assert await bus.length(bus.keys.audio(C, M)) == 2
    assert await bus.length(bus.keys.turns(C)) == 1


async def test_freeing_memory_can_keep_the_final_entry_of_a_stream(bus: Bus) -> None:
    await fill(bus)
    await bus.free([bus.keys.audio(C, M).name], keep_end=True)
    (end,) = await bus.read(bus.keys.audio(C, M))
    assert end.id == "2-0"
    assert end.fields[b"is_final"] == b"1"


async def test_age_of_the_last_test_write_is_known(bus: Bus) -> None:
    assert await bus.probe_age() is None
    await bus.probe_writes()
    await bus.probe_writes()
    age_s = await bus.probe_age()
    assert age_s is not None
    assert 0 <= age_s < 30
    assert await listed(bus.sounds()) == []
