"""Two pages have the same conversation in turn: each one continues the sound where the other one stopped."""

from __future__ import annotations

import json
from typing import Any

from playwright.async_api import expect

from tests.e2e.conftest import Visit
from tests.e2e.test_reload import QUESTION, RATE, RECEIPTS, assert_goes_on, samples_played
from tests.e2e.visitor import Visitor
from tests.harness.eventually import eventually
from tests.harness.stack import Stack

LONGER = "Rex and Luna, how are you?"
"""Some 15 s of sound, so that a page which loads slowly does not come too late."""
PART = RATE // 2
"""How many samples each page plays before the other one takes over: half a second."""


async def receipts_of(visitor: Visitor) -> list[dict[str, Any]]:
    return [json.loads(line)["data"] for line in (await visitor.page.evaluate("sessionStorage.sent")).splitlines()]


async def until_played(visitor: Visitor, samples: int) -> None:
    async def enough() -> bool | None:
        return await samples_played(visitor) >= samples or None

    await visitor.until(enough, "a part is played")


async def test_page_that_takes_the_conversation_back_continues_where_the_other_page_stopped(
    visit: Visit, stack: Stack
) -> None:
    first, second = await visit(), await visit()
    for visitor in (first, second):
        visitor.ignore_console_error("AudioContext was not allowed to start")
        await visitor.page.add_init_script(RECEIPTS)
    await first.arrive()
    turn_id = await first.write(LONGER)
    await until_played(first, PART)

    conversation_id = first.log.record().conversation_id
    await second.page.goto(f"{second.address}/?probe=1#/{conversation_id}")
    await eventually(lambda: second.log.of("conversation_started"), "the second page has the conversation")
    await second.page.locator(".scene").click()
    await until_played(second, PART)
    await expect(first.status_line).to_have_text("Open elsewhere")
    await expect(first.page.locator(".seat.speaking")).to_have_count(0)
    await expect(first.page.get_by_role("button", name="Stop", exact=False)).to_have_count(0)

    first.log.restart()
    await first.page.get_by_role("button", name="Continue here").click()
    await expect(second.status_line).to_have_text("Open elsewhere")
    async with stack.bus() as bus:
        receipts = await receipts_of(first) + await receipts_of(second)
        # The second page may have sent receipts while the gateway closed its connection.
        await assert_goes_on(first, bus, turn_id, receipts, lost=2)
    await expect(first.mine).to_have_text([f"You: {LONGER}"])


async def test_conversation_that_is_opened_again_during_a_turn_continues_where_it_was(
    visitor: Visitor, stack: Stack
) -> None:
    await visitor.page.evaluate("sessionStorage.sent = ''")
    turn_id = await visitor.write(QUESTION)
    await until_played(visitor, PART)
    conversation_id = visitor.log.record().conversation_id
    sheet = await visitor.open("Conversations")
    await sheet.get_by_role("button", name="New conversation").click()
    await expect(visitor.page.locator(".welcome")).to_be_visible()
    visitor.log.restart()
    await visitor.page.evaluate(f"location.hash = '#/{conversation_id}'")
    await eventually(lambda: visitor.log.of("conversation_started"), "the conversation is open again")
    async with stack.bus() as bus:
        await assert_goes_on(visitor, bus, turn_id, visitor.log.of("conversation_started")[0]["heard"])
