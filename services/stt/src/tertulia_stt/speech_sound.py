"""Distinguishes words from other sounds that people make while they listen: coughs, "mm-hm", laughter. Pure.

A recognizer writes words for all these sounds. The rules use their differences from words: a cough is mostly noise, a
hum has hardly any power above 600 Hz, the spectrum of a long "ah" hardly changes, and laughter repeats a syllable.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tertulia_stt.band_powers import FRAME_MS, Powers

SILENT: Final = 1e-8
"""Below this power, a recording is too quiet to judge."""
MIN_POWER: Final = 0.02
"""Frames with less than this share of the loudest power are pauses."""
MIN_VOICED_MS: Final = 80
"""The shortest word has at least this much voice."""
MIN_VOICED_SHARE: Final = 0.5
"""At least this share of the frames of words is voiced. A cough has fewer voiced frames."""
MAX_HUM_POWER: Final = 0.03
"""A frame of a hum has at most this share of its power above 600 Hz."""
MIN_HUM_SHARE: Final = 0.97
"""The sound is a hum if at least this share of the voiced frames is a hum. Words also have brighter vowels."""
MIN_HUM_SHARE_IN_ECHO: Final = 0.8
"""The same for sound from which an echo was removed, because some frames still have a part of the echo."""
MAX_HUM_CONSONANTS: Final = 0.1
"""A hum has at most this share of frames without voice."""
MIN_CHANGE: Final = 0.48
"""The distance of the spectra of words from their median spectrum is at least this (natural logarithm of the power)."""
CHANGE_QUANTILE: Final = 80
MIN_REPETITION: Final = 0.57
"""Minimum correlation of laughter with the same sound one syllable later. Words have at most 0.5; "no no no" has
more.
"""
SYLLABLE_FRAMES: Final = range(12, 36)
"""The possible lengths of a syllable of laughter."""
MIN_SYLLABLES: Final = 2
MIN_LAG: Final = 4
MIN_RISE: Final = 0.3
"""At some shorter delay, the correlation must be lower by this much. Otherwise, the sound only changes slowly."""
_HUM_BANDS: Final = 5
"""The bands below 594 Hz."""
_VOICE_BANDS: Final = 7
"""The bands below 937 Hz. They have more than half of the power of a voice, but less than half of the power of
noise.
"""
_RANGE: Final = np.float32(3 * np.log(10))
"""Levels of more than 30 dB below the maximum of their frame count as 30 dB below it."""


class SoundKind(Enum):
    """The kind of a sound."""

    WORDS = "words"
    MURMUR = "murmur"
    """A hum, laughter or a single vowel."""
    NOISE = "noise"
    """A cough, a breath or a click."""


@dataclass(frozen=True, slots=True)
class Sound:
    """The kind of the user's sound, and the duration of its voiced frames."""

    kind: SoundKind
    voiced_ms: int


def sound_of(powers: Powers, is_user: NDArray[np.bool_] | None = None) -> Sound | None:
    """Judge the sound of an utterance. Returns None if the sound is too quiet.

    Args:
        powers: the band powers of the microphone during the utterance.
        is_user: the frames with the user's voice; None means all frames.
    """
    total = powers.sum(axis=1)
    loudest = float(np.percentile(total, 98)) if len(total) else 0.0
    if loudest < SILENT:
        return None
    is_loud = total > MIN_POWER * loudest
    if is_user is not None:
        is_loud &= is_user
    is_voiced = is_loud & (2 * powers[:, :_VOICE_BANDS].sum(axis=1) > total)
    loud, voiced = int(is_loud.sum()), int(is_voiced.sum())
    if voiced * FRAME_MS < MIN_VOICED_MS or voiced < MIN_VOICED_SHARE * loud:
        return Sound(SoundKind.NOISE, voiced * FRAME_MS)
    is_hum = powers[is_voiced, _HUM_BANDS:].sum(axis=1) <= MAX_HUM_POWER * total[is_voiced]
    min_hum_share = MIN_HUM_SHARE if is_user is None else MIN_HUM_SHARE_IN_ECHO
    has_consonants = loud - voiced > MAX_HUM_CONSONANTS * loud
    is_murmur = (
        (is_hum.mean() >= min_hum_share and not has_consonants)
        or _change(powers[is_voiced]) < MIN_CHANGE
        or _repetition(powers[np.flatnonzero(is_loud)[0] : np.flatnonzero(is_loud)[-1] + 1]) >= MIN_REPETITION
    )
    return Sound(SoundKind.MURMUR if is_murmur else SoundKind.WORDS, voiced * FRAME_MS)


def _change(powers: Powers) -> float:
    """The amount by which the shape of the spectrum changes."""
    level = np.log(powers + np.float32(1e-12))
    level = np.maximum(level, level.max(axis=1, keepdims=True) - _RANGE)
    level -= level.mean(axis=1, keepdims=True)
    distance = np.abs(level - np.median(level, axis=0)).mean(axis=1)
    return float(np.percentile(distance, CHANGE_QUANTILE))


def _repetition(powers: Powers) -> float:
    """The highest correlation of the sound with the same sound one syllable later; 0 if no correlation is distinct."""
    level = np.log(np.maximum(powers, powers.sum(axis=1).max() * np.float32(1e-4)))
    best, lowest = 0.0, 1.0
    for lag in range(MIN_LAG, SYLLABLE_FRAMES.stop):
        if len(level) < MIN_SYLLABLES * lag:
            break
        one, later = (part - part.mean(axis=0) for part in (level[:-lag], level[lag:]))
        energy = float((one * one).sum() * (later * later).sum())
        match = float((one * later).sum()) / (energy**0.5 + 1e-9)
        lowest = min(lowest, match)
        if lag in SYLLABLE_FRAMES and match - lowest >= MIN_RISE:
            best = max(best, match)
    return best
