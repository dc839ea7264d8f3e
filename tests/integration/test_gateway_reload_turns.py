"""Which turns a client without marks gets: interrupted, unanswered, given-up and heard turns, and turns before the last
one.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest

from tertulia_shared.entries import Receipt
from tertulia_shared.events import MessageHeard, TranscriptionUpdate
from tertulia_shared.keys import Keys
from tests.harness.eventually import eventually
from tests.harness.gateway import LUNA, REX, Client, Gateway, gateway
from tests.integration.turn_before_reload import (
    all_audio_ids,
    ask,
    audio_ids,
    disconnect,
    receive_the_rest,
    send_receipt,
    wait_for_receipts,
)


@pytest.fixture
async def two_gateways(redis_url: str, keys: Keys) -> AsyncGenerator[tuple[Gateway, Gateway]]:
    async with gateway(redis_url, keys) as one, gateway(redis_url, keys) as other:
        yield one, other


async def test_interrupted_turn_that_is_complete_is_not_replayed_after_a_reload(
    two_gateways: tuple[Gateway, Gateway],
) -> None:
    one, other = two_gateways
    async with Client.at(one.url()) as first:
        turn = await ask(first, one.bus)
        await turn.reply.whole(pcm=b"\0\0" * 24_000)
        await send_receipt(first, await first.until("audio"))
        await first.send("interrupt")
        await first.until("interrupted")
        c = first.conversation_id
    async with Client.at(other.url(f"?conversation_id={c}")) as second:
        started = await second.next()
        await second.send("refresh_characters")
        await second.until("characters")
        assert (started["heard"], [f["type"] for f in second.frames]) == ([], ["conversation_started", "characters"])


async def test_interrupted_turn_that_is_not_complete_is_replayed_without_audio(
    two_gateways: tuple[Gateway, Gateway],
) -> None:
    one, other = two_gateways
    async with Client.at(one.url()) as first:
        turn = await ask(first, one.bus)
        turn.reply.start()
        turn.reply.begin(LUNA)
        turn.reply.text(LUNA, "Once upon a time")
        turn.reply.sound(LUNA, 0, 0, b"\0\0" * 240)
        await turn.reply.flush()
        await send_receipt(first, await first.until("audio"))
        await wait_for_receipts(one.bus, first.conversation_id, 1)
        await first.send("interrupt")
        await first.until("interrupted")
        c = first.conversation_id
        await disconnect(first)
    async with Client.at(other.url(f"?conversation_id={c}")) as second:
        started = await second.next()
        await second.until("interrupted")
        turn.reply.end_text(LUNA, "Once", "interrupted")
        turn.reply.complete()
        await turn.reply.flush()
        await second.until("turn_complete")
    replayed = ["turn_accepted", "turn_started", "message_started", "llm_chunk", "interrupted"]
    assert started["heard"] == []
    assert [f["type"] for f in second.frames[1:]] == [*replayed, "message_complete", "turn_complete"]
    assert b"talk" not in await one.bus.hash(one.bus.keys.state(c))


async def test_thinking_event_is_replayed_to_a_client_that_reloads_while_the_model_reasons(
    two_gateways: tuple[Gateway, Gateway],
) -> None:
    one, other = two_gateways
    async with Client.at(one.url()) as first:
        turn = await ask(first, one.bus)
        turn.reply.start()
        turn.reply.think(LUNA)
        await turn.reply.flush()
        thinking = await first.until("thinking")
        c = first.conversation_id
        await disconnect(first)
    async with Client.at(other.url(f"?conversation_id={c}")) as second:
        replayed = await second.until("thinking")
        assert [f["type"] for f in second.frames[1:]] == ["turn_accepted", "turn_started", "thinking"]
        assert replayed == thinking
        assert replayed["message_id"] == turn.reply.message_ids[LUNA]
        turn.reply.begin(LUNA)
        turn.reply.text(LUNA, "Hello.")
        turn.reply.end_text(LUNA, "Hello.")
        turn.reply.complete()
        await turn.reply.flush()
        await second.until("turn_complete")


async def test_turn_without_an_answer_is_replayed_after_a_reload(two_gateways: tuple[Gateway, Gateway]) -> None:
    one, other = two_gateways
    async with Client.at(one.url()) as first:
        turn = await ask(first, one.bus)
        c = first.conversation_id
        await disconnect(first)
    async with Client.at(other.url(f"?conversation_id={c}")) as second:
        assert (await second.until("turn_accepted"))["turn_id"] == turn.turn_id
        await turn.reply.whole()
        await receive_the_rest(second, turn)
    assert audio_ids(second.frames) == await all_audio_ids(one.bus, c, turn.reply)


async def test_turn_whose_talk_mark_was_cleared_continues_after_its_heard_audio(
    two_gateways: tuple[Gateway, Gateway],
) -> None:
    one, other = two_gateways
    async with Client.at(one.url()) as first:
        turn = await ask(first, one.bus)
        await turn.reply.whole()
        c, bus = first.conversation_id, one.bus
        await send_receipt(first, await first.until("audio"))
        await first.until("turn_metrics")
        await wait_for_receipts(bus, c, 1)
        await bus.transact(c, [], talk=False)  # as after the time for which the gateway waits for a disconnected client
    async with Client.at(other.url(f"?conversation_id={c}")) as second:
        await second.until("audio")
        assert b"talk" in await bus.hash(bus.keys.state(c))
        await receive_the_rest(second, turn)
    assert audio_ids(second.frames) == (await all_audio_ids(bus, c, turn.reply))[1:]


async def test_talk_mark_is_cleared_if_the_audio_was_played_while_no_gateway_ran(
    two_gateways: tuple[Gateway, Gateway],
) -> None:
    one, other = two_gateways
    async with Client.at(one.url()) as first:
        turn = await ask(first, one.bus)
        await turn.reply.whole(pcm=b"\0\0" * 24_000)
        c, bus = first.conversation_id, one.bus
        await first.until("turn_complete")
        await disconnect(first)
    outlet = bus.outlet()
    outlet.append(bus.keys.receipts(c), Receipt(turn.reply.message_ids[REX], 2, 3, 10))
    await outlet.flush()
    async with Client.at(other.url(f"?conversation_id={c}")) as second:

        async def is_over() -> bool:
            return b"talk" not in await bus.hash(bus.keys.state(c))

        await eventually(is_over)
        await second.send("refresh_characters")
        await second.until("characters")
        assert [f["type"] for f in second.frames] == ["conversation_started", "characters"]


async def test_impossible_receipts_do_not_change_where_the_audio_continues(
    two_gateways: tuple[Gateway, Gateway],
) -> None:
    one, other = two_gateways
    async with Client.at(one.url()) as first:
        turn = await ask(first, one.bus)
        await turn.reply.whole()
        c, bus = first.conversation_id, one.bus
        await first.until("turn_metrics")
        await disconnect(first)
    luna = turn.reply.message_ids[LUNA]
    outlet = bus.outlet()
    for place in ((0, 1), (-5, 0), (0, -7), (10**30, 0), (7, 7), (999_999, 999_999)):
        outlet.append(bus.keys.receipts(c), Receipt(luna, *place, 10))
    await outlet.flush()
    async with Client.at(other.url(f"?conversation_id={c}")) as second:
        await receive_the_rest(second, turn)
    assert audio_ids(second.frames) == (await all_audio_ids(bus, c, turn.reply))[2:]


async def test_replay_has_no_events_of_other_turns_or_of_listening_sessions(
    two_gateways: tuple[Gateway, Gateway],
) -> None:
    one, other = two_gateways
    async with Client.at(one.url()) as first:
        before = await ask(first, one.bus, "first?")
        await before.reply.whole(pcm=b"\0\0" * 24_000)
        await first.until("turn_complete")
        turn = await ask(first, one.bus, "second?")
        events = one.bus.keys.events(first.conversation_id)
        outlet = one.bus.outlet(epoch=turn.epoch)
        outlet.append(events, MessageHeard(before.reply.message_ids[LUNA], LUNA, "all"))
        outlet.append(events, TranscriptionUpdate("dddddddd-0000-4000-8000-000000000001", "hm"))
        await outlet.flush()
        await turn.reply.whole()
        await first.until("turn_complete", lambda frame: frame["turn_id"] == turn.turn_id)
        c = first.conversation_id
    async with Client.at(other.url(f"?conversation_id={c}")) as second:
        await receive_the_rest(second, turn)
    assert not second.of("message_heard")
    assert not second.of("transcription_update")
    assert {f["turn_id"] for f in second.of("turn_accepted")} == {turn.turn_id}
