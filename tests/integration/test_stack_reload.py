"""A client that disconnects during speech, and a client without marks that continues: together they get every
sample.
"""

from __future__ import annotations

import random
import signal
from typing import Any

import pytest

from tertulia_shared.bus import Bus
from tertulia_shared.entry_ids import order
from tertulia_shared.ids import new_id
from tests.harness.client import TalkClient, talk
from tests.harness.eventually import eventually
from tests.harness.stack import Stack

MOMENTS = 10
MOST_RECEIPTS = 100
"""Number of receipts sent at once. With more than 200 commands, the rate limit would apply."""
QUESTION = "Luna, Rex and Sage, how are you?"


async def rendering(bus: Bus, conversation_id: str, message_id: str) -> dict[str, bytes]:
    """All audio of a message by entry id, as the tts worker wrote it."""
    entries = await bus.read(bus.keys.audio(conversation_id, message_id))
    return {entry.id: entry.fields[b"audio"] for entry in entries if b"is_final" not in entry.fields}


def upto(sound: dict[str, bytes], heard: dict[str, Any] | None) -> bytes:
    """The part of a message up to the position `heard`."""
    if heard is None:
        return b""
    if heard["complete"]:
        return b"".join(sound.values())
    end = (heard["sentence_index"] + 1, heard["chunk_index"] + 1)
    whole = b"".join(pcm for id, pcm in sound.items() if order(id) <= end)
    return b"".join(sound.values())[: len(whole) + 2 * heard["next_samples"]]


async def plays(client: TalkClient, bus: Bus, frames: list[dict[str, Any]], next_samples: int = 0) -> None:
    """Send receipts for these frames, and wait until Redis has them. `next_samples`: played after the last frame."""
    for frame in frames[-MOST_RECEIPTS:]:
        place = {name: frame[name] for name in ("message_id", "sentence_index", "chunk_index")}
        is_last = frame is frames[-1]
        await client.send("playback", **place, played_ms=1, **({"next_samples": next_samples} if is_last else {}))
    if not frames:
        return
    key = bus.keys.receipts(client.record.conversation_id)
    last = tuple(str(frames[-1][name]).encode() for name in ("message_id", "sentence_index", "chunk_index"))

    async def known() -> bool:
        receipt = await bus.last(key)
        if receipt is None:
            return False
        return last == tuple(receipt.fields[name] for name in (b"message_id", b"sentence_index", b"chunk_index"))

    await eventually(known)


def _played(frames: list[dict[str, Any]], dice: random.Random) -> tuple[list[dict[str, Any]], int]:
    """The frames that a client has played to their end, and how many samples of the next frame."""
    count = dice.randrange(len(frames) + 1)
    following = frames[count : count + 1]
    if count == 0 or not following or following[0]["message_id"] != frames[count - 1]["message_id"]:
        return frames[:count], 0
    return frames[:count], dice.randrange(len(following[0]["pcm"]) // 2)


@pytest.mark.timeout(240)
async def test_next_client_gets_the_rest_of_the_audio_wherever_the_first_client_disconnects(stack: Stack) -> None:
    async with stack.bus() as bus:
        for moment in range(MOMENTS):
            dice = random.Random(moment)
            turn_id = new_id()
            async with talk(*stack.urls) as first:
                c = first.record.conversation_id
                await first.say(QUESTION, turn_id)
                if moment == MOMENTS - 1:
                    await first.until_done(turn_id)
                else:
                    await first.until_frames(dice.randrange(3, 80))
                frames = first.record.of("audio")
                await plays(first, bus, *_played(frames, dice))
            async with talk(f"{stack.urls[0]}?conversation_id={c}") as second:
                await second.until_done(turn_id)
                record = second.record
                assert record.turns_accepted == {turn_id: QUESTION}
                for message in record.of_turn(turn_id):
                    whole = await rendering(bus, c, message.message_id)
                    heard = upto(whole, record.heard_before.get(message.message_id))
                    rest = b"".join(bytes(pcm) for pcm in message.pcm.values())
                    assert heard + rest == b"".join(whole.values()), f"moment {moment}, {message.name}"
                assert [m.name for m in record.of_turn(turn_id)] == ["Luna", "Rex", "Sage"]
                stack.unsaid |= record.words()


async def test_second_tab_continues_after_the_audio_that_the_first_tab_has_played(stack: Stack) -> None:
    async with stack.bus() as bus, talk(*stack.urls) as first:
        turn_id = new_id()
        await first.say(QUESTION, turn_id)
        await first.until(lambda: len(first.record.of("audio")) >= 5, "some sound")
        await plays(first, bus, first.record.of("audio")[:5])
        c = first.record.conversation_id
        async with talk(f"{stack.urls[0]}?conversation_id={c}") as second:
            assert await first.until_closed() == 4001
            await second.until_done(turn_id)
            (luna, *_) = second.record.of_turn(turn_id)
            whole = await rendering(bus, c, luna.message_id)
            assert b"".join(map(bytes, luna.pcm.values())) == b"".join(list(whole.values())[5:])
            stack.unsaid |= second.record.words()


async def test_client_without_marks_continues_at_another_gateway_after_the_first_was_killed(stack: Stack) -> None:
    (killed,) = stack.of("gateway")
    async with stack.bus() as bus:
        turn_id = new_id()
        async with talk(*stack.urls) as first:
            await first.say(QUESTION, turn_id)
            await first.until(lambda: len(first.record.of("audio")) >= 8, "some sound")
            await plays(first, bus, first.record.of("audio")[:8])
            c = first.record.conversation_id
            killed.send(signal.SIGKILL)
        stack.start("gateway", port=killed.port)
        stack.wait_ready()
        async with talk(f"{stack.urls[0]}?conversation_id={c}") as second:
            await second.until_done(turn_id)
            (luna, *_) = second.record.of_turn(turn_id)
            whole = await rendering(bus, c, luna.message_id)
            assert b"".join(map(bytes, luna.pcm.values())) == b"".join(list(whole.values())[8:])
            stack.unsaid |= second.record.words()
