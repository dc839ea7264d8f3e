"""Creates and shuts down RealtimeSTT's `AudioToTextRecorder`. Creating a recorder has a time limit."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import multiprocessing
import threading
from collections.abc import Callable
from importlib import import_module
from typing import Any, Final, Protocol, TypeVar

from tertulia_stt.engine import EngineUnavailable
from tertulia_stt.engines.realtimestt.settings import RealtimeSTTSettings

T = TypeVar("T")

LOGGER: Final = "realtimestt"
CHUNK_SAMPLES: Final = 512
"""Samples that a recorder processes at a time: the frame of Silero's VAD at 16 kHz."""
CONFIRMATION_S: Final = 0.16
"""Silence must last this long, in seconds, before RealtimeSTT starts to measure the silence that ends speech."""
PRE_ROLL_S: Final = 0.5
"""An utterance starts this long before the VAD detects speech, because soft first consonants are not detected."""
REALTIME_PAUSE_S: Final = 0.2
"""Time between two partial transcriptions."""
JOIN_S: Final = 30.0
"""How long `shut_down` waits, at most, for a transcription, because it cannot be cancelled."""


class Callbacks(Protocol):
    """The methods that a recorder calls, on its own threads."""

    def on_recorded_chunk(self, chunk: bytes) -> None: ...
    def on_vad_detect_start(self) -> None: ...
    def on_vad_detect_stop(self) -> None: ...
    def on_vad_start(self) -> None: ...
    def on_vad_stop(self) -> None: ...
    def on_recording_start(self) -> None: ...
    def on_recording_stop(self) -> None: ...
    def on_transcription_start(self, audio: Any) -> bool: ...
    def on_realtime_transcription_update(self, text: str) -> None: ...
    def on_realtime_transcription_stabilized(self, text: str) -> None: ...
    def on_realtime_text_stabilization_update(self, event: Any) -> None: ...


def load_library() -> None:
    """Import RealtimeSTT and configure it for a server. Takes seconds the first time.

    Raises:
        ImportError: RealtimeSTT or one of its dependencies is not installed.
    """
    # Set the start method before the library sets it to "spawn": with "spawn", the library's events would start a
    # process that tracks resources. That process is not needed, because in this engine the library starts no processes.
    with contextlib.suppress(RuntimeError):  # the start method was set already
        multiprocessing.set_start_method("fork")
    for name in ("RealtimeSTT.core.shutdown", "RealtimeSTT.core.transcription_api"):
        vars(import_module(name))["print"] = _drop  # the library prints to stdout: drop that output
    import_module("torch").set_num_threads(1)  # Silero's tiny network is slower with more threads
    import_module("tqdm").tqdm.monitor_interval = 0  # so that tqdm starts no thread to watch progress bars
    logging.getLogger("faster_whisper").setLevel(logging.WARNING)
    logger = logging.getLogger(LOGGER)
    logger.propagate = True
    # a filter, not a level: each recorder sets the level to DEBUG, which logs transcripts
    logger.addFilter(_only_errors)


def _only_errors(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.ERROR


def _drop(*_: object, **__: object) -> None:
    """Do nothing. Replaces `print`."""


def make_recorder(settings: RealtimeSTTSettings, callbacks: Callbacks, final: Any, realtime: Any) -> Any:
    """Create a recorder whose final texts come from `final`, and its partial texts from `realtime` (see
    `SessionExecutor`). Blocks for about 100 ms.
    """
    from RealtimeSTT import AudioToTextRecorder  # noqa: PLC0415 - only after `load_library`

    handlers = {name: getattr(callbacks, name) for name in vars(Callbacks) if name.startswith("on_")}
    silence_s = settings.stt_silence_ms / 1000
    recorder = AudioToTextRecorder(
        use_microphone=False,
        spinner=False,
        no_log_file=True,
        level=logging.CRITICAL,
        language=settings.stt_language,
        transcription_executor=final,
        realtime_transcription_executor=realtime,
        enable_realtime_transcription=True,
        realtime_processing_pause=REALTIME_PAUSE_S,
        init_realtime_after_seconds=REALTIME_PAUSE_S,
        silero_sensitivity=settings.stt_silero_sensitivity,
        webrtc_sensitivity=settings.stt_webrtc_sensitivity,
        # WebRTC's detector mistakes noise for speech, so it would detect no end of speech
        silero_deactivity_detection=True,
        post_speech_silence_duration=max(0.0, silence_s - CONFIRMATION_S),
        deactivity_silence_confirmation_duration=min(silence_s, CONFIRMATION_S),
        min_length_of_recording=0.0,
        min_gap_between_recordings=0.0,
        pre_recording_buffer_duration=PRE_ROLL_S,
        handle_buffer_overflow=False,  # True would drop audio; `RecorderSession.feed` applies backpressure instead
        ensure_sentence_ends_with_period=False,
        **handlers,
    )
    logging.getLogger(LOGGER).handlers.clear()  # each new recorder adds a handler
    return recorder


def shut_down(recorder: Any) -> None:
    """Shut down a recorder and its threads. Blocks for about 10 ms; longer if a transcription is running."""
    recorder.shutdown()
    for thread in recorder._external_transcription_threads:  # noqa: SLF001 - there is no public way to join them
        thread.join(JOIN_S)


async def run_with_timeout(make: Callable[[], T], timeout_s: float, *, what: str, discard: Callable[[T], object]) -> T:
    """Run `make` in a thread, and return its result. If the result comes too late, `discard` is called with it.

    Raises:
        EngineUnavailable: `make` took longer than `timeout_s`.
    """
    loop = asyncio.get_running_loop()
    waiting: asyncio.Future[T] = loop.create_future()

    def run() -> None:
        try:
            made = make()
        except BaseException as error:  # noqa: BLE001 - raised again in the awaiting task
            broken = error
            _on(loop, lambda: None if waiting.done() else waiting.set_exception(broken))
        else:
            if not _on(loop, lambda: deliver(made)):
                discard(made)

    def deliver(made: T) -> None:
        if waiting.done():
            _start(lambda: discard(made))
        else:
            waiting.set_result(made)

    _start(run)
    try:
        async with asyncio.timeout(timeout_s):
            return await waiting
    except TimeoutError:
        raise EngineUnavailable(
            f"{what} took longer than {timeout_s:g} s (TERTULIA_STT_START_S). RealtimeSTT may hang like this while it"
            " waits for a download: are the models that TERTULIA_STT_MODEL and TERTULIA_STT_REALTIME_MODEL name on"
            " this machine? `tertulia fetch-models` brings them where there is a network"
        ) from None
    except asyncio.CancelledError:
        if waiting.done() and not waiting.cancelled() and waiting.exception() is None:
            deliver(waiting.result())
        raise


def _start(call: Callable[[], object]) -> None:
    # A daemon thread, so that the process can exit even if the library hangs.
    threading.Thread(target=call, name="stt-maker", daemon=True).start()


def _on(loop: asyncio.AbstractEventLoop, call: Callable[[], object]) -> bool:
    """Schedule `call` on the loop. Returns False if the loop is closed."""
    try:
        loop.call_soon_threadsafe(call)
    except RuntimeError:
        return False
    return True
