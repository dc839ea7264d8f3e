"""The example clients for the browser, served from another origin than the gateway."""

from __future__ import annotations

import json
import signal
import threading
from array import array
from collections.abc import Generator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast

from playwright.async_api import Browser, Page, expect

from tests.e2e.socket_log import SocketLog
from tests.harness.eventually import PATIENCE_S, eventually
from tests.harness.service_process import Process
from tests.harness.spoken_reply import SpokenReply, replies_of
from tests.harness.stack import Stack
from tests.servers.breaking_proxy import BreakingProxy

EXAMPLES = Path(__file__).parents[2] / "examples"
REPLIES = ("Luna", "Rex")
# Records the output (16-bit samples, in the order in which they are started), and counts the chunks that were started
# and that were played to their end.
RECORDER = """
window.samples = [];
window.started = window.ended = 0;
const start = AudioBufferSourceNode.prototype.start;
AudioBufferSourceNode.prototype.start = function (when) {
  window.samples.push(...Array.from(this.buffer.getChannelData(0), (sample) => Math.round(sample * 32768)));
  window.started += 1;
  this.addEventListener("ended", () => (window.ended += 1));
  start.call(this, when);
};
"""


class Quiet(SimpleHTTPRequestHandler):
    """Serves files without logging the requests."""

    def log_message(self, format: str, *args: Any) -> None: ...


@contextmanager
def served(folder: Path) -> Generator[str]:
    """Serve the files of a folder. Yields the origin of the server."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def gateway_that_accepts(origin: str, stack: Stack) -> Generator[Process]:
    """Start another gateway of the stack, which accepts this origin. It is stopped at the end, because other tests
    expect only one gateway.
    """
    gateway = stack.start("gateway", TERTULIA_ORIGINS=origin)
    stack.wait_ready()
    try:
        yield gateway
    finally:
        gateway.send(signal.SIGTERM)
        gateway.wait()


async def test_browser_example_plays_every_sample_once_although_the_connection_was_lost(
    browser: Browser, stack: Stack
) -> None:
    with served(EXAMPLES) as origin, gateway_that_accepts(origin, stack) as gateway:
        line = BreakingProxy("127.0.0.1", gateway.port)
        async with line.listening() as address, await browser.new_context() as context:
            page = await context.new_page()
            log = SocketLog(page)
            errors: list[str] = []
            page.on("pageerror", lambda error: errors.append(str(error)))
            await page.add_init_script(RECORDER)
            socket = address.replace("http://", "ws://") + "/ws"
            await page.goto(f"{origin}/client.html?gateway={socket}")
            status = page.get_by_role("status")
            await expect(status).to_have_text("Connected")
            await page.get_by_label("Message").fill("Luna and Rex, how are you?")
            await page.get_by_role("button", name="Send").click()
            await expect(page.locator("main p").first).to_contain_text("Luna: ")
            line.cut()
            await expect(status).to_have_text("Resumed")

            replies = await visible_replies(page, stack, log)
            heard = cast("list[int]", await page.evaluate("window.samples"))
    assert array("h", heard).tobytes() == b"".join(reply.pcm for reply in replies)
    assert not errors


async def test_browser_example_says_how_much_was_heard_of_a_chunk(browser: Browser, stack: Stack) -> None:
    with served(EXAMPLES) as origin, gateway_that_accepts(origin, stack) as gateway:
        async with await browser.new_context() as context:
            page = await context.new_page()
            sent: list[dict[str, Any]] = []
            page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(json.loads(frame))))
            await page.goto(f"{origin}/client.html?gateway=ws://127.0.0.1:{gateway.port}/ws")
            await expect(page.get_by_role("status")).to_have_text("Connected")
            await page.get_by_label("Message").fill("Luna, tell me a story.")
            await page.get_by_role("button", name="Send").click()
            await eventually(lambda: [each for each in sent if each["type"] == "playback"], "some sound is heard")
            await page.get_by_role("button", name="Send").click()
            await eventually(lambda: [each for each in sent if each["data"].get("next_samples")], "a part of a chunk")
    message = [each["type"] for each in sent].index("user_message", 1)
    assert sent[message - 1]["data"]["next_samples"] > 0, "before the message that interrupts the reply"


async def test_minimal_browser_example_shows_the_replies_and_plays_their_sound(browser: Browser, stack: Stack) -> None:
    with served(EXAMPLES) as origin, gateway_that_accepts(origin, stack) as gateway:
        async with await browser.new_context() as context:
            page = await context.new_page()
            log = SocketLog(page)
            await page.add_init_script(RECORDER)
            await page.goto(f"{origin}/minimal_client.html?gateway=ws://127.0.0.1:{gateway.port}/ws")
            await page.get_by_label("Message").fill("Luna and Rex, how are you?")
            await page.get_by_role("button", name="Send").click()
            await expect(page.locator("main p").first).to_contain_text("Luna: ")
            replies = await visible_replies(page, stack, log)
            heard = cast("list[int]", await page.evaluate("window.samples"))
    assert array("h", heard).tobytes() == b"".join(reply.pcm for reply in replies)


async def visible_replies(page: Page, stack: Stack, log: SocketLog) -> list[SpokenReply]:
    """Wait until both replies are complete, were played to the end and are shown on the page."""
    (conversation_id,) = {started["conversation_id"] for started in log.of("conversation_started")}

    async def whole_replies() -> list[SpokenReply] | None:
        replies = await replies_of(stack, conversation_id)
        return replies if [reply.name for reply in replies if reply.whole] == list(REPLIES) else None

    replies = await eventually(whole_replies, "both replies are complete")
    samples = sum(len(reply.pcm) for reply in replies) // 2
    whole = f"window.samples.length >= {samples} && window.ended === window.started"
    await page.wait_for_function(whole, timeout=PATIENCE_S * 1000)
    await expect(page.locator("main p")).to_have_text([f"{reply.name}: {reply.text}" for reply in replies])
    return replies
