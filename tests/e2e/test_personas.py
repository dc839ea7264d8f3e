"""Who the user is, and the author's note: chosen, edited and kept with each conversation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.async_api import Locator, expect

from tests.e2e.conftest import rest
from tests.e2e.visitor import Visitor
from tests.harness.eventually import eventually
from tests.harness.stack import Stack


@pytest.fixture(autouse=True)
def _without_personas(default_characters: None, stack: Stack) -> Iterator[None]:
    yield
    for persona in personas(stack):
        rest("DELETE", stack.http(f"/api/personas/{persona['id']}"))


def personas(stack: Stack) -> list[dict[str, Any]]:
    return rest("GET", stack.http("/api/personas"))["personas"]


def confirmed(visitor: Visitor, kind: str, field: str) -> list[Any]:
    """The values of a field in the server's events, in order."""
    return [event[field] for event in visitor.log.of(kind)]


async def new_persona(sheet: Locator, name: str, description: str) -> None:
    await sheet.get_by_role("button", name="New persona").click()
    await sheet.get_by_role("textbox", name="What they call you").fill(name)
    await sheet.get_by_role("textbox", name="Who you are").fill(description)
    await sheet.get_by_role("button", name="Add", exact=True).click()


async def close(visitor: Visitor, sheet: Locator) -> None:
    await visitor.page.keyboard.press("Escape")
    await expect(sheet).to_be_hidden()


async def test_persona_is_made_edited_chosen_again_and_given_up(visitor: Visitor, stack: Stack) -> None:
    visitor.ignore_console_error("409")
    sheet = await visitor.open("Model")
    await expect(sheet.get_by_role("radio", name="Nobody in particular")).to_be_checked()
    await new_persona(sheet, "Luna", "")
    await expect(sheet.get_by_role("alert")).to_contain_text("A character is called Luna")
    await sheet.get_by_role("textbox", name="What they call you").fill("Ada")
    await sheet.get_by_role("textbox", name="Who you are").fill("{{user}} mends clocks.")
    await close(visitor, sheet)
    await visitor.open("Model")
    await sheet.get_by_role("button", name="New persona").click()
    await expect(sheet.get_by_text("it is not saved yet")).to_be_visible()
    await expect(sheet.get_by_role("textbox", name="Who you are")).to_have_value("{{user}} mends clocks.")
    await sheet.get_by_role("button", name="Add", exact=True).click()
    await expect(sheet.get_by_role("radio", name="Ada")).to_be_checked()
    await close(visitor, sheet)
    assert visitor.log.commands("persona") == [{}], "nothing of a conversation without a turn is stored"
    await expect(visitor.page.get_by_text("They call you Ada.")).to_be_visible()

    await visitor.write("Luna, who am I?")
    await eventually(lambda: confirmed(visitor, "persona", "name")[-1:] == ["Ada"], "the server has the persona")
    await eventually(lambda: confirmed(visitor, "user_name", "name")[-1:] == ["Ada"], "and the name")
    await visitor.page.keyboard.press("Escape")

    sheet = await visitor.open("Model")
    await sheet.get_by_role("button", name="Edit Ada").click()
    await sheet.get_by_role("textbox", name="What they call you").fill("Zoe")
    await sheet.get_by_role("button", name="Save", exact=True).click()
    await expect(sheet.get_by_role("radio", name="Zoe")).to_be_checked()
    await eventually(lambda: confirmed(visitor, "persona", "name")[-1] == "Zoe", "the conversation has the new text")
    await visitor.reload()
    await eventually(lambda: len(visitor.log.of("persona")) > 3, "the page asks after a reload")
    assert confirmed(visitor, "persona", "description")[-1] == "{{user}} mends clocks."

    sheet = await visitor.open("Model")
    await sheet.get_by_role("button", name="Edit Zoe").click()
    await sheet.get_by_role("button", name="Remove", exact=True).click()
    await expect(sheet.get_by_role("button", name="Undo")).to_be_focused()
    await close(visitor, sheet)  # carries the removal out
    await eventually(lambda: personas(stack) == [], "it is removed")
    sheet = await visitor.open("Model")
    await expect(sheet.get_by_text("this conversation keeps it")).to_be_visible()
    await sheet.get_by_role("radio", name="Nobody in particular").check()
    await eventually(lambda: confirmed(visitor, "user_name", "name")[-1] == "", "the default name applies")
    await expect(sheet.get_by_role("radio", name="Zoe")).to_have_count(0)


async def test_second_persona_of_the_same_name_is_refused_at_the_name(visitor: Visitor, stack: Stack) -> None:
    visitor.ignore_console_error("409")
    sheet = await visitor.open("Model")
    await new_persona(sheet, "Ada", "A clockmaker.")
    await expect(sheet.get_by_role("radio", name="Ada")).to_be_checked()
    await new_persona(sheet, "ADA", "A diver.")
    field = sheet.locator(".field").filter(has=visitor.page.get_by_role("textbox", name="What they call you"))
    await expect(field.get_by_role("alert")).to_contain_text("There is already a persona named 'Ada'")
    await visitor.picture("persona-name-taken")
    await sheet.get_by_role("textbox", name="What they call you").fill("Zoe")
    await sheet.get_by_role("button", name="Add", exact=True).click()
    await expect(sheet.get_by_role("radio", name="Zoe")).to_be_checked()
    assert [persona["name"] for persona in personas(stack)] == ["Ada", "Zoe"]


async def test_new_conversation_has_the_persona_chosen_last_and_a_note_of_its_own(visitor: Visitor) -> None:
    sheet = await visitor.open("Model")
    await new_persona(sheet, "Ada", "A clockmaker.")
    await sheet.get_by_role("textbox", name="Author's note").fill("It rains.")
    await sheet.get_by_role("slider", name="Depth").focus()
    await visitor.page.keyboard.press("Home")
    await expect(sheet.get_by_text("after the last message")).to_be_visible()
    await visitor.picture("personas-and-note")
    await close(visitor, sheet)
    await visitor.write("Luna, hello!")
    await eventually(lambda: confirmed(visitor, "note", "text")[-1:] == ["It rains."], "the server has the note")
    await eventually(lambda: confirmed(visitor, "note", "depth")[-1:] == [0], "and its depth")
    await visitor.page.keyboard.press("Escape")

    conversations = await visitor.open("Conversations")
    await conversations.get_by_role("button", name="New conversation").click()
    await expect(visitor.mine).to_have_count(0)
    sheet = await visitor.open("Model")
    await expect(sheet.get_by_role("radio", name="Ada")).to_be_checked()
    await expect(sheet.get_by_role("textbox", name="Author's note")).to_have_value("")
    await close(visitor, sheet)
    await visitor.write("Luna, hello again!")
    await eventually(lambda: confirmed(visitor, "persona", "name")[-1:] == ["Ada"], "the server has the persona")
    await visitor.page.keyboard.press("Escape")
    sheet = await visitor.open("Model")
    await sheet.get_by_role("textbox", name="Author's note").fill("It snows.")
    await close(visitor, sheet)  # also keeps what is being typed
    await eventually(lambda: confirmed(visitor, "note", "text")[-1:] == ["It snows."], "the note is sent at once")
