"""A key with a shortened TTL expires early. Shortening never extends a TTL; only a later write does."""

from __future__ import annotations

from tertulia_shared.bus import Append, Bus, Expire, NotOwner, Put
from tertulia_shared.entries import AudioChunk
from tertulia_shared.ids import new_id
from tertulia_shared.keys import Key
from tests.harness.bus import Bench, claimed, listed, owned

C, M = new_id(), new_id()


def chunk(index: int) -> Append:
    return Append(Key("", 0), AudioChunk(b"\0\0", 0, index, C, M, "luna"))


async def write(bus: Bus, *indexes: int) -> Key:
    key, outlet = bus.keys.audio(C, M), bus.outlet()
    for index in indexes:
        outlet.append(key, chunk(index).entry, id=f"1-{index + 1}")
    await outlet.flush()
    return key


async def test_stream_with_a_shortened_ttl_expires(bench: Bench) -> None:
    key = await write(bench.bus, 0)
    outlet = bench.bus.outlet()
    outlet.expire(key, 1)
    await outlet.flush()
    assert await bench.bus.length(key) == 1
    await bench.pass_time(1.1)
    assert await bench.bus.length(key) == 0
    assert await bench.bus.last(key) is None


async def test_transaction_writes_and_shortens_a_ttl_atomically(bench: Bench) -> None:
    key, state = await write(bench.bus, 0), bench.bus.keys.state(C)
    await bench.bus.transact(C, [Put(state, {"x": 1}), Expire(key, 1)], talk=False)
    assert b"x" in await bench.bus.hash(state)
    await bench.pass_time(1.1)
    assert await bench.bus.length(key) == 0
    assert b"x" in await bench.bus.hash(state), "only what was named ends"


async def test_shortening_never_extends_a_ttl(bench: Bench) -> None:
    key = await write(bench.bus, 0)
    await bench.bus.transact(C, [Expire(key, 1)])
    await bench.bus.transact(C, [Expire(key, 3600)])
    await bench.pass_time(1.1)
    assert await bench.bus.length(key) == 0


async def test_later_write_restores_the_full_ttl(bench: Bench) -> None:
    key, outlet = bench.bus.keys.audio(C, M), bench.bus.outlet()
    outlet.append(key, chunk(0).entry, id="1-1")
    outlet.expire(key, 1)
    outlet.append(key, chunk(1).entry, id="1-2")
    await outlet.flush()
    await bench.pass_time(1.1)
    assert await bench.bus.length(key) == 2


async def test_shortening_the_ttl_of_a_missing_key_does_not_create_it(bus: Bus) -> None:
    key = bus.keys.audio(C, M)
    await bus.transact(C, [Expire(key, 1)])
    assert await bus.length(key) == 0


async def test_owner_that_was_replaced_cannot_shorten_a_ttl(bench: Bench) -> None:
    key = await write(bench.bus, 0)
    claim = await claimed(bench.bus)
    old = await owned(bench.bus, claim, C, M)
    await bench.let_idle(claim, "a")
    (later,) = await bench.rival.take_over("tts", "b", idle_s=1, count=1)
    await owned(bench.rival, later, C, M)
    outlet = bench.bus.outlet(old.fence())
    outlet.expire(key, 1)
    try:
        await outlet.flush()
    except NotOwner:
        pass
    else:
        raise AssertionError("a fenced write was taken")
    await bench.pass_time(1.1)
    assert await bench.bus.length(key) == 1


async def test_unfenced_write_sets_the_ttl_of_a_key_that_was_deleted_before_it(bus: Bus) -> None:
    key, outlet = bus.keys.audio(C, M), bus.outlet()
    outlet.append(key, chunk(0).entry, id="1-1")
    await outlet.flush()
    await bus.free([key.name], keep_end=False)
    outlet.append(key, chunk(1).entry, id="1-2")
    await outlet.flush()
    (sound,) = await listed(bus.sounds())
    assert sound.ttl_s > 0


async def test_owner_writes_a_hash_again_with_a_ttl_after_its_last_field_was_deleted(bus: Bus) -> None:
    claim = await claimed(bus)
    key, outlet = bus.keys.mic_progress(C, M), bus.outlet((await owned(bus, claim, C, M)).fence())
    for fields in ({"a": 1}, {"b": 1}, {"a": None, "b": None}):
        outlet.put(key, fields)
        await outlet.flush()
    assert await bus.hash(key) == {}
    outlet.put(key, {"a": 2})
    await outlet.flush()
    assert await bus.hash(key) == {b"a": b"2"}  # the fixture `no_leaked_keys` checks its TTL
