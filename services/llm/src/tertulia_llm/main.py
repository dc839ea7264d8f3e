"""The llm worker, `tertulia-llm`. If no model server and no key is set, it starts the demo model and uses it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from tertulia_llm.audio_eviction import AudioEviction
from tertulia_llm.characters import CharacterCache
from tertulia_llm.demo.server import DemoSettings, demo_server
from tertulia_llm.demo.wire import MODEL as DEMO_MODEL
from tertulia_llm.history.history import HistoryCache
from tertulia_llm.metrics import LLMMetrics
from tertulia_llm.model.client import Model
from tertulia_llm.model.watch import ModelWatch
from tertulia_llm.outbox.drainer import OutboxDrainer
from tertulia_llm.settings import LLMSettings
from tertulia_llm.sweep import sweep
from tertulia_llm.text.addressing import prepare
from tertulia_llm.turn_handler import TurnHandler
from tertulia_llm.voice_languages import VoiceLanguages
from tertulia_shared.bus import Bus
from tertulia_shared.clock import wall_ms
from tertulia_shared.metrics import Metrics
from tertulia_shared.model_server import OPENROUTER
from tertulia_shared.outbox import Outbox
from tertulia_shared.process import CannotStart, open_store, run
from tertulia_shared.settings import load
from tertulia_shared.store import StoreError
from tertulia_shared.worker import Worker

DEMO_ENGINE = "demo"

log = logging.getLogger(__name__)


def main() -> None:
    """Run until SIGTERM or SIGINT."""
    settings = load(LLMSettings)
    metrics = Metrics("llm")

    async def serve(bus: Bus, stop: asyncio.Event) -> None:
        async with _model(settings) as (model, engine), open_store(settings) as store:
            characters = CharacterCache(bus, store)
            try:
                await characters.start()
            except StoreError as error:
                raise CannotStart(str(error)) from error
            outbox = Outbox(bus, store, settings.store_patience_s, metrics)
            histories = HistoryCache(bus, store, outbox, settings.llm_history_messages, settings.user_name)
            voices = VoiceLanguages(bus)
            turns = TurnHandler(
                bus,
                outbox,
                histories=histories,
                characters=characters,
                model=model,
                settings=settings,
                metrics=LLMMetrics(metrics, engine),
                voices=voices,
            )
            worker = Worker(
                bus, "llm", turns, settings, engine=engine, concurrency=settings.llm_concurrency, metrics=metrics
            )
            async with asyncio.TaskGroup() as tasks:
                upkeep = [
                    tasks.create_task(asyncio.to_thread(prepare)),
                    tasks.create_task(characters.follow()),
                    tasks.create_task(voices.follow()),
                    tasks.create_task(sweep(bus)),
                    tasks.create_task(
                        AudioEviction(bus, worker.name, metrics, settings.redis_budget_mb, now_ms=wall_ms).run()
                    ),
                    tasks.create_task(OutboxDrainer(bus, store, worker.name, metrics).run()),
                ]
                if engine != DEMO_ENGINE:
                    upkeep.append(tasks.create_task(ModelWatch(model, bus, settings.llm_model).run()))
                await worker.run(stop)
                for task in upkeep:
                    task.cancel()

    run("llm", settings, serve, metrics)


@asynccontextmanager
async def _model(settings: LLMSettings) -> AsyncGenerator[tuple[Model, str]]:
    """The model, and its name in the metrics ("demo" if neither a key nor a model server is set)."""
    if settings.llm_base_url != OPENROUTER or settings.openrouter_api_key.get_secret_value():
        model = Model(settings)
        try:
            yield model, "openai"
        finally:
            await model.close()
        return
    async with demo_server(DemoSettings(tokens_per_second=settings.demo_tokens_per_second)) as base_url:
        log.warning("no OPENROUTER_API_KEY: the demo model answers")
        model = Model(settings.model_copy(update={"llm_base_url": base_url, "llm_model": DEMO_MODEL}), fixed_model=True)
        try:
            yield model, DEMO_ENGINE
        finally:
            await model.close()


if __name__ == "__main__":
    main()
