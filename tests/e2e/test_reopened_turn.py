"""A spoken turn that the user continues: the page removes it, and shows it again with all its text.

The test makes the writes of the stt worker itself, so that it can choose their moments.
"""

from __future__ import annotations

import signal
from collections.abc import Generator
from contextlib import contextmanager

from playwright.async_api import expect

from tests.e2e.visitor import READY, Visitor
from tests.harness.eventually import eventually
from tests.harness.scripted_stt import SpokenTurn
from tests.harness.stack import Stack

BEGUN, WHOLE = "Luna, tell me about the", "Luna, tell me about the ocean."


@contextmanager
def no_sound(stack: Stack) -> Generator[None]:
    """Pause the speech workers: a turn can be reopened as long as no sound was sent."""
    voices = stack.of("tts")
    for voice in voices:
        voice.send(signal.SIGSTOP)
    try:
        yield
    finally:
        for voice in voices:
            voice.send(signal.SIGCONT)


async def test_reopened_turn_is_removed_and_comes_again_in_the_same_bubble(visitor: Visitor, stack: Stack) -> None:
    replies = visitor.page.locator(".message.theirs")
    async with stack.bus() as bus:
        spoken = SpokenTurn(bus, visitor.log.record().conversation_id)
        with no_sound(stack):
            await spoken.accept(BEGUN)
            await expect(visitor.mine).to_have_text(f"You: {BEGUN}")
            await expect(replies.locator(".bubble").first).to_be_visible()
            await visitor.mine.evaluate("bubble => bubble.parentElement.dataset.marked = 'yes'")
            assert await spoken.reopen()
            await expect(replies).to_have_count(0)
            await expect(visitor.mine).to_be_hidden()
            await spoken.accept(WHOLE)
            await expect(visitor.mine).to_be_visible()
            await expect(visitor.mine).to_have_text(f"You: {WHOLE}")
            await expect(visitor.page.locator("[data-marked=yes]")).to_have_count(1)
        await visitor.until_played(spoken.turn_id)
        await expect(replies).to_have_count(len(visitor.log.record().of_turn(spoken.turn_id)))
        await expect(visitor.status_line).to_have_text(READY)


async def test_page_that_is_reloaded_shows_only_the_last_version_of_a_turn(visitor: Visitor, stack: Stack) -> None:
    async with stack.bus() as bus:
        spoken = SpokenTurn(bus, visitor.log.record().conversation_id)
        with no_sound(stack):
            await spoken.accept(BEGUN)
            await expect(visitor.page.locator(".message.theirs .bubble").first).to_be_visible()
            assert await spoken.reopen()
            await expect(visitor.page.locator(".message.theirs")).to_have_count(0)
        visitor.log.restart()
        await visitor.reload()
        await expect(visitor.seats).not_to_have_count(0)
        await spoken.accept(WHOLE)
        await visitor.until_played(spoken.turn_id)
        await expect(visitor.mine).to_have_text(f"You: {WHOLE}")
        await expect(visitor.page.locator(".message.theirs")).to_have_count(1)


async def test_reply_to_a_tentative_turn_is_shown_and_played_after_its_confirmation(
    visitor: Visitor, stack: Stack
) -> None:
    async with stack.bus() as bus:
        record = visitor.log.record()
        spoken = SpokenTurn(bus, record.conversation_id)
        await spoken.accept("Luna, how are you?", tentative=True)
        follow = bus.follow(bus.keys.events(record.conversation_id))
        while not any(entry.fields[b"type"] == b"turn_complete" for entry in await follow.read()):
            pass
        follow.close()
        await expect(visitor.page.locator(".message")).to_have_count(0)
        assert await spoken.confirm()
        await visitor.until_played(spoken.turn_id)
        await expect(visitor.mine).to_have_text("You: Luna, how are you?")
        times = await eventually(lambda: visitor.log.of("turn_metrics"), "the times of the turn")
        assert times[-1]["metrics"]["ahead_ms"] > 0
