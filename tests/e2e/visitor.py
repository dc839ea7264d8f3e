"""Controls one page as a user would, and checks what the page shows, what it plays, and that it causes no errors."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

from playwright.async_api import ConsoleMessage, Error, Locator, Page, Request, expect

from tests.e2e import microphone
from tests.e2e.socket_log import SocketLog, checksum
from tests.harness.eventually import PATIENCE_S, eventually
from tests.harness.talk_record import Heard

T = TypeVar("T")
PICTURES = Path(__file__).parents[2] / "build" / "screenshots"
POLL_S = 0.02
MOST_SOUND_AFTER_MS = 1_000
"""How much sound may be played after an interruption; far less than what is left to play. A busy machine delays the
flush on its way to the audio thread; `web/test/playout.test.ts` checks the silence after that.
"""
READY = "Ready when you are"
"""The text of the status line while nothing happens."""
# Records every state of the partial transcript, because a test could not read it before it disappears.
PARTIAL_TRANSCRIPTS = """
window.partialTranscripts = [];
new MutationObserver(() => {
  const shown = document.querySelector(".partial-transcript");
  if (!shown) return;
  const [firm, pale] = Array.from(shown.children, (part) => part.textContent);
  const last = window.partialTranscripts.at(-1);
  if (last?.firm !== firm || last?.pale !== pale) window.partialTranscripts.push({ firm, pale });
}).observe(document, { subtree: true, childList: true, characterData: true });
"""
# Records that the playback worklet is loaded, because Playwright does not see that request.
RECORD_PLAYBACK_LOADED = """
{
  window.playbackLoaded = false;
  const fetchModule = Worklet.prototype.addModule;
  Worklet.prototype.addModule = async function (url, ...rest) {
    await fetchModule.call(this, url, ...rest);
    if (String(url).includes("playback-worklet")) window.playbackLoaded = true;
  };
}
"""


@dataclass(frozen=True, slots=True)
class Played:
    """How much of one message was played, as counted by the playback worklet. `samples`: the number of samples played;
    `received`: the number of samples received over the WebSocket.
    """

    message_id: str
    state: str
    received: int
    received_checksum: int
    samples: int
    checksum: int
    gaps: int
    gap_ms: float


class Visitor:
    """A page, with a log of its WebSockets. `check` fails if there were console errors or requests to other hosts."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.log = SocketLog(page)
        self.address = address
        self._ignored_errors: list[str] = []
        self._console_errors: list[str] = []
        self._foreign_requests: list[str] = []
        page.on("console", self._on_console)
        page.on("pageerror", self._on_page_error)
        page.on("request", self._on_request)

    # -- actions

    async def reload(self) -> None:
        """Reload the page. Its conversation may not be stored yet; then the browser logs the answer 404."""
        self.ignore_console_error("?limit=1000")
        await self.page.reload()

    async def arrive(self, at: str = "/?probe=1", *, playback: bool = True, device: bool = False) -> None:
        """Open the page, and wait until it is ready. With `playback`, wait also until the playback worklet is
        loaded.

        With `device`, the microphone is the browser's fake device, which beeps. Otherwise it plays the recordings that
        `say` names.
        """
        await self.page.add_init_script(PARTIAL_TRANSCRIPTS)
        await self.page.add_init_script(RECORD_PLAYBACK_LOADED)
        if not device:
            await microphone.connect(self.page)
        await self.page.goto(self.address + at)
        await expect(self.status_line).to_have_text(READY)
        await expect(self.seats).not_to_have_count(0)
        if playback:
            await self.until(self._playback_loaded, "the playback worklet is loaded")

    async def write(self, text: str) -> str:
        """Type a message, send it, and wait until it is accepted. Returns the turn's id."""
        sent = len(self.log.commands("user_message"))
        await self.box.press_sequentially(text[:2])
        await self.box.fill(text)
        await self.box.press("Enter")
        command = await eventually(lambda: self.log.commands("user_message")[sent:], "the message is sent")
        turn_id: str = command[0]["turn_id"]
        await eventually(lambda: self.accepted(turn_id), "the message is accepted")
        return turn_id

    async def start_listening(self) -> None:
        """Press the button that starts listening."""
        await self.page.get_by_role("button", name="Start talking").click()

    async def say(self, recording: str) -> None:
        """Play a recording of tests/fixtures into the microphone, once the page listens."""

        def listens() -> bool:
            return len(self.log.commands("start_listening")) > len(self.log.commands("stop_listening"))

        await eventually(listens, "the page listens")
        await microphone.say(self.page, recording)

    async def open(self, panel: str) -> Locator:
        """Open a panel."""
        await self.page.get_by_role("navigation", name="Panels").get_by_role("button", name=panel).click()
        sheet = self.page.get_by_role("dialog")
        await expect(sheet).to_be_visible()
        return sheet

    async def open_seat(self, name: str) -> Locator:
        """Open the menu of a character at the table."""
        await self.seat(name).get_by_role("button", name=name).click()
        menu = self.page.get_by_role("group", name=name, exact=True)
        await expect(menu).to_be_visible()
        return menu

    # -- views

    def seat(self, name: str) -> Locator:
        """The place of a character at the table."""
        return self.seats.filter(has=self.page.locator(".place-card", has_text=name))

    @property
    def who_answers(self) -> Locator:
        """The button that opens the rules of who answers."""
        return self.page.get_by_role("button", name="Who answers:")

    @property
    def box(self) -> Locator:
        return self.page.get_by_role("textbox", name="Your message")

    @property
    def status_line(self) -> Locator:
        return self.page.locator(".status-line")

    @property
    def seats(self) -> Locator:
        return self.page.get_by_role("list", name="At the table").get_by_role("listitem")

    @property
    def mine(self) -> Locator:
        return self.page.locator(".message.mine .bubble")

    def bubble(self, message_id: str) -> Locator:
        """The element of a reply."""
        return self.page.locator(f'[data-message-id="{message_id}"]')

    def accepted(self, turn_id: str) -> list[dict[str, Any]]:
        """The `turn_accepted` events of a turn."""
        return [event for event in self.log.of("turn_accepted") if event["turn_id"] == turn_id]

    async def partial_transcripts(self) -> list[tuple[str, str]]:
        """Every state of the partial transcript that was shown: (stable part, rest)."""
        seen = cast("list[dict[str, str]]", await self.page.evaluate("window.partialTranscripts"))
        return [(each["firm"], each["pale"]) for each in seen]

    async def picture(self, name: str) -> None:
        """Save a screenshot in build/screenshots, for people to look at."""
        PICTURES.mkdir(parents=True, exist_ok=True)
        await self.page.screenshot(path=PICTURES / f"{name}.png")

    # -- sound

    async def played(self) -> dict[str, Played]:
        """How much of each message was played, in the order in which the messages arrived."""
        rows = cast("list[dict[str, Any]]", await self.page.evaluate("window.tertulia.played()"))
        return {row["messageId"]: _played(row) for row in rows}

    async def loudest(self) -> float:
        """The level (root mean square, 0..1) of the loudest 50 ms that were played."""
        return cast("float", await self.page.evaluate("Math.max(0, ...tertulia.levels().map(({ level }) => level))"))

    async def until_played(self, turn_id: str) -> list[Heard]:
        """Wait until a turn was played to its end. Returns its messages in order."""

        async def whole() -> list[Heard] | None:
            record = self.log.record()
            if not record.turn_is_done(turn_id):
                return None
            played = await self.played()
            messages = record.of_turn(turn_id)
            done = all(
                message.message_id in played and played[message.message_id].state == "played" for message in messages
            )
            return messages if done else None

        return await self.until(whole, "the turn is played to its end")

    async def until_speaking(self, turn_id: str) -> str:
        """Wait until the first sound of a turn is played. Returns the id of the message."""

        async def speaking() -> str | None:
            mine = {message.message_id for message in self.log.record().of_turn(turn_id)}
            return next((id for id, each in (await self.played()).items() if each.samples > 0 and id in mine), None)

        return await self.until(speaking, "a character speaks")

    async def until(self, look: Callable[[], Awaitable[T | None]], what: str) -> T:
        """Call `look` repeatedly until its result is not None. Returns the result."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while (found := await look()) is None:  # noqa: ASYNC110 - the page can only be polled
                    await asyncio.sleep(POLL_S)
                return found
        except TimeoutError:
            raise AssertionError(f"{what}: it never happened") from None

    async def sound_after_ms(self, flushes_before: int) -> float:
        """Wait for the first flush after `flushes_before` flushes. Returns how much sound was played between its
        request and the silence, in ms of the audio clock.
        """

        async def silence() -> float | None:
            flushes = cast("list[dict[str, float | None]]", await self.page.evaluate("window.tertulia.flushes()"))
            return flushes[flushes_before]["soundMs"] if len(flushes) > flushes_before else None

        return await self.until(silence, "silence")

    async def flushes(self) -> int:
        """The number of flush requests so far."""
        return cast("int", await self.page.evaluate("window.tertulia.flushes().length"))

    async def ducks(self) -> int:
        """How often the sound was ducked so far."""
        return cast("int", await self.page.evaluate("window.tertulia.ducks()"))

    def assert_heard_exactly(self, message: Heard, played: Played) -> None:
        """Check that every received sample of a message was played once and in order. Gaps are allowed."""
        self.assert_received_exactly(message, played)
        assert played.samples == played.received
        assert played.checksum == played.received_checksum

    def assert_received_exactly(self, message: Heard, played: Played) -> None:
        """Check that every sent sample of a message was received once and in order, and that the samples played are the
        first ones.
        """
        sound = b"".join(bytes(pcm) for pcm in message.pcm.values())
        assert played.received == len(sound) // 2
        assert played.received_checksum == checksum(sound)
        assert played.checksum == checksum(sound[: 2 * played.samples])

    # -- checks

    def ignore_console_error(self, part: str) -> None:
        """Ignore console errors that contain this text, because the test causes them."""
        self._ignored_errors.append(part)

    def check(self) -> None:
        """Assert that there was no console error, protocol violation or request to another host."""
        errors = [said for said in self._console_errors if not any(part in said for part in self._ignored_errors)]
        assert not errors, errors
        assert not self._foreign_requests, f"requests to other hosts: {self._foreign_requests}"
        record = self.log.record()
        assert not record.faults, "\n".join(record.faults[:5])

    async def _playback_loaded(self) -> bool | None:
        return cast("bool", await self.page.evaluate("window.playbackLoaded")) or None

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning", "assert"):
            where = message.location.get("url", "")
            self._console_errors.append(f"{message.type}: {message.text} ({where})")

    def _on_page_error(self, error: Error) -> None:
        self._console_errors.append(f"thrown: {error}")

    def _on_request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in ("data", "blob"):
            return
        if parts.netloc != urlsplit(self.address).netloc:
            self._foreign_requests.append(request.url)


async def glimpse(element: Locator, what: str) -> None:
    """Wait for an element that may soon disappear again: `expect` looks only once a second."""
    await eventually(element.is_visible, what)


def _played(row: dict[str, Any]) -> Played:
    return Played(
        row["messageId"], row["state"], row["received"], row["receivedChecksum"],
        row["samples"], row["checksum"], row["gaps"], row["gapMs"],
    )  # fmt: skip
