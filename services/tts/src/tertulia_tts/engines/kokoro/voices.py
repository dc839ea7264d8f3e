"""The voices of the engine `kokoro`: those of Kokoro-82M whose language espeak-ng can phonemize.

Its Japanese and Chinese voices are left out: espeak-ng does not know how kanji are read, and its tones of Chinese are
not those with which the model was trained. Kokoro has no German voice; its Italian voices are the most intelligible
ones when they speak German.

With the values of `gain_db`, all voices are equally loud: about -21 dBFS RMS over a sentence. `bench/voices.py`
measures them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tertulia_tts.engine import SPEED, Voice


@dataclass(frozen=True, slots=True)
class KokoroVoice:
    """A voice. `kokoro_id` names its file; `language` is a voice file of espeak-ng, which gives the phonemes."""

    voice: Voice
    kokoro_id: str
    language: str
    gain_db: float


@dataclass(frozen=True, slots=True)
class _Language:
    """`tag` is BCP 47; `espeak` is a path below `espeak-ng-data/lang`."""

    tag: str
    people: str
    espeak: str


_LANGUAGES: Final[Mapping[str, _Language]] = {
    "a": _Language("en-US", "American", "gmw/en-US"),
    "b": _Language("en-GB", "British", "gmw/en"),
    "e": _Language("es-ES", "Spanish", "roa/es"),
    "f": _Language("fr-FR", "French", "roa/fr"),
    "h": _Language("hi-IN", "Indian", "inc/hi"),
    "i": _Language("it-IT", "Italian", "roa/it"),
    "p": _Language("pt-BR", "Brazilian", "roa/pt-BR"),
}
"""By the first letter of a voice's file; the second letter is f (woman) or m (man)."""

_GAINS_DB: Final[Mapping[str, float]] = {
    "af_alloy": 0.6, "af_aoede": -3.2, "af_bella": 0.2, "af_heart": 1.5, "af_jessica": 1.6,
    "af_kore": -2.5, "af_nicole": 0.2, "af_nova": 5.6, "af_river": 0.9, "af_sarah": -0.3,
    "af_sky": 2.5, "am_adam": -2.5, "am_echo": 1.1, "am_eric": 0.1, "am_fenrir": -1.6,
    "am_liam": 0.9, "am_michael": 2.8, "am_onyx": 1.6, "am_puck": -2.2, "am_santa": 1.4,
    "bf_alice": -0.1, "bf_emma": -0.6, "bf_isabella": -3.4, "bf_lily": 0.5, "bm_daniel": 0.3,
    "bm_fable": 2.5, "bm_george": 0.1, "bm_lewis": 2.3, "ef_dora": 2.2, "em_alex": 1.8,
    "em_santa": 1.9, "ff_siwis": -1.5, "hf_alpha": -5.8, "hf_beta": -4.3, "hm_omega": -5.2,
    "hm_psi": -4.0, "if_sara": -6.9, "im_nicola": -1.9, "pf_dora": 2.6, "pm_alex": 2.1,
    "pm_santa": 2.4,
}  # fmt: skip

_NAMED: Final[Mapping[str, str]] = {
    "af_heart": "luna", "am_onyx": "rex", "bm_george": "sage",
    "bf_emma": "ada", "ef_dora": "lucia", "ff_siwis": "amelie",
}  # fmt: skip
"""Voices with an id that other engines have, too: a character keeps a fitting voice if the engine changes."""
_SHOWN: Final = {"lucia": "Lucía", "amelie": "Amélie"}


def _known(kokoro_id: str) -> KokoroVoice:
    language = _LANGUAGES[kokoro_id[0]]
    person = "woman" if kokoro_id[1] == "f" else "man"
    given = kokoro_id.partition("_")[2]
    id = _NAMED.get(kokoro_id, kokoro_id)
    name = _SHOWN.get(id) or _NAMED.get(kokoro_id, given).capitalize()
    origin = f"Kokoro: {given}" if kokoro_id in _NAMED else ""
    description = f"{language.people} {person}" + (f" ({origin})" if origin else "")
    traits = (f"{language.people.lower()}_{person}",)
    voice = Voice(
        id, name, language.tag, description, monolingual=True, adjustable=(SPEED,), traits=traits, origin=origin
    )  # fmt: skip
    return KokoroVoice(voice, kokoro_id, language.espeak, _GAINS_DB[kokoro_id])


def _german(id: str, kokoro_id: str) -> KokoroVoice:
    person = "woman" if kokoro_id[1] == "f" else "man"
    origin = f"Kokoro: {kokoro_id.partition('_')[2]}"
    description = f"{person} who speaks German with an accent ({origin})"
    voice = Voice(
        id, id.capitalize(), "de-DE", description, monolingual=True, adjustable=(SPEED,),
        traits=(person, "german_with_accent"), origin=origin,
    )  # fmt: skip
    return KokoroVoice(voice, kokoro_id, "gmw/de", _GAINS_DB[kokoro_id])


KOKORO_VOICES: Final = (
    *(_known(kokoro_id) for kokoro_id in dict.fromkeys([*_NAMED, *_GAINS_DB])),
    _german("greta", "if_sara"),
    _german("emil", "im_nicola"),
)
"""All voices. The first one is the default."""
