"""A process with a worker of the stage tts that holds all its work: `sharing_worker.py REDIS_URL NAMESPACE [GRACE_S]`.

Logs to stderr. Ends on SIGTERM.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import sys

from tertulia_shared import new_work
from tertulia_shared.bus import Claim
from tertulia_shared.bus.redis_bus import open_bus
from tertulia_shared.keys import Keys
from tertulia_shared.settings import CommonSettings
from tertulia_shared.worker import Worker
from tests.harness.settings_of import settings_of


class HoldingHandler:
    """Never finishes a piece of work."""

    async def handle(self, claim: Claim) -> None:
        """Hold the work until the worker stops."""
        await asyncio.Event().wait()

    async def give_up(self, claim: Claim, reason: str) -> str | None:
        """Do nothing."""


async def main(url: str, namespace: str) -> None:
    """Work until SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    settings = settings_of(CommonSettings, lease_s=60, drain_s=0)
    async with open_bus(url, Keys(namespace)) as bus:
        await Worker(bus, "tts", HoldingHandler(), settings, engine="holding", concurrency=64).run(stop)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    url, namespace, *rest = sys.argv[1:]
    if rest:
        new_work.GRACE_S = float(rest[0])
    asyncio.run(main(url, namespace))
