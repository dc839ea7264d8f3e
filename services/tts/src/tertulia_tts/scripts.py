"""Leaves out text in a script that a voice cannot speak. Otherwise an espeak voice would spell the text, letter by
letter.

Only voices that speak a single language (`Voice.monolingual`) are checked. Latin letters are always spoken.
"""

from __future__ import annotations

import logging
import re
from typing import Final

from tertulia_shared.bus import Outlet
from tertulia_shared.entries import TTSSentence
from tertulia_shared.events import Warn
from tertulia_shared.keys import Keys
from tertulia_tts.engine import Voice
from tertulia_tts.spoken_text import says_something
from tertulia_tts.warnings_once import Warnings

_LETTERS: Final = {
    "Greek": "\u0370-\u03ff\u1f00-\u1fff",
    "Cyrillic": "\u0400-\u052f",
    "Armenian": "\u0530-\u058f",
    "Hebrew": "\u0590-\u05ff",
    "Arabic": "\u0600-\u06ff\u0750-\u077f\ufb50-\ufdff\ufe70-\ufefc",
    "Devanagari": "\u0900-\u097f",
    "other Indic": "\u0980-\u0dff",
    "Thai": "\u0e00-\u0e7f",
    "Georgian": "\u10a0-\u10ff",
    "Korean": "\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3",
    "Japanese": "\u3040-\u30ff\u31f0-\u31ff\uff66-\uff9f",
    "Chinese": "\u3400-\u9fff\uf900-\ufaff\U00020000-\U0002fa1f",
}
"""The letters of each script. The keys are the names that the warning shows."""
_SCRIPTS_OF: Final = {
    "el": ("Greek",),
    "ru": ("Cyrillic",), "uk": ("Cyrillic",), "be": ("Cyrillic",), "bg": ("Cyrillic",), "sr": ("Cyrillic",),
    "mk": ("Cyrillic",), "kk": ("Cyrillic",), "ky": ("Cyrillic",), "tt": ("Cyrillic",),
    "hy": ("Armenian",), "he": ("Hebrew",), "ka": ("Georgian",), "th": ("Thai",), "ko": ("Korean", "Chinese"),
    "ar": ("Arabic",), "fa": ("Arabic",), "ur": ("Arabic",), "ps": ("Arabic",), "sd": ("Arabic",),
    "hi": ("Devanagari",), "mr": ("Devanagari",), "ne": ("Devanagari",),
    "bn": ("other Indic",), "ta": ("other Indic",), "te": ("other Indic",), "kn": ("other Indic",),
    "ml": ("other Indic",), "gu": ("other Indic",), "pa": ("other Indic",), "si": ("other Indic",),
    "ja": ("Japanese", "Chinese"), "zh": ("Chinese",), "cmn": ("Chinese",), "yue": ("Chinese",),
}  # fmt: skip
"""The scripts in which a language is written, without the Latin script."""
_SPACED_MARKS: Final = r"\s\u3000-\u303f\uff00-\uff0f\uff1a-\uff20\u2018-\u201d,;:"
_MIN_LETTERS: Final = 2
"""Only runs of at least this many letters are left out. A single letter is a symbol (alpha), which every voice can say.
"""

log = logging.getLogger(__name__)


def without_foreign_scripts(text: str, language: str) -> tuple[str, list[str]]:
    """Return the text that a voice of this language can speak ("" if it has no words), and the names of the scripts
    that were left out.
    """
    if text.isascii():
        return text, []
    own = _SCRIPTS_OF.get(language.partition("-")[0].lower(), ())
    left_out: list[str] = []
    for script, letters in _LETTERS.items():
        if script in own or not re.search(f"[{letters}]{{{_MIN_LETTERS},}}", text):
            continue
        left_out.append(script)
    if not left_out:
        return text, []
    foreign = "".join(_LETTERS[script] for script in left_out)
    if "Japanese" in left_out and "Chinese" in left_out:
        left_out.remove("Chinese")  # these Chinese characters belong to a Japanese text
    run = f"[{foreign}](?:[{foreign}{_SPACED_MARKS}]*[{foreign}])?[\u3000-\u303f]*"
    text = " ".join(re.sub(run, " ", text).split()).lstrip(" ,;:.!?")
    return (text if says_something(text) else ""), left_out


class ForeignScripts:
    """Leaves out text that a voice cannot speak, and warns the client once per conversation, voice and script."""

    def __init__(self, keys: Keys) -> None:
        self._warnings = Warnings(keys)

    def leave_out(self, sentence: TTSSentence, voice: Voice, outlet: Outlet) -> str:
        """Return the text to speak."""
        if not voice.monolingual:
            return sentence.text
        text, scripts = without_foreign_scripts(sentence.text, voice.language)
        for script in scripts:
            if self._warnings.send(outlet, sentence, f"{voice.id} {script}", _warning(sentence, voice, script)):
                log.warning(
                    "a voice cannot speak this script", extra={"message_id": sentence.message_id, "script": script}
                )
        return text


def _warning(sentence: TTSSentence, voice: Voice, script: str) -> Warn:
    return Warn(
        "voice_lacks_script",
        f"{sentence.character_name}'s voice {voice.name} cannot speak {script} text, so it is shown but not heard. "
        "Choose another voice for this character.",
    )
