"""After an interruption and a reload, the page shows the replies as before the reload."""

from __future__ import annotations

from playwright.async_api import expect

from tests.e2e.visitor import Visitor
from tests.harness.eventually import eventually

SHOWN = """bubbles => bubbles.map(bubble => ({
    id: bubble.dataset.messageId,
    isFolded: bubble.querySelector("details.unspoken") !== null,
    text: bubble.querySelector(".bubble").textContent,
    unheard: bubble.querySelector(".unheard")?.textContent ?? "",
    remark: bubble.querySelector(".remark, summary").textContent,
}))"""

# Presses Escape when the first sound is on its way to the audio thread, so before it is played.
STOP_AT_FIRST_SOUND = """() => {
    const post = MessagePort.prototype.postMessage;
    MessagePort.prototype.postMessage = function (message, ...rest) {
        post.call(this, message, ...rest);
        if (message?.do !== "push") return;
        MessagePort.prototype.postMessage = post;
        document.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true }));
    };
}"""


async def test_interrupted_and_unspoken_replies_look_the_same_after_a_reload(visitor: Visitor) -> None:
    turn_id = await visitor.write("Rex and Luna, tell me a story.")
    rex = await visitor.until_speaking(turn_id)

    async def has_spoken() -> bool | None:
        return (await visitor.played())[rex].samples >= 24_000 or None

    await visitor.until(has_spoken, "a second was played")
    await eventually(lambda: visitor.log.of("turn_complete"), "all text is there")
    await visitor.page.keyboard.press("Escape")
    await eventually(lambda: len(visitor.log.of("message_heard")) == 2, "the server says what was heard of both")
    bubbles = visitor.page.locator(".message.theirs")
    await expect(bubbles.locator(".unspoken")).to_have_count(1)
    await expect(visitor.bubble(rex)).to_contain_text("You interrupted: the rest was not spoken")
    (heard,) = [each["text"] for each in visitor.log.of("message_heard") if each["message_id"] == rex]
    rest = visitor.log.record().messages[rex].text.strip().removeprefix(heard)
    await expect(visitor.bubble(rex).locator(".bubble")).to_have_text(f"{heard} Not heard: {rest}")
    before = await bubbles.evaluate_all(SHOWN)
    assert [each["isFolded"] for each in before] == [False, True]
    assert before[0]["text"] != before[0]["unheard"] != ""

    visitor.log.restart()
    await visitor.reload()
    await expect(bubbles).to_have_count(2)
    await expect(bubbles.locator(".unspoken")).to_have_count(1)

    async def as_before() -> bool:
        return await bubbles.evaluate_all(SHOWN) == before

    await eventually(as_before, "the replies as before")
    assert visitor.log.of("message_heard") == [], "the page has it from the store"
    await visitor.picture("stopped-then-reloaded")


async def test_first_reply_that_is_stopped_before_it_is_played_looks_unspoken_after_a_reload(visitor: Visitor) -> None:
    await visitor.page.evaluate(STOP_AT_FIRST_SOUND)
    await visitor.write("Luna, tell me a story.")
    await eventually(lambda: visitor.log.commands("interrupt"), "the page stops the reply")
    (nothing,) = visitor.log.commands("playback")
    assert (nothing["chunk_index"], nothing["next_samples"], nothing["played_ms"]) == (0, 0, 0)
    await eventually(lambda: visitor.log.of("message_heard"), "the server says what was heard")
    await eventually(lambda: visitor.log.of("turn_complete"), "the turn is over")
    bubbles = visitor.page.locator(".message.theirs")
    await expect(bubbles.locator(".unspoken")).to_have_count(1)
    (before,) = await bubbles.evaluate_all(SHOWN)
    assert before["text"] == before["unheard"]

    await visitor.reload()
    await expect(bubbles.locator(".unspoken")).to_have_count(1)
    (after,) = await bubbles.evaluate_all(SHOWN)
    assert (after["id"], after["remark"]) == (before["id"], before["remark"])
    assert after["text"] == after["unheard"]
    assert before["unheard"].startswith(after["unheard"]), "the unfinished sentence is not kept"
    await visitor.picture("stopped-before-its-sound-then-reloaded")
