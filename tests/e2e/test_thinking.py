"""A character whose model reasons before it answers; a character's own model and settings; the number of tokens."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tertulia_shared.events import Thinking
from tertulia_shared.ids import new_id
from tests.e2e.conftest import rest
from tests.e2e.test_characters import close
from tests.e2e.visitor import READY, Visitor
from tests.harness.eventually import eventually
from tests.harness.stack import Stack

pytestmark = pytest.mark.usefixtures("default_characters")

MODEL = "some/model"


async def test_thinking_character_is_shown_as_thinking_until_the_next_turn(visitor: Visitor, stack: Stack) -> None:
    (luna,) = [each for each in rest("GET", stack.http("/api/characters"))["characters"] if each["name"] == "Luna"]
    thinking = Thinking(new_id(), new_id(), luna["id"], "Luna")
    async with stack.bus() as bus:
        outlet = bus.outlet()
        outlet.append(bus.keys.events(visitor.log.record().conversation_id), thinking)
        await outlet.flush()
    bubble = visitor.bubble(thinking.message_id)
    await expect(bubble.locator(".name")).to_have_text("Luna")
    await expect(bubble.locator(".typing")).to_have_text("thinking")
    await expect(visitor.status_line).to_have_text("Luna is thinking")
    await expect(visitor.seats.filter(has_text="Luna")).to_have_class("seat thinking")
    await visitor.picture("thinking")
    turn_id = await visitor.write("Sage, thank you!")
    await expect(bubble).to_have_count(0)
    await visitor.until_played(turn_id)
    await expect(visitor.status_line).to_have_text(READY)


async def test_character_can_get_its_own_model_and_settings(visitor: Visitor, stack: Stack) -> None:
    sheet = await visitor.open("Characters")
    await sheet.get_by_role("button", name="New character").click()
    await sheet.get_by_label("Name").fill("Pilar")
    await expect(sheet.get_by_text("as in the conversation")).to_be_visible()
    await sheet.get_by_text("Model and settings").click()
    await sheet.get_by_role("textbox", name="Model").fill(f" {MODEL} ")
    await sheet.get_by_role("slider", name="Temperature").press("ArrowRight")
    await visitor.picture("character-settings")
    await sheet.get_by_role("button", name="Add", exact=True).click()
    await sheet.get_by_role("button", name="Edit Pilar").click()
    await expect(sheet.get_by_text("2 changed")).to_be_visible()
    (pilar,) = [each for each in rest("GET", stack.http("/api/characters"))["characters"] if each["name"] == "Pilar"]
    assert {name: value for name, value in pilar["model_settings"].items() if value is not None} == {
        "model": MODEL,
        "temperature": 1.05,
    }
    await sheet.get_by_text("Model and settings").click()
    await sheet.get_by_role("button", name="Reset Temperature").click()
    await sheet.get_by_role("button", name="Save").click()
    await sheet.get_by_role("button", name="Edit Pilar").click()
    await expect(sheet.get_by_text("1 changed")).to_be_visible()
    await close(visitor, sheet)


async def test_inside_panel_shows_the_tokens_of_the_turn_and_of_the_conversation(visitor: Visitor) -> None:
    turn_id = await visitor.write("Sage, thank you!")
    await eventually(lambda: visitor.log.of("turn_metrics"), "the times of the turn")
    # play the turn to its end: otherwise the reloaded page would wait for permission to play the rest
    await visitor.until_played(turn_id)
    sheet = await visitor.open("See inside")
    await expect(sheet.get_by_role("figure")).to_contain_text("tokens read")
    await expect(sheet.get_by_text("This conversation so far:")).to_contain_text("tokens read")
    await close(visitor, sheet)
    await visitor.reload()
    await expect(visitor.status_line).to_have_text(READY)
    sheet = await visitor.open("See inside")
    await expect(sheet.get_by_text("This conversation so far:")).to_contain_text("tokens read")
