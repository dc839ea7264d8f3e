"""The controls below the table: none covers another one, and all are on the screen, in each language and size."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import Display, Visit
from tests.e2e.visitor import Visitor

pytestmark = pytest.mark.usefixtures("default_characters")

SIZES = (
    (320, 568), (390, 844), (560, 360), (640, 360), (844, 390), (820, 600), (820, 1180), (850, 820), (900, 700),
    (960, 600), (979, 700), (980, 700), (1023, 820), (1024, 1100), (1024, 600), (1060, 700), (1100, 600), (1279, 820),
    (1280, 720), (1920, 1080),
)  # fmt: skip
# Which controls cover each other, or leave the screen. `""` if none does.
COVERED = """() => {
  const shown = (part) =>
    part.checkVisibility({ visibilityProperty: true }) && getComputedStyle(part).clipPath === "none";
  const parts = [...document.querySelectorAll(".modes input, .modes span, .big, .talk .hint, .stop, .sound > *")]
    .filter(shown)
    .map((part) => [part.textContent.trim() || part.ariaLabel || part.className, part.getBoundingClientRect()]);
  const found = [];
  for (const [index, [what, box]] of parts.entries()) {
    if (box.left < 0 || box.right > innerWidth || box.top < 0 || box.bottom > innerHeight)
      found.push(`${what} leaves the screen`);
    for (const [other, next] of parts.slice(index + 1)) {
      const x = Math.min(box.right, next.right) - Math.max(box.left, next.left);
      const y = Math.min(box.bottom, next.bottom) - Math.max(box.top, next.top);
      if (x > 1 && y > 1) found.push(`${what} and ${other}`);
    }
  }
  return found.join("; ");
}"""


@pytest.mark.parametrize("locale", ["en-US", "de-DE", "es-ES"])
async def test_no_control_below_the_table_covers_another(visit: Visit, locale: str) -> None:
    visitor = await visit(Display(still=True, locale=locale))
    await visitor.page.goto(visitor.address)
    modes = visitor.page.locator(".modes input")
    await expect(visitor.page.locator(".seats > li")).to_have_count(3)
    for mode in (0, 1):
        await modes.nth(mode).check()
        await stays_clear_in_all_sizes(visitor)
    await visitor.page.locator("textarea").fill("Luna, tell me a long story.")
    await visitor.page.keyboard.press("Enter")
    await expect(visitor.page.locator(".stop")).to_be_visible()
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
            await visitor.until(clear, "the controls are laid out")
        except AssertionError:
            pytest.fail(f"{width} × {height}: {covered}")
