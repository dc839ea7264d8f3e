"""The pocketsphinx C library, called through ctypes.

The Python class of the `pocketsphinx` wheel holds the interpreter's lock (GIL) while it decodes: up to 0.3 s at the end
of an utterance, during which no other session and no event loop can run. ctypes releases the lock during a call. It
calls the same library, which is inside the wheel's extension module.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Mapping, Sequence
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from tertulia_stt.engine import EngineUnavailable, RecognitionFailed
from tertulia_stt.engines.pocketsphinx.dictionary import MODEL_FILE, phones_of, recognizable
from tertulia_stt.engines.pocketsphinx.pronunciation import pronunciations

_POINTER, _TEXT, _INT = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
_SIGNATURES: Final = {
    "err_set_loglevel_str": (_TEXT, [_TEXT]),
    "ngram_model_add_word": (ctypes.c_int32, [_POINTER, _TEXT, ctypes.c_float]),
    "ps_config_init": (_POINTER, [_POINTER]),
    "ps_config_free": (_INT, [_POINTER]),
    "ps_config_set_str": (_POINTER, [_POINTER, _TEXT, _TEXT]),
    "ps_config_set_float": (_POINTER, [_POINTER, _TEXT, ctypes.c_double]),
    "ps_init": (_POINTER, [_POINTER]),
    "ps_free": (_INT, [_POINTER]),
    "ps_get_lm": (_POINTER, [_POINTER, _TEXT]),
    "ps_add_word": (_INT, [_POINTER, _TEXT, _TEXT, _INT]),
    "ps_get_cmn": (_TEXT, [_POINTER, _INT]),
    "ps_set_cmn": (_INT, [_POINTER, _TEXT]),
    "ps_start_utt": (_INT, [_POINTER]),
    "ps_process_raw": (_INT, [_POINTER, _TEXT, ctypes.c_size_t, _INT, _INT]),
    "ps_end_utt": (_INT, [_POINTER]),
    "ps_get_hyp": (_TEXT, [_POINTER, ctypes.POINTER(ctypes.c_int32)]),
}

_LANGUAGE_WEIGHT: Final = 4.5
"""Weight of the language model against the acoustics. On 32 sentences in four flite voices, weights of 4 to 5 had
half the word errors of the default 6.5, which drops words that the model does not expect."""

_HINT_WEIGHT: Final = 1000.0
"""Factor by which a hint is more probable than a rare word. On the same sentences, names were missed with a factor of
300; a factor of 3000 found no more names.
"""

_HINT_MARK: Final = "_"
"""Prefix of a hint in the dictionary. With the prefix, the hint is a separate word, whose probability can be set."""


class Decoder:
    """A pocketsphinx decoder with the bundled US English model. Creating one takes about 80 MB and 0.25 s.

    Not thread-safe. `hints` maps plain lower-case words to their written form.

    Raises:
        EngineUnavailable: the library or its model is missing, or has another version; or a hint cannot be added.
    """

    def __init__(self, hints: Mapping[str, str]) -> None:
        self._library = _library()
        self._hints: dict[str, str] = {}
        self._decoder: int | None = self._make()
        try:
            self.add_hints(hints)
        except ValueError as error:
            self.close()
            raise EngineUnavailable(f"{error}; leave that word out") from error
        self._initial_cmn: bytes = self._library.ps_get_cmn(self._decoder, 0)
        self._in_utterance = False

    @property
    def in_utterance(self) -> bool:
        return self._in_utterance

    @property
    def hint_count(self) -> int:
        """The number of hints that the decoder has."""
        return len(self._hints)

    def add_hints(self, hints: Mapping[str, str]) -> None:
        """Add the hints that the decoder does not have yet, and use the written form of all of them. Only between two
        utterances. Takes 0.15 s if a hint is new.

        Raises:
            ValueError: a hint cannot be added. Then it and the hints after it are missing.
        """
        new = [word for word in hints if _HINT_MARK + word not in self._hints]
        self._hints |= {_HINT_MARK + word: written for word, written in hints.items()}
        self._add_entries([entry for word in new for entry in self._entries(word)])

    def forget_speaker(self) -> None:
        """Undo the adaptation to a microphone and a voice."""
        self._check(self._library.ps_set_cmn(self._decoder, self._initial_cmn), "reset")

    def start(self) -> None:
        """Begin an utterance.

        Raises:
            RecognitionFailed: the library reports an error. `process` and `end` raise it as well.
        """
        self._check(self._library.ps_start_utt(self._decoder), "start an utterance")
        self._in_utterance = True

    def process(self, pcm: bytes) -> None:
        """Decode 16 kHz s16le mono PCM, which contains a whole number of samples."""
        self._check(self._library.ps_process_raw(self._decoder, pcm, len(pcm) // 2, 0, 0), "process audio")

    def end(self) -> None:
        """End the utterance. This runs the decoder's second and third pass."""
        self._in_utterance = False
        self._check(self._library.ps_end_utt(self._decoder), "end an utterance")

    def words(self) -> Sequence[str]:
        """The current hypothesis: lower-case words, with hints in their written form."""
        text: bytes | None = self._library.ps_get_hyp(self._decoder, None)
        return [self._hints.get(word, word) for word in text.decode().split()] if text else []

    def close(self) -> None:
        """Free the decoder. Idempotent."""
        if self._decoder is not None:
            self._library.ps_free(self._decoder)
            self._decoder = None

    def _make(self) -> int:
        model = _model_folder()
        library = self._library
        config = library.ps_config_init(None)
        try:
            for key, path in (("hmm", model / "en-us"), ("lm", model / MODEL_FILE), ("dict", recognizable(model))):
                library.ps_config_set_str(config, key.encode(), os.fsencode(path))
            library.ps_config_set_str(config, b"loglevel", b"FATAL")
            library.ps_config_set_float(config, b"lw", _LANGUAGE_WEIGHT)
            decoder: int | None = library.ps_init(config)
        finally:
            library.ps_config_free(config)
        if not decoder:
            raise EngineUnavailable(
                f"pocketsphinx could not load its en-us model from {model}; reinstall it: pip install pocketsphinx"
            )
        return decoder

    def _add_entries(self, entries: Sequence[tuple[str, str]]) -> None:
        for number, (entry, phones) in enumerate(entries, 1):
            # Only the last word updates the search graph, because each update takes 0.15 s.
            if self._library.ps_add_word(self._decoder, entry.encode(), phones.encode(), number == len(entries)) < 0:
                raise ValueError(f"pocketsphinx cannot add {entry!r} as {phones!r}")

    def _entries(self, word: str) -> list[tuple[str, str]]:
        """Add a hint to the language model. Returns the dictionary entries to add, as (entry, phones)."""
        token = _HINT_MARK + word
        model = self._library.ps_get_lm(self._decoder, None)
        self._library.ngram_model_add_word(model, token.encode(), _HINT_WEIGHT)
        variants = enumerate(pronunciations(word, partial(phones_of, _model_folder())), 1)
        return [(token if number == 1 else f"{token}({number})", phones) for number, phones in variants]

    def _check(self, result: int, act: str) -> None:
        if result < 0:
            raise RecognitionFailed(f"pocketsphinx could not {act}")


@cache
def _library() -> ctypes.CDLL:
    spec = find_spec("pocketsphinx._pocketsphinx")
    if spec is None or spec.origin is None:
        raise EngineUnavailable(
            "the extension module of pocketsphinx is missing; pip install 'tertulia-stt[pocketsphinx]'"
        )
    try:
        library = ctypes.CDLL(spec.origin)
        for name, (result, arguments) in _SIGNATURES.items():
            function = getattr(library, name)
            function.restype, function.argtypes = result, arguments
    except (OSError, AttributeError) as error:
        raise EngineUnavailable(
            f"this build of pocketsphinx does not offer its C functions ({error}); install another wheel of it"
        ) from error
    library.err_set_loglevel_str(b"FATAL")
    return library


def _model_folder() -> Path:
    spec = find_spec("pocketsphinx")
    if spec is None or spec.origin is None:
        raise EngineUnavailable("pocketsphinx is not installed; pip install 'tertulia-stt[pocketsphinx]'")
    folder = Path(spec.origin).parent / "model" / "en-us"
    if not folder.is_dir():
        raise EngineUnavailable(
            f"the en-us model of pocketsphinx is not at {folder}; install another wheel of pocketsphinx"
        )
    return folder
