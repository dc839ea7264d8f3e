"""The panel of the microphone and the loudspeaker, and the sound before the button is pressed."""

from __future__ import annotations

from playwright.async_api import expect

from tests.e2e.conftest import Visit
from tests.e2e.visitor import Visitor
from tests.harness.eventually import eventually
from tests.harness.sound import loudness

PRE_ROLL_FRAMES = 16
# Lets the microphone hum for a second, then presses the space bar and ends the hum in the same moment.
PRESS_AFTER_HUM = """() => new Promise((pressed) => {
  const { context } = window.heard;
  const hum = new ConstantSourceNode(context, { offset: 0.5 });
  hum.connect(window.heard);
  hum.start();
  const end = context.currentTime + 1;
  const wait = setInterval(() => {
    if (context.currentTime < end) return;
    clearInterval(wait);
    hum.disconnect();
    dispatchEvent(new KeyboardEvent("keydown", { code: "Space" }));
    pressed();
  }, 10);
})"""
# The devices that the page has asked for.
ASKED = """
window.asked = [];
{
  const request = MediaDevices.prototype.getUserMedia;
  MediaDevices.prototype.getUserMedia = function (options) {
    window.asked.push(options.audio.deviceId?.ideal ?? "");
    return request.call(this, options);
  };
}
"""


async def open_settings(visitor: Visitor) -> None:
    await visitor.page.get_by_role("button", name="Settings").click()
    await expect(visitor.page.get_by_role("dialog")).to_be_visible()


async def test_microphone_can_be_tested_and_chosen(visit: Visit) -> None:
    visitor = await visit()
    await visitor.page.add_init_script(ASKED)
    await visitor.arrive(device=True)
    await open_settings(visitor)
    await visitor.page.get_by_role("button", name="Test the microphone").click()
    level = visitor.page.get_by_role("meter", name="Level of the microphone")

    async def moves() -> bool | None:
        return await level.evaluate("meter => meter.value") > 0.05 or None

    await visitor.until(moves, "the bar moves")
    choice = visitor.page.get_by_label("Microphone", exact=True)
    option = choice.locator("option", has_text="Fake Audio Input 1")
    await expect(option).to_have_count(1)
    chosen = await option.get_attribute("value")
    await choice.select_option(chosen)
    await visitor.picture("sound-settings")
    await visitor.page.keyboard.press("Escape")
    await visitor.start_listening()
    await expect(visitor.status_line).to_have_text("Listening")
    assert (await visitor.page.evaluate("window.asked"))[-1] == chosen

    await visitor.reload()
    await open_settings(visitor)
    await expect(choice).to_have_value(chosen or "")


async def test_half_a_second_before_the_next_press_is_sent(visitor: Visitor) -> None:
    await visitor.page.locator("h1").click()
    await visitor.page.keyboard.down("Space")
    await expect(visitor.status_line).to_have_text("Listening")
    await visitor.page.keyboard.up("Space")
    await eventually(lambda: visitor.log.commands("stop_listening"), "the first press has ended")
    before = len(visitor.log.commands("pcm"))
    await visitor.page.evaluate(PRESS_AFTER_HUM)

    def loud() -> int:
        return sum(loudness(command["pcm"]) > 0.1 for command in visitor.log.commands("pcm")[before:])

    await eventually(lambda: loud() >= PRE_ROLL_FRAMES - 2, "the hum before the press is sent")
    await visitor.page.keyboard.down("Space")
    await visitor.page.keyboard.up("Space")
