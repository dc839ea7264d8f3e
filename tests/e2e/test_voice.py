"""Spoken and typed questions, whose replies are played to the last sample."""

from __future__ import annotations

from playwright.async_api import expect

from tests.e2e.conftest import Visit
from tests.e2e.visitor import Visitor
from tests.harness.eventually import eventually
from tests.harness.sound import loudness


async def test_spoken_question_is_transcribed_and_every_sample_of_the_answer_is_played(visitor: Visitor) -> None:
    await visitor.start_listening()
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

    (answer,) = await visitor.until_played(accepted["turn_id"])
    assert (answer.name, answer.status) == ("Rex", "complete")
    await expect(visitor.bubble(answer.message_id)).to_contain_text(answer.text)
    visitor.assert_heard_exactly(answer, (await visitor.played())[answer.message_id])
    assert await visitor.loudest() > 0.01
    await visitor.page.get_by_role("button", name="Stop listening").click()
    await eventually(lambda: visitor.log.of("listening_stopped"), "listening ends")


async def test_page_sends_the_sound_of_the_microphone_device(visit: Visit) -> None:
    """The microphone is the browser's fake device, which beeps once a second."""
    visitor = await visit()
    await visitor.arrive(device=True)
    await visitor.start_listening()

    def beep() -> bool:
        return any(loudness(command["pcm"]) > 0.01 for command in visitor.log.commands("pcm"))

    await eventually(beep, "the beep is sent")
    assert {len(command["pcm"]) for command in visitor.log.commands("pcm")} <= set(range(640, 3201, 2))
    await visitor.page.get_by_role("button", name="Stop listening").click()
    await eventually(lambda: visitor.log.of("listening_stopped"), "listening ends")


async def test_characters_named_in_a_typed_message_answer_in_that_order(visitor: Visitor) -> None:
    turn_id = await visitor.write("Rex and Luna, thank you!")
    answers = await visitor.until_played(turn_id)
    assert [answer.name for answer in answers] == ["Rex", "Luna"]
    played = await visitor.played()
    assert list(played) == [answer.message_id for answer in answers]
    for answer in answers:
        visitor.assert_heard_exactly(answer, played[answer.message_id])
        await expect(visitor.bubble(answer.message_id).locator(".bubble")).to_have_text(answer.text)
    assert await visitor.loudest() > 0.01
