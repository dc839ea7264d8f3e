"""Text in any script: right-to-left names and messages, and input methods."""

from __future__ import annotations

import pytest
from playwright.async_api import Locator, expect

from tests.e2e.conftest import Visit, rest
from tests.e2e.test_characters import close
from tests.e2e.visitor import READY, Visitor
from tests.harness.eventually import eventually
from tests.harness.stack import Stack

pytestmark = pytest.mark.usefixtures("default_characters")

NAME = "נועה"
MESSAGE = "שלום Luna, מה שלומך?"
KEY = """(box, key) =>
  box.dispatchEvent(new KeyboardEvent("keydown", { ...key, key: "Enter", bubbles: true, cancelable: true }))"""


async def direction(element: Locator) -> str:
    return str(await element.evaluate("element => getComputedStyle(element).direction"))


async def test_hebrew_name_and_message_are_shown_from_right_to_left(visit: Visit, stack: Stack) -> None:
    visitor = await visit()
    rest("POST", stack.http("/api/characters"), {"name": NAME, "voice": "luna", "system_prompt": "את נועה."})
    await visitor.arrive()
    seat = visitor.seats.filter(has_text=NAME)
    await expect(seat).to_be_visible()
    assert await direction(seat.locator("bdi")) == "rtl"
    await visitor.box.fill(MESSAGE)
    assert await direction(visitor.box) == "rtl"
    await visitor.box.fill("")
    turn_id = await visitor.write(MESSAGE)
    await expect(visitor.mine).to_have_text([f"You: {MESSAGE}"])
    assert await direction(visitor.mine) == "rtl"
    answer = await visitor.until_speaking(turn_id)
    assert await direction(visitor.bubble(answer).locator(".bubble")) == "ltr"
    await visitor.page.keyboard.press("Escape")
    await visitor.until_speaking(await visitor.write(f"{NAME}, thank you!"))
    await expect(visitor.status_line).to_have_text(f"{NAME} is speaking")
    assert await direction(visitor.status_line.locator("bdi")) == "rtl"
    await visitor.picture("right-to-left")
    await visitor.page.keyboard.press("Escape")
    sheet = await visitor.open("Conversations")
    title = sheet.get_by_role("listitem").filter(has_text="שלום").locator(".name")
    assert await direction(title) == "rtl"
    await close(visitor, sheet)
    sheet = await visitor.open("Characters")
    await sheet.get_by_role("button", name=f"Edit {NAME}").click()
    for label in ("Name", "Personality"):
        assert await direction(sheet.get_by_label(label)) == "rtl"
    await visitor.picture("right-to-left-character")


@pytest.mark.parametrize(("code", "composing"), [(229, False), (229, True), (13, True)])
async def test_enter_that_confirms_an_input_method_does_not_send_the_message(
    visitor: Visitor, code: int, *, composing: bool
) -> None:
    await visitor.box.fill("にほん")
    allowed = await visitor.box.evaluate(KEY, {"keyCode": code, "isComposing": composing})
    assert allowed  # the key belongs to the input method
    await expect(visitor.box).to_have_value("にほん")
    await expect(visitor.status_line).to_have_text(READY)
    assert visitor.log.commands("user_message") == []
    await visitor.box.press("Enter")
    sent = await eventually(lambda: visitor.log.commands("user_message"), "the message is sent")
    assert [command["text"] for command in sent] == ["にほん"]
    await visitor.page.keyboard.press("Escape")
