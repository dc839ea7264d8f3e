"""Reopened and tentative turns in one conversation. The user continues at each possible moment."""

from __future__ import annotations

import asyncio

import pytest

from tertulia_shared.conversation_state import StateField
from tertulia_shared.conversation_writes import accept_turn, interrupt
from tertulia_shared.entries import UserTurn
from tertulia_shared.ids import new_id
from tertulia_shared.keys import Keys
from tertulia_shared.testing.memory_bus import MemoryBus
from tests.harness.scripted_stt import SpokenTurn
from tests.harness.spoken_conversation import (
    WHOLE,
    C,
    Client,
    assert_only_one_version,
    opened,
    reply_to,
    state,
    steps_of,
    write,
)
from tests.harness.virtual_time import settle, virtual_time


@pytest.fixture
def bus(keys: Keys) -> MemoryBus:
    return MemoryBus(keys)


# -- reopening: the user continues before any sound was heard


@pytest.mark.parametrize("written", range(9))
@virtual_time
async def test_turn_reopened_at_any_moment_before_its_sound_comes_again(bus: MemoryBus, written: int) -> None:
    async with opened(bus) as client:
        spoken = SpokenTurn(bus, C)
        await spoken.accept("I went to the")
        first = reply_to(bus, spoken)
        await write(first, written)
        assert await spoken.reopen()
        # a worker that has not noticed yet writes on; its epoch is outdated
        for step in steps_of(first)[written:]:
            step()
        await settle()
        assert client.kinds[-1] == "turn_reopened"
        assert not client.of("audio")
        await spoken.accept("I went to the market.")
        reply = reply_to(bus, spoken)
        await write(reply)
        assert len(client.of("audio")) == 2
        assert_only_one_version(client, spoken, reply)
        assert [frame["turn_id"] for frame in client.of("turn_metrics")] == [spoken.turn_id]


@virtual_time
async def test_turn_is_not_reopened_once_sending_of_its_sound_has_begun(bus: MemoryBus) -> None:
    client = Client()
    spoken = SpokenTurn(bus, C)
    reopened: list[bool] = []

    async with opened(bus, client=client):
        tasks: list[asyncio.Task[None]] = []

        async def go_on() -> None:
            reopened.append(await spoken.reopen())

        client.on_audio = lambda: tasks.append(asyncio.create_task(go_on()))
        await spoken.accept("I went to the market.")
        await write(reply_to(bus, spoken))
        await asyncio.gather(*tasks)
        assert reopened == [False, False]
        assert (await state(bus)).get(StateField.SOUNDING) == str(spoken.epoch).encode()
        assert not client.of("turn_reopened")
        assert len(client.of("audio")) == 2


@virtual_time
async def test_no_sound_of_a_reopened_turn_comes_after_its_reopening(bus: MemoryBus) -> None:
    async with opened(bus) as client:
        spoken = SpokenTurn(bus, C)
        await spoken.accept("I went to the")
        first = reply_to(bus, spoken)
        await write(first, 8)
        for step in steps_of(first)[8:]:
            step()
        assert await spoken.reopen()  # the sound is written at the moment at which the user continues
        await settle()
        assert client.kinds[-1] == "turn_reopened"


@virtual_time
async def test_reply_without_sound_is_reported_again_after_a_reopening(bus: MemoryBus) -> None:
    async with opened(bus) as client:
        spoken = SpokenTurn(bus, C)
        for text in ("I went to the", "I went to the market."):
            if text.endswith("."):
                assert await spoken.reopen()
            await spoken.accept(text)
            reply = reply_to(bus, spoken)
            steps = steps_of(reply)
            for step in (*steps[:8], steps[-1]):
                step()
            await reply.flush()
            await settle()
        assert [frame["turn_id"] for frame in client.of("turn_metrics")] == [spoken.turn_id] * 2
        assert not (await state(bus)).is_talking


# -- thinking ahead: the reply is made before the turn is certain


@virtual_time
async def test_reply_of_a_tentative_turn_is_held_and_comes_whole_at_its_confirmation(bus: MemoryBus) -> None:
    async with opened(bus) as client:
        spoken = SpokenTurn(bus, C)
        await spoken.accept("I went to the market.", tentative=True)
        reply = reply_to(bus, spoken)
        await write(reply)
        assert client.frames == []
        assert StateField.SOUNDING not in await state(bus)
        assert await spoken.confirm()
        await settle()
        assert client.kinds[:8] == [
            "turn_accepted", "turn_started", "thinking", "message_started", "llm_chunk", "message_complete",
            "turn_complete", "audio",
        ]  # fmt: skip
        assert "tentative" not in client.frames[0]
        assert len(client.of("audio")) == 2
        assert client.of("turn_metrics")[0]["metrics"]["ahead_ms"] >= 0
        assert_only_one_version(client, spoken, reply)
        assert (await state(bus)).get(StateField.SOUNDING) == str(spoken.epoch).encode()


@pytest.mark.parametrize("written", range(WHOLE + 1))
@pytest.mark.parametrize("how", ["reopened", "typed", "interrupted"])
@virtual_time
async def test_withdrawn_tentative_turn_leaves_nothing(bus: MemoryBus, how: str, written: int) -> None:
    async with opened(bus) as client:
        spoken = SpokenTurn(bus, C)
        await spoken.accept("I went to the", tentative=True)
        await write(reply_to(bus, spoken), written)
        typed = UserTurn(new_id(), C, "Hello!", "typed")
        if how == "reopened":
            assert await spoken.reopen()
        elif how == "typed":
            await accept_turn(bus, typed)
        else:
            await interrupt(bus, C, "request")
        await settle()
        assert not await spoken.confirm()
        shown = {"reopened": [], "typed": ["interrupted", "turn_accepted"], "interrupted": ["interrupted"]}
        assert client.kinds == shown[how]
        client.frames.clear()
        await spoken.accept("I went to the market.")
        reply = reply_to(bus, spoken)
        await write(reply)
        assert_only_one_version(client, spoken, reply)
        assert len(client.of("audio")) == 2


@virtual_time
async def test_confirmed_turn_can_be_reopened_until_its_sound_is_sent(bus: MemoryBus) -> None:
    async with opened(bus) as client:
        spoken = SpokenTurn(bus, C)
        await spoken.accept("I went", tentative=True)
        await write(reply_to(bus, spoken), 8)
        assert await spoken.confirm()
        await settle()
        assert await spoken.reopen()
        await spoken.accept("I went to", tentative=True)
        await write(reply_to(bus, spoken), 8)
        assert await spoken.reopen()
        await spoken.accept("I went to the market.", tentative=True)
        reply = reply_to(bus, spoken)
        await write(reply)
        assert await spoken.confirm()
        await settle()
        assert client.kinds.count("turn_reopened") == 1
        assert client.kinds.count("turn_accepted") == 2
        assert_only_one_version(client, spoken, reply)
