"""Calls espeak-ng through ctypes, with newly initialized global state for every sentence.

espeak-ng keeps its state in global variables, and no call resets all of them (the phase of the pitch flutter and of the
glottal wave, the gain control), so the same sentence would sound different each time. Loading the library again for
every sentence resets these variables, and takes less than a millisecond.

Functions and constants: `espeak-ng/speak_lib.h` and `espeak_ng.h` of espeak-ng 1.52.
"""

from __future__ import annotations

import ctypes
from _ctypes import dlclose
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

import espeakng_loader

from tertulia_tts.engine import EngineUnavailable, SynthesisFailed
from tertulia_tts.engines.espeak.voices import EspeakVoice

NATIVE_RATE = 22_050

_AUDIO_OUTPUT_SYNCHRONOUS = 2
_INITIALIZE_DONT_EXIT = 0x8000  # without this option, espeak-ng exits the process if data is missing
_CHARS_UTF8 = 1
_END_PAUSE = 0x1000  # the audio includes the end of the last sound and its echo
_POS_CHARACTER = 1
_RATE, _VOLUME, _PITCH, _RANGE = 1, 2, 3, 4
_BUFFER_MS = 60
_OK = 0

# int callback(short *samples, int count, espeak_EVENT *events); it returns 0 to continue, 1 to stop
_SynthCallback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)

_in_use = Lock()


def speak(voice: EspeakVoice, text: str, seed: int, on_pcm: Callable[[bytes], bool]) -> None:
    """Speak `text` with newly initialized state. `on_pcm` is called with each piece of s16le mono PCM at `NATIVE_RATE`.

    Blocks until the end, or until `on_pcm` returns false. A call waits for all others of this process, because the
    library's state is global. An exception from `on_pcm` is raised to the caller.

    Raises:
        EngineUnavailable: the library, its data or the voice cannot be loaded.
        SynthesisFailed: espeak-ng refused the text.
    """
    encoded = text.encode("utf-8", "replace").replace(b"\0", b" ") + b"\0"
    raised: list[BaseException] = []

    def on_samples(samples: int | None, count: int, _events: int | None) -> int:
        if not samples or count <= 0:
            return 0
        try:
            return 0 if on_pcm(ctypes.string_at(samples, count * 2)) else 1
        except BaseException as error:  # noqa: BLE001 - must not unwind through C; raised again below
            raised.append(error)
            return 1

    callback = _SynthCallback(on_samples)  # keep a reference as long as the library may call it
    with fresh_library() as library:
        library.espeak_SetSynthCallback(callback)
        _set_voice(library, voice)
        library.espeak_ng_SetRandSeed(ctypes.c_long(seed & 0x7FFF_FFFF))
        status = library.espeak_Synth(
            encoded,
            ctypes.c_size_t(len(encoded)),
            0,
            _POS_CHARACTER,
            0,
            _CHARS_UTF8 | _END_PAUSE,
            None,
            None,
        )
    if raised:
        raise raised[0]
    if status != _OK:
        raise SynthesisFailed(f"espeak-ng could not speak the text (status {status})", retryable=True)


@contextmanager
def fresh_library() -> Generator[ctypes.CDLL]:
    """The library with newly initialized state. Blocks while another thread of this process uses the library.

    Raises:
        EngineUnavailable: the library or its data cannot be loaded.
    """
    with _in_use:
        yield from _load()


def _load() -> Generator[ctypes.CDLL]:
    path = espeakng_loader.get_library_path()
    try:
        library = ctypes.CDLL(path)
    except OSError as error:
        raise EngineUnavailable(
            f"espeak-ng's library cannot be loaded: {error}. Reinstall the package espeakng-loader for this platform"
        ) from error
    try:
        data = Path(path).parent / "espeak-ng-data"
        rate = library.espeak_Initialize(
            _AUDIO_OUTPUT_SYNCHRONOUS, _BUFFER_MS, str(data).encode(), _INITIALIZE_DONT_EXIT
        )
        if rate != NATIVE_RATE:
            raise EngineUnavailable(
                f"espeak-ng did not start with its data in {data} (it answered {rate}, not {NATIVE_RATE} Hz). "
                "Reinstall the package espeakng-loader"
            )
        try:
            yield library
        finally:
            library.espeak_Terminate()
    finally:
        dlclose(library._handle)  # noqa: SLF001 - ctypes has no public way to unload


def _set_voice(library: ctypes.CDLL, voice: EspeakVoice) -> None:
    if library.espeak_SetVoiceByName(voice.file.encode()) != _OK:
        raise EngineUnavailable(
            f"espeak-ng has no voice {voice.file!r} (for {voice.voice.id!r}). Install espeakng-loader 0.2.4 or later"
        )
    for parameter, value in (
        (_RATE, voice.rate),
        (_VOLUME, voice.volume),
        (_PITCH, voice.pitch),
        (_RANGE, voice.pitch_range),
    ):
        library.espeak_SetParameter(parameter, value, 0)
