"""What the characters remember of the beginning of a conversation, in the page."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import rest
from tests.e2e.visitor import Visitor
from tests.harness.eventually import eventually
from tests.harness.stack import Stack

pytestmark = pytest.mark.usefixtures("default_characters")


async def test_summary_is_written_shown_turned_off_and_written_anew(visitor: Visitor, stack: Stack) -> None:
    url = stack.http(f"/api/conversations/{visitor.log.record().conversation_id}/summary")

    def kept() -> dict[str, Any]:
        return rest("GET", url)

    sheet = await visitor.open("Model")
    section = sheet.get_by_role("region", name="What they remember of the beginning")
    text, state = section.get_by_role("textbox"), section.get_by_role("status")
    await expect(state).to_have_text("The demo model makes no summaries.")
    await text.fill("Otto is a dog.")
    await section.get_by_role("button", name="Save").click()
    await expect(state).to_contain_text("Your text stays")
    await eventually(lambda: (kept()["text"], kept()["edited"]) == ("Otto is a dog.", True), "the text is kept")

    rest("PUT", url, {"text": "Mia is a cat."})
    await expect(text).to_have_value("Mia is a cat.")
    await text.fill("Nothing.")
    await section.get_by_role("button", name="Discard").click()
    await expect(text).to_have_value("Mia is a cat.")

    await section.get_by_role("checkbox").click()
    await expect(state).to_contain_text("It is off")
    await expect(text).not_to_be_editable()
    await eventually(lambda: kept()["off"], "it is kept that it is off")
    await section.get_by_role("checkbox").click()
    await expect(section.get_by_role("checkbox")).to_be_checked()
    await section.get_by_role("button", name="Write it anew").click()
    await expect(text).to_have_value("")
    await eventually(lambda: (kept()["text"], kept()["off"]) == ("", False), "it is kept that there is none")
