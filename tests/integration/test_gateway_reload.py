"""A client without marks (a page that was reloaded, a second tab) goes on at what was heard, sound included."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

import pytest

from tertulia_shared.bus import Bus
from tertulia_shared.entries import Receipt
from tertulia_shared.entry_ids import order
from tertulia_shared.events import MessageHeard, TranscriptionUpdate
from tertulia_shared.keys import Keys
from tests.harness.eventually import eventually
from tests.harness.gateway import LUNA, REX, Client, Gateway, Reply, Workers, gateway

SEEDS = 40
MOMENTS_UNTIL = 40
"""Frames of a turn after which the first client has vanished at the latest; there are more."""


@pytest.fixture
async def two_gateways(redis_url: str, keys: Keys) -> AsyncGenerator[tuple[Gateway, Gateway]]:
    async with gateway(redis_url, keys) as one, gateway(redis_url, keys) as other:
        yield one, other


@dataclass
class Turn:
    """A turn that is being answered by scripted workers to a client."""

    client: Client
    workers: Workers
    reply: Reply
    epoch: int
    turn_id: str


async def asked(client: Client, bus: Bus, text: str = "Luna, Rex?") -> Turn:
    """Ask; nothing is answered yet."""
    if not client.conversation_id:
        await client.next()
    workers = Workers(bus, client.conversation_id)
    await client.send("user_message", text=text)
    while True:
        turn, epoch = await workers.next_turn()
        if turn.text == text:
            return Turn(client, workers, workers.reply(turn, epoch, (LUNA, REX)), epoch, turn.turn_id)


async def plays(client: Client, frame: dict[str, Any]) -> None:
    """Say that a frame was played."""
    place = {name: frame[name] for name in ("message_id", "sentence_index", "chunk_index")}
    await client.send("playback", **place, played_ms=10)


async def receipts_are(bus: Bus, conversation_id: str, count: int) -> None:
    """Wait until so many receipts are in Redis."""

    async def there() -> bool:
        return len(await bus.read(bus.keys.receipts(conversation_id))) >= count

    await eventually(there)


async def vanish(client: Client) -> None:
    """Go without a word."""
    client.socket.transport.abort()


def sound(frames: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(f["message_id"], f["id"]) for f in frames if f["type"] == "audio"]


async def all_sound(bus: Bus, conversation_id: str, reply: Reply) -> list[tuple[str, str]]:
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
    """What `conversation_started` says was heard, as audio ids."""
    out: list[tuple[str, str]] = []
    for each in started["heard"]:
        mine = [id for message_id, id in whole if message_id == each["message_id"]]
        upto = (each["sentence_index"] + 1, each["chunk_index"] + 1)
        out += [(each["message_id"], id) for id in mine if each["complete"] or order(id) <= upto]
    return out


async def hears_the_rest(client: Client, turn: Turn) -> None:
    """Read until the turn is over, with a receipt for each frame; then the talk is over."""
    bus, c = turn.workers.bus, client.conversation_id
    while not any(f["type"] == "turn_metrics" and f["turn_id"] == turn.turn_id for f in client.frames):
        frame = await client.next()
        if frame["type"] == "audio":
            await plays(client, frame)

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
async def test_wherever_the_first_client_vanished_the_second_one_goes_on(two_gateways: tuple[Gateway, Gateway]) -> None:
    for seed in range(SEEDS):
        dice = random.Random(seed)
        async with Client.at(two_gateways[0].url()) as first:
            turn = await asked(first, two_gateways[0].bus)
            bus, c = turn.workers.bus, first.conversation_id
            go_on = asyncio.Event()
            writing = asyncio.create_task(_write_at_random(turn.reply, dice, go_on))
            moment, played = dice.randrange(MOMENTS_UNTIL), 0
            try:
                async with asyncio.timeout(0.5):
                    while len(first.frames) < moment and not first.of("turn_metrics"):
                        frame = await first.next()
                        if frame["type"] == "audio" and dice.random() < 0.8:
                            await plays(first, frame)
                            played += 1
            except TimeoutError:
                pass  # no more is written until it is gone
            if played:
                await receipts_are(bus, c, 1)
            await vanish(first)
        async with Client.at(dice.choice(two_gateways).url(f"?conversation_id={c}")) as second:
            started = await second.next()
            go_on.set()
            await writing
            whole, events = await all_sound(bus, c, turn.reply), await turn_events(bus, c)
            heard = heard_before(started, whole)
            assert set(heard) <= set(sound(first.frames)) or any(each["complete"] for each in started["heard"])
            if heard == whole:
                continue  # it was heard to its end
            await hears_the_rest(second, turn)
        assert (started["type"], started["resumed"]) == ("conversation_started", True)
        assert [f["event_id"] for f in second.frames if "event_id" in f] == events, f"seed {seed}"
        assert heard + sound(second.frames) == whole, f"seed {seed}"
        complete = {each["message_id"] for each in started["heard"] if each["complete"]}
        ended = [f["message_id"] for f in second.of("audio_complete")]
        assert ended == [id for id in turn.reply.message_ids.values() if id not in complete], f"seed {seed}"


async def test_events_come_before_sound_and_each_once(two_gateways: tuple[Gateway, Gateway]) -> None:
    one, other = two_gateways
    async with Client.at(one.url()) as first:
        turn = await asked(first, one.bus)
        await turn.reply.whole()
        await first.until("audio")
        c = first.conversation_id
        await vanish(first)
    async with Client.at(other.url(f"?conversation_id={c}")) as second:
        await hears_the_rest(second, turn)
    kinds = [f["type"] for f in second.frames]
    assert kinds[:3] == ["conversation_started", "turn_accepted", "turn_started"]
    assert second.frames[0]["heard"] == []
    assert kinds.index("audio") > kinds.index("turn_complete")
    assert sound(second.frames) == await all_sound(one.bus, c, turn.reply)


async def test_a_resume_frame_without_marks_does_the_same(two_gateways: tuple[Gateway, Gateway]) -> None:
    one, other = two_gateways
    async with Client.at(one.url()) as first:
        turn = await asked(first, one.bus)
        await turn.reply.whole()
        await plays(first, await first.until("audio", lambda frame: frame["id"] == "2-2"))
        c = first.conversation_id
        await receipts_are(one.bus, c, 1)
    async with Client.at(other.url("?resume=1")) as second:
        await second.send("resume", conversation_id=c)
        await hears_the_rest(second, turn)
    luna = turn.reply.message_ids[LUNA]
    assert second.frames[0]["heard"] == [
        {"message_id": luna, "sentence_index": 1, "chunk_index": 1, "played_ms": 10, "complete": False}
    ]
    assert sound(second.frames)[0] == (luna, "2-3")


async def test_a_second_tab_takes_over_behind_what_the_first_has_heard(two_gateways: tuple[Gateway, Gateway]) -> None:
    one, other = two_gateways
    async with Client.at(one.url()) as first:
        turn = await asked(first, one.bus)
        await turn.reply.whole()
        await plays(first, await first.until("audio", lambda frame: frame["message_id"] == turn.reply.message_ids[REX]))
        await receipts_are(one.bus, first.conversation_id, 1)
        async with Client.at(other.url(f"?conversation_id={first.conversation_id}")) as second:
            started = await second.next()
            assert await first.close_code() == 4001
            await hears_the_rest(second, turn)
    assert [each["complete"] for each in started["heard"]] == [True, False]
    assert {message_id for message_id, _ in sound(second.frames)} == {turn.reply.message_ids[REX]}
    assert sound(second.frames)[0][1] == "1-2"


async def test_what_an_interruption_has_ended_is_not_sent_again(two_gateways: tuple[Gateway, Gateway]) -> None:
    one, other = two_gateways
    async with Client.at(one.url()) as first:
        turn = await asked(first, one.bus)
        await turn.reply.whole(pcm=b"\0\0" * 24_000)
        await plays(first, await first.until("audio"))
        await first.send("interrupt")
        await first.until("interrupted")
        c = first.conversation_id
    async with Client.at(other.url(f"?conversation_id={c}")) as second:
        started = await second.next()
        await second.send("refresh_characters")
        await second.until("characters")
        assert (started["heard"], [f["type"] for f in second.frames]) == ([], ["conversation_started", "characters"])


async def test_interrupted_turn_is_replayed_without_sound_until_it_is_complete(
    two_gateways: tuple[Gateway, Gateway],
) -> None:
    one, other = two_gateways
    async with Client.at(one.url()) as first:
        turn = await asked(first, one.bus)
        turn.reply.start()
        turn.reply.begin(LUNA)
        turn.reply.text(LUNA, "Once upon a time")
        turn.reply.sound(LUNA, 0, 0, b"\0\0" * 240)
        await turn.reply.flush()
        await plays(first, await first.until("audio"))
        await receipts_are(one.bus, first.conversation_id, 1)
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


async def test_a_turn_that_nobody_has_begun_to_answer_is_told(two_gateways: tuple[Gateway, Gateway]) -> None:
    one, other = two_gateways
    async with Client.at(one.url()) as first:
        turn = await asked(first, one.bus)
        c = first.conversation_id
        await vanish(first)
    async with Client.at(other.url(f"?conversation_id={c}")) as second:
        assert (await second.until("turn_accepted"))["turn_id"] == turn.turn_id
        await turn.reply.whole()
        await hears_the_rest(second, turn)
    assert sound(second.frames) == await all_sound(one.bus, c, turn.reply)


async def test_a_talk_that_was_given_up_half_heard_goes_on_and_ends(two_gateways: tuple[Gateway, Gateway]) -> None:
    one, other = two_gateways
    async with Client.at(one.url()) as first:
        turn = await asked(first, one.bus)
        await turn.reply.whole()
        c, bus = first.conversation_id, one.bus
        await plays(first, await first.until("audio"))
        await first.until("turn_metrics")
        await receipts_are(bus, c, 1)
        await bus.transact(c, [], talk=False)  # as after the time that a client is given to play what it has
    async with Client.at(other.url(f"?conversation_id={c}")) as second:
        await second.until("audio")
        assert b"talk" in await bus.hash(bus.keys.state(c))
        await hears_the_rest(second, turn)
    assert sound(second.frames) == (await all_sound(bus, c, turn.reply))[1:]


async def test_a_talk_that_was_heard_to_its_end_while_no_gateway_was_there_is_over(
    two_gateways: tuple[Gateway, Gateway],
) -> None:
    one, other = two_gateways
    async with Client.at(one.url()) as first:
        turn = await asked(first, one.bus)
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


async def test_hostile_receipts_do_not_move_the_place(two_gateways: tuple[Gateway, Gateway]) -> None:
    one, other = two_gateways
    async with Client.at(one.url()) as first:
        turn = await asked(first, one.bus)
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
        await hears_the_rest(second, turn)
    assert sound(second.frames) == (await all_sound(bus, c, turn.reply))[2:]


async def test_what_is_not_of_the_turn_does_not_come_again(two_gateways: tuple[Gateway, Gateway]) -> None:
    one, other = two_gateways
    async with Client.at(one.url()) as first:
        before = await asked(first, one.bus, "first?")
        await before.reply.whole(pcm=b"\0\0" * 24_000)
        await first.until("turn_complete")
        turn = await asked(first, one.bus, "second?")
        events = one.bus.keys.events(first.conversation_id)
        outlet = one.bus.outlet(epoch=turn.epoch)
        outlet.append(events, MessageHeard(before.reply.message_ids[LUNA], LUNA, "all"))
        outlet.append(events, TranscriptionUpdate("dddddddd-0000-4000-8000-000000000001", "hm"))
        await outlet.flush()
        await turn.reply.whole()
        await first.until("turn_complete", lambda frame: frame["turn_id"] == turn.turn_id)
        c = first.conversation_id
    async with Client.at(other.url(f"?conversation_id={c}")) as second:
        await hears_the_rest(second, turn)
    assert not second.of("message_heard")
    assert not second.of("transcription_update")
    assert {f["turn_id"] for f in second.of("turn_accepted")} == {turn.turn_id}


async def test_a_gateway_that_was_restarted_meanwhile_goes_on(redis_url: str, keys: Keys) -> None:
    async with gateway(redis_url, keys) as one, Client.at(one.url()) as first:
        turn = await asked(first, one.bus)
        steps = turn.reply.steps()
        for step in steps[: len(steps) // 2]:
            step()
        await turn.reply.flush()
        await plays(first, await first.until("audio"))
        c = first.conversation_id
        await receipts_are(one.bus, c, 1)
    async with gateway(redis_url, keys) as again, Client.at(again.url(f"?conversation_id={c}")) as second:
        turn.reply.outlet = again.bus.outlet(epoch=turn.epoch)
        for step in steps[len(steps) // 2 :]:
            step()
        await turn.reply.flush()
        turn.workers.bus = again.bus
        await hears_the_rest(second, turn)
        assert sound(second.frames) == (await all_sound(again.bus, c, turn.reply))[1:]
