"""The panel of characters. Changes apply from the next turn on."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from playwright.async_api import Locator, Route, expect

from tests.e2e.conftest import USUAL
from tests.e2e.visitor import Visitor
from tests.harness.eventually import eventually
from tests.harness.stack import Stack

pytestmark = pytest.mark.usefixtures("default_characters")


async def who_answers(visitor: Visitor, text: str) -> list[str]:
    """Send a message, and return the names of the characters that answer it. The turn is then interrupted."""
    turn_id = await visitor.write(text)
    (started,) = await eventually(
        lambda: [event for event in visitor.log.of("turn_started") if event["turn_id"] == turn_id],
        "a character answers",
    )
    await visitor.page.keyboard.press("Escape")
    return [reply["character_name"] for reply in started["replies"]]


async def assert_active_character_names(visitor: Visitor, stack: Stack, names: Sequence[str]) -> None:
    """Wait until the page shows exactly these characters and the llm worker has loaded them."""
    await expect(visitor.seats.locator(".place-card")).to_contain_text(list(names), use_inner_text=True)
    await expect(visitor.seats).to_have_count(len(names))
    await eventually(lambda: stack.active_character_names() == list(names), "the llm worker knows the characters")


def row(sheet: Locator, name: str) -> Locator:
    return sheet.get_by_role("listitem").filter(has=sheet.page.get_by_role("button", name=f"Edit {name}"))


async def close(visitor: Visitor, sheet: Locator) -> None:
    await visitor.page.keyboard.press("Escape")
    await expect(sheet).to_be_hidden()


async def test_user_can_add_change_send_away_and_remove_a_character(visitor: Visitor, stack: Stack) -> None:
    await assert_active_character_names(visitor, stack, USUAL)
    sheet = await visitor.open("Characters")
    await sheet.get_by_role("button", name="New character").click()
    await expect(sheet.get_by_role("radio", name="Luna")).to_be_visible()  # the voices are loaded
    await sheet.get_by_label("Name").fill("Luna")
    await sheet.get_by_label("Personality").fill("You are Pilar, who paints boats.")
    await sheet.get_by_role("button", name="Add", exact=True).click()
    await expect(sheet.get_by_role("alert")).to_be_visible()  # the name is already in use, and the form keeps the input
    await expect(sheet.get_by_label("Personality")).to_have_value("You are Pilar, who paints boats.")
    visitor.ignore_console_error("status of 4")
    await sheet.get_by_label("Name").fill("Pilar")
    await sheet.get_by_role("radio", name="Coral").check()
    await sheet.get_by_role("button", name="Add", exact=True).click()
    await expect(row(sheet, "Pilar")).to_be_visible()
    await close(visitor, sheet)
    await assert_active_character_names(visitor, stack, ["Luna", "Pilar", "Rex", "Sage"])
    assert await who_answers(visitor, "Pilar, what do you paint?") == ["Pilar"]

    sheet = await visitor.open("Characters")
    await sheet.get_by_role("button", name="Edit Pilar").click()
    await sheet.get_by_label("Name").fill("Paloma")
    await sheet.get_by_role("button", name="Save").click()
    await expect(row(sheet, "Paloma")).to_be_visible()
    await close(visitor, sheet)
    await assert_active_character_names(visitor, stack, ["Luna", "Paloma", "Rex", "Sage"])
    assert await who_answers(visitor, "And you, Paloma?") == ["Paloma"]

    sheet = await visitor.open("Characters")
    await row(sheet, "Paloma").locator("label.switch").click()  # the switch is drawn over the checkbox
    await expect(row(sheet, "Paloma").get_by_role("switch")).not_to_be_checked()
    await close(visitor, sheet)
    await expect(visitor.seats).to_have_count(3)
    assert await who_answers(visitor, "Is Paloma still here?") == list(USUAL)

    sheet = await visitor.open("Characters")
    await sheet.get_by_role("button", name="Edit Paloma").click()
    await sheet.get_by_role("button", name="Remove", exact=True).click()
    undo = sheet.get_by_role("button", name="Undo")
    await expect(undo).to_be_focused()
    await undo.click()
    await sheet.get_by_role("button", name="Edit Paloma").click()
    await sheet.get_by_role("button", name="Remove", exact=True).click()
    await expect(sheet.get_by_text("Removed: Paloma")).to_be_visible()
    await close(visitor, sheet)  # nobody can undo it now
    sheet = await visitor.open("Characters")
    await expect(row(sheet, "Luna")).to_be_visible()
    await expect(row(sheet, "Paloma")).to_have_count(0)


async def test_input_for_a_new_character_is_kept_if_the_panel_is_closed(visitor: Visitor) -> None:
    sheet = await visitor.open("Characters")
    await sheet.get_by_role("button", name="New character").click()
    await sheet.get_by_label("Personality").fill("You are Pilar, who paints boats.")
    await close(visitor, sheet)
    sheet = await visitor.open("Characters")
    await sheet.get_by_role("button", name="New character").click()
    await expect(sheet.get_by_label("Personality")).to_have_value("You are Pilar, who paints boats.")
    await sheet.get_by_role("button", name="Discard it").click()
    await expect(sheet.get_by_label("Personality")).to_have_value("")
    await expect(sheet.get_by_text("it is not saved yet")).to_have_count(0)


async def test_character_form_is_disabled_until_the_voices_are_loaded(visitor: Visitor) -> None:
    answer = asyncio.Event()

    async def slow(route: Route) -> None:
        await answer.wait()
        await route.continue_()

    await visitor.page.route("**/api/voices", slow)
    sheet = await visitor.open("Characters")
    await sheet.get_by_role("button", name="New character").click()
    voices, invite = (
        sheet.get_by_role("group", name="Voice", exact=True),
        sheet.get_by_role("button", name="Add", exact=True),
    )
    await expect(voices).to_contain_text("Loading the voices…")
    await expect(invite).to_be_disabled()
    answer.set()
    await expect(voices.get_by_role("radio", name="Luna")).to_be_enabled()
    await expect(invite).to_be_enabled()
