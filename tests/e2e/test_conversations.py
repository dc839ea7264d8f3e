"""The panels of conversations and of model settings."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from playwright.async_api import Locator, WebSocketRoute, expect

from tertulia_shared.events import Warn
from tests.e2e.visitor import Visitor
from tests.harness.eventually import eventually
from tests.harness.stack import Stack

QUESTION = "Sage, tell me about an old harbour."


def row(sheet: Locator, title: str) -> Locator:
    return sheet.get_by_role("listitem").filter(has_text=title)


async def exported(visitor: Visitor, of: Locator, name: str) -> str:
    async with visitor.page.expect_download() as download:
        await of.get_by_role("button", name=name).click()
    return Path(await (await download.value).path()).read_text()  # noqa: ASYNC240 - a small file of this machine


async def test_user_can_leave_reopen_rename_export_and_delete_a_conversation(visitor: Visitor) -> None:
    turn_id = await visitor.write(QUESTION)
    await eventually(lambda: turn_id in visitor.log.record().turns_complete, "the text of the answer")
    first = visitor.log.record()
    (answer,) = first.of_turn(turn_id)

    sheet = await visitor.open("Conversations")
    await sheet.get_by_role("button", name="New conversation").click()
    await expect(visitor.mine).to_have_count(0)
    await eventually(lambda: visitor.log.record().conversation_id != first.conversation_id, "a new conversation")
    second = visitor.log.record().conversation_id
    await expect(visitor.page).to_have_url(f"{visitor.address}/?probe=1#/{second}")

    sheet = await visitor.open("Conversations")
    await row(sheet, QUESTION).locator(".open").click()
    await expect(visitor.mine).to_have_text([f"You: {QUESTION}"])
    await expect(visitor.bubble(answer.message_id)).to_contain_text(answer.text[:40])
    await expect(visitor.page).to_have_url(f"{visitor.address}/?probe=1#/{first.conversation_id}")

    sheet = await visitor.open("Conversations")
    await row(sheet, QUESTION).get_by_role("button", name="Rename").click()
    await sheet.get_by_label("Title", exact=True).fill("The old harbour")
    await sheet.get_by_label("Title", exact=True).press("Enter")
    talk = row(sheet, "The old harbour")
    await talk.get_by_role("button", name="Save as a file: The old harbour").click()
    text = await exported(visitor, talk, "Save as Markdown: The old harbour")
    assert QUESTION in text
    assert "Sage" in text
    data = json.loads(await exported(visitor, talk, "Save as JSON: The old harbour"))
    assert data["messages"][0]["text"] == QUESTION

    await talk.get_by_role("button", name="Delete").click()
    await expect(talk).to_have_text("Deleted: The old harbourUndo")
    await visitor.page.keyboard.press("Enter")  # the focus is on Undo
    await expect(talk.get_by_role("button", name="Delete")).to_be_visible()
    await talk.get_by_role("button", name="Delete").click()
    await visitor.page.keyboard.press("Escape")
    await eventually(
        lambda: visitor.log.record().conversation_id not in (first.conversation_id, second), "another conversation"
    )
    await expect(visitor.mine).to_have_count(0)
    sheet = await visitor.open("Conversations")
    await expect(sheet.get_by_role("button", name="New conversation")).to_be_visible()
    await expect(row(sheet, "The old harbour")).to_have_count(0)


async def test_exported_conversation_is_imported_and_continued(visitor: Visitor) -> None:
    question = "Sage, tell me about a lonely lighthouse."
    await visitor.until_played(await visitor.write(question))
    first = visitor.log.record().conversation_id
    sheet = await visitor.open("Conversations")
    await row(sheet, question).get_by_role("button", name="Save as a file").click()
    chat = await exported(visitor, row(sheet, question), f"Save as SillyTavern chat: {question}")

    visitor.ignore_console_error("422")
    await sheet.get_by_label("Import a conversation").set_input_files(
        {"name": "notes.json", "mimeType": "application/json", "buffer": b"{}"}
    )
    await expect(sheet.get_by_role("alert")).to_contain_text("The file has no messages")
    await sheet.get_by_label("Import a conversation").set_input_files(
        {"name": "harbour.jsonl", "mimeType": "application/octet-stream", "buffer": chat.encode()}
    )
    await eventually(lambda: visitor.log.record().conversation_id != first, "the imported conversation")
    await expect(visitor.mine).to_have_text([f"You: {question}"])
    await visitor.until_played(await visitor.write("Rex, thank you!"))
    await expect(visitor.mine).to_have_count(2)


async def test_user_is_told_that_a_long_name_in_a_file_was_shortened(visitor: Visitor) -> None:
    visitor.ignore_console_error("422")
    sheet = await visitor.open("Conversations")
    file = sheet.get_by_label("Import a conversation")
    await file.set_input_files({"name": "notes.json", "mimeType": "application/json", "buffer": b"{}"})
    await expect(sheet.get_by_role("alert")).to_contain_text("The file has no messages")
    chat = [{"user_name": "Ann", "character_name": "Nightingale"}, {"name": "Luna " * 20, "mes": "Good evening."}]
    lines = "\n".join(map(json.dumps, chat)).encode()
    await file.set_input_files({"name": "nightingale.jsonl", "mimeType": "application/octet-stream", "buffer": lines})
    await expect(sheet.get_by_text("1 name was longer than 80 characters and was shortened")).to_be_visible()
    await expect(sheet.get_by_role("alert")).to_have_count(0)
    await expect(row(sheet, "Nightingale")).to_contain_text("open now")
    await visitor.page.keyboard.press("Escape")
    await expect(visitor.page.locator(".message.theirs")).to_contain_text("Good evening.")


async def test_search_finds_a_conversation_by_what_was_said_and_shows_the_place(visitor: Visitor) -> None:
    for text in ("Rex, thank you for the windmill!", "Sage, thank you!"):
        await visitor.until_played(await visitor.write(text))
        before = visitor.log.record().conversation_id
        sheet = await visitor.open("Conversations")
        await sheet.get_by_role("button", name="New conversation").click()
        await eventually(lambda before=before: visitor.log.record().conversation_id != before, "a new conversation")
    sheet = await visitor.open("Conversations")
    search = sheet.get_by_role("searchbox", name="Search the conversations")
    await search.fill("WINDMILL")
    rows = sheet.get_by_role("listitem")
    await expect(rows).to_have_count(1)
    await expect(rows.locator(".preview")).to_contain_text("the windmill!")
    await search.fill("windmills everywhere")
    await expect(sheet.get_by_text("No conversation contains this text.")).to_be_visible()
    await search.fill("")
    # Other tests may have had a conversation of the same title.
    await expect(row(sheet, "Sage, thank you!").first).to_be_visible()


async def test_model_settings_are_sent_to_the_server_survive_a_reload_and_can_be_reset(visitor: Visitor) -> None:
    sheet = await visitor.open("Model")
    temperature = sheet.get_by_role("slider", name="Temperature")
    await sheet.get_by_role("textbox", name="Model").fill("some/model")
    await sheet.get_by_role("textbox", name="Model").press("Tab")
    await sheet.get_by_text("Advanced settings").click()
    await temperature.fill("0.4")
    await eventually(lambda: _holds(visitor, model="some/model", temperature=0.4), "the settings hold")
    assert {"model": "some/model"} in visitor.log.commands("model_settings")
    assert {"temperature": 0.4} in visitor.log.commands("model_settings")
    await visitor.page.keyboard.press("Escape")

    await visitor.reload()
    sheet = await visitor.open("Model")
    await expect(sheet.get_by_role("textbox", name="Model")).to_have_value("some/model")
    await expect(temperature).to_have_value("0.4")
    await sheet.get_by_role("button", name="Reset Temperature").click()
    await eventually(lambda: _holds(visitor, model="some/model", temperature=None), "the default holds again")
    await expect(sheet.locator("output[for=slider-temperature]")).to_have_text("model's default")


async def test_advanced_settings_open_when_their_values_arrive_after_the_panel_is_opened(visitor: Visitor) -> None:
    sheet = await visitor.open("Model")
    temperature = sheet.get_by_role("slider", name="Temperature")
    await sheet.get_by_text("Advanced settings").click()
    await temperature.fill("0.4")
    await eventually(lambda: _holds(visitor, temperature=0.4), "the setting holds")
    await visitor.page.keyboard.press("Escape")

    may_connect = asyncio.Event()

    async def connect_later(socket: WebSocketRoute) -> None:
        await may_connect.wait()
        socket.connect_to_server()

    await visitor.page.route_web_socket("**/ws*", connect_later)
    await visitor.reload()
    await visitor.open("Model")
    await expect(sheet.get_by_text("Advanced settings")).to_be_visible()
    await expect(temperature).to_be_hidden()
    may_connect.set()
    await expect(temperature).to_have_value("0.4")


async def test_text_being_typed_into_the_model_field_is_kept_when_events_arrive(visitor: Visitor, stack: Stack) -> None:
    conversation_id = visitor.log.record().conversation_id
    sheet = await visitor.open("Model")
    name = sheet.get_by_role("textbox", name="Model")
    await name.focus()
    async with stack.bus() as bus:
        outlet = bus.outlet()
        for at, letter in enumerate("some/model"):
            await visitor.page.keyboard.type(letter)
            outlet.append(bus.keys.events(conversation_id), Warn("rerender", f"Something has happened {at}."))
            await outlet.flush()
            await expect(visitor.page.get_by_text(f"Something has happened {at}.")).to_be_visible()
    await expect(name).to_have_value("some/model")
    await name.press("Tab")
    await eventually(lambda: _holds(visitor, model="some/model"), "the model holds")
    await name.fill("")
    await name.press("Tab")
    await eventually(lambda: _holds(visitor, model=None), "the server's own choice holds")


async def test_model_slider_moves_one_step_for_each_fast_key_press(visitor: Visitor) -> None:
    """Each key press changes the value that is shown, although the server has not confirmed it yet."""
    sheet = await visitor.open("Model")
    temperature = sheet.get_by_role("slider", name="Temperature")
    await sheet.get_by_text("Advanced settings").click()
    await temperature.focus()
    for _ in range(6):
        await visitor.page.keyboard.press("ArrowRight")
    await expect(sheet.locator("output[for=slider-temperature]")).to_have_text("1.3")
    await eventually(lambda: _holds(visitor, temperature=1.3), "the last one holds")
    await expect(temperature).to_have_value("1.3")


def _holds(visitor: Visitor, **wanted: object) -> bool:
    answers = visitor.log.of("model_settings")
    return bool(answers) and wanted.items() <= answers[-1].items()
