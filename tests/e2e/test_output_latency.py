"""The page must not ask for the latency of the sound output: in Firefox, this can block the page for good.

Firefox answers on the main thread, which waits for the audio server. The audio server may wait for the audio thread,
and the audio thread for the main thread. Chromium answers at once, so this test counts the requests.
"""

from __future__ import annotations

from playwright.async_api import expect

from tests.e2e.conftest import Visit

COUNT_REQUESTS = """
window.latencyRequests = [];
const proto = AudioContext.prototype;
const latency = Object.getOwnPropertyDescriptor(proto, "outputLatency");
Object.defineProperty(proto, "outputLatency", {
  ...latency,
  get() {
    window.latencyRequests.push("outputLatency");
    return latency.get.call(this);
  },
});
const timestamp = proto.getOutputTimestamp;
proto.getOutputTimestamp = function () {
  window.latencyRequests.push("getOutputTimestamp");
  return timestamp.call(this);
};
"""


async def test_page_plays_and_listens_without_a_request_for_the_output_latency(visit: Visit) -> None:
    visitor = await visit()
    await visitor.page.add_init_script(COUNT_REQUESTS)
    await visitor.arrive()
    await visitor.until_played(await visitor.write("Rex, thank you!"))
    await visitor.start_listening()
    await expect(visitor.status_line).to_have_text("Listening")
    await visitor.until_played(await visitor.write("Luna, thank you!"))
    assert await visitor.page.evaluate("window.latencyRequests") == []
    await visitor.page.evaluate("new AudioContext().outputLatency")
    assert await visitor.page.evaluate("window.latencyRequests") == ["outputLatency"]
