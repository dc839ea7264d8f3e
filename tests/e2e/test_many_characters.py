"""Eight characters, some with long names: every portrait can be pressed, and every text stays inside the screen."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import Display, Visit, rest
from tests.e2e.visitor import Visitor
from tests.harness.stack import Stack

pytestmark = pytest.mark.usefixtures("default_characters")

DISPLAYS = {
    "small phone": Display(320, 568, touch=True, still=True),
    "phone": Display(375, 667, touch=True, still=True),
    "upright tablet": Display(768, 1024, touch=True, still=True),
    "desktop": Display(1280, 800, still=True),
}
LONG_NAME = "Donaudampfschifffahrtsgesellschaft"
NAMES = (LONG_NAME, "Frau Dr. Annegret Müller-Lüdenscheidt", "Karl-Theodor", "Wolfgang Amadeus", "Ö")
WIDER_THAN_ITS_PLACE = """(text) => {
  const range = document.createRange();
  range.selectNodeContents(text);
  const { left, right } = range.getBoundingClientRect();
  return left < 0 || right > Math.min(innerWidth, text.parentElement.getBoundingClientRect().right) + 1;
}"""


@pytest.mark.parametrize("name", DISPLAYS)
async def test_eight_characters_with_long_names_have_room(visit: Visit, stack: Stack, name: str) -> None:
    for each in NAMES:
        character = {"name": each, "voice": "luna", "system_prompt": "Du bist freundlich."}
        rest("POST", stack.http("/api/characters"), character)
    visitor = await visit(DISPLAYS[name])
    await visitor.arrive()
    await expect(visitor.seats).to_have_count(len(NAMES) + 3)
    welcome = visitor.page.locator(".welcome p")
    assert not await welcome.evaluate(WIDER_THAN_ITS_PLACE)
    await press_every_portrait(visitor)

    sheet = await visitor.open("Characters")
    await sheet.get_by_role("button", name=f"Edit {LONG_NAME}").click()
    title = sheet.page.get_by_role("heading", name=LONG_NAME)
    await expect(title).to_be_visible()
    assert not await title.evaluate(WIDER_THAN_ITS_PLACE)
    close = sheet.page.get_by_role("button", name="Close").last
    assert await title.evaluate("(title) => title.getBoundingClientRect().right") <= await close.evaluate(
        "(close) => close.getBoundingClientRect().left"
    )


async def press_every_portrait(visitor: Visitor) -> None:
    """Press the middle of each portrait; a click that another element receives is an error."""
    for seat in await visitor.seats.all():
        await seat.locator(".halo").click(timeout=10_000)
        await expect(seat.get_by_role("button", name="Answer now")).to_be_visible()
        await visitor.page.keyboard.press("Escape")
        await expect(seat.get_by_role("button", name="Answer now")).to_be_hidden()
