"""The panel that connects a model: from the demo to a scripted server and back, without a restart."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from typing import cast

import pytest
import pytest_asyncio
from playwright.async_api import Locator, expect

from tests.e2e.conftest import Display, Visit, rest
from tests.e2e.test_accessibility import FAULTS
from tests.e2e.visitor import READY, Visitor
from tests.fakes.model_server import Reply, ScriptedModel
from tests.harness.eventually import eventually
from tests.harness.stack import Stack

OLLAMA_PORT = 11434
TOKEN = "t" * 20
KEY = "sk-made-up-for-the-page-0123456789"
MODELS = ["vendor/small", "vendor/large", *(f"house/model-{number}" for number in range(120))]
OWL = Reply(["I like ", "owls."])
DISPLAYS = {
    "light": Display(still=True, scale=2),
    "dark": Display(still=True, scheme="dark", scale=2),
    "phone": Display(390, 844, still=True, touch=True, scale=2),
}


@pytest_asyncio.fixture(loop_scope="session")
async def server() -> AsyncGenerator[ScriptedModel]:
    """A model server that asks for `KEY`."""
    async with ScriptedModel(default=OWL, key=KEY, models=MODELS) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session", autouse=True)
async def demo_again(stack: Stack) -> AsyncGenerator[None]:
    """Other tests of this folder use the demo."""
    yield
    rest("DELETE", stack.http("/api/model"))
    await eventually(lambda: rest("GET", stack.http("/api/status"))["demo"] or None, "the demo answers again")


async def open_panel(visitor: Visitor) -> Locator:
    await visitor.page.get_by_role("button", name="demo").click()
    panel = visitor.page.get_by_role("dialog", name="Connect a model")
    await expect(panel.get_by_text("The demo answers now")).to_be_visible()
    return panel


async def fill_server(panel: Locator, address: str, key: str) -> None:
    await panel.get_by_role("radio", name="Other address").check()
    await panel.get_by_label("Address", exact=True).fill(address)
    await panel.get_by_role("textbox", name="Key").fill(key)
    await panel.get_by_role("button", name="Show its models").click()


async def connect(panel: Locator, address: str) -> None:
    await fill_server(panel, address, KEY)
    await panel.get_by_role("radio", name="vendor/large").check()
    await panel.get_by_role("button", name="Connect", exact=True).click()
    await expect(panel.get_by_text("vendor/large at")).to_be_visible()


async def test_connected_model_answers_at_once_and_the_demo_after_forget(visit: Visit, server: ScriptedModel) -> None:
    visitor = await visit()
    await visitor.arrive()
    panel = await open_panel(visitor)
    await connect(panel, server.base_url)
    await expect(visitor.page.get_by_role("button", name="demo", exact=True)).to_have_count(0)
    await panel.get_by_role("button", name="Close").click()
    await visitor.write("Luna, hello there!")
    await expect(visitor.page.locator(".bubble", has_text="I like owls.")).to_be_visible()
    visitor.ignore_console_error("AudioContext was not allowed to start")
    visitor.log.restart()
    await visitor.page.reload()
    await expect(visitor.page.locator(".bubble", has_text="I like owls.")).to_be_visible()
    await expect(visitor.page.get_by_role("button", name="demo", exact=True)).to_have_count(0)
    settings = await visitor.open("Model")
    await settings.get_by_role("button", name="Model server and key").click()
    await visitor.page.get_by_role("button", name="Forget this key").click()
    await expect(visitor.page.get_by_text("The demo answers now")).to_be_visible()
    await visitor.page.get_by_role("button", name="Close").click()
    await expect(visitor.page.get_by_role("button", name="demo", exact=True)).to_be_visible()


async def test_refused_key_is_explained_beside_the_field_and_is_not_shown(visit: Visit, server: ScriptedModel) -> None:
    visitor = await visit()
    visitor.ignore_console_error("422")
    await visitor.arrive()
    panel = await open_panel(visitor)
    await fill_server(panel, server.base_url, "sk-another-key-0123456789")
    await expect(panel.get_by_text("refused this key")).to_be_visible()
    await expect(panel.get_by_text("sk-another-key")).to_have_count(0)
    await fill_server(panel, server.base_url, KEY)
    await expect(panel.get_by_placeholder("Search 122 models")).to_be_focused()


async def test_search_finds_a_model_and_accepts_a_name_that_is_not_listed(visit: Visit, server: ScriptedModel) -> None:
    visitor = await visit()
    await visitor.arrive()
    panel = await open_panel(visitor)
    await fill_server(panel, server.base_url, KEY)
    search = panel.get_by_placeholder("Search 122 models")
    await expect(panel.get_by_text("62 more")).to_be_visible()
    await search.fill("vendor large")
    await expect(panel.locator(".model-row")).to_have_text(["vendor/large", "Use “vendor large” as typed"])
    await search.fill("own/model")
    await panel.get_by_role("radio", name="own/model").check()
    await expect(panel.get_by_role("button", name="Connect", exact=True)).to_be_enabled()


async def test_settings_of_the_demo_say_that_they_have_no_effect(visitor: Visitor) -> None:
    panel = await visitor.open("Model")
    await expect(panel.get_by_text("the settings below have no effect until you connect a model")).to_be_visible()
    await panel.get_by_role("button", name="Connect a model").click()
    await expect(visitor.page.get_by_role("dialog", name="Connect a model")).to_be_visible()


@pytest.mark.parametrize("name", DISPLAYS)
async def test_panel_has_no_accessibility_violation(
    visit: Visit,
    server: ScriptedModel,
    axe: str,
    name: str,
) -> None:
    visitor = await visit(DISPLAYS[name])
    await visitor.arrive()
    await visitor.page.evaluate(axe)
    panel = await open_panel(visitor)
    await expect(panel.get_by_text("on this machine").last).to_be_visible()
    await expect(panel.get_by_text("Look again")).to_be_visible()
    await look_at(visitor, f"connect-{name}-choose")
    await fill_server(panel, server.base_url, KEY)
    await expect(panel.get_by_placeholder("Search 122 models")).to_be_visible()
    await panel.get_by_role("radio", name="vendor/large").check()
    await look_at(visitor, f"connect-{name}-models")
    await panel.get_by_role("button", name="Connect", exact=True).click()
    await expect(panel.get_by_text("vendor/large at")).to_be_visible()
    await look_at(visitor, f"connect-{name}-connected")


async def look_at(visitor: Visitor, name: str) -> None:
    """Take a screenshot. Check that axe finds no violation, and that the page does not scroll horizontally."""
    await visitor.picture(name)
    faults = cast("list[str]", await visitor.page.evaluate(FAULTS))
    assert not faults, f"{name}:\n" + "\n".join(faults)
    assert not await visitor.page.evaluate("document.documentElement.scrollWidth > innerWidth"), name


async def test_page_asks_for_the_token_and_then_connects_a_model_with_it(
    visit: Visit, stack: Stack, server: ScriptedModel
) -> None:
    gateway = stack.start("gateway", TERTULIA_TOKEN=TOKEN)
    stack.wait_ready()
    try:
        visitor = await visit()
        visitor.address = f"http://127.0.0.1:{gateway.port}"
        visitor.ignore_console_error("401")
        visitor.ignore_console_error("WebSocket")
        await visitor.page.goto(visitor.address)
        for token in ("a wrong token, much too long", TOKEN):
            await visitor.page.get_by_placeholder("Token").fill(token)
            async with visitor.page.expect_navigation():
                await visitor.page.get_by_role("button", name="Continue").click()
        await expect(visitor.status_line).to_have_text(READY)
        panel = await open_panel(visitor)
        await connect(panel, server.base_url)
        await visitor.page.close()  # it looks for servers again, and may still do so when the gateway is stopped
    finally:  # other tests expect only one gateway
        gateway.send(signal.SIGTERM)
        assert await asyncio.to_thread(gateway.wait) == 0


@pytest.mark.parametrize("name", DISPLAYS)
async def test_server_that_runs_on_this_machine_is_found_and_chosen(visit: Visit, name: str) -> None:
    async with AsyncExitStack() as closing:
        try:
            running = await closing.enter_async_context(
                ScriptedModel(default=OWL, port=OLLAMA_PORT, models=["llama3.2:latest"])
            )
        except OSError:
            pytest.skip(f"port {OLLAMA_PORT} is taken")
        visitor = await visit(DISPLAYS[name])
        await visitor.arrive()
        panel = await open_panel(visitor)
        await expect(panel.get_by_role("radio", name="Ollama running, 1 model")).to_be_checked()
        await expect(panel.get_by_label("Address", exact=True)).to_have_value(running.base_url)
        await panel.get_by_role("button", name="Show its models").click()
        await expect(panel.get_by_role("radio", name="llama3.2:latest")).to_be_checked()
        await visitor.picture(f"connect-{name}-found")
        await panel.get_by_role("button", name="Connect", exact=True).click()
        await expect(panel.get_by_text("llama3.2:latest at")).to_be_visible()
