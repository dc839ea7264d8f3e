"""The page's microphone: it is opened as ever, and what it hears is what a test says, when the test says it.

The sound is made in the audio graph in which the page listens. A device has a clock of its own: on a busy machine
samples are lost between the two, and with them words.
"""

from __future__ import annotations

from base64 import b64encode

from playwright.async_api import Page

from tests.harness.sound import FIXTURES

# Silence is sound, too: the recognizer waits for it behind the last word.
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
    """To be called before the page is opened."""
    await page.add_init_script(LISTENING)


async def say(page: Page, recording: str) -> None:
    """Begin a recording of tests/fixtures. The page must be listening."""
    await page.evaluate(SAID, b64encode((FIXTURES / recording).read_bytes()).decode())
