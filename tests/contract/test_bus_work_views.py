"""Views of a stage's work that change nothing (workers and idle times), and reopening a stream that was ended too
early.
"""

from __future__ import annotations

from tertulia_shared.bus import UNASSIGNED, Bus
from tertulia_shared.entries import AudioChunk, Work
from tertulia_shared.ids import new_id
from tests.harness.bus import LONG_S, Bench, claimed, owned

C, M = new_id(), new_id()


def chunk(sentence: int, number: int, pcm: bytes = b"\0\xff\r\n", *, final: bool = False) -> AudioChunk:
    return AudioChunk(b"" if final else pcm, sentence, number, C, M, "luna", is_final=final)


async def write(bus: Bus, *chunks: AudioChunk) -> None:
    outlet = bus.outlet()
    for each in chunks:
        number = 0 if each.is_final else each.chunk_index + 1
        outlet.append(bus.keys.audio(C, M), each, id=f"{each.sentence_index + 1}-{number}")
    await outlet.flush()


async def ids(bus: Bus) -> list[str]:
    return [entry.id for entry in await bus.read(bus.keys.audio(C, M))]


async def test_keys_of_any_redis_type_can_be_deleted(bus: Bus) -> None:
    await write(bus, chunk(0, 0))
    outlet = bus.outlet()
    outlet.put(bus.keys.state(C), {"epoch": 3})
    await outlet.flush()
    await bus.delete([bus.keys.audio(C, M), bus.keys.state(C), bus.keys.sentences(C, M)])
    assert await ids(bus) == []
    assert await bus.hash(bus.keys.state(C)) == {}
    await bus.delete([])


async def test_stage_without_a_consumer_group_has_no_pending_work(bus: Bus) -> None:
    assert list(await bus.pending("stt")) == []


async def test_claimed_work_is_pending_until_it_is_finished(bench: Bench) -> None:
    bus = bench.bus
    first, second = await claimed(bus, worker="a"), await claimed(bus, worker="b")
    await bus.post("tts", Work(C, M))  # the second entry is not claimed, so it is not pending
    held = await bus.pending("tts")
    assert [(each.id, each.worker, each.attempt) for each in held] == [(first.id, "a", 1), (second.id, "b", 1)]
    assert all(0 <= each.idle_s < LONG_S for each in held)
    await bus.finish(first, "a")
    assert [each.id for each in await bus.pending("tts")] == [second.id]


async def test_pending_work_has_the_seconds_since_its_last_renewal(bench: Bench) -> None:
    claim = await claimed(bench.bus, worker="a")
    await bench.let_idle(claim, "a")
    (held,) = await bench.bus.pending("tts")
    assert held.idle_s >= LONG_S
    await bench.bus.renew("tts", "a", [claim.id])
    (held,) = await bench.bus.pending("tts")
    assert held.idle_s < LONG_S


async def test_pending_work_has_the_worker_that_took_it_over(bench: Bench) -> None:
    claim = await claimed(bench.bus, worker="a")
    await bench.rival.take_over("tts", "b", idle_s=0, count=1)
    (held,) = await bench.bus.pending("tts")
    assert (held.id, held.worker, held.attempt) == (claim.id, "b", 2)


async def test_nacked_work_is_listed_without_a_worker(bus: Bus) -> None:
    claim = await claimed(bus, worker="a")
    await bus.nack(claim, "a")
    assert [each.worker for each in await bus.pending("tts")] == [UNASSIGNED]


async def test_many_pending_entries_are_returned_in_order(bench: Bench) -> None:
    bus = bench.bus
    await bus.prepare("tts")
    for _ in range(1_001):
        await bus.post("tts", Work(C, M))
    claims = await bus.claim("tts", "a", count=1_001, block_s=30)
    assert [each.id for each in await bus.pending("tts")] == [claim.id for claim in claims]


async def test_owner_returns_the_token_of_the_current_owner(bus: Bus) -> None:
    assert not await bus.owner(C, M)
    claim = await claimed(bus)
    await owned(bus, claim, C, M)
    assert await bus.owner(C, M) == f"{claim.id}/1"


async def test_reopened_stream_continues_after_its_last_entry_before_the_final_one(bus: Bus) -> None:
    await write(bus, chunk(0, 0), chunk(0, 1), chunk(2, 0, final=True))
    before = (await bus.read(bus.keys.audio(C, M)))[:2]
    await write(bus, chunk(1, 0))
    # an entry whose id is below that of the final entry counts as already written
    assert await ids(bus) == ["1-1", "1-2", "3-0"]
    assert await bus.reopen(bus.keys.audio(C, M), "3-0")
    assert list(await bus.read(bus.keys.audio(C, M))) == list(before)
    await write(bus, chunk(0, 1), chunk(1, 0), chunk(2, 0, final=True))
    assert await ids(bus) == ["1-1", "1-2", "2-1", "3-0"]


async def test_stream_with_only_a_final_entry_is_empty_when_it_is_reopened(bus: Bus) -> None:
    await write(bus, chunk(5, 0, final=True))
    assert await bus.reopen(bus.keys.audio(C, M), "6-0")
    await write(bus, chunk(0, 0))
    assert await ids(bus) == ["1-1"]


async def test_stream_is_not_reopened_if_it_does_not_end_with_that_final_entry(bus: Bus) -> None:
    assert not await bus.reopen(bus.keys.audio(C, M), "1-0")
    await write(bus, chunk(0, 0))
    assert not await bus.reopen(bus.keys.audio(C, M), "3-0")
    assert await ids(bus) == ["1-1"]
