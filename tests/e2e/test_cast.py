"""The characters at the table of each conversation, and the shelf that all conversations share."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from playwright.async_api import Locator, expect

from tests.e2e.conftest import Display, Visit, rest
from tests.e2e.visitor import Visitor
from tests.harness.eventually import eventually
from tests.harness.stack import Stack

pytestmark = pytest.mark.usefixtures("default_characters")


async def assert_shown(visitor: Visitor, *names: str) -> None:
    """Wait until these names are at the table, in this order."""
    await expect(visitor.page.locator(".seats > li bdi")).to_have_text(list(names))


async def answers(visitor: Visitor, text: str) -> list[str]:
    """Send a message, and return the names of the characters that answer it. The turn is then interrupted."""
    turn_id = await visitor.write(text)
    (started,) = await eventually(
        lambda: [event for event in visitor.log.of("turn_started") if event["turn_id"] == turn_id],
        "the characters are chosen",
    )
    await visitor.page.keyboard.press("Escape")
    return [reply["character_name"] for reply in started["replies"]]


def switch(sheet: Locator, name: str) -> Locator:
    return sheet.get_by_role("switch", name=f"{name} sits at the table")


def cast_of(visitor: Visitor, stack: Stack) -> dict[str, Any]:
    conversation_id = visitor.log.record().conversation_id
    return rest("GET", stack.http(f"/api/conversations/{conversation_id}/cast"))


async def test_character_sent_from_the_table_leaves_only_this_conversation(
    visitor: Visitor, visit: Visit, stack: Stack
) -> None:
    assert await answers(visitor, "How are you all tonight?") == ["Luna", "Rex", "Sage"]
    menu = await visitor.open_seat("Rex")
    await menu.get_by_role("button", name="Remove from the table").click()
    await expect(visitor.seats).to_have_count(2)
    await eventually(lambda: len(cast_of(visitor, stack)["characters"] or ()) == 2, "the server has the cast")
    assert await answers(visitor, "How are you all now?") == ["Luna", "Sage"]
    other = await visit()
    await other.arrive()
    await expect(other.seats).to_have_count(3)
    assert [each["active"] for each in rest("GET", stack.http("/api/characters"))["characters"]] == [True] * 3


async def test_new_conversation_has_the_characters_that_were_chosen_last(visitor: Visitor) -> None:
    sheet = await visitor.open("Characters")
    await switch(sheet, "Rex").focus()
    await visitor.page.keyboard.press("Space")
    await expect(switch(sheet, "Rex")).not_to_be_checked()
    await visitor.page.keyboard.press("Escape")
    assert visitor.log.commands("cast") == [{}], "nothing of a conversation without a turn is stored"
    assert await answers(visitor, "How are you all tonight?") == ["Luna", "Sage"]
    conversations = await visitor.open("Conversations")
    await conversations.get_by_role("button", name="New conversation").click()
    await expect(visitor.mine).to_have_count(0)
    await assert_shown(visitor, "Luna", "Sage")
    sheet = await visitor.open("Characters")
    await switch(sheet, "Rex").focus()
    await visitor.page.keyboard.press("Space")
    await visitor.page.keyboard.press("Escape")
    await assert_shown(visitor, "Luna", "Sage", "Rex")
    assert await answers(visitor, "How are you all tonight?") == ["Luna", "Sage", "Rex"]


async def test_first_characters_are_restored_and_messages_of_removed_ones_stay(visitor: Visitor, stack: Stack) -> None:
    turn_id = await visitor.write("Luna, hello!")
    await visitor.until_played(turn_id)
    luna = next(each for each in rest("GET", stack.http("/api/characters"))["characters"] if each["name"] == "Luna")
    rest("DELETE", stack.http(f"/api/characters/{luna['id']}"))
    await visitor.reload()
    await expect(visitor.seats).to_have_count(2)
    message = visitor.page.locator(".message.theirs").first
    await expect(message).to_contain_text("Luna")
    sheet = await visitor.open("Characters")
    await sheet.get_by_role("button", name="Restore Luna, Rex and Sage").click()
    await expect(switch(sheet, "Luna")).to_be_checked()
    await expect(sheet.get_by_role("button", name="Restore Luna, Rex and Sage")).to_have_count(0)
    await visitor.page.keyboard.press("Escape")
    await expect(visitor.seats).to_have_count(3)


@pytest.mark.parametrize(("width", "height"), [(320, 640), (390, 844), (1280, 800)])
@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_shelf_and_seat_menu_fit_the_screen(
    visit: Visit, axe: str, width: int, height: int, theme: Literal["light", "dark"]
) -> None:
    visitor = await visit(Display(width, height, theme, still=True))
    await visitor.arrive()
    await answers(visitor, "How are you all tonight?")
    menu = await visitor.open_seat("Rex")
    await visitor.picture(f"cast-menu-{width}-{theme}")
    await menu.get_by_role("button", name="Remove from the table").click()
    await expect(visitor.seats).to_have_count(2)
    sheet = await visitor.open("Characters")
    await expect(sheet.get_by_role("checkbox", name="Tell them")).to_be_visible()
    await visitor.picture(f"cast-shelf-{width}-{theme}")
    assert await visitor.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await visitor.page.evaluate(axe)
    found = await visitor.page.evaluate("async () => (await axe.run()).violations.map(({ id }) => id)")
    assert found == []
