"""Changes of the history in the page: a message is edited, answered again, continued, deleted, or copied with all
messages before it. Each change is seen after a reload, too.
"""

from __future__ import annotations

import pytest
from playwright.async_api import Locator, expect

from tests.e2e.conftest import Display, Visit
from tests.e2e.test_accessibility import DISPLAYS, look_at
from tests.e2e.visitor import Visitor
from tests.harness.eventually import eventually

pytestmark = pytest.mark.usefixtures("default_characters")


def own(visitor: Visitor) -> Locator:
    """The newest message of the user."""
    return visitor.page.locator(".message.mine").last


def reply(visitor: Visitor) -> Locator:
    """The newest reply."""
    return visitor.page.locator(".message.theirs").last


async def choose(visitor: Visitor, message: Locator, *actions: str) -> None:
    """Press buttons in the menu of a message, one after the other."""
    await message.hover()
    await message.get_by_role("button", name="Message menu").click()
    menu = visitor.page.get_by_role("group", name="Message menu")
    for action in actions:
        await menu.get_by_role("button", name=action).click()


async def until_changed(visitor: Visitor, number: int) -> None:
    """Wait for the n-th `history_changed`, and until the page shows its result."""
    await eventually(lambda: len(visitor.log.of("history_changed")) >= number, "the history is changed")
    await expect(visitor.page.locator(".message.changing, .message.deleting")).to_have_count(0)


async def silence(visitor: Visitor) -> None:
    """Stop the characters, and wait until they have stopped."""
    await visitor.page.keyboard.press("Escape")
    await expect(visitor.page.get_by_role("button", name="Stop")).to_be_hidden()


async def shown(visitor: Visitor) -> list[str]:
    """The ids of the messages that the page shows."""
    messages = await visitor.page.locator(".message").all()
    return [await each.get_attribute("data-message-id") or "" for each in messages]


async def test_versions_of_a_reply_and_of_a_message(visit: Visit, axe: str) -> None:
    visitor = await visit(DISPLAYS["light"])
    await visitor.arrive()
    await visitor.page.evaluate(axe)
    turn_id = await visitor.write("Luna, how are you?")
    (first,) = await visitor.until_played(turn_id)
    versions = visitor.page.get_by_role("group", name="Versions")
    await expect(versions).to_have_count(0)

    # Another character answers: it is spoken at once, and the first reply stays as a version.
    await choose(visitor, visitor.bubble(first.message_id), "Answer as…", "Rex")
    await until_changed(visitor, 1)
    await expect(versions).to_contain_text("Version 2 of 2")
    await expect(reply(visitor)).to_contain_text("Rex")
    (request,) = visitor.log.commands("request_reply")
    assert request["replaces"] == first.message_id
    await visitor.until_played(request["turn_id"])

    # Back to the first one with the button, which keeps the focus, and forth with the keyboard.
    await versions.get_by_role("button", name="Previous version").click()
    await expect(versions).to_contain_text("Version 1 of 2")
    await expect(visitor.bubble(first.message_id)).to_be_visible()
    await expect(versions.get_by_role("button", name="Previous version")).to_be_focused()
    await visitor.page.keyboard.press("Alt+ArrowRight")
    await expect(versions).to_contain_text("Version 2 of 2")
    await expect(visitor.page.get_by_text("Version 2 of 2")).to_have_count(2)  # with the live region
    await choose(visitor, reply(visitor), "Make it again")
    await expect(versions).to_contain_text("Version 3 of 3")
    await silence(visitor)
    await look_at(visitor, "light", "versions")

    # An edited message replaces everything after it; the version before brings it back.
    await choose(visitor, own(visitor), "Edit")
    editor = visitor.page.get_by_role("textbox", name="Edit the message")
    await expect(editor).to_be_focused()
    await look_at(visitor, "light", "edit")
    await editor.press("Escape")
    await expect(visitor.mine).to_have_text(["You: Luna, how are you?"])
    await choose(visitor, own(visitor), "Edit")
    await editor.fill("Luna, tell me a story.")
    await editor.press("Enter")
    await expect(visitor.mine).to_have_text(["You: Luna, tell me a story."])
    await expect(own(visitor).get_by_role("group", name="Versions")).to_contain_text("Version 2 of 2")
    await silence(visitor)
    await own(visitor).get_by_role("button", name="Previous version").click()
    await expect(visitor.mine).to_have_text(["You: Luna, how are you?"])
    await expect(reply(visitor).get_by_role("group", name="Versions")).to_contain_text("Version 3 of 3")
    before = await shown(visitor)

    await visitor.reload()
    await expect(visitor.mine).to_have_text(["You: Luna, how are you?"])
    await expect(own(visitor).get_by_role("group", name="Versions")).to_contain_text("Version 1 of 2")
    await expect(reply(visitor).get_by_role("group", name="Versions")).to_contain_text("Version 3 of 3")
    assert await shown(visitor) == before


async def test_continued_deleted_and_copied_on_a_phone(visit: Visit, axe: str) -> None:
    visitor = await visit(Display(320, 640, still=True, scheme="dark", touch=True))
    await visitor.arrive()
    await visitor.page.evaluate(axe)
    (first,) = await visitor.until_played(await visitor.write("Luna, how are you?"))
    (second,) = await visitor.until_played(await visitor.write("Rex, and you?"))

    # The first speaker goes on in place of the second question.
    await choose(visitor, visitor.bubble(first.message_id), "Continue")
    await until_changed(visitor, 1)
    await expect(visitor.bubble(second.message_id)).to_have_count(0)
    await expect(visitor.mine).to_have_count(1)
    (request,) = visitor.log.commands("request_reply")
    (further,) = await visitor.until_played(request["turn_id"])
    await expect(visitor.bubble(further.message_id)).to_contain_text("Luna")

    # A deletion can be undone. It is sent before the next message, at the latest.
    await choose(visitor, visitor.bubble(further.message_id), "Delete")
    await expect(visitor.page.get_by_text("Message deleted, with its 2 versions.")).to_be_visible()
    await visitor.page.get_by_role("button", name="Undo").click()
    await expect(visitor.bubble(further.message_id)).to_contain_text("Luna")
    assert visitor.log.commands("delete_message") == []
    await choose(visitor, visitor.bubble(further.message_id), "Delete")
    await look_at(visitor, "small-phone", "deleted")
    turn_id = await visitor.write("Luna, tell me a story.")
    await until_changed(visitor, 2)
    await expect(visitor.bubble(further.message_id)).to_have_count(0)
    await visitor.until_speaking(turn_id)
    await silence(visitor)

    original = visitor.page.url
    await choose(visitor, visitor.bubble(first.message_id), "Branch from here")
    await expect(visitor.page.get_by_text("This is a copy of the conversation")).to_be_visible()
    await expect(visitor.page.locator(".message")).to_have_count(2)
    assert visitor.page.url != original
    await look_at(visitor, "small-phone", "branch")
    await visitor.page.go_back()
    await expect(visitor.mine).to_have_count(2)


async def test_speaker_that_left_the_table_cannot_answer_again(visitor: Visitor) -> None:
    (first,) = await visitor.until_played(await visitor.write("Luna, how are you?"))
    seat = await visitor.open_seat("Luna")
    await seat.get_by_role("button", name="Remove from the table").click()
    await expect(visitor.seats).to_have_count(2)
    await choose(visitor, visitor.bubble(first.message_id))
    menu = visitor.page.get_by_role("group", name="Message menu")
    await expect(menu.get_by_text("Luna does not sit at the table")).to_be_visible()
    await expect(menu.get_by_role("button", name="Make it again")).to_have_count(0)
    await expect(menu.get_by_role("button", name="Continue")).to_have_count(0)
    await menu.get_by_role("button", name="Answer as…").click()
    await menu.get_by_role("button", name="Rex").click()
    await until_changed(visitor, 1)
    await expect(reply(visitor)).to_contain_text("Rex")
