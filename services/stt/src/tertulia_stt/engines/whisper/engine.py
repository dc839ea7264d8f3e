"""The engine: loads the models once; all sessions share them."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Final

from tertulia_shared.weights import require
from tertulia_stt.endpointing import FRAME_MS, EndpointSettings
from tertulia_stt.engine import EngineUnavailable, Writing
from tertulia_stt.engines.whisper.model import WhisperModel
from tertulia_stt.engines.whisper.request_queue import RequestQueue
from tertulia_stt.engines.whisper.settings import WhisperSettings
from tertulia_stt.engines.whisper.transcriber import Models, WhisperTranscriber
from tertulia_stt.pieces import PieceRecognizer
from tertulia_stt.threaded import ThreadedSession

FINAL_MODEL: Final = "whisper-base"
PARTIAL_MODEL: Final = "whisper-tiny.en"
MAX_THREADS: Final = 4
"""More threads make a request of these small models hardly faster; more cores run more requests at once."""
MAX_WORKERS: Final = 4


def create(settings: WhisperSettings) -> WhisperEngine:
    """Create the engine with these settings."""
    return WhisperEngine(settings)


class WhisperEngine:
    """A `RecognitionEngine`. All sessions share the models; a session takes one thread and its audio."""

    name = "whisper"

    def __init__(self, settings: WhisperSettings) -> None:
        self._settings = settings
        self.writing = Writing(is_punctuated=True, language=settings.stt_language, names=settings.words)
        self._endpointing = EndpointSettings(hangover_ms=settings.stt_silence_ms, draft_ms=settings.stt_draft_ms)
        self._models: Models | None = None
        self._requests: RequestQueue | None = None
        self._sessions: set[ThreadedSession] = set()

    async def start(self) -> None:
        self._models = await asyncio.to_thread(self._load)
        self._requests = RequestQueue(workers(self._settings.stt_threads))

    async def open(self, *, first_sample: int = 0) -> ThreadedSession:
        if first_sample < 0:
            raise ValueError(f"first_sample must not be negative, but is {first_sample}")
        if self._models is None or self._requests is None:
            raise EngineUnavailable("the whisper engine is not running; start() it first")
        transcriber = WhisperTranscriber(
            self._models,
            self._requests,
            self._settings.stt_language,
            pre_roll_s=self._endpointing.pre_roll_frames * FRAME_MS / 1000,
            hints=self._settings.words,
        )
        recognizer = PieceRecognizer(transcriber, self._endpointing, first_sample=first_sample)
        session = ThreadedSession(recognizer, on_closed=self._sessions.discard)
        transcriber.wake = session.wake
        self._sessions.add(session)
        return session

    async def close(self) -> None:
        requests, self._models, self._requests = self._requests, None, None
        await asyncio.gather(*(session.close() for session in tuple(self._sessions)))
        if requests is not None:
            await asyncio.to_thread(requests.close)

    def _load(self) -> Models:
        settings = self._settings
        final = self._model(_folder(settings.stt_model, FINAL_MODEL, settings, "TERTULIA_STT_MODEL"))
        language = settings.stt_language
        if language and not final.knows(language):
            raise EngineUnavailable(
                f"TERTULIA_STT_LANGUAGE={language} is not a language of the model for final texts; set the code of one"
                " of Whisper's languages (en, de, es, …), or auto to detect the language"
            )
        if not language and not final.is_multilingual:
            raise EngineUnavailable(
                "TERTULIA_STT_LANGUAGE=auto needs a model of several languages, but the one for final texts knows"
                " English only; set TERTULIA_STT_LANGUAGE=en, or another TERTULIA_STT_MODEL"
            )
        if not settings.stt_realtime_model and language not in ("", "en"):
            return Models(final, None)  # the default model for partial texts knows English only
        name = settings.stt_realtime_model
        partial = self._model(_folder(name, PARTIAL_MODEL, settings, "TERTULIA_STT_REALTIME_MODEL"))
        return Models(final, partial, "" if partial.is_multilingual else "en")

    def _model(self, folder: Path) -> WhisperModel:
        chosen = self._settings.stt_threads
        return WhisperModel(folder, threads=threads(chosen), workers=workers(chosen))


def threads(setting: int) -> int:
    """CPU threads for one request."""
    return min(setting or _cores(), MAX_THREADS)


def workers(setting: int) -> int:
    """The number of requests that run at once."""
    return max(1, min(MAX_WORKERS, (setting or _cores()) // MAX_THREADS))


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _folder(chosen: str, default: str, settings: WhisperSettings, variable: str) -> Path:
    if not chosen:
        return require(default, settings.models_folder)
    folder = Path(chosen).expanduser()
    if not (folder / "model.bin").is_file():
        raise EngineUnavailable(
            f"{variable}={chosen} holds no Whisper model: a folder with model.bin, config.json, tokenizer.json and the"
            f" vocabulary in CTranslate2's format is needed; empty chooses {default}"
        )
    return folder
