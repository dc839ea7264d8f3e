"""Lorebooks of conversations and characters in the page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import rest
from tests.e2e.visitor import Visitor
from tests.harness.eventually import eventually
from tests.harness.stack import Stack

pytestmark = pytest.mark.usefixtures("default_characters")

WORLD_INFO: dict[str, Any] = {
    "entries": {
        "0": {"uid": 0, "key": ["tower"], "comment": "The tower", "content": "It leans.", "unknown": 7},
        "1": {"uid": 1, "key": ["bell"], "comment": "The bell", "content": "It rings.", "disable": True},
    }
}


def lorebook(stack: Stack, path: str) -> dict[str, Any]:
    return rest("GET", stack.http(f"/api/{path}/lorebook"))


def read(file: Path) -> dict[str, Any]:
    return json.loads(file.read_text())


async def test_lorebook_of_a_conversation_is_imported_edited_used_and_exported(
    visitor: Visitor, stack: Stack, tmp_path: Path
) -> None:
    path = f"conversations/{visitor.log.record().conversation_id}"
    sheet = await visitor.open("Model")
    section = sheet.get_by_role("region", name="Lorebook")
    await expect(section.get_by_text("There are no entries yet.")).to_be_visible()
    file = tmp_path / "world.json"
    file.write_text("{}")
    visitor.ignore_console_error("422")
    await section.get_by_label("Import a file").set_input_files(file)
    await expect(section.get_by_role("alert")).to_contain_text("no entries of a lorebook")
    file.write_text(json.dumps(WORLD_INFO))
    await section.get_by_label("Import a file").set_input_files(file)
    await expect(section.get_by_role("status")).to_contain_text("2 entries were imported")
    assert lorebook(stack, path) == WORLD_INFO

    await section.get_by_role("switch", name="The bell is used").click()
    await expect(section.get_by_role("switch", name="The bell is used")).to_be_checked()
    await section.get_by_role("button", name="New entry").click()
    await section.get_by_label("Name of the entry").fill("The moon")
    await section.get_by_label("Keywords, one on each line").fill("moon\n/full (moon|night)s?/i")
    await section.get_by_label("Text", exact=True).fill("{{user}} was born there.")
    await section.get_by_role("button", name="Add", exact=True).click()
    await expect(section.get_by_role("listitem")).to_have_count(3)
    await section.get_by_role("button", name="Edit The bell").click()
    await section.get_by_role("button", name="Remove", exact=True).click()
    await expect(section.get_by_role("listitem")).to_have_count(2)
    await eventually(lambda: set(lorebook(stack, path)["entries"]) == {"0", "2"}, "the server has the two entries")
    entries = lorebook(stack, path)["entries"]
    assert entries["0"]["unknown"] == 7
    assert entries["2"]["key"] == ["moon", "/full (moon|night)s?/i"]
    async with visitor.page.expect_download() as download:
        await section.get_by_role("button", name="Export").click()
    assert read(await (await download.value).path())["entries"] == entries
    await visitor.page.keyboard.press("Escape")
    await expect(sheet).to_be_hidden()

    turn_id = await visitor.write("Luna, what do you know of the tower?")
    await eventually(lambda: [e for e in visitor.log.of("turn_metrics") if e["turn_id"] == turn_id], "the turn is over")
    assert visitor.log.of("lore_used")[-1]["entries"] == [{"name": "The tower", "source": "conversation"}]
    inside = await visitor.open("See inside")
    await expect(inside.get_by_text("from lorebooks: The tower")).to_be_visible()


async def test_removal_of_an_entry_is_undone_and_a_closed_form_keeps_what_was_entered(visitor: Visitor) -> None:
    sheet = await visitor.open("Model")
    section = sheet.get_by_role("region", name="Lorebook")
    await section.get_by_role("button", name="New entry").click()
    await section.get_by_label("Name of the entry").fill("The moon")
    await section.get_by_label("Keywords, one on each line").fill("moon")
    await section.get_by_label("Text", exact=True).fill("It is full.")
    await section.get_by_role("button", name="Add", exact=True).click()
    await section.get_by_role("button", name="Edit The moon").click()
    await section.get_by_role("button", name="Remove", exact=True).click()
    await expect(section.get_by_text("Removed: The moon")).to_be_visible()
    undo = section.get_by_role("button", name="Undo")
    await expect(undo).to_be_focused()
    await undo.press("Enter")
    await expect(section.get_by_role("switch", name="The moon is used")).to_be_visible()

    # Esc closes the panel; what was entered comes back with the form, until it is discarded.
    await section.get_by_role("button", name="Edit The moon").click()
    keywords = section.get_by_label("Keywords, one on each line")
    await keywords.fill("crater")
    await visitor.page.keyboard.press("Escape")
    await expect(sheet).to_be_hidden()
    await visitor.open("Model")
    await section.get_by_role("button", name="Edit The moon").click()
    await expect(keywords).to_have_value("crater")
    await section.get_by_role("button", name="Discard it").click()
    await expect(keywords).to_have_value("moon")


async def test_lorebook_of_a_character_is_written_into_its_card(visitor: Visitor, stack: Stack) -> None:
    # the fixture deletes the character, so no other test finds the lorebook
    new = {"name": "Mira", "voice": "luna", "system_prompt": "You watch the stars.", "active": False}
    mira = rest("POST", stack.http("/api/characters"), new)
    sheet = await visitor.open("Characters")
    await sheet.get_by_role("button", name="Edit Mira").click()
    section = sheet.get_by_role("region", name="Lorebook")
    await section.get_by_role("button", name="New entry").click()
    await section.get_by_label("Text", exact=True).fill("Her telescope is called Tycho.")
    await section.get_by_label("Always use it").check()
    await section.get_by_role("button", name="Add", exact=True).click()
    await expect(section.get_by_text("Always used")).to_be_visible()
    of_mira = f"characters/{mira['id']}"
    entries = await eventually(lambda: lorebook(stack, of_mira)["entries"], "the server has the entry")
    (entry,) = entries.values()
    assert (entry["content"], entry["constant"]) == ("Her telescope is called Tycho.", True)
    card = rest("GET", stack.http(f"/api/characters/{mira['id']}/card"))
    assert card["data"]["character_book"]["entries"][0]["content"] == "Her telescope is called Tycho."


@pytest.mark.parametrize("width", [1280, 375])
async def test_place_and_order_of_an_entry_are_shown_and_changed(visitor: Visitor, stack: Stack, width: int) -> None:
    await visitor.page.set_viewport_size({"width": width, "height": 800})
    path = f"conversations/{visitor.log.record().conversation_id}"
    rest("PUT", stack.http(f"/api/{path}/lorebook"), WORLD_INFO)
    sheet = await visitor.open("Model")
    section = sheet.get_by_role("region", name="Lorebook")
    await section.get_by_role("button", name="Edit The bell").click()
    await expect(section.get_by_label("Where it goes")).to_be_hidden()
    await section.get_by_text("Place and order").click()
    await section.get_by_label("Where it goes").select_option("Within the conversation")
    await section.get_by_label("How many messages follow it").fill("2")
    await section.get_by_label("Order").fill("many")
    await section.get_by_text("Place and order").click()
    await section.get_by_role("button", name="Save", exact=True).click()
    # the part unfolds, because the problem is in it
    await expect(section.get_by_role("alert")).to_have_text("Give a whole number from -1,000,000 to 1,000,000.")
    await expect(section.get_by_label("Order")).to_be_focused()
    await visitor.picture(f"lorebook-placement-{width}")
    await section.get_by_label("Order").fill("-20")
    await section.get_by_role("button", name="Save", exact=True).click()
    await expect(section.get_by_text("before the last 2 messages, order -20")).to_be_visible()
    await visitor.picture(f"lorebook-entries-{width}")
    entries = lorebook(stack, path)["entries"]
    changed = {"constant": False, "position": 4, "depth": 2, "order": -20}
    assert entries == {"0": WORLD_INFO["entries"]["0"], "1": {**WORLD_INFO["entries"]["1"], **changed}}
    await section.get_by_role("button", name="Edit The tower").click()
    await expect(section.get_by_text("as usual")).to_be_visible()
