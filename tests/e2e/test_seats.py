"""The seats: the menu of each character, and the order, which is changed by dragging or with the keys."""

from __future__ import annotations

from typing import Any, cast

import pytest
from playwright.async_api import Locator, expect

from tests.e2e.conftest import Display, Visit
from tests.e2e.visitor import Visitor, glimpse
from tests.harness.eventually import eventually

pytestmark = pytest.mark.usefixtures("default_characters")

PHONE = Display(320, 640, touch=True, still=True)


async def assert_shown(visitor: Visitor, *names: str) -> None:
    """Wait until these names are at the table in the order of the list, which is that of the keyboard."""
    await expect(visitor.page.locator(".seats > li bdi")).to_have_text(list(names))


async def drag(visitor: Visitor, name: str, onto: str) -> None:
    """Drag a portrait with the mouse onto another one."""
    await portrait(visitor, name).hover()  # when it has come to its seat
    start, end = [await portrait(visitor, each).bounding_box() for each in (name, onto)]
    assert start is not None
    assert end is not None
    mouse = visitor.page.mouse
    await mouse.move(start["x"] + start["width"] / 2, start["y"] + start["height"] / 2)
    await mouse.down()
    await mouse.move(start["x"] + start["width"] / 2 + 20, start["y"] + start["height"] / 2 + 20)
    await mouse.move(end["x"] + end["width"] / 2, end["y"] + end["height"] / 2, steps=5)
    await expect(visitor.page.locator(".seat.dragged")).to_have_count(1)
    await mouse.up()


def portrait(visitor: Visitor, name: str) -> Locator:
    return visitor.seat(name).locator(".halo")


async def test_portrait_dragged_to_another_seat_stays_there_in_this_browser(visitor: Visitor, visit: Visit) -> None:
    await assert_shown(visitor, "Luna", "Rex", "Sage")
    await drag(visitor, "Luna", onto="Sage")
    await assert_shown(visitor, "Rex", "Sage", "Luna")
    await expect(visitor.page.locator("[popover][data-open]")).to_have_count(0)
    await visitor.reload()
    await expect(visitor.seats).to_have_count(3)
    await assert_shown(visitor, "Rex", "Sage", "Luna")
    other = await visit()
    await other.arrive()
    await assert_shown(other, "Luna", "Rex", "Sage")


async def test_portrait_is_dragged_with_a_finger(visit: Visit) -> None:
    visitor = await visit(PHONE)
    await visitor.arrive()
    await expect(visitor.page.get_by_role("button", name="Move with the arrow keys")).to_have_count(0)
    finger = cast("Any", await visitor.page.context.new_cdp_session(visitor.page))
    start, end = [await portrait(visitor, each).bounding_box() for each in ("Sage", "Luna")]
    assert start is not None
    assert end is not None
    points = [
        {"x": box["x"] + box["width"] / 2 + by, "y": box["y"] + box["height"] / 2}
        for box, by in ((start, 0), (start, -20), (end, 10), (end, 0))
    ]
    await finger.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [points[0]]})
    for point in points[1:]:
        await finger.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [point]})
    await expect(visitor.page.locator(".seat.dragged")).to_have_count(1)
    await visitor.picture("seat-dragged-320")
    await finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    await expect(visitor.page.locator(".seat.dragged")).to_have_count(0)
    await assert_shown(visitor, "Sage", "Luna", "Rex")


async def test_all_characters_answer_in_the_order_of_their_seats(visitor: Visitor) -> None:
    await drag(visitor, "Sage", onto="Luna")
    turn_id = await visitor.write("How are you all tonight?")
    (started,) = await eventually(
        lambda: [event for event in visitor.log.of("turn_started") if event["turn_id"] == turn_id],
        "the characters are chosen",
    )
    assert [reply["character_name"] for reply in started["replies"]] == ["Sage", "Luna", "Rex"]
    await visitor.page.keyboard.press("Escape")


async def test_character_is_moved_with_the_keys_and_announced(visitor: Visitor) -> None:
    button = visitor.seat("Luna").get_by_role("button").first
    await button.focus()
    await visitor.page.keyboard.press("Enter")
    move = visitor.page.get_by_role("button", name="Move with the arrow keys")
    await move.focus()
    await visitor.page.keyboard.press("Enter")
    await expect(button).to_be_focused()
    spoken = visitor.page.locator(".scene > .unseen")
    await expect(spoken).to_contain_text("Luna: seat 1 of 3.")
    await visitor.page.keyboard.press("ArrowRight")
    await expect(spoken).to_have_text("Luna: seat 2 of 3.")
    await visitor.page.keyboard.press("Escape")
    await expect(spoken).to_have_text("Luna was not moved.")
    await assert_shown(visitor, "Luna", "Rex", "Sage")

    await visitor.page.keyboard.press("Enter")
    await move.focus()
    await visitor.page.keyboard.press("Enter")
    await expect(spoken).to_contain_text("Luna: seat 1 of 3.")
    await visitor.page.keyboard.press("ArrowRight")
    await visitor.page.keyboard.press("Enter")
    await expect(spoken).to_have_text("Luna has seat 2 of 3.")
    await expect(button).to_be_focused()
    await assert_shown(visitor, "Rex", "Luna", "Sage")


async def test_menu_of_a_seat_asks_mutes_edits_and_plays_the_voice(visitor: Visitor) -> None:
    menu = await visitor.open_seat("Rex")
    await menu.get_by_role("button", name="Ask in a message").click()
    await expect(menu).to_be_hidden()
    await expect(visitor.box).to_be_focused()
    await expect(visitor.page.get_by_role("combobox", name="To")).to_have_value(rex_id(visitor))
    turn_id = await visitor.write("What do you think of rain?")
    command = visitor.log.commands("user_message")[-1]
    assert (command["turn_id"], command["to"]) == (turn_id, [rex_id(visitor)])
    await visitor.page.keyboard.press("Escape")

    menu = await visitor.open_seat("Rex")
    await menu.get_by_role("button", name="Hear the voice").click()
    await glimpse(menu.get_by_role("button", name="Stop the voice"), "the voice is heard")
    await expect(menu.get_by_role("button", name="Hear the voice")).to_be_visible()
    await visitor.page.keyboard.press("Escape")
    await expect(menu).to_be_hidden()
    await expect(visitor.seat("Rex").get_by_role("button").first).to_be_focused()

    menu = await visitor.open_seat("Rex")
    await menu.get_by_role("button", name="Edit").click()
    form = visitor.page.get_by_role("dialog", name="Rex")
    await expect(form.get_by_label("Name", exact=True)).to_have_value("Rex")
    await visitor.page.keyboard.press("Escape")
    await expect(visitor.seat("Rex").get_by_role("button").first).to_be_focused()


async def test_menu_of_a_seat_fits_a_small_phone(visit: Visit, axe: str) -> None:
    visitor = await visit(PHONE)
    await visitor.arrive()
    await visitor.seat("Sage").get_by_role("button", name="Sage").tap()
    menu = visitor.page.get_by_role("group", name="Sage", exact=True)
    await expect(menu).to_be_in_viewport(ratio=1)
    await visitor.page.evaluate(axe)
    found = await visitor.page.evaluate("async () => (await axe.run()).violations.map(({ id }) => id)")
    assert found == []
    await visitor.picture("seat-menu-320")
    await visitor.page.keyboard.press("Escape")
    await expect(menu).to_be_hidden()


def rex_id(visitor: Visitor) -> str:
    characters = visitor.log.of("characters")[-1]["characters"]
    return next(each["id"] for each in characters if each["name"] == "Rex")
