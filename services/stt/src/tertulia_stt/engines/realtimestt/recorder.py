"""One `AudioToTextRecorder`: set up for audio that is fed to it, quiet, and made in time or not at all."""

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
"""What Silero's VAD takes at 16 kHz, and so what a recorder eats at a time."""
CONFIRMATION_S: Final = 0.16
"""RealtimeSTT's own: how long silence must last before it counts as such; comes before the silence that ends speech."""
PRE_ROLL_S: Final = 0.5
"""Audio before the VAD's onset that belongs to the utterance: soft first consonants."""
REALTIME_PAUSE_S: Final = 0.2
"""Between two looks at what is being said."""


class Callbacks(Protocol):
    """What a recorder tells, on its own threads."""

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
    """Import RealtimeSTT as a server needs it. Takes seconds the first time.

    Raises:
        ImportError: it, or something that it needs, is not installed.
    """
    # The library asks for "spawn" at import, for processes that it starts on other systems only; with it, its events
    # would start a resource tracker process here.
    with contextlib.suppress(RuntimeError):  # somebody has chosen already
        multiprocessing.set_start_method("fork")
    for name in ("RealtimeSTT.core.shutdown", "RealtimeSTT.core.transcription_api"):
        vars(import_module(name))["print"] = _drop  # it prints to stdout, which is for nobody here
    import_module("torch").set_num_threads(1)  # for Silero's tiny network more threads only cost
    import_module("tqdm").tqdm.monitor_interval = 0  # else progress bars that nobody sees are watched by a thread
    logging.getLogger("faster_whisper").setLevel(logging.WARNING)
    logger = logging.getLogger(LOGGER)
    logger.propagate = True
    logger.addFilter(_only_errors)  # a level would not do: each recorder sets it to DEBUG, where it logs what was said


def _only_errors(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.ERROR


def _drop(*_: object, **__: object) -> None:
    """Instead of `print`."""


def make_recorder(settings: RealtimeSTTSettings, callbacks: Callbacks, final: Any, realtime: Any) -> Any:
    """A recorder whose texts are made by `final` and `realtime` (see `SessionExecutor`). Blocks for some 100 ms."""
    from RealtimeSTT import AudioToTextRecorder  # noqa: PLC0415 - only after `load_library`

    told = {name: getattr(callbacks, name) for name in vars(Callbacks) if name.startswith("on_")}
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
        silero_deactivity_detection=True,  # WebRTC's detector takes noise for speech, and would never see the end
        post_speech_silence_duration=settings.stt_silence_ms / 1000 - CONFIRMATION_S,
        deactivity_silence_confirmation_duration=CONFIRMATION_S,
        min_length_of_recording=0.0,
        min_gap_between_recordings=0.0,
        pre_recording_buffer_duration=PRE_ROLL_S,
        handle_buffer_overflow=False,  # it would throw audio away; `RecorderSession.feed` holds back instead
        ensure_sentence_ends_with_period=False,
        **told,
    )
    logging.getLogger(LOGGER).handlers.clear()  # each recorder adds one
    return recorder


async def in_time(make: Callable[[], T], timeout_s: float, *, what: str, discard: Callable[[T], object]) -> T:
    """The result of `make`, which runs in a thread; what comes too late, or for nobody, is given to `discard`.

    Raises:
        EngineUnavailable: it took longer than `timeout_s`.
    """
    loop = asyncio.get_running_loop()
    waiting: asyncio.Future[T] = loop.create_future()

    def run() -> None:
        try:
            made = make()
        except BaseException as error:  # noqa: BLE001 - it is raised where it is waited for
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
            f"{what} took longer than {timeout_s:g} s (TERTULIA_STT_START_S). RealtimeSTT hangs like this when it"
            " waits for a download: are the models that TERTULIA_STT_MODEL and TERTULIA_STT_REALTIME_MODEL name on"
            " this machine? `tertulia fetch-models` brings them where there is a network"
        ) from None
    except asyncio.CancelledError:
        if waiting.done() and not waiting.cancelled() and waiting.exception() is None:
            deliver(waiting.result())
        raise


def _start(call: Callable[[], object]) -> None:
    # A daemon: a process that was told to end does not wait for a library that hangs.
    threading.Thread(target=call, name="stt-maker", daemon=True).start()


def _on(loop: asyncio.AbstractEventLoop, call: Callable[[], object]) -> bool:
    """Have it called on the loop; False if that is closed."""
    try:
        loop.call_soon_threadsafe(call)
    except RuntimeError:
        return False
    return True
