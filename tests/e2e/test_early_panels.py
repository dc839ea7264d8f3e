"""Panels and menus that are opened before the page knows what to show in them: afterwards they show the same as those
that are opened later.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any, cast

import pytest
import pytest_asyncio
from playwright.async_api import Locator, expect

from tertulia_shared.ids import new_id
from tests.e2e.conftest import Visit, rest
from tests.e2e.held_back import ControlledConnection, Requests, held_answers, hold_connection, hold_events
from tests.e2e.visitor import READY, Visitor
from tests.harness.client import talk
from tests.harness.eventually import eventually
from tests.harness.stack import Stack

pytestmark = pytest.mark.usefixtures("default_characters")

Opener = Callable[[Visitor], Awaitable[Locator]]

CHANGING = re.compile(r"\d+:\d\d(\s[AP]M)?|[\d.]+ ms")
"""A time of day, and how far away Redis is."""
LOADING = re.compile(r"^(Asking which model|Looking for model servers|Loading)\b.*…$")
"""What a panel shows until its answers have arrived."""
EMPTY_ID = re.compile(r"//|/(undefined|null)?$|/(undefined|null)/")
REMEMBER_FOCUS = "window.focusBefore = document.activeElement"
HAS_FOCUS = "document.activeElement === window.focusBefore"
BOOK = {"entries": {"0": {"uid": 0, "key": ["tower"], "comment": "The tower", "content": "It leans."}}}


def panel(name: str) -> Opener:
    return lambda visitor: visitor.open(name)


async def sound(visitor: Visitor) -> Locator:
    await visitor.page.get_by_role("button", name="Settings", exact=True).click()
    sheet = visitor.page.get_by_role("dialog")
    await expect(sheet.get_by_role("option", name="Fake Audio Input 1")).to_be_attached()
    return sheet


async def connection(visitor: Visitor) -> Locator:
    sheet = await visitor.open("Model")
    await sheet.get_by_role("button", name=re.compile("Connect a model|Model server and key")).click()
    return visitor.page.get_by_role("dialog", name="Connect a model")


async def character(visitor: Visitor) -> Locator:
    sheet = await visitor.open("Characters")
    await sheet.get_by_role("button", name="Edit Luna").click()
    return visitor.page.get_by_role("dialog")


async def new_character(visitor: Visitor) -> Locator:
    sheet = await visitor.open("Characters")
    await sheet.get_by_role("button", name="New character").click()
    return visitor.page.get_by_role("dialog")


async def edit_from_the_table(visitor: Visitor) -> Locator:
    menu = await visitor.open_seat("Luna")
    await menu.get_by_role("button", name="Edit").click()
    return visitor.page.get_by_role("dialog")


async def who_answers(visitor: Visitor) -> Locator:
    await visitor.who_answers.click()
    return visitor.page.get_by_role("group", name="Who answers").first


PANELS: dict[str, Opener] = {
    "Conversations": panel("Conversations"),
    "Characters": panel("Characters"),
    "Model": panel("Model"),
    "See inside": panel("See inside"),
    "Settings": sound,
    "connection": connection,
    "character": character,
    "new character": new_character,
    "who answers": who_answers,
}
ASKING: dict[str, Opener] = {name: PANELS[name] for name in ("Conversations", "Characters", "Model", "See inside")} | {
    "connection": connection,
    "edit from the table": edit_from_the_table,
}
"""The panels that are filled with answers of the REST API."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def conversation(stack: Stack) -> AsyncGenerator[str]:
    """The id of a conversation in which nothing has its usual value."""
    stack.wait_ready()
    luna, rex, *_ = rest("GET", stack.http("/api/characters"))["characters"]
    nora = rest("PUT", stack.http(f"/api/personas/{new_id()}"), {"name": "Nora", "description": "She mends clocks."})
    async with talk(*stack.urls) as client:
        for kind, data in (
            ("model_settings", {"temperature": 0.4, "model": "owl"}),
            ("persona", {"persona_id": nora["id"]}),
            ("user_name", {"name": "Bo"}),
            ("note", {"text": "It rains.", "depth": 2}),
            ("answering", {"mode": "named", "discussion": 12, "muted": [rex["id"]]}),
            ("cast", {"characters": [rex["id"], luna["id"]], "told": True}),
        ):
            await client.send(kind, **cast("dict[str, Any]", data))
            await client.until_event(kind)
        turn_id = await client.say("Luna, who are you?", new_id())
        await client.until_done(turn_id)
        for reply in client.record.of_turn(turn_id):
            # Heard, so that no page has sound left to play, which needs a click first.
            sentence, chunk = reply.chunks[-1]
            place = {"sentence_index": sentence, "chunk_index": chunk, "played_ms": 60_000}
            await client.send("playback", message_id=reply.message_id, **place)
        path = f"/api/conversations/{client.record.conversation_id}"
        rest("PUT", stack.http(f"{path}/lorebook"), BOOK)
        rest("PUT", stack.http(f"{path}/summary"), {"text": "Otto is a dog."})
        yield client.record.conversation_id
    rest("DELETE", stack.http(path))
    rest("DELETE", stack.http(f"/api/personas/{nora['id']}"))


async def settled(opened: Locator, requests: Requests) -> str:
    """What a panel shows when every answer has arrived and is rendered."""
    await eventually(lambda: not requests.waiting, "every answer has arrived")
    await expect(opened.get_by_text(LOADING)).to_have_count(0)
    await opened.page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return CHANGING.sub("…", await opened.aria_snapshot())


async def assert_becomes(opened: Locator, expected: str, requests: Requests) -> None:
    """Check that a panel comes to show this."""
    shown = ""

    async def is_same() -> bool:
        nonlocal shown
        shown = await settled(opened, requests)
        return shown == expected

    try:
        await eventually(is_same)
    except AssertionError:
        assert shown == expected  # with the difference
        raise


@pytest.mark.parametrize("name", PANELS)
async def test_panel_that_is_opened_before_the_page_knows_the_conversation_shows_the_same(
    visit: Visit, conversation: str, name: str
) -> None:
    visitor = await visit()
    requests = Requests(visitor.page)
    await visitor.arrive(f"/?probe=1#/{conversation}", playback=False)
    visitor.log.restart()
    await visitor.page.reload()  # a page that was open before the turn was over shows its timings
    await expect(visitor.status_line).to_have_text(READY)
    opened = await PANELS[name](visitor)
    expected = await settled(opened, requests)
    for hold in (hold_connection, hold_events):
        release = await hold(visitor.page)
        await visitor.page.reload()
        opened = await PANELS[name](visitor)
        await settled(opened, requests)
        await visitor.page.evaluate(REMEMBER_FOCUS)
        release()
        await expect(visitor.status_line).to_have_text(READY)
        await assert_becomes(opened, expected, requests)
        assert await visitor.page.evaluate(HAS_FOCUS), "the focus stayed"
    assert not [sent for sent in requests.sent if EMPTY_ID.search(sent)]


@pytest.mark.parametrize("name", ASKING)
async def test_panel_shows_the_same_whichever_answer_comes_last(visit: Visit, conversation: str, name: str) -> None:
    opener = ASKING[name]
    visitor = await visit()
    requests = Requests(visitor.page)
    await visitor.arrive(f"/?probe=1#/{conversation}", playback=False)
    await expect(visitor.page.locator(".message")).to_have_count(2)
    requests.sent.clear()
    opened = await opener(visitor)
    expected = await settled(opened, requests)
    await visitor.page.keyboard.press("Escape")
    await expect(opened).to_be_hidden()
    asked = set(requests.sent)
    assert asked
    for late in asked:
        async with held_answers(visitor.page, lambda sent, late=late: sent == late) as released:
            opened = await opener(visitor)
            await eventually(lambda late=late: set(requests.waiting) == {late}, f"only {late} waits")
            await visitor.page.evaluate(REMEMBER_FOCUS)
            released.set()
            await assert_becomes(opened, expected, requests)
            assert await visitor.page.evaluate(HAS_FOCUS), f"the focus stayed when {late} was answered"
            await visitor.page.keyboard.press("Escape")
            await expect(opened).to_be_hidden()
    assert not [sent for sent in requests.sent if EMPTY_ID.search(sent)]


async def test_note_is_kept_if_the_panel_is_closed_while_the_connection_is_down(
    visit: Visit, conversation: str
) -> None:
    visitor = await visit()
    connection = await ControlledConnection.of(visitor.page)
    await visitor.arrive(f"/?probe=1#/{conversation}", playback=False)
    sheet = await visitor.open("Model")
    note = sheet.get_by_role("textbox", name="Author's note")
    await expect(note).to_be_enabled()
    await connection.cut()
    await visitor.until(lambda: has_link(visitor, is_live=False), "the page notices it")
    await note.fill("It snows.")
    await visitor.page.keyboard.press("Escape")
    await expect(sheet).to_be_hidden()
    await visitor.open("Model")
    await expect(note).to_have_value("It snows.")
    connection.restore()
    await visitor.until(lambda: has_link(visitor, is_live=True), "the page is connected")
    await visitor.page.keyboard.press("Escape")
    await expect(sheet).to_be_hidden()
    await eventually(lambda: connection.notes() == ["It snows."], "the server gets it, once")


async def test_conversation_whose_messages_are_not_loaded_yet_is_not_shown_as_a_new_one(
    visit: Visit, conversation: str
) -> None:
    visitor = await visit()
    stored = f"GET /api/conversations/{conversation}"
    async with held_answers(visitor.page, lambda sent: sent.startswith(stored)) as released:
        await visitor.arrive(f"/?probe=1#/{conversation}", playback=False)
        await expect(visitor.page.get_by_text("Loading…")).to_be_visible()
        await expect(visitor.page.locator(".suggestions")).to_have_count(0)
        released.set()
        await expect(visitor.mine).to_have_count(1)
        await expect(visitor.page.get_by_text("Loading…")).to_have_count(0)


async def has_link(visitor: Visitor, *, is_live: bool) -> bool | None:
    """True if the page's connection is in this state, else None."""
    return (await visitor.page.evaluate("tertulia.state().link === 'live'") == is_live) or None


async def test_message_that_is_sent_before_the_page_is_connected_has_the_persona_and_the_characters_chosen_last(
    visit: Visit, stack: Stack
) -> None:
    _, rex, *_ = rest("GET", stack.http("/api/characters"))["characters"]
    eva = rest("PUT", stack.http(f"/api/personas/{new_id()}"), {"name": "Eva", "description": "She dives."})
    for hold in (hold_connection, hold_events):
        visitor = await visit()
        chosen = {"persona": {"id": eva["id"], "name": "Eva"}, "userName": "Eva", "cast": [rex["id"]]}
        await visitor.page.goto(stack.http("/?probe=1"))
        await visitor.page.evaluate("(text) => localStorage.setItem('tertulia.preferences', text)", json.dumps(chosen))
        release = await hold(visitor.page)
        await visitor.page.goto("about:blank")
        await visitor.page.goto(stack.http("/?probe=1"))
        await visitor.box.fill("Who is here?")
        await visitor.box.press("Enter")
        await expect(visitor.mine).to_have_count(1)
        release()
        await expect(visitor.page.locator(".message.theirs")).to_have_count(1)
        await expect(visitor.page.locator(".message.theirs")).to_contain_text("Rex")
        exported = stack.http(f"/api/conversations/{await open_id(visitor)}/export?format=json")
        assert rest("GET", exported)["settings"]["persona"]["name"] == "Eva"
    rest("DELETE", stack.http(f"/api/personas/{eva['id']}"))


async def open_id(visitor: Visitor) -> str:
    """The id of the conversation in the page's address."""
    return cast("str", await visitor.page.evaluate("location.hash.slice(2)"))
