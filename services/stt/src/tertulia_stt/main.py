"""The stt worker: `tertulia-stt`."""

from __future__ import annotations

import asyncio
import logging

from tertulia_shared.bus import Bus
from tertulia_shared.engine_state import publish, state_of
from tertulia_shared.metrics import Metrics
from tertulia_shared.process import CannotStart, run
from tertulia_shared.worker import Worker
from tertulia_stt.engine import EngineError
from tertulia_stt.engines import load_settings
from tertulia_stt.listener import Listener
from tertulia_stt.selection import start_engine
from tertulia_stt.turn_end import load_turn_model

log = logging.getLogger(__name__)


def main() -> None:
    """Run the worker until a signal stops it."""
    settings, choice = load_settings()
    metrics = Metrics("stt")

    async def serve(bus: Bus, stop: asyncio.Event) -> None:
        try:
            turn_model = load_turn_model(settings.stt_turn_model)
            started = await start_engine(settings, choice)
        except EngineError as error:
            raise CannotStart(str(error)) from error
        engine = started.engine
        log.info("the engine is %s: %s", engine.name, started.choice.reason)
        try:
            listener = Listener(bus, engine, started.settings, metrics, turn_model=turn_model)
            worker = Worker(
                bus, "stt", listener, started.settings,
                engine=engine.name, concurrency=settings.stt_concurrency, metrics=metrics,
            )  # fmt: skip
            async with asyncio.TaskGroup() as tasks:
                state = state_of("stt", started.choice)
                publishing = tasks.create_task(publish(bus, lambda: {bus.keys.engines(): state}))
                await worker.run(stop)
                publishing.cancel()
        finally:
            await engine.close()

    run("stt", settings, serve, metrics)


if __name__ == "__main__":
    main()
