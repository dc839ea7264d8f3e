"""The texts in a character's card are seen, changed and kept in the form of a character."""

from __future__ import annotations

import json

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import Visit, rest
from tests.e2e.test_cards import TEXT, content_of, drop
from tests.e2e.test_characters import close, row
from tests.e2e.visitor import Visitor
from tests.harness.card_shapes import DATA, V2, V3
from tests.harness.stack import Stack

pytestmark = pytest.mark.usefixtures("default_characters")


async def test_texts_of_a_card_can_be_changed_before_and_after_it_is_saved(visitor: Visitor) -> None:
    await drop(visitor.page, "mira.json", "application/json", TEXT.encode())
    sheet = visitor.page.get_by_role("dialog")
    part = sheet.locator(".card-texts")
    await expect(part.locator("summary")).to_contain_text("8 texts")
    await part.locator("summary").click()
    await expect(part.get_by_label("Scenario", exact=True)).to_have_value(DATA["scenario"])
    await part.get_by_label("Scenario", exact=True).fill("A tower by the sea.")
    await sheet.get_by_role("button", name="Add", exact=True).click()
    await sheet.get_by_role("button", name="Edit Mira").click()
    await expect(part.locator("summary")).to_contain_text("8 texts")
    await part.locator("summary").click()
    await expect(part.get_by_label("Scenario", exact=True)).to_have_value("A tower by the sea.")
    await part.get_by_label("Greeting 1", exact=True).fill("Mind the stairs, {{user}}.")
    await part.get_by_role("button", name="Remove: Greeting 2").click()
    await expect(part.get_by_label("Greeting 2", exact=True)).to_be_focused()
    await part.get_by_role("button", name="Add: Greeting").click()
    await expect(part.get_by_label("Greeting 3", exact=True)).to_be_focused()
    await part.get_by_label("Greeting 3", exact=True).fill("The light is out.")
    await visitor.picture("card-texts")
    await sheet.get_by_role("button", name="Save").click()

    await sheet.get_by_role("button", name="Edit Mira").click()
    async with visitor.page.expect_download() as saving:
        await sheet.get_by_role("button", name="Export as JSON card").click()
    card = json.loads(await content_of(await saving.value))
    changed = {
        "scenario": "A tower by the sea.",
        "first_mes": "Mind the stairs, {{user}}.",
        "alternate_greetings": ["The door was open.", "The light is out."],
    }
    assert card == {**V3, "data": {**V3["data"], **changed}}
    await close(visitor, sheet)
    menu = await visitor.open_seat("Mira")
    await menu.get_by_role("button", name="Mind the stairs, Jay.").click()
    await expect(visitor.page.get_by_text("Mind the stairs, Jay.", exact=True)).to_be_visible()
    await visitor.page.keyboard.press("Escape")


async def test_texts_of_a_card_are_kept_if_the_panel_is_closed(visitor: Visitor) -> None:
    await drop(visitor.page, "mira.json", "application/json", TEXT.encode())
    sheet = visitor.page.get_by_role("dialog")
    part = sheet.locator(".card-texts")
    await expect(part.locator("summary")).to_contain_text("8 texts")
    await close(visitor, sheet)
    sheet = await visitor.open("Characters")
    await sheet.get_by_role("button", name="New character").click()
    await expect(part.locator("summary")).to_contain_text("8 texts")
    await part.locator("summary").click()
    await part.get_by_role("button", name="Add: Greeting").click()
    await part.get_by_label("Greeting 4", exact=True).fill("The light is out.")
    await sheet.get_by_role("button", name="Add", exact=True).click()
    await sheet.get_by_role("button", name="Edit Mira").click()
    async with visitor.page.expect_download() as saving:
        await sheet.get_by_role("button", name="Export as JSON card").click()
    card = json.loads(await content_of(await saving.value))
    greetings = [*DATA["alternate_greetings"], "The light is out."]
    assert card == {**V3, "data": {**V3["data"], "alternate_greetings": greetings}}


async def test_changes_of_two_pages_to_one_character_are_both_saved(visit: Visit, stack: Stack) -> None:
    new = {"name": "Mira", "voice": "ada", "system_prompt": "You are Mira.", "image": "", "active": False}
    path = stack.http(f"/api/characters/{rest('POST', stack.http('/api/characters'), new)['id']}")
    visitor = await visit()
    await visitor.arrive()
    sheet = await visitor.open("Characters")
    await sheet.get_by_role("button", name="Edit Mira").click()
    part = sheet.locator(".card-texts")
    await part.locator("summary").click()
    await part.get_by_role("button", name="Add: Scenario").click()
    await part.get_by_label("Scenario", exact=True).fill("A tower.")
    await close(visitor, sheet)

    elsewhere = {"system_prompt": "You are Mira, who paints.", "card_texts": {"personality": "patient"}}
    rest("PATCH", path, elsewhere)
    sheet = await visitor.open("Characters")
    await sheet.get_by_role("button", name="Edit Mira").click()
    await expect(sheet.get_by_label("Personality")).to_have_value("You are Mira, who paints.")
    await part.locator("summary").click()
    await expect(part.get_by_label("Traits", exact=True)).to_have_value("patient")
    rest("PATCH", path, {"card_texts": {"personality": "hasty"}, "pitch": 1.0})
    await sheet.get_by_role("button", name="Save").click()
    await expect(row(sheet, "Mira")).to_be_visible()
    saved = rest("GET", path)
    assert (saved["system_prompt"], saved["pitch"]) == ("You are Mira, who paints.", 1.0)
    assert (saved["card_texts"]["scenario"], saved["card_texts"]["personality"]) == ("A tower.", "hasty")


async def test_text_that_is_too_long_is_refused_at_its_field(visitor: Visitor) -> None:
    card = {**V2, "data": {**DATA, "scenario": "A tower. " * 4_000}}
    await drop(visitor.page, "mira.json", "application/json", json.dumps(card).encode())
    sheet = visitor.page.get_by_role("dialog")
    part = sheet.locator(".card-texts")
    scenario = part.get_by_label("Scenario", exact=True)
    await part.locator("summary").click()
    await expect(part.get_by_text("The prompt has only the first 4,000.")).to_be_visible()
    await scenario.press("End")
    await scenario.press_sequentially("!")
    await part.locator("summary").click()
    visitor.ignore_console_error("status of 4")
    await sheet.get_by_role("button", name="Add", exact=True).click()
    await expect(part.get_by_role("alert")).to_have_text("At most 32000 characters are allowed.")
    await expect(scenario).to_be_focused()
    await scenario.fill("A tower by the sea.")
    await sheet.get_by_role("button", name="Add", exact=True).click()
    await expect(row(sheet, "Mira")).to_be_visible()


async def test_character_without_a_card_can_have_a_greeting(visitor: Visitor) -> None:
    sheet = await visitor.open("Characters")
    await sheet.get_by_role("button", name="New character").click()
    await sheet.get_by_label("Name").fill("Pilar")
    part = sheet.locator(".card-texts")
    await expect(part.locator("summary")).to_contain_text("none")
    await part.locator("summary").click()
    await part.get_by_role("button", name="Add: Greeting").click()
    await part.get_by_label("Greeting 1", exact=True).fill("The tide is out.")
    await sheet.get_by_role("button", name="Add", exact=True).click()
    await expect(row(sheet, "Pilar")).to_be_visible()
    await close(visitor, sheet)
    menu = await visitor.open_seat("Pilar")
    await expect(menu.get_by_role("button", name="The tide is out.")).to_be_visible()
