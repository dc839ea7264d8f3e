"""Sound is blocked: by the browser's autoplay policy before the first click, or by a call while a reply is played."""

from __future__ import annotations

from playwright.async_api import expect

from tests.e2e import microphone
from tests.e2e.conftest import Visit
from tests.e2e.visitor import Played, Visitor
from tests.harness.eventually import eventually

LONGEST_GAP_MS = 20
"""Tolerance. There should be no gap, because all sound is buffered when playback starts."""
# Sends a message from a script, without a click or key, so that the browser does not allow sound. (Calls of Playwright
# count as user activation, so the test makes none before sound has arrived.)
WITHOUT_ACTIVATION = """
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

# Keeps all audio contexts of the page. The first one plays the replies.
CONTEXTS = """
window.contexts = [];
window.AudioContext = class extends AudioContext {
  constructor(...options) {
    super(...options);
    window.contexts.push(this);
  }
};
"""


async def test_reply_is_played_from_its_start_after_the_click_that_allows_sound(visit: Visit) -> None:
    visitor = await visit()
    visitor.ignore_console_error("AudioContext was not allowed to start")
    await visitor.page.add_init_script(WITHOUT_ACTIVATION)
    await visitor.page.goto(visitor.address + "/?probe=1")
    (accepted,) = await eventually(lambda: visitor.log.of("turn_accepted"), "the message is accepted")
    await eventually(lambda: visitor.log.of("audio_complete"), "all sound has arrived")
    banner = visitor.page.get_by_role("alert").filter(has_text="Sound is off")
    await expect(banner).to_be_visible()
    (message_id,) = (each.message_id for each in visitor.log.record().of_turn(accepted["turn_id"]))
    whole = sum(len(frame["pcm"]) for frame in visitor.log.of("audio")) // 2

    async def waiting() -> Played | None:
        played = (await visitor.played())[message_id]
        return played if played.received == whole else None

    assert (await visitor.until(waiting, "the page has all of it")).samples == 0
    await banner.get_by_role("button", name="Turn on sound").click()
    await expect(banner).to_be_hidden()
    (answer,) = await visitor.until_played(accepted["turn_id"])
    played = (await visitor.played())[answer.message_id]
    visitor.assert_heard_exactly(answer, played)
    assert played.gap_ms <= LONGEST_GAP_MS, f"{played.gaps} gaps, {played.gap_ms} ms"


async def hearing_a_reply(visit: Visit) -> tuple[Visitor, str]:
    """A visitor whose microphone can be interrupted, while a reply is played. Returns also the turn's id."""
    visitor = await visit()
    await microphone.make_interruptible(visitor.page)
    await visitor.page.add_init_script(CONTEXTS)
    await visitor.arrive()
    turn_id = await visitor.write("Rex, thank you!")
    await visitor.until_speaking(turn_id)
    return visitor, turn_id


async def test_reply_that_a_call_interrupts_continues_after_the_call_without_a_loss(visit: Visit) -> None:
    visitor, turn_id = await hearing_a_reply(visit)
    await visitor.page.evaluate("callHasSound = true; contexts[0].suspend()")
    banner = visitor.page.get_by_role("alert").filter(has_text="Sound is paused")
    await expect(banner).to_be_visible()
    await expect(visitor.status_line).to_have_text("Sound paused")
    box = await banner.get_by_role("button", name="Turn on sound").bounding_box()
    assert box
    await visitor.page.evaluate("callHasSound = false")
    # The browser may report the end of the call first. Then the sound continues, and the button disappears.
    await visitor.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    await expect(banner).to_be_hidden()
    (answer,) = await visitor.until_played(turn_id)
    visitor.assert_heard_exactly(answer, (await visitor.played())[answer.message_id])


async def test_reply_that_was_interrupted_in_the_background_continues_when_the_page_is_shown(visit: Visit) -> None:
    visitor, turn_id = await hearing_a_reply(visit)
    await microphone.set_hidden(visitor.page, hidden=True)
    await visitor.page.evaluate("callHasSound = true; contexts[0].suspend()")
    banner = visitor.page.get_by_role("alert").filter(has_text="Sound is paused")
    await expect(banner).to_be_visible()
    await visitor.page.evaluate("callHasSound = false")
    await microphone.set_hidden(visitor.page, hidden=False)
    await expect(banner).to_be_hidden()
    (answer,) = await visitor.until_played(turn_id)
    visitor.assert_heard_exactly(answer, (await visitor.played())[answer.message_id])
