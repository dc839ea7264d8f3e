"""The voices of the engine `espeak`. They differ in accent, timbre, pitch and speed.

A voice file names an accent and, after `+`, a variant (formants, breath, echo). With the values of `volume`, all voices
are equally loud: about -21 dBFS RMS over a sentence, which is below the level at which the synthesizer limits its
output. The contract suite measures the loudness.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from tertulia_tts.engine import Voice

MIN_RATE: Final = 80
MAX_RATE: Final = 450
MAX_STEP: Final = 99
STEPS_PER_SEMITONE: Final = 6
"""Steps of espeak-ng's pitch in a semitone, measured with four voices."""


@dataclass(frozen=True, slots=True)
class EspeakVoice:
    """A voice and its parameters of espeak-ng.

    `file` is a path below `espeak-ng-data/lang` and a variant; `rate` is in words per minute (80 to 450); `pitch` and
    `pitch_range` are 0 to 99, where 50 leaves the variant's pitch unchanged; `volume` is a percentage of espeak-ng's
    default.
    """

    voice: Voice
    file: str
    rate: int = 170
    pitch: int = 50
    pitch_range: int = 50
    volume: int = 100

    def adjusted(self, speed: float, pitch: float) -> EspeakVoice:
        """The voice at `speed` times its rate, and `pitch` semitones higher, as far as espeak-ng can change it."""
        rate = min(max(round(self.rate * speed), MIN_RATE), MAX_RATE)
        return replace(self, rate=rate, pitch=min(max(self.pitch + round(pitch * STEPS_PER_SEMITONE), 0), MAX_STEP))


ESPEAK_VOICES: tuple[EspeakVoice, ...] = (
    EspeakVoice(
        Voice(
            "luna", "Luna", "en-US", "American woman, bright and lively", traits=("american_woman", "bright", "lively")
        ),
        "gmw/en-US+f3",
        rate=180,
        pitch=58,
        pitch_range=65,
    ),
    EspeakVoice(
        Voice(
            "rex", "Rex", "en-US", "New York man, very deep, unhurried", traits=("new_york_man", "deep", "unhurried")
        ),
        "gmw/en-US-nyc+m8",
        rate=155,
        pitch=38,
        volume=175,
    ),
    EspeakVoice(
        Voice("sage", "Sage", "en-GB", "older Englishman, slow and even", traits=("older_english_man", "slow", "even")),
        "gmw/en-GB-x-rp+m3",
        rate=145,
        pitch=65,
        pitch_range=35,
    ),
    EspeakVoice(
        Voice("ada", "Ada", "en-GB", "English woman, calm", traits=("english_woman", "calm")),
        "gmw/en-GB-x-rp+f2",
        rate=160,
        pitch=45,
    ),
    EspeakVoice(
        Voice("finn", "Finn", "en-GB", "Scottish man, quick", traits=("scottish_man", "quick")),
        "gmw/en-GB-scotland+m7",
        rate=185,
        pitch=60,
        volume=87,
    ),
    EspeakVoice(
        Voice("coral", "Coral", "en-029", "Caribbean woman, warm", traits=("caribbean_woman", "warm")),
        "gmw/en-029+steph",
        rate=165,
        pitch=55,
        volume=90,
    ),
    EspeakVoice(
        Voice("pip", "Pip", "en-US", "a child, high and quick", traits=("child", "high", "quick")),
        "gmw/en-US+f5",
        rate=190,
        pitch=85,
    ),
    EspeakVoice(
        Voice("otto", "Otto", "en-US", "a robot, monotone", traits=("robot", "monotone")),
        "gmw/en-US+robosoft8",
        rate=165,
        volume=125,
    ),
    EspeakVoice(
        Voice("willow", "Willow", "en-US", "whispering", traits=("whispering",)),
        "gmw/en-US+whisper",
        rate=155,
        volume=150,
    ),
    EspeakVoice(
        Voice("lucia", "Lucía", "es-ES", "Spanish woman", traits=("spanish_woman",)), "roa/es+f2", rate=170, volume=75
    ),
    EspeakVoice(Voice("amelie", "Amélie", "fr-FR", "French woman", traits=("french_woman",)), "roa/fr+f3", rate=165),
    EspeakVoice(
        Voice("greta", "Greta", "de-DE", "German woman", traits=("german_woman",)), "gmw/de+f1", rate=165, volume=75
    ),
)
"""All voices. The first one is the default."""
