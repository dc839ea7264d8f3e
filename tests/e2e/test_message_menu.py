"""The menu of a message: copying it, and hearing a reply again."""

from __future__ import annotations

import pytest
from playwright.async_api import Locator, expect

from tests.e2e.conftest import Visit
from tests.e2e.visitor import Visitor

pytestmark = pytest.mark.usefixtures("default_characters")

STORY = "Luna, tell me a story."


async def menu_of(visitor: Visitor, message: Locator) -> Locator:
    """Open the menu of a message with the keyboard."""
    button = message.get_by_role("button", name="Message menu")
    await button.focus()
    await button.press("Enter")
    menu = visitor.page.get_by_role("group", name="Message menu")
    await expect(menu).to_be_visible()
    return menu


async def finished_reply(visitor: Visitor) -> Locator:
    """Let Luna answer, and hear it to its end. Returns the reply."""
    turn_id = await visitor.write("Luna, how are you?")
    (message,) = await visitor.until_played(turn_id)
    return visitor.bubble(message.message_id)


async def test_message_is_copied_with_the_keyboard(visitor: Visitor) -> None:
    await visitor.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await visitor.write("Nobody, this is for me.")
    menu = await menu_of(visitor, visitor.page.locator(".message.mine"))
    await expect(menu.get_by_role("button", name="Copy")).to_be_visible()
    await visitor.page.keyboard.press("Tab")
    await expect(menu.get_by_role("button", name="Copy")).to_be_focused()
    await visitor.page.keyboard.press("Enter")
    await expect(menu.get_by_role("status")).to_have_text("Copied.")
    assert await visitor.page.evaluate("navigator.clipboard.readText()") == "Nobody, this is for me."
    await expect(menu.get_by_role("button", name="Hear it again")).to_have_count(0)
    await visitor.picture("message-menu")
    await visitor.page.keyboard.press("Escape")
    await expect(menu).to_be_hidden()


async def test_reply_is_heard_again_and_nothing_enters_the_conversation(visitor: Visitor) -> None:
    reply = await finished_reply(visitor)
    receipts, turns = len(visitor.log.commands("playback")), len(visitor.log.of("turn_accepted"))
    menu = await menu_of(visitor, reply)
    await menu.get_by_role("button", name="Hear it again").click()
    await expect(menu.get_by_role("button", name="Stop")).to_have_attribute("aria-busy", "false")
    await visitor.picture("message-replay")
    await expect(menu.get_by_role("button", name="Hear it again")).to_be_visible()
    await expect(menu.get_by_role("alert")).to_have_count(0)
    assert (len(visitor.log.commands("playback")), len(visitor.log.of("turn_accepted"))) == (receipts, turns)


async def test_replay_stops_when_the_menu_closes_and_waits_while_a_character_speaks(visit: Visit) -> None:
    visitor = await visit()
    await visitor.arrive()
    reply = await finished_reply(visitor)
    menu = await menu_of(visitor, reply)
    await menu.get_by_role("button", name="Hear it again").click()
    await expect(menu.get_by_role("button", name="Stop")).to_have_attribute("aria-busy", "false")
    await visitor.page.keyboard.press("Escape")
    menu = await menu_of(visitor, reply)
    await expect(menu.get_by_role("button", name="Hear it again")).to_be_enabled()
    await visitor.page.keyboard.press("Escape")
    turn_id = await visitor.write(STORY)
    await visitor.until_speaking(turn_id)
    menu = await menu_of(visitor, reply)
    await expect(menu.get_by_role("button", name="Hear it again")).to_be_disabled()
    await expect(menu.get_by_text("Wait until the characters have finished")).to_be_visible()
    await visitor.page.keyboard.press("Escape")
    await visitor.page.keyboard.press("Escape")
