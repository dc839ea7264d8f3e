"""The picture of a character: the user chooses a file, the page scales it and shows it everywhere."""

from __future__ import annotations

import random
import sqlite3
import struct
import zlib
from pathlib import Path

import pytest
from playwright.async_api import Locator, expect

from tests.e2e.test_characters import close, row
from tests.e2e.visitor import Visitor
from tests.harness.stack import Stack

pytestmark = pytest.mark.usefixtures("default_characters")

ELSEWHERE = "https://pictures.example/pilar.png"
SMALL = ("data:image/webp;base64,", 256)


@pytest.fixture
def photograph(tmp_path: Path) -> Path:
    """A large PNG in landscape format. It contains noise, so that it cannot be compressed well."""
    width, height, noise = 1_600, 1_200, random.Random(1)
    rows = b"".join(b"\0" + noise.randbytes(3 * width) for _ in range(height))

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 1)) + chunk(b"IEND", b"")
    path = tmp_path / "photograph.png"
    path.write_bytes(png)
    return path


async def invite(visitor: Visitor, name: str, picture: Path | None = None) -> None:
    """Add a character in the panel."""
    sheet = await visitor.open("Characters")
    await sheet.get_by_role("button", name="New character").click()
    await sheet.get_by_label("Name").fill(name)
    if picture is not None:
        await choose(sheet, picture)
    await sheet.get_by_role("button", name="Add", exact=True).click()
    await expect(row(sheet, name)).to_be_visible()
    await close(visitor, sheet)


async def choose(sheet: Locator, picture: Path) -> None:
    """Choose a file as the picture, and wait until it is shown."""
    await sheet.get_by_label("Choose a picture").set_input_files(picture)
    await expect(sheet.locator(".picture-field img")).to_be_visible()


async def drawn(image: Locator) -> tuple[str, int]:
    """The beginning of the image's URL, and the image's width after decoding."""
    kind, width = await image.evaluate("async (it) => (await it.decode(), [it.src.slice(0, 23), it.naturalWidth])")
    return kind, width


async def test_chosen_photograph_is_scaled_and_shown_at_the_table_in_messages_and_in_the_list(
    visitor: Visitor, photograph: Path
) -> None:
    await invite(visitor, "Pilar", photograph)
    seat = visitor.seats.filter(has_text="Pilar")
    assert await drawn(seat.locator("img")) == SMALL
    await visitor.picture("picture-chosen")
    turn_id = await visitor.write("Pilar, thank you!")
    speaker = await visitor.until_speaking(turn_id)
    assert await drawn(visitor.bubble(speaker).locator("img")) == SMALL
    await visitor.page.keyboard.press("Escape")
    await visitor.reload()
    assert await drawn(seat.locator("img")) == SMALL
    sheet = await visitor.open("Characters")
    assert await drawn(row(sheet, "Pilar").locator("img")) == SMALL


async def test_picture_can_be_removed_and_chosen_again_and_a_bad_file_is_refused(
    visitor: Visitor, photograph: Path, tmp_path: Path
) -> None:
    await invite(visitor, "Pilar", photograph)
    sheet = await visitor.open("Characters")
    await sheet.get_by_role("button", name="Edit Pilar").click()
    await sheet.get_by_role("button", name="Remove picture").click()
    await expect(sheet.locator(".picture-field .initial")).to_have_text("P")
    no_picture = tmp_path / "notes.png"
    no_picture.write_text("This is only called a picture.")
    await sheet.get_by_label("Choose a picture").set_input_files(no_picture)
    await expect(sheet.get_by_role("alert")).to_contain_text("Choose a PNG, JPEG, WebP or GIF.")
    await visitor.picture("picture-refused")
    await choose(sheet, photograph)
    await expect(sheet.get_by_role("alert")).to_have_count(0)
    await sheet.get_by_role("button", name="Remove picture").click()
    await choose(sheet, photograph)
    await sheet.get_by_role("button", name="Remove picture").click()
    await sheet.get_by_role("button", name="Save").click()
    await expect(row(sheet, "Pilar").locator(".initial")).to_have_text("P")
    await close(visitor, sheet)
    await expect(visitor.seats.filter(has_text="Pilar").locator(".initial")).to_have_text("P")


async def test_external_picture_url_stored_by_an_earlier_release_is_not_requested(
    visitor: Visitor, stack: Stack
) -> None:
    await invite(visitor, "Pilar")
    (file,) = stack.data_dir.glob("*.db")
    with sqlite3.connect(file) as tables:
        changed = tables.execute("UPDATE characters SET image = ? WHERE name = 'Pilar'", (ELSEWHERE,))
    tables.close()
    assert changed.rowcount == 1
    await visitor.reload()
    seat = visitor.seats.filter(has_text="Pilar")
    await expect(seat.locator(".initial")).to_have_text("P")
    sheet = await visitor.open("Characters")
    await expect(row(sheet, "Pilar").locator(".initial")).to_have_text("P")
    await sheet.get_by_role("button", name="Edit Pilar").click()
    await sheet.get_by_label("Personality").fill("You are Pilar, who paints boats.")
    await sheet.get_by_role("button", name="Save").click()  # changes of other fields are still accepted
    await expect(row(sheet, "Pilar").locator(".initial")).to_have_text("P")
    await expect(sheet.get_by_role("alert")).to_have_count(0)
    await visitor.picture("picture-of-before")
