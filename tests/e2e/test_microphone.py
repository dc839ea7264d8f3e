"""The microphone is interrupted: the page says so, and listens again as soon as it can."""

from __future__ import annotations

from typing import Literal

import pytest
from playwright.async_api import Locator, expect

from tertulia_shared.entries import MicChunk
from tertulia_shared.events import ListeningStopped
from tests.e2e import microphone
from tests.e2e.conftest import Visit
from tests.e2e.visitor import READY, Visitor
from tests.harness.eventually import eventually
from tests.harness.stack import Stack

Mode = Literal["hands-free", "hold to talk"]
in_both_modes = pytest.mark.parametrize("mode", ["hands-free", "hold to talk"])
LISTENING = "Listening"
LAST_ENTRY = "999999999-0"
"""An entry id above all ids that the gateway writes."""
# The browser of the tests has no screen, so it grants no wake lock.
WAKE_LOCK = """
window.locks = { held: 0 };
navigator.wakeLock.request = async () => {
  locks.held += 1;
  const lock = new EventTarget();
  lock.release = async () => { locks.held -= 1; };
  return lock;
};
"""


async def talking(visit: Visit, mode: Mode = "hands-free", *, device: bool = False) -> Visitor:
    """A visitor whose page listens. With "hold to talk" the button is held."""
    visitor = await visit()
    await microphone.make_interruptible(visitor.page)
    await visitor.arrive(device=device)
    if mode == "hold to talk":
        await visitor.page.get_by_role("radio", name="Hold to talk").check()
        await big_button(visitor).hover()
        await visitor.page.mouse.down()
    else:
        await visitor.start_listening()
    await expect(visitor.status_line).to_have_text(LISTENING)
    return visitor


def big_button(visitor: Visitor) -> Locator:
    return visitor.page.locator("button.big")


def hint(visitor: Visitor) -> Locator:
    """The text below the button."""
    return visitor.page.locator(".talk .hint")


async def becomes_true(visitor: Visitor, expression: str) -> None:
    """Wait until an expression is true in the page."""

    async def is_true() -> bool | None:
        return bool(await visitor.page.evaluate(expression)) or None

    await visitor.until(is_true, expression)


async def listens_again(visitor: Visitor, *, sessions: int) -> None:
    """Wait until the page has begun this many sessions, and until it listens and sends sound. A slow machine may need
    further sessions, because it delivers no sound for a while.
    """
    await eventually(lambda: len(visitor.log.of("listening_started")) >= sessions, "a session begins")
    await expect(visitor.status_line).to_have_text(LISTENING)
    begun = [event["session_id"] for event in visitor.log.of("listening_started")]
    assert len(set(begun)) == len(begun)
    frames = len(visitor.log.commands("pcm"))
    await eventually(lambda: len(visitor.log.commands("pcm")) > frames, "sound is sent")


async def stop(visitor: Visitor, mode: Mode) -> None:
    """Stop talking, and wait until the microphone is off."""
    if mode == "hold to talk":
        await visitor.page.mouse.up()
    else:
        await big_button(visitor).click()
    await expect(visitor.status_line).to_have_text(READY)


async def end_session(visitor: Visitor, stack: Stack, cause: str) -> None:
    """Write the event that the open session has ended, as an stt worker does. Then end the session for the worker that
    serves it, too.
    """
    session_id = visitor.log.of("listening_started")[-1]["session_id"]
    conversation_id = visitor.log.of("conversation_started")[-1]["conversation_id"]
    async with stack.bus() as bus:
        outlet = bus.outlet()
        outlet.append(bus.keys.events(conversation_id), ListeningStopped(session_id, cause))
        await outlet.flush()
        await eventually(
            lambda: [each for each in visitor.log.of("listening_stopped") if each["session_id"] == session_id],
            "the page knows",
        )
        final = MicChunk(b"", is_final=True, cause="stopped")
        outlet.append(bus.keys.mic(conversation_id, session_id), final, id=LAST_ENTRY)
        await outlet.flush()


@in_both_modes
async def test_words_before_a_call_are_transcribed_and_the_page_listens_again_afterwards(
    visit: Visit, mode: Mode
) -> None:
    visitor = await talking(visit, mode)
    await microphone.say(visitor.page, "question_rex.wav")
    await eventually(lambda: visitor.log.of("transcription_update"), "words are heard")
    await microphone.begin_call(visitor.page)
    await expect(hint(visitor)).to_have_text("Microphone paused: the browser has stopped the sound; click the page")
    (accepted,) = await eventually(lambda: visitor.log.of("turn_accepted"), "the words are understood")
    assert accepted["source"] == "spoken"
    assert visitor.log.commands("stop_listening")
    await visitor.until_played(accepted["turn_id"])
    await expect(visitor.status_line).to_contain_text("Microphone paused")

    await microphone.end_call(visitor.page)
    await listens_again(visitor, sessions=2)
    await expect(hint(visitor)).not_to_contain_text("paused")
    await stop(visitor, mode)


async def test_suspended_context_is_resumed_at_once(visit: Visit) -> None:
    visitor = await talking(visit)
    await visitor.page.evaluate("heard.context.suspend()")
    await becomes_true(visitor, "heard.context.state === 'running'")
    await listens_again(visitor, sessions=1)


async def test_page_in_the_background_says_that_the_microphone_is_paused(visit: Visit) -> None:
    visitor = await talking(visit)
    await microphone.set_hidden(visitor.page, hidden=True)
    await microphone.begin_call(visitor.page)
    await expect(visitor.status_line).to_have_text("Microphone paused: the page is in the background")
    await eventually(lambda: visitor.log.commands("stop_listening"), "the session is stopped")
    await microphone.end_call(visitor.page)
    await microphone.set_hidden(visitor.page, hidden=False)
    await listens_again(visitor, sessions=2)


@in_both_modes
@pytest.mark.parametrize("cause", ["idle", "failed"])
async def test_page_begins_another_session_if_the_server_ends_the_session(
    visit: Visit, stack: Stack, mode: Mode, cause: str
) -> None:
    visitor = await talking(visit, mode)
    await end_session(visitor, stack, cause)
    await listens_again(visitor, sessions=2)
    await stop(visitor, mode)
    assert not await visitor.page.locator(".talk .notice").all()


async def test_page_gives_up_with_a_reason_after_several_failed_sessions(visit: Visit, stack: Stack) -> None:
    visitor = await talking(visit)
    notice = visitor.page.locator(".talk .notice")
    while not await notice.count():
        begun = len(visitor.log.of("listening_started"))
        await end_session(visitor, stack, "failed")

        async def has_decided(begun: int = begun) -> bool:
            return len(visitor.log.of("listening_started")) > begun or await notice.count() > 0

        await eventually(has_decided, "the page begins a session again, or gives up")
    await expect(notice).to_contain_text("The recognizer stopped several times")
    await visitor.start_listening()
    await expect(visitor.status_line).to_have_text(LISTENING)


async def test_device_that_delivers_nothing_is_not_shown_as_listening_and_is_opened_again(visit: Visit) -> None:
    visitor = await talking(visit)
    await microphone.silence_device(visitor.page)
    await expect(visitor.status_line).to_have_text("Microphone paused: no sound comes from the device")
    await listens_again(visitor, sessions=2)
    assert await visitor.page.evaluate("tracks.length") == 2
    assert await visitor.page.evaluate("tracks[0].readyState") == "ended"


async def test_unplugged_device_is_replaced_by_another(visit: Visit) -> None:
    visitor = await talking(visit)
    await visitor.page.evaluate("window.unplugged = window.heard")
    await microphone.unplug(visitor.page, another=True)
    await becomes_true(visitor, "tracks.length === 2 && heard !== unplugged")
    await expect(visitor.status_line).to_have_text(LISTENING)
    await visitor.say("question_sage.wav")
    await eventually(lambda: visitor.log.of("turn_accepted"), "the other device is heard")


@in_both_modes
async def test_microphone_is_off_with_a_reason_if_the_only_device_is_unplugged(visit: Visit, mode: Mode) -> None:
    visitor = await talking(visit, mode)
    await microphone.unplug(visitor.page, another=False)
    await expect(visitor.page.locator(".talk .notice")).to_contain_text("No microphone was found")
    await expect(visitor.status_line).to_have_text(READY)
    await expect(big_button(visitor)).to_have_attribute("aria-pressed", "false")
    await eventually(lambda: visitor.log.of("listening_stopped"), "the session ends")


async def test_microphone_is_off_with_a_reason_if_the_permission_is_withdrawn(visit: Visit) -> None:
    visitor = await talking(visit, device=True)
    await microphone.forbid(visitor.page)
    await expect(visitor.page.locator(".talk .notice")).to_contain_text("no longer allowed here")
    await expect(visitor.status_line).to_have_text(READY)
    await eventually(lambda: visitor.log.of("listening_stopped"), "the session ends")


async def test_page_listens_in_a_new_conversation_too(visit: Visit) -> None:
    visitor = await talking(visit)
    sheet = await visitor.open("Conversations")
    await sheet.get_by_role("button", name="New conversation").click()
    await eventually(lambda: len(visitor.log.of("conversation_started")) == 2, "the conversation is open")
    await eventually(lambda: len(visitor.log.commands("start_listening")) == 2, "the page listens there, too")
    await visitor.say("question_sage.wav")
    (accepted,) = await eventually(lambda: visitor.log.of("turn_accepted"), "the question is understood")
    assert accepted["source"] == "spoken"


async def test_screen_stays_on_while_the_user_talks(visit: Visit) -> None:
    visitor = await visit()
    await visitor.page.add_init_script(WAKE_LOCK)
    await visitor.arrive()
    await visitor.start_listening()
    await becomes_true(visitor, "locks.held === 1")
    await big_button(visitor).click()
    await becomes_true(visitor, "locks.held === 0")
