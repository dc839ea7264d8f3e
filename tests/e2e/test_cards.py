"""Character cards: the user drops a card onto the page, hears its voice, saves the character and exports it again."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
from pathlib import Path

import pytest
from playwright.async_api import Download, Page, expect

from tertulia_shared.cards.charx_file import MAX_CHARX_BYTES
from tertulia_shared.cards.png_file import card_in
from tertulia_shared.store.validation import IMAGE_MAX_CHARS
from tests.e2e.test_characters import close, row, who_answers
from tests.e2e.visitor import Visitor
from tests.harness.card_shapes import CHARX, DATA, V2, V3, card_png, charx, picture

pytestmark = pytest.mark.usefixtures("default_characters")

TEXT = json.dumps(V3)
# Drops a file onto the page, like a file that is dragged from a folder.
DROP = """
([name, type, data]) => {
  const bytes = Uint8Array.from(atob(data), (char) => char.charCodeAt(0));
  const transfer = new DataTransfer();
  transfer.items.add(new File([bytes], name, { type }));
  const at = (kind) => document.body.dispatchEvent(
    new DragEvent(kind, { dataTransfer: transfer, bubbles: true, cancelable: true }));
  at("dragover");
  window.dropHint = document.querySelector(".drop-hint")?.textContent;
  at("drop");
}
"""
# Makes a JPEG of coloured noise, which needs many bytes.
NOISE = """
() => {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [900, 600];
  const context = canvas.getContext("2d");
  const image = context.createImageData(900, 600);
  image.data.forEach((_, at) => (image.data[at] = at % 4 === 3 ? 255 : Math.random() * 256));
  context.putImageData(image, 0, 0);
  return canvas.toDataURL("image/jpeg", 0.95).split(",")[1];
}
"""


async def drop(page: Page, name: str, kind: str, data: bytes) -> None:
    await page.evaluate(DROP, [name, kind, base64.b64encode(data).decode()])


async def content_of(saved: Download) -> bytes:
    return await asyncio.to_thread(Path(await saved.path()).read_bytes)


async def test_dropped_card_becomes_a_character_and_is_exported_again(visitor: Visitor) -> None:
    page = visitor.page
    await drop(page, "mira.png", "image/png", card_png(TEXT, "ccv3", png=picture(300, 400)))
    sheet = page.get_by_role("dialog")
    await expect(sheet.locator("#character-name")).to_have_value("Mira")
    await expect(sheet.get_by_label("Personality")).to_have_value(DATA["description"])
    await expect(sheet.locator(".picture-field img")).to_have_attribute("src", re.compile("^data:image/png;base64,"))
    # a woman's voice that nobody has, in English
    await expect(sheet.get_by_role("radio", name="Ada")).to_be_checked()
    await sheet.get_by_role("button", name="Add", exact=True).click()
    await expect(row(sheet, "Mira")).to_be_visible()

    await sheet.get_by_role("button", name="Edit Mira").click()
    for form, label in (("png", "Export as PNG card"), ("json", "Export as JSON card")):
        async with page.expect_download() as saving:
            await sheet.get_by_role("button", name=label).click()
        saved = await saving.value
        assert saved.suggested_filename == f"mira.{form}"
        content = await content_of(saved)
        assert (card_in(content) if form == "png" else content.decode()) == TEXT
    await close(visitor, sheet)
    assert await who_answers(visitor, "Mira, are you there?") == ["Mira"]


async def test_dropped_archive_becomes_a_character_with_its_icon(visitor: Visitor) -> None:
    members = {
        "card.json": json.dumps(CHARX),
        "assets/icon/image/0.png": picture(300, 400),
        "assets/emotion/image/2.webp": b"happy",
    }
    await drop(visitor.page, "mira.charx", "", charx(members))
    sheet = visitor.page.get_by_role("dialog")
    await expect(sheet.locator("#character-name")).to_have_value("Mira")
    await expect(sheet.locator(".picture-field img")).to_have_attribute("src", re.compile("^data:image/png;base64,"))
    await expect(sheet.get_by_text("Further pictures and sounds in the file are not kept.")).to_be_visible()
    await visitor.picture("charx-import")
    await sheet.get_by_role("button", name="Add", exact=True).click()
    await expect(row(sheet, "Mira")).to_be_visible()
    await sheet.get_by_role("button", name="Edit Mira").click()
    await expect(sheet.get_by_role("region", name="Lorebook").get_by_role("listitem")).to_contain_text("spring")


async def test_picture_that_the_server_cannot_make_smaller_is_made_smaller_by_the_page(visitor: Visitor) -> None:
    photograph = base64.b64decode(await visitor.page.evaluate(NOISE))
    assert len(photograph) > IMAGE_MAX_CHARS
    members = {"card.json": json.dumps(CHARX), "assets/icon/image/0.png": photograph}
    await drop(visitor.page, "mira.charx", "", charx(members))
    sheet = visitor.page.get_by_role("dialog")
    await expect(sheet.locator("#character-name")).to_have_value("Mira")
    await expect(sheet.locator(".picture-field img")).to_have_attribute("src", re.compile("^data:image/webp;base64,"))
    await expect(sheet.get_by_text("The picture of the card cannot be used.")).to_have_count(0)
    await visitor.picture("charx-photograph")
    await sheet.get_by_role("button", name="Add", exact=True).click()
    await expect(row(sheet, "Mira")).to_be_visible()


async def test_only_the_card_and_its_icon_of_a_large_archive_are_sent(visitor: Visitor, tmp_path: Path) -> None:
    members = {
        "assets/emotion/image/2.webp": os.urandom(MAX_CHARX_BYTES),
        "assets/icon/image/0.png": picture(300, 400),
        "card.json": json.dumps(CHARX),
    }
    file = tmp_path / "mira.charx"
    file.write_bytes(charx(members))
    sheet = await visitor.open("Characters")
    await sheet.get_by_label("Import a card").set_input_files(file)
    await expect(sheet.locator("#character-name")).to_have_value("Mira")
    await expect(sheet.locator(".picture-field img")).to_have_attribute("src", re.compile("^data:image/png;base64,"))
    await expect(sheet.get_by_text("Further pictures and sounds in the file are not kept.")).to_have_count(1)


async def test_character_begins_a_conversation_with_a_greeting_of_its_card(visitor: Visitor) -> None:
    await drop(visitor.page, "mira.json", "application/json", TEXT.encode())
    sheet = visitor.page.get_by_role("dialog")
    await sheet.get_by_role("button", name="Add", exact=True).click()
    await expect(row(sheet, "Mira")).to_be_visible()
    await close(visitor, sheet)
    menu = await visitor.open_seat("Mira")
    await menu.get_by_role("button", name="Come in, Jay. Mind the springs.").click()
    await expect(visitor.page.get_by_text("Come in, Jay. Mind the springs.", exact=True)).to_be_visible()
    await visitor.page.keyboard.press("Escape")


async def test_dropped_conversation_is_imported_and_opened(visitor: Visitor) -> None:
    page = visitor.page
    before = visitor.log.record().conversation_id
    lines = [{"user_name": "Ann", "character_name": "Luna"}, {"name": "Luna", "mes": "The tide is out."}]
    await drop(page, "tide.jsonl", "", "\n".join(map(json.dumps, lines)).encode())
    await expect(page.get_by_text("The tide is out.")).to_be_visible()
    await expect(page.get_by_role("dialog")).to_be_hidden()
    assert visitor.log.record().conversation_id != before


async def test_built_in_character_is_exported_with_its_portrait(visitor: Visitor) -> None:
    sheet = await visitor.open("Characters")
    await sheet.get_by_role("button", name="Edit Luna").click()
    async with visitor.page.expect_download() as saving:
        await sheet.get_by_role("button", name="Export as PNG card").click()
    content = await content_of(await saving.value)
    assert json.loads(card_in(content))["data"]["extensions"]["tertulia"]["voice"] == "luna"
    assert len(content) > 10_000  # the drawn portrait; a square of one colour has some hundred bytes


async def test_chosen_file_that_is_no_card_is_refused_in_words_and_the_next_one_is_read(
    visitor: Visitor, tmp_path: Path
) -> None:
    sheet = await visitor.open("Characters")
    bad, good = tmp_path / "bad.png", tmp_path / "good.json"
    bad.write_bytes(picture())
    good.write_text(json.dumps({**V2, "data": {**DATA, "description": "d" * 9_000}}))
    visitor.ignore_console_error("status of 4")
    await sheet.get_by_label("Import a card").set_input_files(bad)
    await expect(sheet.get_by_role("alert")).to_contain_text("contains no character card")
    await sheet.get_by_label("Import a card").set_input_files(good)
    await expect(sheet.locator("#character-name")).to_have_value("Mira")
    await expect(sheet.get_by_text("The description is too long")).to_be_visible()
    await sheet.get_by_role("button", name="Back").click()
    await expect(row(sheet, "Mira")).to_have_count(0)
