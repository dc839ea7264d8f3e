"""Interruptions by voice, Esc, typing and the button: the sound stops at once, and the page marks the text that was not
heard.
"""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.e2e.visitor import MOST_SOUND_AFTER_MS, READY, Played, Visitor
from tests.harness.eventually import eventually

A_SECOND = 24_000


async def until_enough_played(visitor: Visitor, message_id: str) -> None:
    """Wait until a second of a message was played and three more seconds are buffered."""

    async def enough_played() -> bool | None:
        each = (await visitor.played())[message_id]
        return (each.samples >= A_SECOND and each.received >= each.samples + 3 * A_SECOND) or None

    await visitor.until(enough_played, "one second is played, and three more are buffered")


async def cut_off(visitor: Visitor, message_id: str) -> Played | None:
    """The counts of this message if it was flushed, else None."""
    played = (await visitor.played())[message_id]
    return played if played.state == "flushed" else None


async def assert_cut_off(visitor: Visitor, message_id: str, flushes_before: int) -> None:
    """Check that playback stopped at once, and that the page marks the unheard text as the server stores it."""
    assert 0 < await visitor.sound_after_ms(flushes_before) < MOST_SOUND_AFTER_MS
    cut = await visitor.until(lambda: cut_off(visitor, message_id), "it is cut off")

    def heard() -> str | None:
        texts = [event["text"] for event in visitor.log.of("message_heard") if event["message_id"] == message_id]
        return texts[-1] if texts else None

    text = await eventually(heard, "the server says what was heard")
    whole = visitor.log.record().messages[message_id].text.strip()
    assert 0 < len(text) < len(whole)
    assert whole.startswith(text)
    bubble = visitor.bubble(message_id)
    await expect(bubble.locator(".bubble")).to_have_text(f"{text} Not heard: {whole.removeprefix(text)}")
    await expect(bubble.locator(".unheard")).to_be_visible()
    await expect(bubble).to_contain_text("You interrupted: the rest was not spoken")
    assert (await visitor.played())[message_id] == cut, "nothing more of it was played"


@pytest.mark.parametrize("by", ["Esc", "a first letter", "the button"])
async def test_esc_typing_and_stop_button_silence_the_reply_at_once(visitor: Visitor, by: str) -> None:
    turn_id = await visitor.write("Luna, tell me a story.")
    message_id = await visitor.until_speaking(turn_id)
    await until_enough_played(visitor, message_id)
    flushes = await visitor.flushes()
    match by:
        case "Esc":
            await visitor.page.keyboard.press("Escape")
        case "the button":
            await visitor.page.get_by_role("button", name="Stop Esc").click()
        case _:
            await visitor.page.get_by_role("button", name="Settings").click()
            await visitor.page.get_by_role("checkbox", name="Interrupt the characters as soon as I type").check()
            await visitor.page.keyboard.press("Escape")
            await expect(visitor.page.get_by_role("dialog", name="Settings")).to_be_hidden()
            await visitor.box.press("w")
    await assert_cut_off(visitor, message_id, flushes)
    assert len(visitor.log.commands("interrupt")) == 1
    await expect(visitor.status_line).to_have_text(READY)


async def test_replies_that_were_not_begun_are_folded(visitor: Visitor) -> None:
    turn_id = await visitor.write("Rex and Luna, tell me a story.")
    await visitor.until_speaking(turn_id)
    await eventually(lambda: visitor.log.of("turn_complete"), "all text has arrived")
    await visitor.page.keyboard.press("Escape")
    luna = visitor.log.record().of_turn(turn_id)[1]
    bubble = visitor.bubble(luna.message_id)
    summary = bubble.get_by_text("Not spoken: you interrupted")
    await expect(summary).to_be_visible()
    await expect(bubble.locator(".unheard")).to_be_hidden()
    await summary.click()
    await expect(bubble.locator(".unheard")).to_contain_text(luna.text.strip()[:20])


async def test_typing_does_not_interrupt_but_the_sent_message_does(visitor: Visitor) -> None:
    turn_id = await visitor.write("Luna, tell me a story.")
    message_id = await visitor.until_speaking(turn_id)
    await visitor.box.press_sequentially("Rex, thank")
    before = (await visitor.played())[message_id].samples

    async def more_played() -> bool | None:
        return (await visitor.played())[message_id].samples > before + A_SECOND or None

    await visitor.until(more_played, "the reply goes on")
    flushes = await visitor.flushes()
    await visitor.box.press_sequentially(" you!")
    await visitor.box.press("Enter")
    await assert_cut_off(visitor, message_id, flushes)


async def test_spoken_question_during_a_reply_ducks_and_stops_it_and_is_answered(visitor: Visitor) -> None:
    await visitor.start_listening()
    await visitor.say("hello_luna.wav")
    (first,) = await eventually(lambda: visitor.log.of("turn_accepted"), "the first question is understood")
    story = await visitor.until_speaking(first["turn_id"])
    flushes = await visitor.flushes()
    ducks = await visitor.ducks()
    await visitor.say("question_rex.wav")
    second = await eventually(lambda: visitor.log.of("turn_accepted")[1:], "the second question is understood")
    assert await visitor.ducks() > ducks, "it was ducked before the transcript arrived"
    await assert_cut_off(visitor, story, flushes)
    answer = await visitor.until_speaking(second[0]["turn_id"])
    assert [each.message_id for each in visitor.log.record().of_turn(second[0]["turn_id"])] == [answer]
    assert visitor.log.record().messages[answer].name == "Rex"
    await expect(visitor.page.get_by_text("quieter while you speak")).to_be_hidden()
    assert visitor.log.commands("interrupt") == [], "the recognizer interrupts; the page sends no command"
