"""The page is reloaded while they talk: it goes on where it was heard, and shows nothing as heard that was not."""

from __future__ import annotations

import json
import os
import random
from typing import Any, cast

import pytest
from playwright.async_api import expect

from tertulia_shared.bus import Bus
from tertulia_shared.entry_ids import order
from tests.e2e.conftest import Visit
from tests.e2e.socket_log import checksum
from tests.e2e.visitor import Visitor
from tests.harness.eventually import eventually
from tests.harness.stack import Stack

MOMENTS = int(os.environ.get("RELOAD_MOMENTS", "4"))
"""Reloads in one test, at 0 s and at random up to 5 s of sound. Each takes half a minute; 10 are a thorough search."""
RATE = 24_000
QUESTION = "Rex and Luna, thank you!"
# The browser does not always tell the test of the last frames that a page sends before it goes; the tab keeps them.
RECEIPTS = """
{
  sessionStorage.before = sessionStorage.told ?? "";
  sessionStorage.told = "";
  const send = WebSocket.prototype.send;
  WebSocket.prototype.send = function (frame) {
    if (typeof frame === "string" && JSON.parse(frame).type === "playback") sessionStorage.told += frame + "\\n";
    send.call(this, frame);
  };
}
"""


async def rendering(bus: Bus, conversation_id: str, message_id: str) -> dict[str, bytes]:
    """All sound of a message by entry id."""
    entries = await bus.read(bus.keys.audio(conversation_id, message_id))
    return {entry.id: entry.fields[b"audio"] for entry in entries if b"is_final" not in entry.fields}


async def samples_played(visitor: Visitor) -> int:
    return sum(played.samples for played in (await visitor.played()).values())


async def reload(visitor: Visitor) -> None:
    """Reload the page, and allow sound if the browser asks for it."""
    visitor.forgive("AudioContext was not allowed to start")
    visitor.log.begin_anew()
    await visitor.page.reload()
    await eventually(lambda: visitor.log.of("conversation_started"), "the page is back")
    await visitor.page.locator(".status-line").click()


async def assert_goes_on(visitor: Visitor, bus: Bus, turn_id: str, receipts: list[dict[str, Any]]) -> None:
    """Wait for the end: what the first page has played and what this one plays is all of it, once."""
    (started,) = visitor.log.of("conversation_started")
    told = {(each["message_id"], each["sentence_index"], each["chunk_index"]) for each in receipts}
    for each in started["heard"]:
        known = (each["message_id"], each["sentence_index"], each["chunk_index"]) in told
        assert known, "what counts as heard is what the page has said that it has played"

    async def whole() -> bool | None:
        record = visitor.log.record()
        played = await visitor.played()
        left = [m for m in record.of_turn(turn_id) if m.pcm]
        done = record.turn_is_done(turn_id)
        return (done and all(m.message_id in played and played[m.message_id].state == "played" for m in left)) or None

    await visitor.until(whole, "the rest is heard")
    record, played = visitor.log.record(), await visitor.played()
    answers = record.of_turn(turn_id)
    assert [answer.name for answer in answers] == ["Rex", "Luna"]
    for answer in answers:
        sound = await rendering(bus, record.conversation_id, answer.message_id)
        before = record.heard_before.get(answer.message_id)
        end = (0, 0) if before is None else (before["sentence_index"] + 1, before["chunk_index"] + 1)
        rest = [] if before and before["complete"] else [pcm for id, pcm in sound.items() if order(id) > end]
        assert b"".join(map(bytes, answer.pcm.values())) == b"".join(rest)
        if rest:
            mine = played[answer.message_id]
            assert (mine.samples, mine.checksum) == (len(b"".join(rest)) // 2, checksum(b"".join(rest)))
        bubble = visitor.bubble(answer.message_id)
        await expect(bubble.locator(".bubble")).to_have_text(answer.text)
        await expect(bubble).to_have_class("message theirs played")
        await expect(bubble.locator(".ahead")).to_have_count(0)


@pytest.mark.timeout(60 + 60 * MOMENTS)
async def test_reloaded_at_any_moment_it_goes_on_where_it_was_heard(visit: Visit, stack: Stack) -> None:
    async with stack.bus() as bus:
        for moment in range(MOMENTS):
            visitor = await visit()
            await visitor.page.add_init_script(RECEIPTS)
            await visitor.arrive()
            turn_id = await visitor.write(QUESTION)
            enough = random.Random(moment).randrange(5 * RATE) if moment else 0

            async def far_enough(
                visitor: Visitor = visitor, turn_id: str = turn_id, enough: int = enough
            ) -> bool | None:
                if await samples_played(visitor) >= enough:
                    return True
                record, played = visitor.log.record(), await visitor.played()
                ended = [p.state == "played" for p in played.values()]
                return (record.turn_is_done(turn_id) and len(ended) == 2 and all(ended)) or None  # it was a short one

            await visitor.until(far_enough, "it is far enough")
            await reload(visitor)
            await visitor.picture(f"reloaded-{moment}")
            lines = cast("str", await visitor.page.evaluate("sessionStorage.before")).splitlines()
            receipts = [json.loads(line)["data"] for line in lines]
            if not visitor.log.of("turn_accepted"):  # heard to its end: nothing goes on
                await expect(visitor.page.locator(".message.theirs.stored")).to_have_count(2)
                continue
            await assert_goes_on(visitor, bus, turn_id, receipts)
            await expect(visitor.mine).to_have_text([f"You: {QUESTION}"])


async def test_while_sound_is_blocked_nothing_counts_as_heard(visit: Visit) -> None:
    visitor = await visit()
    visitor.forgive("AudioContext was not allowed to start")
    await visitor.arrive()
    turn_id = await visitor.write("Rex and Luna, tell me a story.")
    rex = await visitor.until_speaking(turn_id)
    visitor.log.begin_anew()
    await visitor.page.reload()
    await eventually(lambda: len(visitor.log.of("turn_complete")) == 1, "all text has come")
    luna = visitor.log.record().of_turn(turn_id)[1]
    await expect(visitor.bubble(luna.message_id).locator(".ahead")).to_have_text(luna.text)
    await expect(visitor.bubble(rex).locator(".ahead")).not_to_be_empty()
