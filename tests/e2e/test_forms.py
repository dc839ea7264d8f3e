"""Forms and lists whose answers come late: the focus stays where the user has put it, and no old value comes back."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import rest
from tests.e2e.held_back import held_answers
from tests.e2e.visitor import Visitor
from tests.harness.stack import Stack

pytestmark = pytest.mark.usefixtures("default_characters")

FOCUS_AFTER_CLICK = """async (button) => {
  button.click();
  for (let task = 0; task < 5; task++) await null;
  return document.activeElement.labels?.[0].textContent;
}"""
"""The label of the field that has the focus when the click is rendered, before the next frame."""


async def test_form_takes_the_focus_before_anything_can_be_typed(visitor: Visitor) -> None:
    sheet = await visitor.open("Model")
    for button, label in (("New entry", "Name of the entry"), ("New persona", "What they call you")):
        opener = sheet.get_by_role("button", name=button)
        assert await opener.evaluate(FOCUS_AFTER_CLICK) == label


async def test_undo_of_a_removal_takes_the_focus_once(visitor: Visitor, stack: Stack) -> None:
    new = {"name": "Mira", "voice": "luna", "system_prompt": "You watch the stars.", "active": False}
    rest("POST", stack.http("/api/characters"), new)
    sheet = await visitor.open("Characters")
    await sheet.get_by_role("button", name="Edit Mira").click()
    await sheet.get_by_role("button", name="Remove", exact=True).click()
    await expect(sheet.get_by_role("button", name="Undo")).to_be_focused()
    sage = sheet.get_by_role("switch", name="Sage")
    await sage.focus()
    await sage.press(" ")
    await expect(sage).not_to_be_checked()
    await expect(visitor.seats).to_have_count(2)
    await expect(sage).to_be_focused()


async def test_persona_that_was_just_made_is_in_the_list_before_the_list_is_loaded_again(
    visitor: Visitor, stack: Stack
) -> None:
    sheet = await visitor.open("Model")
    await sheet.get_by_role("button", name="New persona").click()
    await sheet.get_by_label("What they call you").fill("Eva")
    async with held_answers(visitor.page, lambda sent: sent == "GET /api/personas"):
        await sheet.get_by_role("button", name="Add", exact=True).click()
        eva = sheet.get_by_role("radio", name="Eva")
        await expect(eva).to_be_checked()
        await expect(sheet.get_by_role("button", name="Edit Eva")).to_be_visible()
    for persona in rest("GET", stack.http("/api/personas"))["personas"]:
        if persona["name"] == "Eva":
            rest("DELETE", stack.http(f"/api/personas/{persona['id']}"))


async def test_form_that_is_opened_from_an_old_list_does_not_bring_the_old_values_back(
    visitor: Visitor, stack: Stack
) -> None:
    new = {"name": "Mira", "voice": "luna", "system_prompt": "You watch the stars.", "active": False}
    path = stack.http(f"/api/characters/{rest('POST', stack.http('/api/characters'), new)['id']}")
    sheet = await visitor.open("Characters")
    edit, save = sheet.get_by_role("button", name="Edit Mira"), sheet.get_by_role("button", name="Save")
    personality = sheet.get_by_label("Personality")
    await edit.click()
    await personality.fill("You watch the birds.")
    async with held_answers(visitor.page, lambda sent: sent == "GET /api/characters") as released:
        await save.click()
        await edit.click()
        await sheet.get_by_label("Name").fill("Mirabel")
        released.set()
        await expect(personality).to_have_value("You watch the birds.")
    await save.click()
    await expect(sheet.get_by_role("button", name="Edit Mirabel")).to_be_visible()
    saved = rest("GET", path)
    assert (saved["name"], saved["system_prompt"]) == ("Mirabel", "You watch the birds.")
