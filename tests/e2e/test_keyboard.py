"""The page with the keyboard alone."""

from __future__ import annotations

import pytest
from playwright.async_api import Locator, expect

from tests.e2e.visitor import READY, Visitor
from tests.harness.eventually import eventually

pytestmark = pytest.mark.usefixtures("default_characters")

MOST_STOPS = 40


async def tab_to(visitor: Visitor, target: Locator) -> None:
    """Press Tab until the target has the focus."""
    for _ in range(MOST_STOPS):
        await visitor.page.keyboard.press("Tab")
        if await target.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"{target} cannot be reached with Tab")


async def test_message_interruption_and_character_switch_work_with_the_keyboard_alone(visitor: Visitor) -> None:
    keyboard = visitor.page.keyboard
    await keyboard.press("Tab")
    await expect(visitor.page.get_by_role("link", name="Write a message")).to_be_focused()
    await keyboard.press("Enter")
    await expect(visitor.box).to_be_focused()
    await keyboard.type("Luna, tell me a story.")
    await keyboard.press("Enter")
    (accepted,) = await eventually(lambda: visitor.log.of("turn_accepted"), "the message is accepted")
    await visitor.until_speaking(accepted["turn_id"])
    await keyboard.press("Escape")
    await expect(visitor.status_line).to_have_text(READY)

    panel = visitor.page.get_by_role("button", name="Characters")
    await tab_to(visitor, panel)
    await keyboard.press("Enter")
    sheet = visitor.page.get_by_role("dialog", name="Characters")
    await expect(sheet).to_be_visible()
    switch = sheet.get_by_role("switch", name="Sage sits at the table")
    await tab_to(visitor, switch)
    await keyboard.press("Space")
    await expect(switch).not_to_be_checked()
    await expect(visitor.seats).to_have_count(2)
    await tab_to(visitor, switch)
    await keyboard.press("Space")
    await expect(switch).to_be_checked()
    await keyboard.press("Escape")
    await expect(sheet).to_be_hidden()
    await expect(panel).to_be_focused()
    await expect(visitor.seats).to_have_count(3)


async def test_page_listens_while_the_space_bar_is_held(visitor: Visitor) -> None:
    await visitor.page.locator("body").press("Tab")
    await visitor.page.get_by_role("link", name="Write a message").evaluate("link => link.blur()")
    await visitor.page.keyboard.down("Space")
    await visitor.say("question_sage.wav")
    await eventually(lambda: visitor.log.of("transcription_update"), "words are heard")
    await eventually(lambda: visitor.log.of("vad_stop"), "the question is over")
    await visitor.page.keyboard.up("Space")
    await eventually(lambda: visitor.log.commands("stop_listening"), "listening ends")
    await eventually(lambda: visitor.log.of("listening_stopped"), "and the recognizer knows")
    (accepted,) = await eventually(lambda: visitor.log.of("turn_accepted"), "the question is understood")
    answer = await visitor.until_speaking(accepted["turn_id"])
    assert visitor.log.record().messages[answer].name == "Sage"
