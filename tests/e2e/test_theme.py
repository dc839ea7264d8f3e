"""The theme: the system's, or the one that the user has chosen."""

from __future__ import annotations

from playwright.async_api import expect

from tests.e2e.conftest import Display, Visit
from tests.e2e.visitor import Visitor

GROUND = {"light": "rgb(244, 236, 224)", "dark": "rgb(24, 18, 16)"}


async def choose(visitor: Visitor, theme: str) -> None:
    await visitor.page.get_by_role("button", name="Settings").click()
    sheet = visitor.page.get_by_role("dialog", name="Settings")
    await sheet.get_by_role("radio", name=theme).check()
    await visitor.page.keyboard.press("Escape")
    await expect(sheet).to_be_hidden()


async def assert_theme(visitor: Visitor, theme: str) -> None:
    await expect(visitor.page.locator("body")).to_have_css("background-color", GROUND[theme])


async def test_chosen_theme_is_kept_and_the_system_theme_can_be_chosen_again(visit: Visit) -> None:
    visitor = await visit(Display(scheme="light"))
    await visitor.arrive()
    await assert_theme(visitor, "light")
    await choose(visitor, "Dark")
    await assert_theme(visitor, "dark")
    bars = await visitor.page.locator("meta[name=theme-color]").evaluate_all("metas => metas.map((m) => m.content)")
    assert set(bars) == {"#181210"}
    await visitor.reload()
    await assert_theme(visitor, "dark")

    await visitor.page.emulate_media(color_scheme="dark")
    await choose(visitor, "Light")
    await assert_theme(visitor, "light")
    await choose(visitor, "As the system")
    await assert_theme(visitor, "dark")
