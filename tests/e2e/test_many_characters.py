"""Many characters, some with long names: nothing covers a portrait or a name, and no text leaves the screen."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import Display, Visit, rest
from tests.e2e.test_characters import close
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
NAMES = (
    LONG_NAME,
    "Frau Dr. Annegret Müller-Lüdenscheidt",
    "Karl-Theodor",
    "Wolfgang Amadeus",
    "Ö",
    "Bartholomew Featherstonehaugh III",
    "Maximiliane",
    "Ivy",
    "Zoë",
)
SIZES = (
    (320, 568), (344, 882), (390, 844), (320, 400), (568, 320), (667, 375), (844, 390), (768, 1024), (1024, 768),
    (1024, 1366), (1280, 720), (1440, 900), (1920, 1080), (2560, 1440),
)  # fmt: skip
# What covers what at the table: each portrait and each name is free, and so is the status line. `""` if nothing does.
COVERED = """() => {
  const scene = document.querySelector(".scene").getBoundingClientRect();
  const parts = [["status line", document.querySelector(".status-line")]];
  for (const seat of document.querySelectorAll(".seats > li")) {
    const name = seat.innerText.trim();
    parts.push([`portrait of ${name}`, seat.querySelector(".halo")]);
    parts.push([`name of ${name}`, seat.querySelector(".place-card")]);
  }
  const shown = parts.filter(([, part]) => part.checkVisibility());
  const boxes = shown.map(([what, part]) => [what, part.getBoundingClientRect(), part.closest("li")]);
  const found = [];
  for (const [index, [what, box, seat]] of boxes.entries()) {
    if (box.left < -1 || box.right > innerWidth + 1 || box.top < scene.top - 1 || box.bottom > scene.bottom + 1)
      found.push(`${what} leaves the table`);
    for (const [other, next, owner] of boxes.slice(index + 1)) {
      const x = Math.min(box.right, next.right) - Math.max(box.left, next.left);
      const y = Math.min(box.bottom, next.bottom) - Math.max(box.top, next.top);
      if (x > 1 && y > 1 && (owner === null || owner !== seat)) found.push(`${what} and ${other}`);
    }
  }
  if (document.scrollingElement.scrollWidth > innerWidth) found.push("the page scrolls sideways");
  return found.join("; ");
}"""
WIDER_THAN_ITS_PLACE = """(text) => {
  const range = document.createRange();
  range.selectNodeContents(text);
  const { left, right } = range.getBoundingClientRect();
  return left < 0 || right > Math.min(innerWidth, text.parentElement.getBoundingClientRect().right) + 1;
}"""


@pytest.mark.parametrize("name", DISPLAYS)
async def test_eight_characters_with_long_names_have_room(visit: Visit, stack: Stack, name: str) -> None:
    add_characters(stack, NAMES[:5])
    visitor = await visit(DISPLAYS[name])
    await visitor.arrive()
    await expect(visitor.seats).to_have_count(8)
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


async def test_long_list_of_characters_is_searched(visitor: Visitor, stack: Stack) -> None:
    sheet = await visitor.open("Characters")
    await expect(sheet.get_by_role("button", name="Edit Luna")).to_be_visible()
    await expect(sheet.get_by_role("searchbox")).to_have_count(0)
    await close(visitor, sheet)
    add_characters(stack, NAMES[:6])

    sheet = await visitor.open("Characters")
    rows = sheet.get_by_role("listitem")
    await expect(rows).to_have_count(9)
    search = sheet.get_by_role("searchbox", name="Search the characters")
    await search.fill("muller")
    await expect(rows).to_have_count(1)
    await expect(rows).to_contain_text("Müller-Lüdenscheidt")
    await expect(sheet.get_by_text("1 of 9")).to_be_visible()
    await visitor.picture("characters-search")
    await search.fill("nobody has this name")
    await expect(sheet.get_by_text("Nothing contains these words.")).to_be_visible()
    await search.fill("")
    await expect(rows).to_have_count(9)
    await search.fill("muller")
    await sheet.get_by_role("button", name="New character").click()
    await sheet.get_by_label("Name").fill("Pilar")
    await sheet.get_by_role("button", name="Add", exact=True).click()
    await expect(rows).to_have_count(10)


@pytest.mark.parametrize("count", [1, 3, 4, 6, 9, 12])
async def test_table_of_any_size_covers_neither_portraits_nor_names(visit: Visit, stack: Stack, count: int) -> None:
    add_characters(stack, NAMES[: max(0, count - 3)])
    for character in rest("GET", stack.http("/api/characters"))["characters"][count:]:
        rest("PATCH", stack.http(f"/api/characters/{character['id']}"), {"active": False})
    visitor = await visit(Display(still=True))
    await visitor.arrive()
    await expect(visitor.seats).to_have_count(count)
    await stays_clear_in_all_sizes(visitor)
    name = NAMES[1] if count >= 5 else "Luna"
    await visitor.write(f"{name}, tell me a long story.")
    await expect(visitor.seats.and_(visitor.page.locator(".speaking"))).to_have_count(1)
    await stays_clear_in_all_sizes(visitor)


async def stays_clear_in_all_sizes(visitor: Visitor) -> None:
    for width, height in SIZES:
        await visitor.page.set_viewport_size({"width": width, "height": height})
        covered = ""

        async def clear() -> bool | None:
            nonlocal covered
            covered = await visitor.page.evaluate(COVERED)
            return covered == "" or None

        try:
            await visitor.until(clear, "the table is laid out")
        except AssertionError:
            pytest.fail(f"{width} × {height}: {covered}")


def add_characters(stack: Stack, names: Iterable[str]) -> None:
    for name in names:
        character = {"name": name, "voice": "luna", "system_prompt": "Du bist freundlich."}
        rest("POST", stack.http("/api/characters"), character)


async def press_every_portrait(visitor: Visitor) -> None:
    """Press the middle of each portrait; a click that another element receives is an error."""
    for seat in await visitor.seats.all():
        await seat.locator(".halo").click()
        await expect(seat.get_by_role("button", name="Answer now")).to_be_visible()
        await visitor.page.keyboard.press("Escape")
        await expect(seat.get_by_role("button", name="Answer now")).to_be_hidden()
