"""Spoken and typed questions, with replies played to the last sample."""

from __future__ import annotations

from playwright.async_api import expect

from tests.e2e.conftest import Visit
from tests.e2e.visitor import Visitor
from tests.harness.eventually import eventually
from tests.harness.sound import loudness


async def test_spoken_question_is_transcribed_answered_and_played_exactly(visitor: Visitor) -> None:
    await visitor.talk()
    await visitor.say("question_rex.wav")
    (accepted,) = await eventually(lambda: visitor.log.of("turn_accepted"), "the question is understood")
    assert accepted["source"] == "spoken"
    assert "rex" in accepted["text"].lower()
    assert "weather" in accepted["text"]
    await expect(visitor.mine).to_contain_text(accepted["text"])

    partial_transcripts = await visitor.partial_transcripts()
    assert any(pale.strip() for _, pale in partial_transcripts), "the unstable part was shown"
    assert any(firm.strip() for firm, _ in partial_transcripts), "the stable part was shown"
    guesses = {event["text"] for event in visitor.log.of("transcription_update")}
    assert {firm + pale for firm, pale in partial_transcripts if pale} <= guesses

    (answer,) = await visitor.hears(accepted["turn_id"])
    assert (answer.name, answer.status) == ("Rex", "complete")
    await expect(visitor.bubble(answer.message_id)).to_contain_text(answer.text)
    visitor.assert_heard_exactly(answer, (await visitor.played())[answer.message_id])
    assert await visitor.loudest() > 0.01
    await visitor.page.get_by_role("button", name="Stop listening").click()
    await eventually(lambda: visitor.log.of("listening_stopped"), "listening ends")


async def test_sound_of_the_microphone_device_is_sent(visit: Visit) -> None:
    """The browser's fake device beeps once a second."""
    visitor = await visit()
    await visitor.arrive(device=True)
    await visitor.talk()

    def beep() -> bool:
        return any(loudness(command["pcm"]) > 0.01 for command in visitor.log.commands("pcm"))

    await eventually(beep, "the beep is sent")
    assert {len(command["pcm"]) for command in visitor.log.commands("pcm")} <= set(range(640, 3201, 2))
    await visitor.page.get_by_role("button", name="Stop listening").click()
    await eventually(lambda: visitor.log.of("listening_stopped"), "listening ends")


async def test_named_characters_answer_a_typed_message_in_order(visitor: Visitor) -> None:
    turn_id = await visitor.write("Rex and Luna, thank you!")
    answers = await visitor.hears(turn_id)
    assert [answer.name for answer in answers] == ["Rex", "Luna"]
    played = await visitor.played()
    assert list(played) == [answer.message_id for answer in answers]
    for answer in answers:
        visitor.assert_heard_exactly(answer, played[answer.message_id])
        await expect(visitor.bubble(answer.message_id).locator(".bubble")).to_have_text(answer.text)
    assert await visitor.loudest() > 0.01
