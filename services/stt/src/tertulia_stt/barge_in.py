"""Decides what the user's speech during a character's speech is: an interruption, a cough, an "mm-hm", or an echo of
the character.

Pure. `OverlappingSpeech` calls `decide` with each partial transcript, and with the final transcript.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from tertulia_shared.phrases.tokens import is_spaceless, tokens_of
from tertulia_shared.stop_phrases import begins_with_stop
from tertulia_stt.engine import SAMPLE_RATE
from tertulia_stt.overlap_words import (
    begins_with_break_in,
    begins_with_name,
    is_backchannel,
    without_descriptions,
    without_sounds,
)

MIN_WORDS = 2
"""A partial text interrupts from this many words on; a character of a script without spaces is half a word."""
ECHO_WINDOW = 3
"""Two words of an echo are at most this many words apart in the character's text. Words that are farther apart match by
chance.
"""
ECHO_RUN = 3
"""So many neighbouring characters of a script without spaces are an echo."""


class BargeInDecision(Enum):
    """What to do about the user's speech during a character's speech."""

    WAIT = "wait"
    """Too early to decide."""
    IGNORE = "ignore"
    """Not meant as an interruption: an echo, a cough or backchannel."""
    BREAK_IN = "break in"
    """Interrupt the character."""


class SoundSource(Enum):
    """Whose voice the microphone has recorded, according to the sound."""

    UNKNOWN = "unknown"
    """The sound does not tell: the microphone does not record the loudspeaker, or too little was compared."""
    UNDECIDED = "undecided"
    """A character has just begun to speak: it is too early to tell."""
    ECHO = "echo"
    """Only the character's voice, from the loudspeaker."""
    USER = "user"
    """Also another voice, which the sound that was sent does not explain."""


@dataclass(frozen=True, slots=True)
class Heard:
    """The user's speech during a character's speech: its length in samples, and its transcript so far.

    `has_echo`: the text may begin with words of the character.
    """

    samples: int
    text: str
    is_final: bool = False
    source: SoundSource = SoundSource.UNKNOWN
    has_echo: bool = False


@dataclass(frozen=True, slots=True)
class Spoken:
    """What the characters are speaking, and the names of the active characters."""

    sentences: Sequence[str]
    names: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Bounds:
    """The thresholds; see the settings `stt_barge_in_ms` and `stt_echo_share`."""

    min_ms: int
    echo_share: float


def decide(heard: Heard, spoken: Spoken, bounds: Bounds) -> BargeInDecision:
    """Decide about the speech.

    Stop phrases, words such as "no" and "but", and names interrupt at once, however short they are. Other words must
    last for `min_ms`.
    """
    text = without_descriptions(heard.text)
    tokens = tokens_of(text)
    if not tokens or _is_echo(heard, tokens, spoken, bounds):
        is_interruption = False
    elif begins_with_stop(text, spoken.names) or (heard.has_echo and has_stop(text)):
        is_interruption = True
    elif is_backchannel(tokens):
        is_interruption = False
    elif begins_with_break_in(tokens) or begins_with_name(tokens, spoken.names):
        is_interruption = True
    else:
        is_long = heard.samples * 1000 >= bounds.min_ms * SAMPLE_RATE
        is_interruption = is_long and (heard.is_final or _word_count(tokens) >= MIN_WORDS)
    if is_interruption:
        return BargeInDecision.BREAK_IN
    return BargeInDecision.IGNORE if heard.is_final else BargeInDecision.WAIT


def _is_echo(heard: Heard, tokens: Sequence[str], spoken: Spoken, bounds: Bounds) -> bool:
    """True if the speech is an echo, or may still turn out to be one."""
    if heard.source is SoundSource.UNKNOWN or (heard.source is SoundSource.UNDECIDED and heard.is_final):
        return echo_share(tokens, spoken.sentences) >= bounds.echo_share
    return heard.source is not SoundSource.USER


def has_stop(text: str) -> bool:
    """True if a stop phrase begins with any word of the text."""
    words = text.split()
    return any(begins_with_stop(" ".join(words[first:])) for first in range(len(words)))


def _word_count(tokens: Sequence[str]) -> float:
    return sum(0.5 if is_spaceless(token) else 1 for token in without_sounds(tokens))


def echo_share(tokens: Sequence[str], being_said: Sequence[str]) -> float:
    """The share (0..1) of `tokens` that are probably an echo of `being_said`.

    Words count in pairs: two words that occur in both texts in the same order, at most `ECHO_WINDOW` words apart. So
    words that the recognizer misheard may lie between them. Characters of a script without spaces count in runs of
    `ECHO_RUN`. If there is only one token, it counts if it occurs in `being_said`.
    """
    said = [token for sentence in being_said for token in tokens_of(sentence)]
    if not tokens or not said:
        return 0.0
    places: dict[str, list[int]] = {}
    for place, token in enumerate(said):
        places.setdefault(token, []).append(place)
    if len(tokens) == 1:
        return 1.0 if tokens[0] in places else 0.0
    echoed: set[int] = set()
    for i, first in enumerate(tokens):
        if is_spaceless(first):
            run = tokens[i : i + ECHO_RUN]
            if len(run) == min(ECHO_RUN, len(tokens)) and any(
                said[place : place + len(run)] == list(run) for place in places.get(first, ())
            ):
                echoed |= set(range(i, i + len(run)))
            continue
        for j in range(i + 1, min(i + 1 + ECHO_WINDOW, len(tokens))):
            if any(
                0 < after - before <= ECHO_WINDOW
                for before in places.get(first, ())
                for after in places.get(tokens[j], ())
            ):
                echoed |= {i, j}
    return len(echoed) / len(tokens)
