"""The page is reloaded during a turn: playback continues at the last receipt, and sound that was not played does not
count as heard.
"""

from __future__ import annotations

import asyncio
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
"""The number of reloads in the test: one before the first sound, the others after a random amount of up to 5 s of
sound. A reload takes half a minute; use 10 for a thorough search.
"""
PAGES = 2
"""How many pages are open at once: most of the time they play sound, which takes as long as it is."""
RATE = 24_000
QUESTION = "Rex and Luna, thank you!"
# Stores the sent receipts in the tab's storage, because Playwright can miss the last frames before a reload.
RECEIPTS = """
{
  sessionStorage.before = sessionStorage.sent ?? "";
  sessionStorage.sent = "";
  const send = WebSocket.prototype.send;
  WebSocket.prototype.send = function (frame) {
    if (typeof frame === "string" && JSON.parse(frame).type === "playback") sessionStorage.sent += frame + "\\n";
    send.call(this, frame);
  };
}
"""


async def rendering(bus: Bus, conversation_id: str, message_id: str) -> dict[str, bytes]:
    """The sound of a message: the PCM of each chunk, by entry id."""
    entries = await bus.read(bus.keys.audio(conversation_id, message_id))
    return {entry.id: entry.fields[b"audio"] for entry in entries if b"is_final" not in entry.fields}


def rest_of(sound: dict[str, bytes], heard: dict[str, Any] | None) -> bytes:
    """The sound after the place `heard`."""
    if heard is None:
        return b"".join(sound.values())
    if heard["complete"]:
        return b""
    end = (heard["sentence_index"] + 1, heard["chunk_index"] + 1)
    return b"".join(pcm for id, pcm in sound.items() if order(id) > end)[2 * heard["next_samples"] :]


async def samples_played(visitor: Visitor) -> int:
    return sum(played.samples for played in (await visitor.played()).values())


async def reload(visitor: Visitor) -> None:
    """Reload the page, and allow sound if the browser asks for it."""
    visitor.ignore_console_error("AudioContext was not allowed to start")
    visitor.log.restart()
    await visitor.reload()
    await eventually(lambda: visitor.log.of("conversation_started"), "the page is back")
    await visitor.page.locator(".scene").click()


async def assert_goes_on(
    visitor: Visitor, bus: Bus, turn_id: str, receipts: list[dict[str, Any]], *, lost: int = 0
) -> None:
    """Wait until the turn was played to its end. Check that the two pages, before and after the reload, together have
    played every sample once.

    `lost`: how many of the last receipts may not have arrived.
    """

    async def whole() -> bool | None:
        record = visitor.log.record()
        played = await visitor.played()
        left = [m for m in record.of_turn(turn_id) if m.pcm]
        done = record.turn_is_done(turn_id)
        return (done and all(m.message_id in played and played[m.message_id].state == "played" for m in left)) or None

    await visitor.until(whole, "the rest is played")
    record, played = visitor.log.record(), await visitor.played()
    answers = record.of_turn(turn_id)
    assert [answer.name for answer in answers] == ["Rex", "Luna"]
    for answer in answers:
        sound = await rendering(bus, record.conversation_id, answer.message_id)
        before = record.heard_before.get(answer.message_id)
        rest = rest_of(sound, before)
        if before is not None and not before["complete"]:
            named = [each for each in receipts if each["message_id"] == answer.message_id][-1 - lost :]
            rests = [rest_of(sound, {**each, "complete": False}) for each in named]
            assert rest in rests, "after the last sample that the page has named"
        assert b"".join(map(bytes, answer.pcm.values())) == rest
        if rest:
            mine = played[answer.message_id]
            assert (mine.samples, mine.checksum) == (len(rest) // 2, checksum(rest))
        bubble = visitor.bubble(answer.message_id)
        await expect(bubble.locator(".bubble")).to_have_text(answer.text)
        await expect(bubble).to_have_class("message theirs played")
        await expect(bubble.locator(".ahead")).to_have_count(0)


async def reload_at(moment: int, visit: Visit, bus: Bus) -> None:
    """Reload a new page at this moment of a turn, and check that playback continues."""
    visitor = await visit()
    await visitor.page.add_init_script(RECEIPTS)
    await visitor.arrive()
    turn_id = await visitor.write(QUESTION)
    enough = random.Random(moment).randrange(5 * RATE) if moment else 0

    async def far_enough() -> bool | None:
        if await samples_played(visitor) >= enough:
            return True
        record, played = visitor.log.record(), await visitor.played()
        ended = [p.state == "played" for p in played.values()]
        # a short turn may be over before `enough` was played
        return (record.turn_is_done(turn_id) and len(ended) == 2 and all(ended)) or None

    await visitor.until(far_enough, "the moment of the reload")
    await reload(visitor)
    await visitor.picture(f"reloaded-{moment}")
    lines = cast("str", await visitor.page.evaluate("sessionStorage.before")).splitlines()
    receipts = [json.loads(line)["data"] for line in lines]
    if not visitor.log.of("turn_accepted"):  # the turn was over before the reload
        await expect(visitor.page.locator(".message.theirs.stored")).to_have_count(2)
        return
    # on a slow machine, the browser drops what it has not sent yet, or the gateway reads it after the page is back
    await assert_goes_on(visitor, bus, turn_id, receipts, lost=2)
    await expect(visitor.mine).to_have_text([f"You: {QUESTION}"])


@pytest.mark.timeout(60 + 60 * MOMENTS)
async def test_page_reloaded_during_a_turn_continues_playback_at_the_last_receipt(visit: Visit, stack: Stack) -> None:
    free = asyncio.Semaphore(PAGES)
    async with stack.bus() as bus, asyncio.TaskGroup() as pages:

        async def one(moment: int) -> None:
            async with free:
                await reload_at(moment, visit, bus)

        for moment in range(MOMENTS):
            pages.create_task(one(moment))


async def test_reply_is_shown_as_unheard_after_a_reload_while_the_browser_blocks_sound(visit: Visit) -> None:
    visitor = await visit()
    visitor.ignore_console_error("AudioContext was not allowed to start")
    await visitor.arrive()
    turn_id = await visitor.write("Rex and Luna, tell me a story.")
    rex = await visitor.until_speaking(turn_id)
    visitor.log.restart()
    await visitor.page.reload()
    await eventually(lambda: len(visitor.log.of("turn_complete")) == 1, "all text has arrived")
    luna = visitor.log.record().of_turn(turn_id)[1]
    await expect(visitor.bubble(luna.message_id).locator(".ahead")).to_have_text(luna.text)
    await expect(visitor.bubble(rex).locator(".ahead")).not_to_be_empty()
