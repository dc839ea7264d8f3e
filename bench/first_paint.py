"""Measures how soon the page shows something on a slow phone: first and largest paint, and the bytes that it loads.

    python -m bench.first_paint [URL] [--runs 5] [--slowdown 4]

Chromium emulates the phone as Lighthouse does: a processor four times slower than this one, a network with a round trip
of 150 ms and 1.6 Mbit/s. Needs a running Tertulia (`make run`) and chromium.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import statistics
from typing import Any, cast

from playwright.async_api import Browser, async_playwright

NETWORK = {"offline": False, "latency": 150, "downloadThroughput": 1.6e6 / 8, "uploadThroughput": 750e3 / 8}
# Resolves when the page shows a character, with the times in ms since the navigation and the bytes loaded until then.
MEASURE = """() => new Promise((resolve) => {
  let largest = 0;
  new PerformanceObserver((list) => (largest = list.getEntries().at(-1).startTime))
    .observe({ type: "largest-contentful-paint", buffered: true });
  const shown = setInterval(() => {
    if (!document.querySelector(".seat")) return;
    clearInterval(shown);
    const seats = performance.now();
    requestAnimationFrame(() => setTimeout(() => resolve({
      "first paint": performance.getEntriesByName("first-contentful-paint")[0].startTime,
      "largest paint": largest,
      "characters shown": seats,
      "kilobytes": performance.getEntriesByType("resource").concat(performance.getEntriesByType("navigation"))
        .reduce((sum, each) => sum + each.transferSize, 0) / 1000,
    }), 500));
  }, 5);
})"""


async def measure(browser: Browser, url: str, slowdown: float) -> dict[str, float]:
    """Open the page once, with an empty cache."""
    context = await browser.new_context(viewport={"width": 360, "height": 740}, has_touch=True, device_scale_factor=2)
    page = await context.new_page()
    # Playwright does not type the answers of `send`.
    devtools = cast("Any", await context.new_cdp_session(page))
    await devtools.send("Network.enable")
    await devtools.send("Network.emulateNetworkConditions", NETWORK)
    await devtools.send("Emulation.setCPUThrottlingRate", {"rate": slowdown})
    await page.goto(url, wait_until="commit")
    figures = cast("dict[str, float]", await page.evaluate(MEASURE))
    await context.close()
    return figures


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url", nargs="?", default="http://127.0.0.1:8000/")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--slowdown", type=float, default=4.0, help="use less on a machine that is busy")
    options = parser.parse_args()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--disable-gpu"])
        runs = [await measure(browser, options.url, options.slowdown) for _ in range(options.runs)]
        await browser.close()
    for name in runs[0]:
        values = [run[name] for run in runs]
        unit = "kB" if name == "kilobytes" else "ms"
        print(f"{name:17} median {statistics.median(values):6.0f} {unit}   all: {' '.join(f'{v:.0f}' for v in values)}")


if __name__ == "__main__":
    asyncio.run(main())
