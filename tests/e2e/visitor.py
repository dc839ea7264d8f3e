"""Somebody in front of the page: what they do, what they see and hear, and what must never happen meanwhile."""

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
"""Far less than there is to be said. `web/test/playout.test.ts` has how soon it is silent once the audio thread knows;
until then a busy machine puts out what it was about to."""
READY = "Ready when you are"
"""What the table says when all is well and nobody speaks."""
# What the page's words looked like while somebody spoke: the slip is gone before a test could look at it.
SLIPS = """
window.partialTranscripts = [];
new MutationObserver(() => {
  const shown = document.querySelector(".partial-transcript");
  if (!shown) return;
  const [firm, pale] = Array.from(shown.children, (part) => part.textContent);
  const last = window.partialTranscripts.at(-1);
  if (last?.firm !== firm || last?.pale !== pale) window.partialTranscripts.push({ firm, pale });
}).observe(document, { subtree: true, childList: true, characterData: true });
"""
# What the audio thread runs is fetched when all else is there; the browser tells nobody outside the page of it.
LOUDSPEAKER = """
{
  window.loudspeaker = false;
  const fetchModule = Worklet.prototype.addModule;
  Worklet.prototype.addModule = async function (url, ...rest) {
    await fetchModule.call(this, url, ...rest);
    if (String(url).includes("playback-worklet")) window.loudspeaker = true;
  };
}
"""


@dataclass(frozen=True, slots=True)
class Played:
    """One message as the playback worklet counts it. `samples` were put out; `received` came over the socket."""

    message_id: str
    state: str
    received: int
    received_checksum: int
    samples: int
    checksum: int
    gaps: int
    gap_ms: float


class Visitor:
    """A page with a log of its sockets. `check` fails on errors in the console and on requests to other hosts."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.log = SocketLog(page)
        self.address = address
        self._forgiven: list[str] = []
        self._complaints: list[str] = []
        self._strangers: list[str] = []
        page.on("console", self._said)
        page.on("pageerror", self._threw)
        page.on("request", self._asked)

    # -- what they do

    async def arrive(self, at: str = "/?probe=1", *, loudspeaker: bool = True, device: bool = False) -> None:
        """Open the page, and wait until one can talk, and hear (`loudspeaker` False: or not).

        With `device` the microphone is the browser's own, which beeps; else it hears what is said by `say`.
        """
        await self.page.add_init_script(SLIPS)
        await self.page.add_init_script(LOUDSPEAKER)
        if not device:
            await microphone.connect(self.page)
        await self.page.goto(self.address + at)
        await expect(self.status_line).to_have_text(READY)
        await expect(self.seats).not_to_have_count(0)
        if loudspeaker:
            await self.until(self._loudspeaker, "the loudspeaker is there")

    async def write(self, text: str) -> str:
        """Type a message and send it; the turn's id comes back when it is accepted."""
        sent = len(self.log.commands("user_message"))
        await self.box.press_sequentially(text[:2])
        await self.box.fill(text)
        await self.box.press("Enter")
        command = await eventually(lambda: self.log.commands("user_message")[sent:], "the message is sent")
        turn_id: str = command[0]["turn_id"]
        await eventually(lambda: self.accepted(turn_id), "the message is accepted")
        return turn_id

    async def talk(self) -> None:
        """Press the big button."""
        await self.page.get_by_role("button", name="Start talking").click()

    async def say(self, recording: str) -> None:
        """Say a recording of tests/fixtures, once the page listens."""

        def listens() -> bool:
            return len(self.log.commands("start_listening")) > len(self.log.commands("stop_listening"))

        await eventually(listens, "the page listens")
        await microphone.say(self.page, recording)

    async def open(self, panel: str) -> Locator:
        """One of the panels at the top."""
        await self.page.get_by_role("navigation", name="Panels").get_by_role("button", name=panel).click()
        sheet = self.page.get_by_role("dialog")
        await expect(sheet).to_be_visible()
        return sheet

    # -- what is there

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
        """A reply."""
        return self.page.locator(f'[data-message-id="{message_id}"]')

    def accepted(self, turn_id: str) -> list[dict[str, Any]]:
        """Its `turn_accepted`."""
        return [event for event in self.log.of("turn_accepted") if event["turn_id"] == turn_id]

    async def partial_transcripts(self) -> list[tuple[str, str]]:
        """Every state of the words being understood: (firm, may change)."""
        seen = cast("list[dict[str, str]]", await self.page.evaluate("window.partialTranscripts"))
        return [(each["firm"], each["pale"]) for each in seen]

    async def picture(self, name: str) -> None:
        """What they see, into build/screenshots, to be looked at by people."""
        PICTURES.mkdir(parents=True, exist_ok=True)
        await self.page.screenshot(path=PICTURES / f"{name}.png")

    # -- what they hear

    async def played(self) -> dict[str, Played]:
        """By message, in the order they came."""
        rows = cast("list[dict[str, Any]]", await self.page.evaluate("window.tertulia.played()"))
        return {row["messageId"]: _played(row) for row in rows}

    async def loudest(self) -> float:
        """Root mean square of the loudest 50 ms put out, 0..1."""
        return cast("float", await self.page.evaluate("Math.max(0, ...tertulia.levels().map(({ level }) => level))"))

    async def hears(self, turn_id: str) -> list[Heard]:
        """Wait until a turn has been spoken to its end; its messages come back, in order."""

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

        return await self.until(whole, "the turn is spoken to its end")

    async def until_speaking(self, turn_id: str) -> str:
        """Wait until some sound of a turn is put out; the message's id comes back."""

        async def speaking() -> str | None:
            mine = {message.message_id for message in self.log.record().of_turn(turn_id)}
            return next((id for id, each in (await self.played()).items() if each.samples > 0 and id in mine), None)

        return await self.until(speaking, "somebody speaks")

    async def until(self, look: Callable[[], Awaitable[T | None]], what: str) -> T:
        """What an awaitable look finds, as soon as it finds something."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while (found := await look()) is None:  # noqa: ASYNC110 - the page can only be looked at again
                    await asyncio.sleep(POLL_S)
                return found
        except TimeoutError:
            raise AssertionError(f"{what}: it never happened") from None

    async def sound_after_ms(self, flushes_before: int) -> float:
        """How much still came out when the page asked for silence the next time after those, by the audio clock."""

        async def silence() -> float | None:
            flushes = cast("list[dict[str, float | None]]", await self.page.evaluate("window.tertulia.flushes()"))
            return flushes[flushes_before]["soundMs"] if len(flushes) > flushes_before else None

        return await self.until(silence, "silence")

    async def flushes(self) -> int:
        """How often the page has asked for silence so far."""
        return cast("int", await self.page.evaluate("window.tertulia.flushes().length"))

    async def ducks(self) -> int:
        """How often the page has lowered a voice so far."""
        return cast("int", await self.page.evaluate("window.tertulia.ducks()"))

    def assert_heard_exactly(self, message: Heard, played: Played) -> None:
        """Every sample that came for a message was put out, once, in order; with pauses, if it came slowly."""
        self.assert_received_exactly(message, played)
        assert played.samples == played.received
        assert played.checksum == played.received_checksum

    def assert_received_exactly(self, message: Heard, played: Played) -> None:
        """Every sample that came for a message was taken to be played, once, in order, and put out as far as it is."""
        sound = b"".join(bytes(pcm) for pcm in message.pcm.values())
        assert played.received == len(sound) // 2
        assert played.received_checksum == checksum(sound)
        assert played.checksum == checksum(sound[: 2 * played.samples])

    # -- what must never happen

    def forgive(self, part: str) -> None:
        """A complaint in the console that the test itself brings about."""
        self._forgiven.append(part)

    def check(self) -> None:
        """Nothing wrong in the console, on the socket, or in the addresses asked for."""
        complaints = [said for said in self._complaints if not any(part in said for part in self._forgiven)]
        assert not complaints, complaints
        assert not self._strangers, f"asked of other hosts: {self._strangers}"
        record = self.log.record()
        assert not record.faults, "\n".join(record.faults[:5])

    async def _loudspeaker(self) -> bool | None:
        return cast("bool", await self.page.evaluate("window.loudspeaker")) or None

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning", "assert"):
            where = message.location.get("url", "")
            self._complaints.append(f"{message.type}: {message.text} ({where})")

    def _threw(self, error: Error) -> None:
        self._complaints.append(f"thrown: {error}")

    def _asked(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in ("data", "blob"):
            return
        if parts.netloc != urlsplit(self.address).netloc:
            self._strangers.append(request.url)


def _played(row: dict[str, Any]) -> Played:
    return Played(
        row["messageId"], row["state"], row["received"], row["receivedChecksum"],
        row["samples"], row["checksum"], row["gaps"], row["gapMs"],
    )  # fmt: skip
