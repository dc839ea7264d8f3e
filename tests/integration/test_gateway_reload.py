"""A client without marks (a reloaded page, a second tab) continues after the audio that was heard, with further
audio.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator

import pytest

from tertulia_shared.keys import Keys
from tests.harness.gateway import LUNA, REX, Client, Gateway, Reply, gateway
from tests.integration.turn_before_reload import (
    all_audio_ids,
    ask,
    audio_ids,
    disconnect,
    heard_before,
    receive_the_rest,
    send_receipt,
    turn_events,
    wait_for_receipts,
)

SEEDS = 40
MOMENTS_UNTIL = 40
"""The first client disconnects after at most this many frames. A turn has more frames."""
LISTENS_S = 0.1
"""The first client disconnects after at most this time. The test is valid for any moment of the disconnection."""


@pytest.fixture
async def two_gateways(redis_url: str, keys: Keys) -> AsyncGenerator[tuple[Gateway, Gateway]]:
    async with gateway(redis_url, keys) as one, gateway(redis_url, keys) as other:
        yield one, other


async def _write_at_random(reply: Reply, dice: random.Random, upto: asyncio.Event) -> None:
    steps = reply.steps(sentences=2, chunks=3)
    pause = dice.randrange(len(steps) + 1)
    for at, step in enumerate(steps):
        if at == pause:
            await reply.flush()
            await upto.wait()
        step()
        if dice.random() < 0.5:
            await reply.flush()
    await reply.flush()


@pytest.mark.timeout(240)
async def test_client_without_marks_gets_the_rest_of_a_turn_wherever_the_first_client_disconnected(
    two_gateways: tuple[Gateway, Gateway],
) -> None:
    for seed in range(SEEDS):
        dice = random.Random(seed)
        async with Client.at(two_gateways[0].url()) as first:
            turn = await ask(first, two_gateways[0].bus)
            bus, c = turn.workers.bus, first.conversation_id
            go_on = asyncio.Event()
            writing = asyncio.create_task(_write_at_random(turn.reply, dice, go_on))
            moment, played = dice.randrange(MOMENTS_UNTIL), 0
            try:
                async with asyncio.timeout(LISTENS_S):
                    while len(first.frames) < moment and not first.of("turn_metrics"):
                        frame = await first.next()
                        if frame["type"] == "audio" and dice.random() < 0.8:
                            await send_receipt(first, frame)
                            played += 1
            except TimeoutError:
                pass  # from here on, the workers write nothing until the first client has disconnected
            if played:
                await wait_for_receipts(bus, c, 1)
            await disconnect(first)
        async with Client.at(dice.choice(two_gateways).url(f"?conversation_id={c}")) as second:
            started = await second.next()
            go_on.set()
            await writing
            whole, events = await all_audio_ids(bus, c, turn.reply), await turn_events(bus, c)
            heard = heard_before(started, whole)
            assert set(heard) <= set(audio_ids(first.frames)) or any(each["complete"] for each in started["heard"])
            if heard == whole:
                continue  # the client has heard all audio
            await receive_the_rest(second, turn)
        assert (started["type"], started["resumed"]) == ("conversation_started", True)
        assert [f["event_id"] for f in second.frames if "event_id" in f] == events, f"seed {seed}"
        assert heard + audio_ids(second.frames) == whole, f"seed {seed}"
        complete = {each["message_id"] for each in started["heard"] if each["complete"]}
        ended = [f["message_id"] for f in second.of("audio_complete")]
        assert ended == [id for id in turn.reply.message_ids.values() if id not in complete], f"seed {seed}"


async def test_replayed_events_are_sent_before_audio(two_gateways: tuple[Gateway, Gateway]) -> None:
    one, other = two_gateways
    async with Client.at(one.url()) as first:
        turn = await ask(first, one.bus)
        await turn.reply.whole()
        await first.until("audio")
        c = first.conversation_id
        await disconnect(first)
    async with Client.at(other.url(f"?conversation_id={c}")) as second:
        await receive_the_rest(second, turn)
    kinds = [f["type"] for f in second.frames]
    assert kinds[:3] == ["conversation_started", "turn_accepted", "turn_started"]
    assert second.frames[0]["heard"] == []
    assert kinds.index("audio") > kinds.index("turn_complete")
    assert audio_ids(second.frames) == await all_audio_ids(one.bus, c, turn.reply)


async def test_resume_command_without_marks_continues_after_the_heard_audio(
    two_gateways: tuple[Gateway, Gateway],
) -> None:
    one, other = two_gateways
    async with Client.at(one.url()) as first:
        turn = await ask(first, one.bus)
        await turn.reply.whole()
        await send_receipt(first, await first.until("audio", lambda frame: frame["id"] == "2-2"))
        c = first.conversation_id
        await wait_for_receipts(one.bus, c, 1)
    async with Client.at(other.url("?resume=1")) as second:
        await second.send("resume", conversation_id=c)
        await receive_the_rest(second, turn)
    luna = turn.reply.message_ids[LUNA]
    assert second.frames[0]["heard"] == [
        {
            "message_id": luna,
            "sentence_index": 1,
            "chunk_index": 1,
            "played_ms": 10,
            "complete": False,
            "next_samples": 0,
        }
    ]
    assert audio_ids(second.frames)[0] == (luna, "2-3")


async def test_client_without_marks_continues_with_the_next_sample(two_gateways: tuple[Gateway, Gateway]) -> None:
    one, other = two_gateways
    async with Client.at(one.url()) as first:
        turn = await ask(first, one.bus)
        await turn.reply.whole()
        frame = await first.until("audio", lambda frame: frame["id"] == "2-1")
        whole = await first.until("audio", lambda frame: frame["id"] == "2-2")
        c, played = first.conversation_id, len(whole["pcm"]) // 2 - 1
        await send_receipt(first, frame, next_samples=played)
        await wait_for_receipts(one.bus, c, 1)
    async with Client.at(other.url(f"?conversation_id={c}")) as second:
        started = await second.next()
        await receive_the_rest(second, turn)
    (heard,) = started["heard"]
    assert (heard["sentence_index"], heard["chunk_index"], heard["next_samples"]) == (1, 0, played)
    rest = next(frame for frame in second.frames if frame["type"] == "audio")
    assert (rest["id"], rest["pcm"]) == ("2-2", whole["pcm"][2 * played :])


async def test_second_tab_continues_after_the_audio_that_the_first_tab_has_played(
    two_gateways: tuple[Gateway, Gateway],
) -> None:
    one, other = two_gateways
    async with Client.at(one.url()) as first:
        turn = await ask(first, one.bus)
        await turn.reply.whole()
        rex = turn.reply.message_ids[REX]
        await send_receipt(
            first, await first.until("audio", lambda frame: frame["message_id"] == turn.reply.message_ids[REX])
        )
        await wait_for_receipts(one.bus, first.conversation_id, 1)
        async with Client.at(other.url(f"?conversation_id={first.conversation_id}")) as second:
            started = await second.next()
            assert await first.close_code() == 4001
            await receive_the_rest(second, turn)
    assert [each["complete"] for each in started["heard"]] == [True, False]
    assert {message_id for message_id, _ in audio_ids(second.frames)} == {rex}
    assert audio_ids(second.frames)[0][1] == "1-2"


async def test_client_without_marks_continues_after_the_heard_audio_at_a_restarted_gateway(
    redis_url: str, keys: Keys
) -> None:
    async with gateway(redis_url, keys) as one, Client.at(one.url()) as first:
        turn = await ask(first, one.bus)
        steps = turn.reply.steps()
        for step in steps[: len(steps) // 2]:
            step()
        await turn.reply.flush()
        await send_receipt(first, await first.until("audio"))
        c = first.conversation_id
        await wait_for_receipts(one.bus, c, 1)
    async with gateway(redis_url, keys) as again, Client.at(again.url(f"?conversation_id={c}")) as second:
        turn.reply.outlet = again.bus.outlet(epoch=turn.epoch)
        for step in steps[len(steps) // 2 :]:
            step()
        await turn.reply.flush()
        turn.workers.bus = again.bus
        await receive_the_rest(second, turn)
        assert audio_ids(second.frames) == (await all_audio_ids(again.bus, c, turn.reply))[1:]
