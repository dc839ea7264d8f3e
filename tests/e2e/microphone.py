"""A fake microphone for the page. Tests choose which sound it delivers.

The sound is made in the page's own audio graph. The browser's fake device has a clock of its own, so on a busy machine
samples would be lost between the device and the page, and with them words.
"""

from __future__ import annotations

from base64 import b64encode
from typing import Any, cast

from playwright.async_api import Page

from tests.harness.sound import FIXTURES

# Sends silence between recordings, because the recognizer needs silence to end an utterance.
LISTENING = """
{
  const listen = AudioContext.prototype.createMediaStreamSource;
  AudioContext.prototype.createMediaStreamSource = function (stream) {
    listen.call(this, stream);
    const silence = new ConstantSourceNode(this, { offset: 0 });
    window.heard = new GainNode(this);
    silence.connect(window.heard);
    silence.start();
    return window.heard;
  };
}
"""
# Keeps the tracks of the microphone, and the contexts that record. While `callHasSound` is set, no context can be
# resumed, as during a phone call.
INTERRUPTIBLE = """
{
  window.tracks = [];
  window.callHasSound = false;
  const request = MediaDevices.prototype.getUserMedia;
  MediaDevices.prototype.getUserMedia = async function (options) {
    if (window.noDevice) throw new DOMException("none", "NotFoundError");
    const stream = await request.call(this, options);
    window.tracks.push(...stream.getTracks());
    return stream;
  };
  const resume = AudioContext.prototype.resume;
  AudioContext.prototype.resume = function () {
    return window.callHasSound ? Promise.reject(new DOMException("busy", "InvalidStateError")) : resume.call(this);
  };
}
"""
SAID = """async (wav) => {
  const { context } = window.heard;
  const bytes = Uint8Array.from(atob(wav), (letter) => letter.charCodeAt(0));
  const speech = new AudioBufferSourceNode(context, { buffer: await context.decodeAudioData(bytes.buffer) });
  speech.connect(window.heard);
  speech.start();
}"""


async def connect(page: Page) -> None:
    """Install the fake microphone; call it before the page is opened."""
    await page.add_init_script(LISTENING)


async def make_interruptible(page: Page) -> None:
    """Let tests interrupt the microphone; call it before the page is opened."""
    await page.add_init_script(INTERRUPTIBLE)


async def begin_call(page: Page) -> None:
    """Suspend the microphone's context, as a phone call does."""
    await page.evaluate("callHasSound = true; heard.context.suspend()")


async def end_call(page: Page) -> None:
    """Allow the microphone's context to run again."""
    await page.evaluate("callHasSound = false")


async def silence_device(page: Page) -> None:
    """Stop the frames of the device that is open, although the context runs."""
    await page.evaluate("heard.disconnect()")


async def unplug(page: Page, *, another: bool) -> None:
    """Unplug the device that is open. `another`: there is another device."""
    unplugged = "noDevice = %s; tracks.at(-1).stop(); tracks.at(-1).dispatchEvent(new Event('ended'))"
    await page.evaluate(unplugged % ("false" if another else "true"))


async def forbid(page: Page) -> None:
    """Withdraw the permission to use the microphone, as the user does in the address bar."""
    browser = page.context.browser
    assert browser is not None
    # Playwright does not type the answers of `send`.
    of_page = cast("Any", await page.context.new_cdp_session(page))
    of_browser = cast("Any", await browser.new_browser_cdp_session())
    target = await of_page.send("Target.getTargetInfo")
    await of_browser.send(
        "Browser.setPermission",
        {
            "permission": {"name": "microphone"},
            "setting": "denied",
            "origin": await page.evaluate("location.origin"),
            "browserContextId": target["targetInfo"]["browserContextId"],
        },
    )


async def set_hidden(page: Page, *, hidden: bool) -> None:
    """Hide or show the page."""
    change = "Object.defineProperty(document, 'hidden', { value: %s, configurable: true });"
    await page.evaluate(
        change % ("true" if hidden else "false") + "document.dispatchEvent(new Event('visibilitychange'))"
    )


async def say(page: Page, recording: str) -> None:
    """Play a recording of tests/fixtures into the microphone. The page must be listening."""
    await page.evaluate(SAID, b64encode((FIXTURES / recording).read_bytes()).decode())
