"""A client without marks (a reloaded page, a second tab) continues, audio included, behind what was heard."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

import pytest

from tertulia_shared.bus import Bus, order
from tertulia_shared.entries import Receipt
from tertulia_shared.events import MessageHeard, TranscriptionUpdate
from tertulia_shared.keys import Keys
from tests.harness.gateway import LUNA, REX, Client, Gateway, Reply, Workers, eventually, gateway

SEEDS = 40
MOMENTS_UNTIL = 40
"""The first client vanishes after at most this many frames. A turn has more."""


@pytest.fixture
async def two_gateways(redis_url: str, keys: Keys) -> AsyncGenerator[tuple[Gateway, Gateway]]:
    async with gateway(redis_url, keys) as one, gateway(redis_url, keys) as other:
        yield one, other


@dataclass
class Turn:
    """A turn of a client, answered by scripted workers."""

    client: Client
    workers: Workers
    reply: Reply
    epoch: int
    turn_id: str


async def ask(client: Client, bus: Bus, text: str = "Luna, Rex?") -> Turn:
    """Send a message. Returns its turn, which is not answered yet."""
    if not client.conversation_id:
        await client.next()
    workers = Workers(bus, client.conversation_id)
    await client.send("user_message", text=text)
    while True:
        turn, epoch = await workers.next_turn()
        if turn.text == text:
            return Turn(client, workers, workers.reply(turn, epoch, (LUNA, REX)), epoch, turn.turn_id)


async def send_receipt(client: Client, frame: dict[str, Any]) -> None:
    """Confirm that a frame was played."""
    place = {name: frame[name] for name in ("message_id", "sentence_index", "chunk_index")}
    await client.send("playback", **place, played_ms=10)


async def wait_for_receipts(bus: Bus, conversation_id: str, count: int) -> None:
    """Wait until Redis has this many receipts."""

    async def there() -> bool:
        return len(await bus.read(bus.keys.receipts(conversation_id))) >= count

    await eventually(there)


async def vanish(client: Client) -> None:
    """Drop the connection without a close frame."""
    client.socket.transport.abort()


def audio_ids(frames: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(f["message_id"], f["id"]) for f in frames if f["type"] == "audio"]


async def all_audio_ids(bus: Bus, conversation_id: str, reply: Reply) -> list[tuple[str, str]]:
    return [
        (message_id, entry.id)
        for message_id in reply.message_ids.values()
        for entry in await bus.read(bus.keys.audio(conversation_id, message_id))
        if b"is_final" not in entry.fields
    ]


async def turn_events(bus: Bus, conversation_id: str) -> list[str]:
    """The ids of the events of the last turn."""
    entries = await bus.read(bus.keys.events(conversation_id))
    kinds = [entry.fields[b"type"] for entry in entries]
    first = len(kinds) - 1 - kinds[::-1].index(b"turn_accepted")
    return [e.id for e in entries[first:] if e.fields[b"type"] != b"client_changed" and b"session_id" not in e.fields]


def heard_before(started: dict[str, Any], whole: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The audio ids that `conversation_started` reports as heard."""
    out: list[tuple[str, str]] = []
    for each in started["heard"]:
        mine = [id for message_id, id in whole if message_id == each["message_id"]]
        upto = (each["sentence_index"] + 1, each["chunk_index"] + 1)
        out += [(each["message_id"], id) for id in mine if each["complete"] or order(id) <= upto]
    return out


async def receive_the_rest(client: Client, turn: Turn) -> None:
    """Receive until the turn ends, with a receipt for each frame. Then the talk must end."""
    bus, c = turn.workers.bus, client.conversation_id
    while not any(f["type"] == "turn_metrics" and f["turn_id"] == turn.turn_id for f in client.frames):
        frame = await client.next()
        if frame["type"] == "audio":
            await send_receipt(client, frame)

    async def is_over() -> bool:
        return b"talk" not in await bus.hash(bus.keys.state(c))

    await eventually(is_over)


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
async def test_second_client_gets_each_event_and_frame_once_after_any_cut(
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
                async with asyncio.timeout(0.5):
                    while len(first.frames) < moment and not first.of("turn_metrics"):
                        frame = await first.next()
                        if frame["type"] == "audio" and dice.random() < 0.8:
                            await send_receipt(first, frame)
                            played += 1
            except TimeoutError:
                pass  # the workers write no more until the first client has gone
            if played:
                await wait_for_receipts(bus, c, 1)
            await vanish(first)
        async with Client.at(dice.choice(two_gateways).url(f"?conversation_id={c}")) as second:
            started = await second.next()
            go_on.set()
            await writing
            whole, events = await all_audio_ids(bus, c, turn.reply), await turn_events(bus, c)
            heard = heard_before(started, whole)
            assert set(heard) <= set(audio_ids(first.frames)) or any(each["complete"] for each in started["heard"])
            if heard == whole:
                continue  # all of it was heard
            await receive_the_rest(second, turn)
        assert (started["type"], started["resumed"]) == ("conversation_started", True)
        assert [f["event_id"] for f in second.frames if "event_id" in f] == events, f"seed {seed}"
        assert heard + audio_ids(second.frames) == whole, f"seed {seed}"
        complete = {each["message_id"] for each in started["heard"] if each["complete"]}
        ended = [f["message_id"] for f in second.of("audio_complete")]
        assert ended == [id for id in turn.reply.message_ids.values() if id not in complete], f"seed {seed}"


async def test_replayed_events_come_before_audio(two_gateways: tuple[Gateway, Gateway]) -> None:
    one, other = two_gateways
    async with Client.at(one.url()) as first:
        turn = await ask(first, one.bus)
        await turn.reply.whole()
        await first.until("audio")
        c = first.conversation_id
        await vanish(first)
    async with Client.at(other.url(f"?conversation_id={c}")) as second:
        await receive_the_rest(second, turn)
    kinds = [f["type"] for f in second.frames]
    assert kinds[:3] == ["conversation_started", "turn_accepted", "turn_started"]
    assert second.frames[0]["heard"] == []
    assert kinds.index("audio") > kinds.index("turn_complete")
    assert audio_ids(second.frames) == await all_audio_ids(one.bus, c, turn.reply)


async def test_resume_frame_without_marks_continues_behind_what_was_heard(
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
        {"message_id": luna, "sentence_index": 1, "chunk_index": 1, "played_ms": 10, "complete": False}
    ]
    assert audio_ids(second.frames)[0] == (luna, "2-3")


async def test_second_tab_continues_behind_what_the_first_has_heard(
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


async def test_complete_interrupted_turn_is_not_replayed(two_gateways: tuple[Gateway, Gateway]) -> None:
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


async def test_interrupted_turn_is_replayed_without_audio_until_it_is_complete(
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
        await vanish(first)
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


async def test_unanswered_turn_is_replayed(two_gateways: tuple[Gateway, Gateway]) -> None:
    one, other = two_gateways
    async with Client.at(one.url()) as first:
        turn = await ask(first, one.bus)
        c = first.conversation_id
        await vanish(first)
    async with Client.at(other.url(f"?conversation_id={c}")) as second:
        assert (await second.until("turn_accepted"))["turn_id"] == turn.turn_id
        await turn.reply.whole()
        await receive_the_rest(second, turn)
    assert audio_ids(second.frames) == await all_audio_ids(one.bus, c, turn.reply)


async def test_half_heard_talk_that_was_given_up_continues_and_ends(two_gateways: tuple[Gateway, Gateway]) -> None:
    one, other = two_gateways
    async with Client.at(one.url()) as first:
        turn = await ask(first, one.bus)
        await turn.reply.whole()
        c, bus = first.conversation_id, one.bus
        await send_receipt(first, await first.until("audio"))
        await first.until("turn_metrics")
        await wait_for_receipts(bus, c, 1)
        await bus.transact(c, [], talk=False)  # as after a client's grace period
    async with Client.at(other.url(f"?conversation_id={c}")) as second:
        await second.until("audio")
        assert b"talk" in await bus.hash(bus.keys.state(c))
        await receive_the_rest(second, turn)
    assert audio_ids(second.frames) == (await all_audio_ids(bus, c, turn.reply))[1:]


async def test_talk_that_was_heard_while_no_gateway_ran_is_ended(
    two_gateways: tuple[Gateway, Gateway],
) -> None:
    one, other = two_gateways
    async with Client.at(one.url()) as first:
        turn = await ask(first, one.bus)
        await turn.reply.whole(pcm=b"\0\0" * 24_000)
        c, bus = first.conversation_id, one.bus
        await first.until("turn_complete")
        await vanish(first)
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


async def test_hostile_receipts_do_not_move_the_position(two_gateways: tuple[Gateway, Gateway]) -> None:
    one, other = two_gateways
    async with Client.at(one.url()) as first:
        turn = await ask(first, one.bus)
        await turn.reply.whole()
        c, bus = first.conversation_id, one.bus
        await first.until("turn_metrics")
        await vanish(first)
    luna = turn.reply.message_ids[LUNA]
    outlet = bus.outlet()
    for place in ((0, 1), (-5, 0), (0, -7), (10**30, 0), (7, 7), (999_999, 999_999)):
        outlet.append(bus.keys.receipts(c), Receipt(luna, *place, 10))
    await outlet.flush()
    async with Client.at(other.url(f"?conversation_id={c}")) as second:
        await receive_the_rest(second, turn)
    assert audio_ids(second.frames) == (await all_audio_ids(bus, c, turn.reply))[2:]


async def test_replay_leaves_out_events_of_other_turns_and_of_listening(two_gateways: tuple[Gateway, Gateway]) -> None:
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


async def test_restarted_gateway_continues_behind_what_was_heard(redis_url: str, keys: Keys) -> None:
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
