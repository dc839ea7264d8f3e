"""The name that the characters call the user by: asked for once, changed later, kept with each conversation."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any
from urllib.error import HTTPError

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import rest
from tests.e2e.visitor import Visitor
from tests.harness.eventually import eventually
from tests.harness.stack import Stack

pytestmark = pytest.mark.usefixtures("default_characters")


async def set_name(visitor: Visitor, name: str) -> None:
    """Answer the question of the first conversation."""
    await visitor.page.get_by_label("What shall they call you?").fill(name)
    await visitor.page.get_by_role("button", name="Save", exact=True).click()


def names(visitor: Visitor) -> list[str]:
    """The names that the server has confirmed, in order."""
    return [event["name"] for event in visitor.log.of("user_name")]


def stored(stack: Stack, conversation_id: str) -> list[dict[str, Any]]:
    """The messages of the user; none if the conversation is not stored yet."""
    try:
        messages = rest("GET", stack.http(f"/api/conversations/{conversation_id}"))["messages"]
    except HTTPError as error:
        if error.code != HTTPStatus.NOT_FOUND:
            raise
        return []
    return [message for message in messages if message["role"] == "user"]


def conversation_id(visitor: Visitor) -> str:
    return str(visitor.log.of("conversation_started")[-1]["conversation_id"])


async def test_name_is_asked_once_sent_with_the_first_message_and_kept(visitor: Visitor, stack: Stack) -> None:
    question = visitor.page.get_by_label("What shall they call you?")
    await expect(question).to_have_value("Jay")
    await visitor.picture("user-name-asked")
    await set_name(visitor, "Ana")
    await expect(visitor.page.get_by_text("They call you Ana.")).to_be_visible()
    assert visitor.log.commands("user_name") == [{}]  # a conversation without a message is not stored
    await visitor.write("Luna, what is my name?")
    await eventually(lambda: names(visitor)[-1:] == ["Ana"], "the server has the name")
    first = conversation_id(visitor)
    await eventually(lambda: [row["character_name"] for row in stored(stack, first)] == ["Ana"], "it is stored")
    await visitor.page.keyboard.press("Escape")

    await visitor.reload()
    await eventually(lambda: names(visitor)[2:] and names(visitor)[-1] == "Ana", "the name is there after a reload")
    await expect(question).to_have_count(0)

    sheet = await visitor.open("Conversations")
    await sheet.get_by_role("button", name="New conversation").click()
    await expect(visitor.page.get_by_text("They call you Ana.")).to_be_visible()
    await visitor.write("Rex, who am I?")
    second = conversation_id(visitor)
    assert second != first
    await eventually(lambda: [row["character_name"] for row in stored(stack, second)] == ["Ana"], "it is stored, too")
    await visitor.page.keyboard.press("Escape")


async def test_question_for_the_name_can_be_skipped(visitor: Visitor) -> None:
    await visitor.page.get_by_role("button", name="Skip").click()
    await expect(visitor.page.get_by_text("They call you Jay.")).to_be_visible()
    await expect(visitor.page.get_by_role("button", name="Change your name")).to_be_visible()
    await visitor.reload()
    await expect(visitor.page.get_by_text("They call you Jay.")).to_be_visible()


async def test_name_is_changed_later_in_the_panel_of_characters(visitor: Visitor, stack: Stack) -> None:
    await visitor.write("Sage, hello.")
    await visitor.page.keyboard.press("Escape")
    sheet = await visitor.open("Characters")
    change = sheet.get_by_role("button", name="Change your name")
    await change.click()
    field = sheet.get_by_label("Your name")
    await expect(field).to_be_focused()
    await field.fill("luna")
    await field.press("Enter")
    await expect(sheet.get_by_text("A character is called Luna.")).to_be_visible()
    await field.fill("!!")
    await field.press("Enter")
    await expect(sheet.get_by_text("Use at least one letter or digit")).to_be_visible()
    await field.press("Escape")
    await expect(sheet).to_be_visible()
    await expect(change).to_be_focused()
    await change.click()
    await field.fill("Björn")
    await field.press("Enter")
    await eventually(lambda: names(visitor)[-1:] == ["Björn"], "the server has the name")
    await expect(sheet.get_by_text("They call you Björn.")).to_be_visible()
    await visitor.page.keyboard.press("Escape")
    await visitor.write("Sage, hello again.")
    talk = conversation_id(visitor)
    await eventually(
        lambda: [row["character_name"] for row in stored(stack, talk)] == ["Jay", "Björn"], "both names are stored"
    )
    await visitor.page.keyboard.press("Escape")


async def test_character_cannot_have_the_name_of_the_user(visitor: Visitor) -> None:
    await set_name(visitor, "Ana")
    sheet = await visitor.open("Characters")
    await sheet.get_by_role("button", name="New character").click()
    await sheet.get_by_label("Name", exact=True).fill("ana")
    await expect(sheet.get_by_text("That is what they call you.")).to_be_visible()
    posts: list[str] = []
    visitor.page.on("request", lambda request: posts.append(request.url) if request.method == "POST" else None)
    await sheet.get_by_role("button", name="Add", exact=True).click()
    await expect(sheet.get_by_label("Name", exact=True)).to_be_focused()
    assert posts == []


async def test_name_is_sent_before_the_first_spoken_message(visitor: Visitor) -> None:
    await set_name(visitor, "Ana")
    await visitor.start_listening()
    await eventually(lambda: names(visitor)[-1:] == ["Ana"], "the server has the name")
    await eventually(lambda: visitor.log.commands("start_listening"), "the page listens")
    sent = [command["type"] for command in visitor.log.sent]
    assert sent.index("start_listening") > max(at for at, kind in enumerate(sent) if kind == "user_name")
