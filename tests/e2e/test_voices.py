"""The voices in the form of a character: listening to them, the choice, and speed and pitch."""

from __future__ import annotations

import json
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Locator, Route, expect

from tertulia_shared.codec import decode
from tertulia_shared.entries import TTSSentence
from tests.e2e.conftest import Display, Visit
from tests.e2e.test_characters import row
from tests.e2e.visitor import Visitor, glimpse
from tests.harness.eventually import eventually
from tests.harness.stack import Stack

pytestmark = pytest.mark.usefixtures("default_characters")

PHONE = Display(width=390, height=844, scheme="dark", touch=True)


@asynccontextmanager
async def stopped_speech(stack: Stack) -> AsyncGenerator[None]:
    """While in the block, the tts workers make no progress."""
    workers = stack.of("tts")
    for worker in workers:
        worker.send(signal.SIGSTOP)
    try:
        yield
    finally:
        for worker in workers:
            worker.send(signal.SIGCONT)


async def open_form(visitor: Visitor) -> Locator:
    sheet = await visitor.open("Characters")
    await sheet.get_by_role("button", name="New character").click()
    await expect(sheet.get_by_role("radio", name="Luna")).to_be_visible()
    return sheet


async def listen_to_end(sheet: Locator, voice: str) -> None:
    """Play the sample of a voice, and wait until it has ended."""
    await sheet.get_by_role("button", name=f"Listen to {voice}").click()
    await glimpse(sheet.get_by_role("status").filter(has_text=f"{voice} is speaking."), "the voice is heard")
    await expect(sheet.get_by_role("button", name=f"Listen to {voice}")).to_be_visible()


async def test_voice_is_heard_before_it_is_chosen_and_nothing_enters_the_conversation(
    visitor: Visitor, stack: Stack
) -> None:
    before = len(visitor.log.of("turn_accepted"))
    sheet = await open_form(visitor)
    await listen_to_end(sheet, "Greta")
    await expect(sheet.get_by_role("radio", name="Greta")).not_to_be_checked()
    assert len(visitor.log.of("turn_accepted")) == before
    assert not visitor.log.of("message_started")
    await expect(visitor.mine).to_have_count(0)


async def test_voices_are_grouped_by_language_and_engine_and_a_free_voice_is_chosen(
    visitor: Visitor, stack: Stack
) -> None:
    sheet = await open_form(visitor)
    headings = await sheet.get_by_role("group", name="Voice", exact=True).get_by_role("heading").all_inner_texts()
    assert headings[0] == "American English espeak"
    assert {"British English espeak", "German (Germany) espeak", "French (France) espeak"} <= set(headings)
    await expect(sheet.get_by_role("radio", name="Ada")).to_be_checked()  # the first one that no active character has
    await expect(sheet.get_by_role("radio", name="Ada")).to_be_in_viewport()
    await visitor.picture("voices")


async def test_sample_of_an_engine_that_is_not_ready_is_announced_and_can_be_stopped(
    visitor: Visitor, stack: Stack
) -> None:
    sheet = await open_form(visitor)
    async with stopped_speech(stack):
        await sheet.get_by_role("button", name="Listen to Finn").click()
        await expect(sheet.get_by_text("Loading the voice of Finn…")).to_be_visible()
        await expect(sheet.get_by_text("Still loading the voice of Finn")).to_be_visible()
        await visitor.picture("voice-loading")
        await sheet.get_by_role("button", name="Stop Finn").click()
        await expect(sheet.get_by_role("button", name="Listen to Finn")).to_be_visible()
        await sheet.get_by_role("button", name="Listen to Ada").click()
        await expect(sheet.get_by_text("Loading the voice of Ada…")).to_be_visible()
    await glimpse(sheet.get_by_text("Ada is speaking."), "the voice is heard")


async def test_failure_of_a_sample_is_shown_in_words(visitor: Visitor) -> None:
    async def fail(route: Route) -> None:
        body = json.dumps(
            {"title": "Service Unavailable", "status": 503, "detail": "No speech came within 15 seconds."}
        )
        await route.fulfill(status=503, body=body, content_type="application/problem+json")

    await visitor.page.route("**/api/voices/*/sample?*", fail)
    visitor.ignore_console_error("status of 503")
    sheet = await open_form(visitor)
    await sheet.get_by_role("button", name="Listen to Rex").click()
    await expect(sheet.get_by_role("alert")).to_have_text("No speech came within 15 seconds.")
    await expect(sheet.get_by_role("button", name="Listen to Rex")).to_be_visible()
    await visitor.picture("voice-failed")


async def test_keyboard_chooses_a_voice_and_listens_to_it(visitor: Visitor) -> None:
    sheet = await open_form(visitor)
    await sheet.get_by_role("radio", name="Ada").focus()
    await visitor.page.keyboard.press("ArrowDown")
    await expect(sheet.get_by_role("radio", name="Finn")).to_be_checked()
    await visitor.page.keyboard.press("Tab")
    await visitor.page.keyboard.press("Enter")
    await glimpse(sheet.get_by_text("Finn is speaking."), "the voice is heard")


async def test_speed_and_pitch_are_heard_in_the_sample_and_saved(visit: Visit, stack: Stack) -> None:
    visitor = await visit(PHONE)
    await visitor.arrive()
    asked: list[str] = []
    visitor.page.on("request", lambda request: asked.append(request.url))
    sheet = await visitor.open("Characters")
    await sheet.get_by_role("button", name="Edit Luna").click()
    for name, key in (("Speed", "ArrowRight"), ("Pitch", "ArrowLeft")):
        await sheet.get_by_role("slider", name=name).focus()
        for _ in range(4):
            await visitor.page.keyboard.press(key)
    await expect(sheet.get_by_text("120%")).to_be_visible()
    await expect(sheet.get_by_text("2 semitones lower")).to_be_visible()
    await listen_to_end(sheet, "Luna")
    (sample,) = [url for url in asked if "/sample?" in url]
    assert sample.endswith("/luna/sample?speed=1.2&pitch=-2")
    await sheet.get_by_role("slider", name="Pitch").scroll_into_view_if_needed()
    await visitor.picture("voice-speed-and-pitch")
    await sheet.get_by_role("button", name="Save").click()
    await expect(row(sheet, "Luna")).to_be_visible()
    await visitor.page.keyboard.press("Escape")
    await expect(sheet).to_be_hidden()

    async def spoken() -> bool:
        turn_id = await visitor.write("Luna, say something.")
        await visitor.until_speaking(turn_id)
        await visitor.page.keyboard.press("Escape")
        async with stack.bus() as bus:
            (started,) = [event for event in visitor.log.of("turn_started") if event["turn_id"] == turn_id]
            key = bus.keys.sentences(visitor.log.record().conversation_id, started["replies"][0]["message_id"])
            sentence = decode(TTSSentence, (await bus.read(key))[0].fields)
        return (sentence.speed, sentence.pitch) == (1.2, -2.0)

    await eventually(spoken, "a sentence with the speed and the pitch of the character")
