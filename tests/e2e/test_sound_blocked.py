"""A browser that plays nothing before it was touched: the page says so, and a click brings the voice from its start."""

from __future__ import annotations

from playwright.async_api import expect

from tests.e2e.conftest import Visit
from tests.fakes.eventually import eventually

# Sends a message as a script would: without a click or a key, so that the browser gives no leave to play. (Playwright's
# own looks at the page count as a touch, so there must be none before sound has come.)
UNTOUCHED = """
addEventListener("load", () => {
  const ready = setInterval(() => {
    const box = document.querySelector("#message");
    if (!box || !document.querySelector(".mood-idle")) return;
    clearInterval(ready);
    Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, "value").set.call(box, "Rex, thank you!");
    box.dispatchEvent(new InputEvent("input", { bubbles: true }));
    requestAnimationFrame(() => setTimeout(() => box.form.requestSubmit(), 50));
  }, 20);
});
"""


async def test_sound_waits_for_a_touch(visit: Visit) -> None:
    visitor = await visit()
    visitor.forgive("AudioContext was not allowed to start")
    await visitor.page.add_init_script(UNTOUCHED)
    await visitor.page.goto(visitor.address + "/?probe=1")
    (accepted,) = await eventually(lambda: visitor.log.of("turn_accepted"), "the message is accepted")
    await eventually(lambda: visitor.log.of("audio"), "sound has come")
    banner = visitor.page.get_by_role("alert").filter(has_text="Sound is blocked")
    await expect(banner).to_be_visible()
    assert all(each.samples == 0 for each in (await visitor.played()).values())
    await banner.get_by_role("button", name="Click to allow sound").click()
    await expect(banner).to_be_hidden()
    (answer,) = await visitor.hears(accepted["turn_id"])
    visitor.assert_heard_exactly(answer, (await visitor.played())[answer.message_id])
