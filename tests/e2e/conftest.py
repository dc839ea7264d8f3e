"""Fixtures for browser tests. The tests of a pytest worker share one browser and one stack (all services and Redis);
each test gets a new page.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import urllib.request
from collections.abc import AsyncGenerator, Awaitable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright, expect

from tests.e2e.visitor import Visitor
from tests.harness.eventually import PATIENCE_S, eventually
from tests.harness.stack import Stack

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
AXE = ROOT / "services" / "gateway" / "web" / "node_modules" / "axe-core" / "axe.min.js"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

# The browser can only connect to this machine, because the page must work without the internet.
OFFLINE = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"

USUAL = ("Luna", "Rex", "Sage")


@dataclass(frozen=True, slots=True)
class Display:
    """The screen size and the preferences of a browser. `still`: the user prefers no animations."""

    width: int = 1280
    height: int = 820
    scheme: Literal["light", "dark"] = "light"
    touch: bool = False
    still: bool = False
    scale: float = 1
    locale: str = "en-US"


LIGHT = Display()


class Visit(Protocol):
    """Opens a new page."""

    def __call__(self, display: Display = LIGHT) -> Awaitable[Visitor]: ...


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of this folder, run them on the browser's event loop, and raise their timeout."""
    for item in items:
        if not item.path.is_relative_to(HERE):
            continue
        item.add_marker(pytest.mark.e2e)
        item.add_marker(pytest.mark.timeout(120))
        if pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest.fixture(scope="session")
def built_page() -> Path:
    """The folder of the built page. Builds the page if a source file is newer."""
    subprocess.run([ROOT / "scripts" / "web.sh", "build"], check=True, cwd=ROOT)
    return ROOT / "services" / "gateway" / "src" / "tertulia_gateway" / "static"


@pytest.fixture(scope="session")
def stack(built_page: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack with the demo model at twice its normal speed, espeak and pocketsphinx."""
    env = {
        "TERTULIA_TTS_ENGINE": "espeak",
        "TERTULIA_LEASE_S": "30",  # a long lease: a worker that is slow because of the browser must not lose its work
        "TERTULIA_DEMO_TOKENS_PER_SECOND": "80",
    }
    with Stack(tmp_path_factory.mktemp("page") / "stack", env=env) as running:
        yield running


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of axe-core."""
    if not AXE.is_file():
        pytest.fail(f"{AXE} is missing: remove services/gateway/web/node_modules and run `make web`")
    return AXE.read_text()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncGenerator[Browser]:
    """Chromium, with permission for a fake microphone."""
    if CHROMIUM is None:
        if os.environ.get("CI"):
            pytest.fail("no chromium on PATH: install it (Debian: apt-get install chromium)")
        pytest.skip("NO BROWSER: the page was not tested. Install chromium (Debian: apt-get install chromium)")
    expect.set_options(timeout=PATIENCE_S * 1000)
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=[
                "--disable-gpu",
                "--use-fake-ui-for-media-stream",
                "--use-fake-device-for-media-stream",
                OFFLINE,
            ],
        )
        yield running
        await running.close()


@pytest_asyncio.fixture(loop_scope="session")
async def visit(browser: Browser, stack: Stack) -> AsyncGenerator[Visit]:
    """Opens pages. At the end of the test, checks that no page logged an error or sent a request to another host."""
    stack.wait_ready()
    visitors: list[Visitor] = []
    async with AsyncExitStack() as closing:

        async def open_page(display: Display = LIGHT) -> Visitor:
            context = await browser.new_context(
                viewport={"width": display.width, "height": display.height},
                color_scheme=display.scheme,
                has_touch=display.touch,
                device_scale_factor=display.scale,
                locale=display.locale,
                reduced_motion="reduce" if display.still else "no-preference",
            )
            closing.push_async_callback(context.close)
            context.set_default_timeout(PATIENCE_S * 1000)
            visitor = Visitor(await context.new_page(), stack.http(""))
            visitors.append(visitor)
            return visitor

        yield open_page
    for visitor in visitors:
        visitor.check()


@pytest_asyncio.fixture(loop_scope="session")
async def visitor(visit: Visit) -> Visitor:
    """A visitor with a freshly opened page."""
    visitor = await visit()
    await visitor.arrive()
    return visitor


@pytest_asyncio.fixture(loop_scope="session")
async def default_characters(stack: Stack) -> AsyncGenerator[None]:
    """Restores the default characters after the test."""
    yield
    stack.wait_ready()
    characters = stack.http("/api/characters")
    for character in rest("GET", characters)["characters"]:
        if character["name"] not in USUAL:
            rest("DELETE", f"{characters}/{character['id']}")
        elif not character["active"] or (character["speed"], character["pitch"]) != (1, 0):
            rest("PATCH", f"{characters}/{character['id']}", {"active": True, "speed": 1.0, "pitch": 0.0})
    await eventually(lambda: stack.active_character_names() == list(USUAL), "the llm worker knows the characters")


def rest(method: str, url: str, body: object = None) -> Any:
    """Send a request to the REST API. Returns the decoded response."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)  # noqa: S310 - ours
    with urllib.request.urlopen(request, timeout=PATIENCE_S) as response:  # noqa: S310 - ours
        return json.loads(response.read() or "null")
