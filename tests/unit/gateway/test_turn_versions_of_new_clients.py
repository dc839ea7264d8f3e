"""Reopened and tentative turns, for clients that reconnect, reload or are replaced."""

from __future__ import annotations

import pytest

from tertulia_gateway.transport import CloseConnection
from tertulia_shared.testing.memory_bus import MemoryBus
from tests.harness.gateway import resume_of
from tests.harness.scripted_stt import SpokenTurn
from tests.harness.spoken_conversation import (
    C,
    assert_only_one_version,
    opened,
    reply_to,
    resumed,
    steps_of,
    write,
)
from tests.harness.virtual_time import settle, virtual_time


@virtual_time
async def test_client_that_reconnects_with_marks_during_the_hold_gets_the_turn_once(bus: MemoryBus) -> None:
    spoken = SpokenTurn(bus, C)
    async with opened(bus) as first:
        before = SpokenTurn(bus, C)
        await before.accept("Hello.")
        await write(reply_to(bus, before))
        await bus.transact(C, [], talk=False)  # its sound was played
        await spoken.accept("I went to the market.", tentative=True)
        reply = reply_to(bus, spoken)
        await write(reply, 6)
    marks = resume_of(C, first.frames)
    position = await resumed(bus, "me", last_event_id=marks["last_event_id"])
    async with opened(bus, position) as second:
        await settle()
        assert not second.of("turn_accepted")
        for step in steps_of(reply)[6:]:
            step()
        await reply.flush()
        assert await spoken.confirm()
        await settle()
        assert [frame["turn_id"] for frame in second.of("turn_accepted")] == [spoken.turn_id]
        assert len(second.of("audio")) == 2


@pytest.mark.parametrize("is_confirmed", [True, False])
@virtual_time
async def test_client_without_marks_during_the_hold_gets_the_turn_only_if_it_is_confirmed(
    bus: MemoryBus,
    is_confirmed: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    spoken = SpokenTurn(bus, C)
    async with opened(bus):
        await spoken.accept("I went to the market.", tentative=True)
        reply = reply_to(bus, spoken)
        await write(reply)
    async with opened(bus, await resumed(bus, "another")) as client:
        await settle()
        assert client.kinds == ["conversation_started"]
        assert client.frames[0]["heard"] == []
        if is_confirmed:
            assert await spoken.confirm()
            await settle()
            assert client.kinds[1] == "turn_accepted"
            assert len(client.of("audio")) == 2
        else:
            assert await spoken.reopen()
            await settle()
            assert client.kinds == ["conversation_started"]


@virtual_time
async def test_older_turn_is_not_replayed_while_a_later_turn_is_held(bus: MemoryBus) -> None:
    async with opened(bus):
        before = SpokenTurn(bus, C)
        await before.accept("Hello.")
        await write(reply_to(bus, before))
        await bus.transact(C, [], talk=False)
        spoken = SpokenTurn(bus, C)
        await spoken.accept("I went to the market.", tentative=True)
        await settle()
    async with opened(bus, await resumed(bus, "another")) as client:
        await settle()
        assert client.kinds == ["conversation_started"]


@virtual_time
async def test_reload_after_the_confirmation_replays_the_turn_like_any_other(bus: MemoryBus) -> None:
    spoken = SpokenTurn(bus, C)
    await spoken.accept("I went to the market.", tentative=True)
    reply = reply_to(bus, spoken)
    await write(reply, 8)
    assert await spoken.confirm()
    async with opened(bus, await resumed(bus, "another")) as client:
        await settle()
        assert client.kinds[:2] == ["conversation_started", "turn_accepted"]
        assert "tentative" not in client.frames[1]
        for step in steps_of(reply)[8:]:
            step()
        await reply.flush()
        await settle()
        assert len(client.of("audio")) == 2


@virtual_time
async def test_reload_after_a_reopening_shows_nothing_of_the_turn_until_it_comes_again(bus: MemoryBus) -> None:
    spoken = SpokenTurn(bus, C)
    await spoken.accept("I went to the")
    await write(reply_to(bus, spoken), 8)
    assert await spoken.reopen()
    async with opened(bus, await resumed(bus, "another")) as client:
        await settle()
        assert client.kinds == ["conversation_started"]
        await spoken.accept("I went to the market.")
        reply = reply_to(bus, spoken)
        await write(reply)
        assert_only_one_version(client, spoken, reply)


@virtual_time
async def test_client_that_was_disconnected_during_the_reopening_gets_it_on_reconnect(bus: MemoryBus) -> None:
    spoken = SpokenTurn(bus, C)
    async with opened(bus) as first:
        await spoken.accept("I went to the")
        await write(reply_to(bus, spoken), 8)
    assert await spoken.reopen()
    await spoken.accept("I went to the market.")
    reply = reply_to(bus, spoken)
    await write(reply)
    marks = resume_of(C, first.frames)
    async with opened(bus, await resumed(bus, "me", last_event_id=marks["last_event_id"])) as client:
        await settle()
        assert client.kinds[:3] == ["conversation_started", "turn_reopened", "turn_accepted"]
        assert len(client.of("audio")) == 2
        assert_only_one_version(client, spoken, reply)


@virtual_time
async def test_client_is_replaced_at_once_while_a_turn_is_held(bus: MemoryBus) -> None:
    async def be_replaced() -> None:
        async with opened(bus):
            await SpokenTurn(bus, C).accept("I went to the", tentative=True)
            await settle()
            await resumed(bus, "another")
            await settle()

    with pytest.raises(CloseConnection):
        await be_replaced()
