"""The panel "See inside" of the page."""

from __future__ import annotations

from playwright.async_api import Locator, expect

from tests.e2e.visitor import Visitor
from tests.harness.eventually import eventually


async def are_drawn(bars: Locator) -> bool:
    """True if there are at least four bars, and each is visible."""
    widths: list[float] = await bars.evaluate_all("bars => bars.map((bar) => bar.getBoundingClientRect().width)")
    return len(widths) >= 4 and min(widths) >= 1


async def test_inside_panel_shows_the_waterfall_chart_of_a_turn(visitor: Visitor) -> None:
    await visitor.page.get_by_role("button", name="How are you all tonight?").click()
    (accepted,) = await eventually(lambda: visitor.log.of("turn_accepted"), "the suggestion is sent")
    turn_id = accepted["turn_id"]
    await visitor.until_speaking(turn_id)
    (metrics,) = await eventually(lambda: visitor.log.of("turn_metrics"), "the times of the turn")
    assert metrics["turn_id"] == turn_id
    sheet = await visitor.open("See inside")
    figure = sheet.get_by_role("figure")
    await expect(figure.locator("q")).to_have_text("How are you all tonight?")
    await expect(figure.get_by_role("rowheader")).to_have_text(["You", "Luna", "Rex", "Sage"])
    await expect(figure).to_contain_text("heard here after")
    for reply in ("Luna", "Rex", "Sage"):
        bars = figure.get_by_role("row").filter(has_text=reply).locator(".bar")
        await eventually(lambda bars=bars: are_drawn(bars), f"the bars of {reply}")
    await expect(figure.locator(".why")).to_have_text(["all characters answer"] * 3)
    await expect(sheet.locator(".facts")).to_contain_text("espeak")
    conversation_id = visitor.log.record().conversation_id
    await expect(sheet.locator(".keys code").first).to_contain_text(f"{{{conversation_id}}}:events")
