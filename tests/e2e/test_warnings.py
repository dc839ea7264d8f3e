"""How the page shows warnings and errors of the server."""

from __future__ import annotations

from playwright.async_api import expect

from tertulia_shared.events import Warn
from tests.e2e.visitor import READY, Visitor
from tests.harness.eventually import eventually
from tests.harness.stack import Stack

PAUSED = "Redis lacks the replicas that its settings require."
WAITING = "Sending…"


async def test_message_written_while_writes_are_paused_is_answered_later(visitor: Visitor, stack: Stack) -> None:
    turn_id = await visitor.write("Luna, tell me a story.")
    await visitor.until_speaking(turn_id)
    notices = visitor.page.locator(".notice")
    with stack.writes_paused():
        await expect(notices).to_contain_text([PAUSED])
        await visitor.box.fill("Rex, thank you!")
        await visitor.box.press("Enter")
        await expect(visitor.page.get_by_text(WAITING)).to_be_visible()
        await eventually(lambda: visitor.log.of("error"), "it was refused")
        await visitor.picture("writes-paused")
        await expect(notices).to_have_count(1)
        assert "turn_id" not in await notices.inner_text()
    await expect(notices).to_have_count(0)
    await expect(visitor.page.get_by_text(WAITING)).to_be_hidden()
    sent = visitor.log.commands("user_message")[-1]["turn_id"]
    answer = await visitor.until_speaking(sent)
    assert visitor.log.record().messages[answer].name == "Rex"
    await expect(visitor.mine).to_have_text(["You: Luna, tell me a story.", "You: Rex, thank you!"])


async def test_message_written_while_writes_are_paused_is_sent_after_a_reload(visitor: Visitor, stack: Stack) -> None:
    await visitor.until_played(await visitor.write("Sage, thank you!"))
    with stack.writes_paused():
        await visitor.box.fill("Rex, thank you!")
        await visitor.box.press("Enter")
        await expect(visitor.page.get_by_text(WAITING)).to_be_visible()
        written = visitor.log.commands("user_message")[-1]
        visitor.ignore_console_error("AudioContext was not allowed to start")
        visitor.log.restart()
        await visitor.reload()
        assert await visitor.page.evaluate("sessionStorage['tertulia.unaccepted']")
    await eventually(lambda: visitor.accepted(written["turn_id"]), "the message is accepted")
    assert visitor.log.commands("user_message")[0] == written
    await expect(visitor.mine).to_have_text(["You: Sage, thank you!", "You: Rex, thank you!"])
    await expect(visitor.page.get_by_text(WAITING)).to_be_hidden()
    assert await visitor.page.evaluate("sessionStorage['tertulia.unaccepted']") is None
    await visitor.picture("sent-after-reload")
    visitor.log.restart()
    await visitor.reload()
    await expect(visitor.mine).to_have_text(["You: Sage, thank you!", "You: Rex, thank you!"])
    assert visitor.log.commands("user_message") == []


async def test_message_written_while_writes_are_paused_is_sent_when_its_conversation_is_open_again(
    visitor: Visitor, stack: Stack
) -> None:
    await visitor.until_played(await visitor.write("Sage, thank you!"))
    first = visitor.log.record().conversation_id
    with stack.writes_paused():
        await visitor.box.fill("Rex, thank you!")
        await visitor.box.press("Enter")
        await expect(visitor.page.get_by_text(WAITING)).to_be_visible()
        written = visitor.log.commands("user_message")[-1]
        sheet = await visitor.open("Conversations")
        await sheet.get_by_role("button", name="New conversation").click()
        await eventually(lambda: visitor.log.commands("new_conversation"), "the page asks for it")
    await eventually(lambda: visitor.log.record().conversation_id != first, "a new conversation")
    await expect(visitor.mine).to_have_count(0)
    await visitor.page.go_back()
    await eventually(lambda: visitor.accepted(written["turn_id"]), "the message is accepted")
    await expect(visitor.mine).to_have_text(["You: Sage, thank you!", "You: Rex, thank you!"])
    await expect(visitor.page.get_by_text(WAITING)).to_be_hidden()


async def test_interrupt_that_was_refused_while_writes_are_paused_is_sent_again(visitor: Visitor, stack: Stack) -> None:
    turn_id = await visitor.write("Luna and Rex, tell me a story.")
    await visitor.until_speaking(turn_id)
    with stack.writes_paused():
        await expect(visitor.page.locator(".notice")).to_contain_text([PAUSED])
        await visitor.page.keyboard.press("Escape")
        await expect(visitor.status_line).to_have_text("Waiting: the server cannot save now…")
        await eventually(lambda: visitor.log.of("error"), "it was refused")
    await eventually(lambda: visitor.log.of("interrupted"), "they stop")
    await expect(visitor.status_line).to_have_text(READY)


async def test_warnings_about_a_turn_disappear_with_the_next_turn_and_others_stay_until_dismissed(
    visitor: Visitor, stack: Stack
) -> None:
    turn_id = await visitor.write("Sage, thank you!")
    async with stack.bus() as bus:
        outlet = bus.outlet()
        for code, text in (
            ("store_lost", "The history is gone."),
            ("newer_release", "Something is newer."),
            ("store_refused", "A row was refused."),
            ("reply_cut", "Sage's reply was too long."),
        ):
            outlet.append(bus.keys.events(visitor.log.record().conversation_id), Warn(code, text))
        await outlet.flush()
    page, transcript = visitor.page.locator(".banners .notice"), visitor.page.locator(".notice:not(.banners *)")
    await expect(page).to_have_text(["The history is gone.", "Something is newer."])
    await expect(transcript).to_have_text(["A row was refused.", "Sage's reply was too long."])
    await visitor.picture("warnings")
    await page.first.get_by_role("button", name="Dismiss").click()
    await expect(page).to_have_text(["Something is newer."])
    await visitor.until_played(turn_id)
    await visitor.write("And Rex, thank you!")
    await expect(transcript).to_have_count(0)
    await expect(page).to_have_count(1)
