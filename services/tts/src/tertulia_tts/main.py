"""The tts worker: `tertulia-tts`."""

from __future__ import annotations

import asyncio
from dataclasses import asdict

from tertulia_shared.bus import Bus
from tertulia_shared.codec import pack
from tertulia_shared.process import CannotStart, run
from tertulia_shared.settings import load
from tertulia_shared.worker import Worker
from tertulia_tts.engine import EngineError, SpeechEngine, load_engine
from tertulia_tts.settings import TTSSettings
from tertulia_tts.speaker import Speaker


def main() -> None:
    """Run until told to stop."""
    settings = load(TTSSettings)

    async def serve(bus: Bus, stop: asyncio.Event) -> None:
        try:
            engine = load_engine(settings.tts_engine)
            await engine.start()
        except EngineError as error:
            raise CannotStart(str(error)) from error
        try:
            await _publish_voices(bus, engine)
            speaker = Speaker(bus, engine, settings)
            worker = Worker(bus, "tts", speaker, settings, engine=engine.name, concurrency=settings.tts_concurrency)
            await worker.run(stop)
        finally:
            await engine.close()

    run("tts", settings, serve)


async def _publish_voices(bus: Bus, engine: SpeechEngine) -> None:
    outlet = bus.outlet()
    outlet.put(bus.keys.voices(), {engine.name: pack([asdict(voice) for voice in engine.voices()])})
    await outlet.flush()


if __name__ == "__main__":
    main()
