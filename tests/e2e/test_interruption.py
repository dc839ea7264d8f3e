"""Cutting in: by voice, by Esc, by writing, by the button. Silence at once, and what was not heard is shown as such."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.e2e.visitor import MOST_SOUND_AFTER_MS, READY, Played, Visitor
from tests.harness.eventually import eventually

A_SECOND = 24_000


async def until_in_the_midst(visitor: Visitor, message_id: str) -> None:
    """Wait until some of a message has been put out, and more than may come out after cutting in is there."""

    async def in_the_midst() -> bool | None:
        each = (await visitor.played())[message_id]
        return (each.samples >= A_SECOND and each.received >= each.samples + 3 * A_SECOND) or None

    await visitor.until(in_the_midst, "a second is heard, and three more are there")


async def cut_off(visitor: Visitor, message_id: str) -> Played | None:
    """What was put out of a message that has been cut off."""
    played = (await visitor.played())[message_id]
    return played if played.state == "flushed" else None


async def assert_cut_off(visitor: Visitor, message_id: str, flushes_before: int) -> None:
    """It was silent at once and stays so, and the page shows what was heard as the server keeps it."""
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
    await expect(bubble).to_contain_text("You cut in here")
    assert (await visitor.played())[message_id] == cut, "nothing more of it came out"


@pytest.mark.parametrize("by", ["Esc", "a first letter", "the button"])
async def test_a_character_falls_silent_at_once(visitor: Visitor, by: str) -> None:
    turn_id = await visitor.write("Luna, tell me a story.")
    message_id = await visitor.until_speaking(turn_id)
    await until_in_the_midst(visitor, message_id)
    flushes = await visitor.flushes()
    match by:
        case "Esc":
            await visitor.page.keyboard.press("Escape")
        case "the button":
            await visitor.page.get_by_role("button", name="Stop Esc").click()
        case _:
            await visitor.box.press("w")
    await assert_cut_off(visitor, message_id, flushes)
    assert len(visitor.log.commands("interrupt")) == 1
    await expect(visitor.status_line).to_have_text(READY)


async def test_a_question_over_the_voice_lowers_it_stops_it_and_is_answered(visitor: Visitor) -> None:
    await visitor.talk()
    await visitor.say("hello_luna.wav")
    (first,) = await eventually(lambda: visitor.log.of("turn_accepted"), "the first question is understood")
    story = await visitor.until_speaking(first["turn_id"])
    flushes = await visitor.flushes()
    ducks = await visitor.ducks()
    await visitor.say("question_rex.wav")
    second = await eventually(lambda: visitor.log.of("turn_accepted")[1:], "the second question is understood")
    assert await visitor.ducks() > ducks, "it was lowered before it was known to be a question"
    await assert_cut_off(visitor, story, flushes)
    answer = await visitor.until_speaking(second[0]["turn_id"])
    assert [each.message_id for each in visitor.log.record().of_turn(second[0]["turn_id"])] == [answer]
    assert visitor.log.record().messages[answer].name == "Rex"
    await expect(visitor.page.get_by_text("lowered while you make yourself heard")).to_be_hidden()
    assert visitor.log.commands("interrupt") == [], "the recognizer's word is enough"
