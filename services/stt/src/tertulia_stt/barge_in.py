"""Decides what the user's speech during a character's speech is: an interruption, a cough, an "mm-hm", or an echo of
the character.

Pure. The listener calls `decide` with each partial transcript, and with the final transcript.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from tertulia_stt.engine import SAMPLE_RATE

STOP_WORDS = frozenset({"stop", "wait", "enough", "quiet", "pause", "hold", "hey", "no", "but", "sorry", "excuse"})
"""Words of which a single one is enough to interrupt a character."""
BACKCHANNEL_WORDS = frozenset(
    {
        "ah", "aha", "eh", "er", "ha", "haha", "hm", "hmm", "huh", "i", "mhm", "mm", "mmm", "oh", "ok", "okay", "right",
        "see", "sure", "uh", "um", "wow", "yeah", "yep", "yes",
    }
)  # fmt: skip
"""Words with which a listener only shows attention. They do not interrupt the character."""
MIN_WORDS = 2
ECHO_WINDOW = 3
"""Two words of an echo are at most this many words apart in the character's text. Words that are farther apart match by
chance.
"""

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")


class BargeInDecision(Enum):
    """What to do about the user's speech during a character's speech."""

    WAIT = "wait"
    """Too early to decide."""
    IGNORE = "ignore"
    """Not meant as an interruption: an echo, a cough or backchannel."""
    BREAK_IN = "break in"
    """Interrupt the character."""


@dataclass(frozen=True, slots=True)
class Heard:
    """The user's speech during a character's speech: its length in samples, and its transcript so far."""

    samples: int
    text: str
    is_final: bool = False


@dataclass(frozen=True, slots=True)
class Bounds:
    """The thresholds; see the settings `stt_barge_in_ms` and `stt_echo_share`."""

    min_ms: int
    echo_share: float


def decide(heard: Heard, being_said: Sequence[str], bounds: Bounds) -> BargeInDecision:
    """Decide about the speech. `being_said`: the sentences that the characters are speaking."""
    undecided = BargeInDecision.IGNORE if heard.is_final else BargeInDecision.WAIT
    words = words_of(heard.text)
    if not words or heard.samples * 1000 < bounds.min_ms * SAMPLE_RATE:
        return undecided
    if echo_share(words, being_said) >= bounds.echo_share:
        return undecided
    if all(word in BACKCHANNEL_WORDS for word in words):
        return undecided
    if len(words) >= MIN_WORDS or heard.is_final or STOP_WORDS.intersection(words):
        return BargeInDecision.BREAK_IN
    return BargeInDecision.WAIT


def echo_share(words: Sequence[str], being_said: Sequence[str]) -> float:
    """The share (0..1) of `words` that are probably an echo of `being_said`.

    Words count in pairs: two words that occur in both texts in the same order, at most `ECHO_WINDOW` words apart. So
    words that the recognizer misheard may lie between them. If `words` has only one word, it counts if it occurs in
    `being_said`.
    """
    said = words_of(" ".join(being_said))
    if not words or not said:
        return 0.0
    places: dict[str, list[int]] = {}
    for place, word in enumerate(said):
        places.setdefault(word, []).append(place)
    if len(words) == 1:
        return 1.0 if words[0] in places else 0.0
    echoed: set[int] = set()
    for i in range(len(words)):
        for j in range(i + 1, min(i + 1 + ECHO_WINDOW, len(words))):
            if any(
                0 < after - before <= ECHO_WINDOW
                for before in places.get(words[i], ())
                for after in places.get(words[j], ())
            ):
                echoed |= {i, j}
    return len(echoed) / len(words)


def words_of(text: str) -> list[str]:
    """The words of a text, in lower case and without punctuation."""
    return _WORD.findall(text.casefold().replace("\u2019", "'"))
