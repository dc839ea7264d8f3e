"""The page in Firefox: load, speak, listen, interrupt, reload, and no sound output."""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.e2e.firefox import ESCAPE, FIREFOX, PULSEAUDIO, Firefox, FirefoxPage, firefox, sound_server
from tests.e2e.microphone import LISTENING, SAID
from tests.e2e.visitor import READY
from tests.harness.eventually import eventually
from tests.harness.sound import FIXTURES
from tests.harness.stack import Stack

A_SECOND = 24_000


def need(program: str | None, package: str) -> None:
    """Skip the test without this program; fail in CI."""
    if program is not None:
        return
    if os.environ.get("CI"):
        pytest.fail(f"no {package} on PATH: install it (Debian: apt-get install {package})")
    pytest.skip(f"NO {package.upper()}: the page was not tested in Firefox (Debian: apt-get install {package})")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def browser(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Firefox]:
    """Firefox with a sound output that nobody hears."""
    need(FIREFOX, "firefox-esr")
    need(PULSEAUDIO, "pulseaudio")
    folder = tmp_path_factory.mktemp("firefox")
    async with sound_server(folder / "pulse") as pulse, firefox(folder / "profile", pulse=pulse) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def page(browser: Firefox, stack: Stack) -> AsyncGenerator[FirefoxPage]:
    """The page, loaded. At the end of the test, there must be no error in the console."""
    stack.wait_ready()
    opened = await arrive(browser, stack)
    yield opened
    opened.assert_no_errors()


async def arrive(browser: Firefox, stack: Stack) -> FirefoxPage:
    page = await browser.open()
    await page.add_init_script(LISTENING)
    await page.goto(stack.http("/?probe=1"))
    await page.wait_for(".status-line", READY)
    await page.wait_for(".seat")
    return page


async def replies(page: FirefoxPage, state: str, samples: int = 0) -> list[dict[str, Any]]:
    """The counts of the messages that are `playing`, `played` or `flushed`, and of which more than `samples` were
    played.
    """
    played = await page.evaluate("tertulia.played()")
    return [each for each in played if each["state"] == state and each["samples"] > samples]


async def until_replies(page: FirefoxPage, state: str, what: str, samples: int = 0) -> list[dict[str, Any]]:
    """Wait until a message is in this state, and more than `samples` of it were played."""

    async def found() -> list[dict[str, Any]] | None:
        return await replies(page, state, samples) or None

    return await eventually(found, what)


async def is_quiet(page: FirefoxPage) -> bool:
    return READY in (await page.text(".status-line") or "")


async def test_typed_message_is_answered_and_every_sample_is_played(page: FirefoxPage) -> None:
    await page.write("Rex, thank you!")
    (reply,) = await until_replies(page, "played", "the reply is played to its end")
    assert reply["samples"] == reply["received"] > A_SECOND / 2
    assert reply["checksum"] == reply["receivedChecksum"]
    await page.wait_for(".message.theirs.played", "Rex")


async def test_spoken_question_is_transcribed_and_answered_aloud(page: FirefoxPage) -> None:
    await page.click(".talk .big")
    await eventually(lambda: page.evaluate("window.heard && tertulia.state().listening.microphone === 'listening'"))
    wav = b64encode((FIXTURES / "question_sage.wav").read_bytes()).decode()
    await page.evaluate(f"({SAID})('{wav}')")
    await page.wait_for(".message.mine")
    await until_replies(page, "played", "Sage answers")
    await page.wait_for(".message.theirs.played", "Sage")


async def test_escape_silences_the_reply_and_marks_what_was_not_heard(page: FirefoxPage) -> None:
    await page.write("Luna, tell me a story.")
    # the page folds a reply of which no word was heard
    await until_replies(page, "playing", "a second of Luna's reply is heard", A_SECOND)
    await page.type(ESCAPE)
    (cut,) = await until_replies(page, "flushed", "the sound stops")
    await page.wait_for(".message.theirs.cut", "Not heard:")
    await eventually(lambda: is_quiet(page), "nothing is said")
    assert cut["samples"] < cut["received"]
    assert (await replies(page, "flushed")) == [cut], "nothing more was played"


async def test_page_that_is_reloaded_during_a_reply_continues_it_after_a_click(page: FirefoxPage) -> None:
    await page.write("Luna, tell me a story.")
    await until_replies(page, "playing", "Luna speaks")
    await page.reload()
    await page.wait_for(".message.mine", "tell me a story")
    await page.click(".scene")  # the browser may play no sound before the first click
    await until_replies(page, "playing", "the rest of the reply is played")
    await page.wait_for(".status-line", "Luna is speaking")


async def test_missing_sound_output_is_named_and_the_replies_can_be_read(stack: Stack, tmp_path: Path) -> None:
    need(FIREFOX, "firefox-esr")
    stack.wait_ready()
    async with firefox(tmp_path / "profile", pulse="unix:/nonexistent") as browser:
        page = await arrive(browser, stack)
        await page.write("Rex, thank you!")
        await page.wait_for(".message.theirs", "Rex")
        await page.wait_for(".banners", "The browser found no sound output")
        page.assert_no_errors()
