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
from tertulia_stt.engines import load_engine, load_settings
from tertulia_stt.listener import Listener
from tertulia_stt.turn_end import load_turn_model

log = logging.getLogger(__name__)


def main() -> None:
    """Run the worker until a signal stops it."""
    settings, choice = load_settings()
    metrics = Metrics("stt")

    async def serve(bus: Bus, stop: asyncio.Event) -> None:
        log.info("the engine is %s: %s", choice.engine, choice.reason)
        try:
            turn_model = load_turn_model(settings.stt_turn_model)
            engine = load_engine(settings.stt_engine, settings)
            await engine.start()
        except EngineError as error:
            raise CannotStart(str(error)) from error
        try:
            listener = Listener(bus, engine, settings, metrics, turn_model=turn_model)
            worker = Worker(
                bus, "stt", listener, settings,
                engine=engine.name, concurrency=settings.stt_concurrency, metrics=metrics,
            )  # fmt: skip
            async with asyncio.TaskGroup() as tasks:
                publishing = tasks.create_task(publish(bus, lambda: {bus.keys.engines(): state_of("stt", choice)}))
                await worker.run(stop)
                publishing.cancel()
        finally:
            await engine.close()

    run("stt", settings, serve, metrics)


if __name__ == "__main__":
    main()
