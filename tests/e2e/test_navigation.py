"""The page behaves like an app: its title, its address, Back and Forward, and a lost network."""

from __future__ import annotations

import re
from uuid import uuid4

from playwright.async_api import expect

from tests.e2e.conftest import Display, Visit
from tests.e2e.visitor import READY, Visitor
from tests.harness.eventually import eventually

FIRST, SECOND = "Rex, thank you!", "Sage, thank you!"


async def begin(visitor: Visitor, text: str) -> str:
    """Send a message in the open conversation, and wait until its reply is stored. Returns the conversation's id."""
    turn_id = await visitor.write(text)
    await visitor.until_played(turn_id)
    return visitor.log.record().conversation_id


async def new_conversation(visitor: Visitor) -> None:
    before = visitor.log.record().conversation_id
    sheet = await visitor.open("Conversations")
    await sheet.get_by_role("button", name="New conversation").click()
    await eventually(lambda: visitor.log.record().conversation_id != before, "a new conversation")
    await expect(visitor.page.locator(".welcome")).to_be_visible()


async def test_text_that_is_not_sent_survives_a_reload_and_is_gone_when_it_is_sent(visitor: Visitor) -> None:
    visitor.ignore_console_error("status of 404")  # this conversation has no stored messages
    await visitor.box.fill("Rex, thank")
    await visitor.page.reload()
    await expect(visitor.box).to_have_value("Rex, thank")
    await expect(visitor.status_line).to_have_text(READY)
    await begin(visitor, FIRST)
    await visitor.page.reload()
    await expect(visitor.mine).to_have_text([f"You: {FIRST}"])
    await expect(visitor.box).to_have_value("")


async def test_back_and_forward_go_from_conversation_to_conversation(visitor: Visitor) -> None:
    first = await begin(visitor, FIRST)
    await new_conversation(visitor)
    second = await begin(visitor, SECOND)

    await visitor.page.go_back()
    await expect(visitor.mine).to_have_text([f"You: {FIRST}"])
    await expect(visitor.page).to_have_url(f"{visitor.address}/?probe=1#/{first}")
    await visitor.page.go_forward()
    await expect(visitor.mine).to_have_text([f"You: {SECOND}"])
    await expect(visitor.page).to_have_url(f"{visitor.address}/?probe=1#/{second}")


async def test_back_closes_a_panel_on_a_touch_screen(visit: Visit) -> None:
    visitor = await visit(Display(390, 844, touch=True))
    await visitor.arrive()
    url = visitor.page.url
    await visitor.open("Characters")
    await visitor.page.go_back()
    await expect(visitor.page.get_by_role("dialog")).to_have_count(0)
    await expect(visitor.page).to_have_url(url)

    first = await begin(visitor, FIRST)
    await new_conversation(visitor)
    await visitor.page.go_back()
    await expect(visitor.mine).to_have_text([f"You: {FIRST}"])
    await expect(visitor.page).to_have_url(f"{visitor.address}/?probe=1#/{first}")


async def test_title_says_who_speaks_and_then_what_the_conversation_is_about(visitor: Visitor) -> None:
    await expect(visitor.page).to_have_title("Tertulia")
    turn_id = await visitor.write(FIRST)
    await expect(visitor.page).to_have_title("Rex is speaking – Tertulia")
    await visitor.until_played(turn_id)
    await expect(visitor.page).to_have_title(f"{FIRST} – Tertulia")


async def test_link_to_a_conversation_that_does_not_exist_opens_a_new_one_and_says_so(visit: Visit) -> None:
    visitor = await visit()
    await visitor.arrive(f"/?probe=1#/{uuid4()}")
    await expect(visitor.page.get_by_text("The conversation at this address does not exist.")).to_be_visible()
    await expect(visitor.page).to_have_url(re.compile(visitor.log.record().conversation_id))


async def test_address_that_names_no_conversation_is_corrected(visitor: Visitor) -> None:
    url = visitor.page.url
    await visitor.page.evaluate("location.hash = '#/rubbish'")
    await expect(visitor.page).to_have_url(url)
    await expect(visitor.status_line).to_have_text(READY)


async def test_lost_network_is_noticed_at_once_and_its_return_too(visitor: Visitor) -> None:
    for error in ("ERR_INTERNET_DISCONNECTED", "WebSocket connection to"):
        visitor.ignore_console_error(error)
    await visitor.page.context.set_offline(True)
    await expect(visitor.status_line).to_contain_text("Connection lost")
    await visitor.page.context.set_offline(False)
    await expect(visitor.status_line).to_have_text(READY)
    await visitor.until_played(await visitor.write(FIRST))
