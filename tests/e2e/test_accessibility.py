"""Checks the accessibility of every view with axe: in light, in dark and on a phone. Takes a screenshot of each."""

from __future__ import annotations

from typing import cast

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import Display, Visit
from tests.e2e.visitor import Visitor
from tests.harness.eventually import eventually

DISPLAYS = {
    "light": Display(still=True, scale=2),
    "dark": Display(still=True, scheme="dark"),
    "phone": Display(390, 844, still=True, touch=True, scale=2),
    "small-phone": Display(320, 640, still=True, scheme="dark", touch=True, scale=2),
}
FAULTS = """async () => {
  const { passes, violations } = await axe.run();
  if (passes.length < 10) return ["axe checked no page"];
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id} (${help}): ${target.join(" ")}\\n${failureSummary}`));
}"""

TITLE_OVERLAPS_BUTTONS = """() => {
  const right = Math.max(...[...document.querySelectorAll(".head h1, .demo")].map((part) =>
    part.getBoundingClientRect().right));
  return right > document.querySelector(".head nav").getBoundingClientRect().left;
}"""


async def look_at(visitor: Visitor, name: str, view: str) -> None:
    """Take a screenshot. Check that axe finds no violation, and that the page does not scroll horizontally."""
    await visitor.picture(f"{name}-{view}")
    faults = cast("list[str]", await visitor.page.evaluate(FAULTS))
    assert not faults, f"{view}:\n" + "\n".join(faults)
    too_wide = await visitor.page.evaluate("document.documentElement.scrollWidth > innerWidth")
    assert not too_wide, f"{view} scrolls horizontally"
    overlap = await visitor.page.evaluate(TITLE_OVERLAPS_BUTTONS)
    assert not overlap, f"{view}: the title overlaps the buttons"


@pytest.mark.parametrize("name", DISPLAYS)
async def test_every_view_has_no_accessibility_violation(visit: Visit, axe: str, name: str) -> None:
    visitor = await visit(DISPLAYS[name])
    await visitor.arrive()
    await visitor.page.evaluate(axe)
    await look_at(visitor, name, "welcome")

    turn_id = await visitor.write("Luna and Rex, tell me about the sea.")
    await visitor.until_speaking(turn_id)
    await expect(visitor.page.locator(".seat.speaking")).to_be_visible()
    await expect(visitor.page.locator(".message.playing .now")).to_be_visible()
    await eventually(lambda: visitor.log.of("turn_metrics"), "the times of the turn")
    await look_at(visitor, name, "speaking")

    for panel in ("See inside", "Model", "Conversations", "Characters"):
        sheet = await visitor.open(panel)
        await expect(sheet.get_by_role("figure" if panel == "See inside" else "button").first).to_be_visible()
        if panel in ("Conversations", "Characters"):
            await expect(sheet.get_by_role("listitem").first).to_be_visible()
        await look_at(visitor, name, panel.lower().replace(" ", "-"))
        if panel == "Model":
            await sheet.get_by_role("button", name="New persona").click()
            await expect(sheet.get_by_label("What they call you")).to_be_focused()
            await look_at(visitor, name, "persona")
        if panel == "Characters":
            await sheet.get_by_role("button", name="Edit Luna").click()
            await expect(sheet.get_by_label("Name")).to_have_value("Luna")
            await look_at(visitor, name, "character")
        await visitor.page.keyboard.press("Escape")
        await expect(sheet).to_be_hidden()

    await visitor.page.get_by_role("button", name="Settings").click()
    await expect(visitor.page.get_by_role("dialog", name="Settings")).to_be_visible()
    await look_at(visitor, name, "settings")
    await visitor.page.keyboard.press("Escape")

    turn_id = await visitor.write("Luna, tell me a story.")
    await visitor.until_speaking(turn_id)
    await visitor.page.get_by_role("button", name="Stop").click()
    await expect(visitor.page.locator(".unheard").last).to_be_visible()
    await look_at(visitor, name, "cut-off")

    await visitor.who_answers.click()
    await visitor.page.get_by_role("checkbox", name="Let them talk among themselves").check()
    await expect(visitor.page.get_by_role("spinbutton", name="Replies at most")).to_be_visible()
    await look_at(visitor, name, "who-answers")
    await visitor.page.keyboard.press("Escape")
    menu = await visitor.open_seat("Rex")
    await look_at(visitor, name, "seat")
    await menu.get_by_role("button", name="Mute in this conversation").click()
    await expect(visitor.seat("Rex").locator(".muted-mark")).to_be_visible()
    await look_at(visitor, name, "muted")

    other = await visit(DISPLAYS[name])
    await other.arrive(f"/?probe=1#/{visitor.log.record().conversation_id}")
    await expect(visitor.page.get_by_text("open in another tab")).to_be_visible()
    await look_at(visitor, name, "elsewhere")
