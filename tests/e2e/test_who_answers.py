"""The controls of who answers: the rules, the menu of each character, requests without a message, the addressee."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import USUAL, Display, Visit, rest
from tests.e2e.visitor import READY, Visitor
from tests.harness.eventually import eventually
from tests.harness.stack import Stack

PHONE = Display(320, 640, touch=True, still=True)


async def speakers(visitor: Visitor, turn_id: str) -> list[str]:
    """The names of the characters that the server chose for a turn."""
    (started,) = await eventually(
        lambda: [event for event in visitor.log.of("turn_started") if event["turn_id"] == turn_id],
        "the characters are chosen",
    )
    return [reply["character_name"] for reply in started["replies"]]


async def next_request(visitor: Visitor, before: int) -> dict[str, Any]:
    """The `turn_accepted` of the next turn without a message, after `before` of them."""
    accepted = await eventually(lambda: requests(visitor)[before:], "a turn without a message is accepted")
    return accepted[0]


def requests(visitor: Visitor) -> list[dict[str, Any]]:
    return [event for event in visitor.log.of("turn_accepted") if event["source"] == "request"]


async def choose_rule(visitor: Visitor, name: str) -> None:
    """Choose a rule of who answers, and wait until the server has confirmed it."""
    before = len(visitor.log.of("answering"))
    await visitor.who_answers.click()
    await visitor.page.get_by_role("radio", name=name).check()
    await eventually(lambda: visitor.log.of("answering")[before:], "the rule is confirmed")
    await visitor.page.keyboard.press("Escape")
    await expect(visitor.page.get_by_role("radio", name=name)).to_be_hidden()


async def test_rule_of_who_answers_is_shown_changed_and_kept(visitor: Visitor) -> None:
    await expect(visitor.who_answers).to_have_accessible_name("Who answers: Everyone")  # the stack's default
    await choose_rule(visitor, "Only when named")
    turn_id = await visitor.write("It is raining.")
    assert await speakers(visitor, turn_id) == []
    await expect(
        visitor.page.get_by_text("Only named characters answer here, and you named none.").first
    ).to_be_visible()
    await expect(visitor.status_line).to_have_text(READY)
    await expect(visitor.page.locator(".dots")).to_have_count(0)

    await visitor.reload()
    await expect(visitor.who_answers).to_have_accessible_name("Who answers: Only when named")
    await choose_rule(visitor, "In turn")
    turn_id = await visitor.write("It is still raining.")
    assert await speakers(visitor, turn_id) == ["Luna"]
    await visitor.page.keyboard.press("Escape")


async def test_muted_character_is_marked_and_answers_only_by_name(visitor: Visitor) -> None:
    menu = await visitor.open_seat("Rex")
    await menu.get_by_role("button", name="Mute in this conversation").click()
    await expect(menu).to_be_hidden()
    await expect(visitor.seat("Rex").get_by_role("button")).to_have_accessible_name("Rex muted")
    await eventually(lambda: [event for event in visitor.log.of("answering") if event["muted"]], "Rex is muted")
    assert await speakers(visitor, await visitor.write("How are you all tonight?")) == ["Luna", "Sage"]
    await visitor.page.keyboard.press("Escape")
    assert await speakers(visitor, await visitor.write("Rex, are you there?")) == ["Rex"]
    await visitor.page.keyboard.press("Escape")

    await visitor.who_answers.click()
    await visitor.page.get_by_role("button", name="Unmute Rex").click()
    await expect(visitor.page.get_by_role("button", name="Unmute Rex")).to_have_count(0)
    await expect(visitor.seat("Rex").get_by_role("button")).to_have_accessible_name("Rex")
    await eventually(lambda: not visitor.log.of("answering")[-1]["muted"], "Rex is not muted")


async def test_characters_answer_continue_and_discuss_on_request_without_a_message(visitor: Visitor) -> None:
    go_on = visitor.page.get_by_role("button", name="Go on")
    await expect(go_on).to_have_count(0)
    menu = await visitor.open_seat("Sage")
    await menu.get_by_role("button", name="Answer now").click()
    asked = await next_request(visitor, 0)
    assert await speakers(visitor, asked["turn_id"]) == ["Sage"]
    await visitor.until_speaking(asked["turn_id"])
    await expect(go_on).to_have_count(0)
    await visitor.until_played(asked["turn_id"])
    await expect(visitor.mine).to_have_count(0)

    await go_on.click()
    more = await next_request(visitor, 1)
    assert await speakers(visitor, more["turn_id"]) == ["Sage"]
    await visitor.until_played(more["turn_id"])

    await visitor.page.get_by_role("button", name="Talk among yourselves").click()
    talk = await next_request(visitor, 2)
    extended = await eventually(lambda: visitor.log.of("turn_extended"), "a second character joins")
    first = (await speakers(visitor, talk["turn_id"]))[0]
    assert extended[0]["replies"][0]["character_name"] != first
    turn_id = await visitor.write("Luna, what do you say?")
    assert await speakers(visitor, turn_id) == ["Luna"]
    await visitor.page.keyboard.press("Escape")


async def test_conversation_lets_the_characters_talk_among_themselves(visitor: Visitor) -> None:
    await visitor.who_answers.click()
    await visitor.page.get_by_role("checkbox", name="Let them talk among themselves").check()
    replies = visitor.page.get_by_role("spinbutton", name="Replies at most")
    await expect(replies).to_have_value("6")
    await replies.fill("2")
    await replies.press("Tab")
    await eventually(lambda: visitor.log.of("answering")[-1]["discussion"] == 2, "two replies at most")
    await visitor.page.keyboard.press("Escape")
    turn_id = await visitor.write("Luna, what is the sea?")
    assert await speakers(visitor, turn_id) == ["Luna"]
    (extended,) = await eventually(lambda: visitor.log.of("turn_extended"), "somebody replies to Luna")
    assert extended["replies"][0]["character_name"] != "Luna"
    await visitor.page.keyboard.press("Escape")

    await visitor.who_answers.click()
    await visitor.page.get_by_role("checkbox", name="Let them talk among themselves").uncheck()
    await eventually(lambda: visitor.log.of("answering")[-1]["discussion"] == 0, "no discussion")


async def test_message_is_addressed_to_one_character_or_to_no_character(visitor: Visitor) -> None:
    to = visitor.page.get_by_role("combobox", name="To")
    await expect(to.locator("option")).to_have_text(["automatic", *USUAL, "no one (no answer)"])
    await to.select_option("nobody")
    turn_id = await visitor.write("Luna, this is only a note.")
    assert await speakers(visitor, turn_id) == []
    await expect(visitor.page.get_by_text("to no one", exact=True)).to_be_visible()
    await expect(visitor.page.get_by_text("Only named characters")).to_have_count(0)
    await expect(visitor.status_line).to_have_text(READY)
    await expect(to).to_have_value("")

    await to.select_option(label="Rex")
    assert await speakers(visitor, await visitor.write("How are you?")) == ["Rex"]
    await expect(visitor.page.get_by_text("to Rex", exact=True)).to_be_visible()
    await visitor.page.keyboard.press("Escape")


async def test_rules_work_with_the_keyboard_and_escape_only_closes_them(visitor: Visitor) -> None:
    keyboard = visitor.page.keyboard
    turn_id = await visitor.write("Luna, tell me a story.")
    await visitor.until_speaking(turn_id)
    await visitor.who_answers.focus()
    await keyboard.press("Enter")
    everyone = visitor.page.get_by_role("radio", name="Everyone")
    await expect(everyone).to_be_visible()
    await keyboard.press("Tab")
    await expect(everyone).to_be_focused()
    await keyboard.press("ArrowDown")
    await expect(visitor.page.get_by_role("radio", name="Only when named")).to_be_checked()
    await keyboard.press("Escape")
    await expect(everyone).to_be_hidden()
    await expect(visitor.who_answers).to_be_focused()
    assert not visitor.log.commands("interrupt")
    await keyboard.press("Escape")
    await eventually(lambda: visitor.log.commands("interrupt"), "Esc stops the story")


@pytest.mark.usefixtures("default_characters")
async def test_talkativeness_of_a_character_is_saved(visitor: Visitor, stack: Stack) -> None:
    sheet = await visitor.open("Characters")
    await sheet.get_by_role("button", name="Edit Luna").click()
    slider = sheet.get_by_role("slider", name="Talkativeness")
    await expect(slider).to_have_value("50")
    await slider.fill("0")
    await expect(sheet.get_by_text("only when addressed")).to_be_visible()
    await sheet.get_by_role("button", name="Save").click()
    await expect(sheet.get_by_role("button", name="Edit Luna")).to_be_visible()
    characters = stack.http("/api/characters")
    (luna,) = [each for each in rest("GET", characters)["characters"] if each["name"] == "Luna"]
    assert luna["talkativeness"] == 0
    rest("PATCH", f"{characters}/{luna['id']}", {"talkativeness": 50})


async def test_controls_stay_within_a_narrow_screen(visit: Visit) -> None:
    visitor = await visit(PHONE)
    await visitor.arrive()
    await visitor.who_answers.click()
    await visitor.page.get_by_role("checkbox", name="Let them talk among themselves").check()
    replies = visitor.page.get_by_role("spinbutton", name="Replies at most")
    await replies.scroll_into_view_if_needed()
    await expect(replies).to_be_in_viewport(ratio=0.95)
    await visitor.picture("narrow-who-answers")
    await visitor.page.keyboard.press("Escape")
    for name in USUAL:
        menu = await visitor.open_seat(name)
        await expect(menu.get_by_role("button", name="Answer now")).to_be_in_viewport(ratio=0.95)
        await expect(menu.get_by_role("button", name="Mute")).to_be_in_viewport(ratio=0.95)
        await visitor.page.keyboard.press("Escape")
        await expect(menu).to_be_hidden()
    assert not await visitor.page.evaluate("document.documentElement.scrollWidth > innerWidth")
