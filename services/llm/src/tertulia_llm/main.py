"""The llm worker, `tertulia-llm`. If no model server is connected, it uses the demo model, which it starts."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager

from tertulia_llm.absent_voices import AbsentVoices
from tertulia_llm.audio_eviction import AudioEviction
from tertulia_llm.characters import CharacterCache
from tertulia_llm.connection.current import DEMO_ENGINE, ActiveModel, CurrentModel
from tertulia_llm.connection.requests import ModelRequests
from tertulia_llm.connection.service import ConnectionService
from tertulia_llm.demo.server import DemoSettings, demo_server
from tertulia_llm.history.history import HistoryCache
from tertulia_llm.lorebooks import ConversationLorebooks
from tertulia_llm.metrics import LLMMetrics
from tertulia_llm.model.server import load_sdk
from tertulia_llm.model.watch import ModelWatch
from tertulia_llm.outbox.drainer import OutboxDrainer
from tertulia_llm.past import Past
from tertulia_llm.settings import LLMSettings
from tertulia_llm.summary.activity import TurnActivity
from tertulia_llm.summary.extension import SummaryExtension
from tertulia_llm.summary.summarizer import Summarizer
from tertulia_llm.sweep import sweep
from tertulia_llm.text.addressing import prepare
from tertulia_llm.turn_handler import TurnHandler
from tertulia_llm.voice_languages import VoiceLanguages
from tertulia_shared.bus import Bus
from tertulia_shared.clock import wall_ms
from tertulia_shared.metrics import Metrics
from tertulia_shared.open_store import open_store
from tertulia_shared.outbox import Outbox
from tertulia_shared.process import CannotStart, run
from tertulia_shared.settings import load
from tertulia_shared.store import StoreError
from tertulia_shared.worker import Worker

log = logging.getLogger(__name__)


def main() -> None:
    """Run until SIGTERM or SIGINT."""
    settings = load(LLMSettings)
    metrics = Metrics("llm")

    async def serve(bus: Bus, stop: asyncio.Event) -> None:
        async with _current_model(settings) as current, open_store(settings) as store:
            characters = CharacterCache(bus, store)
            try:
                await characters.start()
            except StoreError as error:
                raise CannotStart(str(error)) from error
            outbox = Outbox(bus, store, settings.store_patience_s, metrics)
            histories = HistoryCache(bus, store, outbox, settings.llm_history_messages, settings.user_name)
            voices = VoiceLanguages(bus)
            absent_voices = AbsentVoices(bus)
            llm_metrics = LLMMetrics(metrics, current.active.engine)
            activity = TurnActivity(bus)
            summarizer = Summarizer(
                bus,
                SummaryExtension(bus, store, outbox, current, activity=activity, metrics=llm_metrics, now_ms=wall_ms),
                activity=activity,
                metrics=llm_metrics,
                history=settings.llm_history_messages,
                is_wanted=lambda: settings.llm_summary and current.active.engine != DEMO_ENGINE,
            )
            turns = TurnHandler(
                bus,
                outbox,
                histories=histories,
                past=Past(bus, store, outbox, histories),
                characters=characters,
                lorebooks=ConversationLorebooks(bus, store, outbox),
                model=current,
                settings=settings,
                metrics=llm_metrics,
                voices=voices,
                thinks_ahead=lambda: current.thinks_ahead,
                absent_voices=absent_voices,
                activity=activity,
                on_answered=summarizer.note,
            )
            worker = Worker(
                bus, "llm", turns, settings,
                engine=current.active.engine, concurrency=settings.llm_concurrency, metrics=metrics,
            )  # fmt: skip

            connections = ConnectionService(current, settings)

            async def use(active: ActiveModel) -> None:
                llm_metrics.use_engine(active.engine)
                await worker.change_engine(active.engine)
                await load_sdk()  # now, when the worker is ready, and not while the first reply is waited for
                if active.engine != DEMO_ENGINE:
                    await ModelWatch(active.model, bus, active.settings.llm_model).run()

            async with asyncio.TaskGroup() as tasks:
                upkeep = [
                    tasks.create_task(asyncio.to_thread(prepare)),
                    tasks.create_task(characters.follow()),
                    tasks.create_task(voices.follow()),
                    tasks.create_task(absent_voices.follow()),
                    tasks.create_task(sweep(bus)),
                    tasks.create_task(
                        AudioEviction(bus, worker.name, metrics, settings.redis_budget_mb, now_ms=wall_ms).run()
                    ),
                    tasks.create_task(summarizer.run(worker.name)),
                    tasks.create_task(OutboxDrainer(bus, store, worker.name, metrics).run()),
                    tasks.create_task(current.run(use)),
                    tasks.create_task(ModelRequests(bus, connections, worker.name, wall_ms=wall_ms).run()),
                ]
                await worker.run(stop)
                for task in upkeep:
                    task.cancel()

    run("llm", settings, serve, metrics)


@asynccontextmanager
async def _current_model(settings: LLMSettings) -> AsyncGenerator[CurrentModel]:
    """The model in use. The demo runs too, unless the environment names a server: a person may forget the connection
    that was made in the page.
    """
    async with AsyncExitStack() as stack:
        demo_url = ""
        if not settings.names_a_server:
            demo = DemoSettings(tokens_per_second=settings.demo_tokens_per_second)
            demo_url = await stack.enter_async_context(demo_server(demo))
        current = CurrentModel(settings, demo_url)
        stack.push_async_callback(current.close)
        if current.active.engine == DEMO_ENGINE:
            log.warning("no model server is connected: the demo model answers")
        yield current


if __name__ == "__main__":
    main()
