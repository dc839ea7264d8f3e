"""A fake microphone for the page. Tests choose which sound it delivers.

The sound is made in the page's own audio graph. The browser's fake device has a clock of its own, so on a busy machine
samples would be lost between the device and the page, and with them words.
"""

from __future__ import annotations

from base64 import b64encode

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


async def say(page: Page, recording: str) -> None:
    """Play a recording of tests/fixtures into the microphone. The page must be listening."""
    await page.evaluate(SAID, b64encode((FIXTURES / recording).read_bytes()).decode())
