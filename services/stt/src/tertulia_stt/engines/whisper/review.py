"""Decides whether a text of Whisper is plausible. Pure.

A short window has four faults: Whisper repeats the text, it stops too early after a pause, it understands less in
noise, or it writes a text, such as a hint, for a noise. Repetitions are removed. Texts with too few words, and texts of
which Whisper is not sure, are transcribed again in Whisper's own window. Noise has no text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from tertulia_stt.engines.whisper.phrases import CREDITS, FILLERS

MIN_CONFIDENCE: Final = -1.0
"""Whisper's own threshold of the mean log probability."""
MIN_FILLER_CONFIDENCE: Final = -0.6
MIN_HINT_CONFIDENCE: Final = -0.6
MAX_HINT_NO_SPEECH: Final = 0.4
"""A name that was said, with noise at 10 dB or less, had a confidence of -0.42 or more, and 0.18 or less as the
probability of no speech.
"""
_BRIEF_S: Final = 0.4
"""Speech this brief may well be a cough."""
MIN_BRIEF_CONFIDENCE: Final = -0.5
MAX_BRIEF_NO_SPEECH: Final = 0.25
"""Of 48 short words, the highest probability of no speech was 0.2."""
MAX_NO_SPEECH: Final = 0.6
"""Whisper's own threshold of the probability of no speech."""
MIN_CONFIDENCE_IN_DOUBT: Final = -0.5
"""The least confidence of a text if the probability of no speech is high."""

MIN_SURE_CONFIDENCE: Final = -0.5
"""A text with less confidence is made again in Whisper's own window. With noise at 5 dB this lowered the word errors
from 28 to 23 %. In quiet it happens rarely.
"""

_FEWEST_WORDS_PER_S: Final = 1.2
_FEW_WORDS_FROM_S: Final = 1.5
"""Shorter speech may well be a single word."""
_MOST_WORDS_PER_S: Final = 4.5
"""People say more than this only for a moment. A text that repeats itself at a higher rate is a loop."""
_IMPOSSIBLE_WORDS_PER_S: Final = 9.0
_SHORTEST_S: Final = 0.4
_LEAST_REPEATED: Final = 3
"""A repetition of a longer text counts from this many words on."""

_SPACELESS_RANGES: Final = r"\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f"
SPACELESS: Final = re.compile(f"[{_SPACELESS_RANGES}]")
"""Letters of Chinese, Japanese and Thai, which are written without spaces."""
_UNIT: Final = re.compile(rf"[{_SPACELESS_RANGES}]|[^\W_{_SPACELESS_RANGES}]+(?:['’][^\W_]+)*")
"""A word; in scripts without spaces, a letter."""
_WORD_WITH_SPACE: Final = re.compile(r"\s*\S+")
_CHARACTERS_PER_WORD: Final = 2
_ANNOTATION: Final = re.compile(r"[\[(*♪][^\])*♪]*[\])*♪]")


@dataclass(frozen=True, slots=True)
class Spoken:
    """A text and the evidence for it. `speech_s`: how long the speech was."""

    text: str
    confidence: float
    no_speech: float
    speech_s: float


def cleaned(text: str, speech_s: float) -> str:
    """The text without annotations such as "[Music]", and without repetitions for which there was no time."""
    text = _ANNOTATION.sub("", text).strip()
    units = list(_UNIT.finditer(text))
    words = [unit.group().casefold() for unit in units]
    if _words(words) / max(speech_s, _SHORTEST_S) <= _MOST_WORDS_PER_S:
        return text if words else ""
    kept = _without_loop(words)
    if kept == len(words):
        return text
    return text[: units[kept - 1].end()] + _mark_after(text, units[kept - 1].end())


def is_incomplete(text: str, speech_s: float) -> bool:
    """True if the text has too few or too many words for the speech, so a longer window may give a better text."""
    words = _words([unit.group() for unit in _UNIT.finditer(text)])
    if words / max(speech_s, _SHORTEST_S) > _IMPOSSIBLE_WORDS_PER_S:
        return True
    return speech_s >= _FEW_WORDS_FROM_S and words / speech_s < _FEWEST_WORDS_PER_S


def is_doubtful(spoken: Spoken) -> bool:
    """True if Whisper's own window may give a better text."""
    return spoken.confidence < MIN_SURE_CONFIDENCE or is_incomplete(spoken.text, spoken.speech_s)


def words_of(hints: Iterable[str]) -> frozenset[str]:
    """The words of the hints, as `is_noise` compares them."""
    return frozenset(word for hint in hints for word in _folded(hint))


def is_noise(spoken: Spoken, hinted: frozenset[str] = frozenset()) -> bool:
    """True if the text was invented for a sound that is not speech. `hinted`: the words of the hints, which Whisper may
    repeat for a noise.
    """
    units = _folded(spoken.text)
    words = " ".join(units)
    if not words or spoken.confidence < MIN_CONFIDENCE:
        return True
    if spoken.speech_s < _BRIEF_S and (
        spoken.confidence < MIN_BRIEF_CONFIDENCE or spoken.no_speech > MAX_BRIEF_NO_SPEECH
    ):
        return True
    if spoken.no_speech > MAX_NO_SPEECH and spoken.confidence < MIN_CONFIDENCE_IN_DOUBT:
        return True
    if _is_credit(words):
        return True
    if hinted.issuperset(units) and (spoken.confidence < MIN_HINT_CONFIDENCE or spoken.no_speech > MAX_HINT_NO_SPEECH):
        return True
    return words in FILLERS and spoken.confidence < MIN_FILLER_CONFIDENCE


def split_words(text: str) -> list[str]:
    """The words of a text, each with the space before it. In scripts without spaces, each character is a word."""
    return [unit for word in _WORD_WITH_SPACE.findall(text) for unit in (word if SPACELESS.search(word) else [word])]


def _folded(text: str) -> list[str]:
    return [unit.group().casefold().replace("’", "'") for unit in _UNIT.finditer(text)]


def _is_credit(words: str) -> bool:
    joined = words.replace(" ", "")
    return any(
        words.startswith(phrase) or (SPACELESS.match(phrase) is not None and joined.startswith(phrase))
        for phrase in CREDITS
    )


def _words(units: list[str]) -> float:
    """The number of words. In a script without spaces, two characters count as a word."""
    return sum(1 / _CHARACTERS_PER_WORD if SPACELESS.match(unit) else 1.0 for unit in units)


def _without_loop(words: list[str]) -> int:
    """The number of words before the repetition that goes on to the end; all words if there is none. The last
    repetition may be cut off.
    """
    count = len(words)
    for start in range(count):
        for period in range(1, count - start):
            repeated = count - start - period
            if repeated >= min(period, _LEAST_REPEATED) and words[start : count - period] == words[start + period :]:
                return start + period
    return count


def _mark_after(text: str, at: int) -> str:
    return text[at] if at < len(text) and text[at] in ".?!。？！" else ""
