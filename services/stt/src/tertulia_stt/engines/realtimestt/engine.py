"""The engine: loads the models once, and makes a recorder for each session."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

from tertulia_stt.engine import EngineUnavailable, Writing
from tertulia_stt.engines.realtimestt.recorder import load_library, make_recorder, run_with_timeout, shut_down
from tertulia_stt.engines.realtimestt.session import RecorderSession
from tertulia_stt.engines.realtimestt.settings import RealtimeSTTSettings
from tertulia_stt.engines.realtimestt.whisper import (
    FINAL_BEAM,
    REALTIME_BEAM,
    SessionExecutor,
    SharedWhisper,
    check_device,
    models_dir,
    plan,
    weights,
)


def create(settings: RealtimeSTTSettings) -> RealtimeSTTEngine:
    """Create the engine with these settings."""
    return RealtimeSTTEngine(settings)


class RealtimeSTTEngine:
    """A `RecognitionEngine`. A session needs about 50 MB and eight threads."""

    name = "realtimestt"

    def __init__(self, settings: RealtimeSTTSettings) -> None:
        self._settings = settings
        self.writing = Writing(is_punctuated=True, language=settings.stt_language, names=settings.words)
        self._models: tuple[SharedWhisper, SharedWhisper] | None = None
        self._sessions: set[RecorderSession] = set()

    async def start(self) -> None:
        timeout_s = self._settings.stt_start_s
        self._models = await run_with_timeout(
            self._load, timeout_s, what="loading the Whisper models", discard=lambda _: None
        )
        await (await self.open()).close()  # make a recorder now, so that `start` fails if sessions cannot be opened

    async def open(self, *, first_sample: int = 0) -> RecorderSession:
        if first_sample < 0:
            raise ValueError(f"first_sample must not be negative, but is {first_sample}")
        final, realtime = self._running()
        session = RecorderSession(first_sample, self._settings.words, on_closed=self._sessions.discard)
        executors = [SessionExecutor(model, session) for model in (final, realtime)]
        recorder: Any = await run_with_timeout(
            partial(make_recorder, self._settings, session.callbacks, *executors),
            self._settings.stt_start_s,
            what="making a recorder",
            discard=shut_down,
        )
        session.start(recorder)
        self._sessions.add(session)
        if self._models is None:  # the engine was closed while the recorder was being made
            await session.close()
            self._running()
        return session

    async def close(self) -> None:
        self._models = None
        await asyncio.gather(*(session.close() for session in tuple(self._sessions)))

    def _running(self) -> tuple[SharedWhisper, SharedWhisper]:
        if self._models is None:
            raise EngineUnavailable("the realtimestt engine is not running; start() it first")
        return self._models

    def _load(self) -> tuple[SharedWhisper, SharedWhisper]:
        try:
            load_library()
        except ImportError as error:
            raise EngineUnavailable(
                f"stt engine 'realtimestt' needs {error.name or error}, which is not installed;"
                " install it with: pip install 'tertulia-stt[realtimestt]'"
            ) from error
        settings = self._settings
        chosen = plan(settings)
        check_device(chosen)
        folder = models_dir(settings)
        final_folder = weights(chosen.model, folder, "TERTULIA_STT_MODEL")
        realtime_folder = weights(chosen.realtime_model, folder, "TERTULIA_STT_REALTIME_MODEL")
        make = partial(SharedWhisper, plan=chosen, threads=settings.stt_threads)
        return make(final_folder, beam_size=FINAL_BEAM), make(realtime_folder, beam_size=REALTIME_BEAM)
