"""The phonemes of a text, as espeak-ng finds them, in the model's alphabet."""

from __future__ import annotations

import ctypes
import re
from typing import Final

from tertulia_tts.engine import EngineUnavailable
from tertulia_tts.engines.espeak.library import fresh_library
from tertulia_tts.engines.kokoro.alphabet import TIE, spelled

_CHARS_UTF8: Final = 1
_IPA_WITH_TIE: Final = 0x02 | 0x80 | ord(TIE) << 8
"""espeak-ng's `phonememode`: IPA, with `TIE` between the letters of one phoneme."""
_OK: Final = 0

_MARKS: Final = str.maketrans(
    {"«": "“", "»": "”", "–": "—", "¡": "", "¿": "", "[": "(", "]": ")", "{": "(", "}": ")", "।": ".", "॥": "."}
)
_PUNCTUATION: Final = re.compile(r'(\s*(?:[;!?—…"()“”]|(?<!\d)[.,:]|[.,:](?!\d))+\s*)')
"""Punctuation marks, but not the point of a decimal number or the colon of a time."""
_LANGUAGE_SWITCH: Final = re.compile(r"\([a-z^-]+\)")
"""espeak-ng writes (en) and (fr) around an English word in a French text."""


def phonemes(text: str, language: str) -> str:
    """The phonemes of `text`, with its punctuation marks, in the model's alphabet.

    `language` is a name of espeak-ng, such as `en-us`. Blocks for some milliseconds. Equal arguments give equal
    phonemes, because espeak-ng's state is new for each call.

    Raises:
        EngineUnavailable: espeak-ng or its data for this language cannot be loaded.
    """
    # espeak-ng drops punctuation marks, so it gets only what is between them
    pieces = _PUNCTUATION.split(text.translate(_MARKS))
    with fresh_library() as library:
        if library.espeak_SetVoiceByName(language.encode()) != _OK:
            raise EngineUnavailable(
                f"espeak-ng has no voice {language!r}, which makes the phonemes. Install espeakng-loader 0.2.4 or later"
            )
        library.espeak_TextToPhonemes.restype = ctypes.c_char_p
        between_marks = pieces[::2]
        heard = [spelled(_ipa(library, piece), language) if piece.strip() else "" for piece in between_marks]
    marks = [*pieces[1::2], ""]
    joined = "".join(part + _spaced(mark) for part, mark in zip(heard, marks, strict=True))
    return " ".join(joined.split())


def _ipa(library: ctypes.CDLL, text: str) -> str:
    encoded = ctypes.create_string_buffer(text.encode("utf-8", "replace").replace(b"\0", b" "))
    rest = ctypes.c_void_p(ctypes.addressof(encoded))
    clauses: list[str] = []
    while rest.value is not None:  # each call reads one clause and moves the pointer behind it
        clause = library.espeak_TextToPhonemes(ctypes.byref(rest), _CHARS_UTF8, _IPA_WITH_TIE)
        clauses.append((clause or b"").decode("utf-8", "replace"))
    return _LANGUAGE_SWITCH.sub("", " ".join(clauses)).strip()


def _spaced(mark: str) -> str:
    """A punctuation mark with a space where the text has one."""
    before = " " if mark[:1].isspace() else ""
    after = " " if mark[-1:].isspace() else ""
    return before + mark.strip() + after
