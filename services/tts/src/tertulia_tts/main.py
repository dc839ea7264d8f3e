"""The tts worker: `tertulia-tts`."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping

from tertulia_shared.bus import Bus
from tertulia_shared.chosen_work import SpeechPresence
from tertulia_shared.engine_state import publish, state_of
from tertulia_shared.keys import Key
from tertulia_shared.metrics import Metrics
from tertulia_shared.process import CannotGoOn, CannotStart, run
from tertulia_shared.speech_workers import SpeechWorker
from tertulia_shared.voice_clips import is_clip_id
from tertulia_shared.worker import Worker
from tertulia_tts.agreed_speeds import AgreedSpeeds
from tertulia_tts.clip_voices import ClipVoices, published_voices
from tertulia_tts.engine import Breakable, EngineBroken, EngineError, SpeechEngine, can_clone, slots_of
from tertulia_tts.engines import load_settings
from tertulia_tts.selection import Started, start_engine
from tertulia_tts.settings import TTSSettings
from tertulia_tts.speech_handler import SpeechHandler

log = logging.getLogger(__name__)


def main() -> None:
    """Run the worker until a signal stops it."""
    settings = load_settings()
    metrics = Metrics("tts")

    async def serve(bus: Bus, stop: asyncio.Event) -> None:
        try:
            started = await start_engine(settings, AgreedSpeeds(bus))
        except EngineError as error:
            raise CannotStart(str(error)) from error
        engine = started.engine
        log.info("the engine is %s: %s", engine.name, started.choice.reason)
        try:
            clip_voices = ClipVoices(bus, engine)
            await clip_voices.load()
            presence = SpeechPresence(
                bus, lambda: _can_speak(engine, settings), claim_after_s=settings.tts_claim_after_ms / 1000
            )
            speaker = SpeechHandler(bus, engine, settings, metrics, clip_voices, presence=presence)
            worker = Worker(
                bus, "tts", speaker, settings,
                engine=engine.name, concurrency=settings.tts_concurrency, slots=slots_of(engine), metrics=metrics,
                presence=presence,
            )  # fmt: skip
            async with asyncio.TaskGroup() as tasks:
                publishing = tasks.create_task(publish(bus, lambda: _published(bus, started)))
                following = tasks.create_task(clip_voices.follow())
                watching = tasks.create_task(_stop_if_broken(engine, worker, stop))
                await worker.run(stop)
                publishing.cancel()
                following.cancel()
                watching.cancel()
            if not watching.cancelled():
                raise CannotGoOn(str(watching.result()))
        finally:
            await engine.close()

    run("tts", settings, serve, metrics)


async def _stop_if_broken(engine: SpeechEngine, worker: Worker, stop: asyncio.Event) -> EngineBroken:
    """Wait until the engine breaks, then stop the worker. A worker that stops requeues its work."""
    never: asyncio.Future[EngineBroken] = asyncio.get_running_loop().create_future()
    broken = await (engine.broken() if isinstance(engine, Breakable) else never)
    log.error("the engine broke: %s", broken)
    worker.broke = True
    stop.set()
    return broken


def _can_speak(engine: SpeechEngine, settings: TTSSettings) -> SpeechWorker:
    """What the engine can speak now. A worker that clones can make every voice of a recording, so none is listed."""
    clones = can_clone(engine)
    voices = [voice for voice in engine.voices() if not (clones and is_clip_id(voice.id))]
    slots = min(slots_of(engine) or settings.tts_concurrency, settings.tts_concurrency)
    return SpeechWorker(
        "", engine.name, settings.tts_tier, slots,
        frozenset(voice.id for voice in voices), frozenset(voice.language for voice in voices), clones,
    )  # fmt: skip


def _published(bus: Bus, started: Started) -> Mapping[Key, Mapping[str, bytes | str]]:
    """The voices of the engine, why it was chosen, and whether it makes voices from recordings."""
    return {
        bus.keys.voices(): {started.engine.name: published_voices(started.engine)},
        bus.keys.engines(): state_of("tts", started.choice, clones=can_clone(started.engine)),
    }


if __name__ == "__main__":
    main()
