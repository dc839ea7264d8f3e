"""Workers that choose: they see what waits, and claim the entries that are theirs, in any order."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from tertulia_shared.bus import UNASSIGNED, Bus
from tertulia_shared.bus.port.work import VIEW_COUNT
from tertulia_shared.entries import Work
from tertulia_shared.entry_ids import order
from tertulia_shared.ids import new_id
from tests.harness.bus import LONG_S, Bench


async def post(bus: Bus, *voices: str) -> list[str]:
    """Post a piece of work for each voice; returns the ids."""
    await bus.prepare("tts")
    for voice in voices:
        await bus.post("tts", Work(new_id(), message_id=new_id(), voice_id=voice))
    return [waiting.id for waiting in (await bus.look("tts")).waiting][-len(voices) :]


async def voices(bus: Bus) -> list[str]:
    return [waiting.fields[b"voice_id"].decode() for waiting in (await bus.look("tts")).waiting]


async def waiting_ids(bus: Bus) -> Sequence[str]:
    return [waiting.id for waiting in (await bus.look("tts")).waiting]


async def test_nothing_waits_in_a_stage_without_a_group(bus: Bus) -> None:
    view = await bus.look("stt")
    assert (list(view.waiting), dict(view.held), view.last_id) == ([], {}, "0-0")


async def test_look_makes_a_lost_group_again(bus: Bus) -> None:
    """Otherwise, after a loss of all data, workers that choose would never see what is posted."""
    for voice in ("luna", "rex"):
        await bus.post("stt", Work(new_id(), message_id=new_id(), voice_id=voice))
    assert list((await bus.look("stt")).waiting) == []
    assert [work.fields[b"voice_id"] for work in (await bus.look("stt")).waiting] == [b"luna", b"rex"]


async def test_look_shows_what_waits_in_order_and_what_is_held(bus: Bus) -> None:
    ids = await post(bus, "luna", "rex", "sage")
    await bus.claim("tts", "a", count=1, block_s=0)
    view = await bus.look("tts")
    assert [waiting.id for waiting in view.waiting] == ids[1:]
    assert await voices(bus) == ["rex", "sage"]
    assert (dict(view.held), view.last_id) == ({"a": 1}, ids[2])
    assert all(0 <= waiting.age_s < LONG_S for waiting in view.waiting)


async def test_pick_claims_exactly_the_wanted_entries_as_their_first_attempt(bench: Bench) -> None:
    ids = await post(bench.bus, "luna", "rex", "sage", "luna")
    (picked,) = await bench.bus.pick("tts", "b", [ids[1]])
    assert (picked.id, picked.attempt, picked.fields[b"voice_id"]) == (ids[1], 1, b"rex")
    assert await waiting_ids(bench.rival) == [ids[0], ids[2], ids[3]]
    both = await bench.rival.pick("tts", "a", [ids[3], ids[0]])
    assert [(claim.id, claim.attempt) for claim in both] == [(ids[0], 1), (ids[3], 1)]
    assert await waiting_ids(bench.bus) == [ids[2]]
    assert dict((await bench.bus.look("tts")).held) == {"a": 2, "b": 1, UNASSIGNED: 1}


async def test_picked_work_can_be_finished_and_is_gone(bus: Bus) -> None:
    ids = await post(bus, "luna", "rex")
    (picked,) = await bus.pick("tts", "a", [ids[1]])
    assert await bus.finish(picked, "a")
    assert await waiting_ids(bus) == [ids[0]]


async def test_work_that_a_peer_holds_cannot_be_picked(bench: Bench) -> None:
    ids = await post(bench.bus, "luna", "rex")
    await bench.bus.pick("tts", "a", ids)
    assert list(await bench.rival.pick("tts", "b", ids)) == []
    assert set((await bench.bus.look("tts")).held) == {"a"}


async def test_pick_of_nothing_or_of_unknown_work_claims_nothing(bus: Bus) -> None:
    ids = await post(bus, "luna")
    assert list(await bus.pick("tts", "a", [])) == []
    assert list(await bus.pick("tts", "a", ["1-1"])) == []
    assert await waiting_ids(bus) == ids


async def test_work_that_is_set_aside_waits_again_and_the_attempt_does_not_count(bench: Bench) -> None:
    await post(bench.bus, "luna")
    (claim,) = await bench.bus.claim("tts", "a", count=1, block_s=0)
    assert await bench.bus.set_aside(claim, "a")
    assert await waiting_ids(bench.rival) == [claim.id]
    (picked,) = await bench.rival.pick("tts", "b", [claim.id])
    assert (picked.id, picked.attempt) == (claim.id, 1)


async def test_only_the_holder_of_an_attempt_can_set_it_aside(bench: Bench) -> None:
    await post(bench.bus, "luna")
    (claim,) = await bench.bus.claim("tts", "a", count=1, block_s=0)
    assert not await bench.rival.set_aside(claim, "b")
    await bench.rival.take_over("tts", "b", idle_s=0, count=1)
    assert not await bench.bus.set_aside(claim, "a")
    assert await waiting_ids(bench.bus) == []


@pytest.mark.parametrize("leaves", [True, False])
async def test_takeover_gets_work_set_aside_unless_it_leaves_that_out(bus: Bus, *, leaves: bool) -> None:
    ids = await post(bus, "luna", "rex")
    await bus.pick("tts", "a", [ids[1]])
    taken = await bus.take_over("tts", "b", idle_s=LONG_S, count=9, but_of=UNASSIGNED if leaves else "")
    assert [(claim.id, claim.attempt) for claim in taken] == ([] if leaves else [(ids[0], 1)])


async def test_returned_work_is_picked_as_its_next_attempt(bus: Bus) -> None:
    await post(bus, "luna")
    (claim,) = await bus.claim("tts", "a", count=1, block_s=0)
    await bus.nack(claim, "a")
    (picked,) = await bus.pick("tts", "b", [claim.id])
    assert picked.attempt == 2


async def test_returned_work_is_seen_behind_many_entries_that_nobody_picks(bus: Bus) -> None:
    await bus.prepare("tts")
    posted = [Work(new_id(), message_id=new_id(), voice_id=voice) for voice in ["vera"] * (2 * VIEW_COUNT) + ["luna"]]
    await asyncio.gather(*(bus.post("tts", work) for work in posted))
    claims = await bus.claim("tts", "a", count=len(posted), block_s=0)
    await bus.deregister("tts", "a")
    waiting = await waiting_ids(bus)
    assert waiting[-1] == claims[-1].id
    assert waiting[0] == claims[0].id, "somebody has to drop the oldest when they expire"
    assert waiting == sorted(set(waiting), key=order)
