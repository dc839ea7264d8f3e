"""Measures how fast this machine speaks, and keeps the result for the workers: `python -m tertulia_tts.measure`.

`tertulia run` calls it before it starts the services, because a measurement beside their start would be wrong. Prints
nothing; a worker that finds no result measures by itself.
"""

from __future__ import annotations

import asyncio
import contextlib

from tertulia_shared.engines import EngineError
from tertulia_tts.engines import load_settings
from tertulia_tts.selection import start_engine


async def measure() -> None:
    """Start the chosen engine, which measures it if there is no result, and close it."""
    with contextlib.suppress(EngineError):
        started = await start_engine(load_settings())
        await started.engine.close()


def main() -> None:
    """Measure, until the end or Ctrl-C, which `tertulia run` reports."""
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(measure())


if __name__ == "__main__":
    main()
