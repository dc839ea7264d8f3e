"""Cuts a sentence into the phrases that the model speaks at once.

The model makes a whole phrase before its first sample can be heard. So the first sentences of a message begin with
short phrases, which grow: while one is played, there is time to make a longer one.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final

from tertulia_tts.spoken_text import clause_ends, says_something, segments, speakable

MAX_PHRASE_CHARS: Final = 180
"""About 12 s of speech. It bounds how long another listener waits for the model."""
FIRST_PHRASE_CHARS: Final = 20
"""A message's first phrase ends at the first end of a clause after this many characters."""
MIN_REST_CHARS: Final = 10
"""A sentence is not cut if fewer characters than these would remain: the model speaks single words badly."""
GROWTH: Final = 1.6
"""A phrase may be this many times as long as the one before. A machine with a real-time factor below 0.6 makes it while
the one before is played.
"""


def phrases(text: str, sentence_index: int) -> list[str]:
    """The phrases of a sentence; `sentence_index` is its number within the message. Text without words has none."""
    parts = [part for part in segments(speakable(text), MAX_PHRASE_CHARS) if says_something(part)]
    if not parts:
        return []
    first_chars = FIRST_PHRASE_CHARS * 2**sentence_index
    if first_chars >= MAX_PHRASE_CHARS:
        return parts
    return [*_growing(parts[0], first_chars), *parts[1:]]


def _growing(text: str, first_chars: int) -> list[str]:
    ends = [end for end in clause_ends(text) if end <= len(text) - MIN_REST_CHARS]
    cuts = [next((end for end in ends if end >= first_chars), 0)]
    while cuts[-1]:
        begin = cuts[-1]
        longest = GROWTH * (begin - (cuts[-2] if len(cuts) > 1 else 0))
        if len(text) - begin <= longest:
            break
        later = [end for end in ends if end > begin]
        fitting = [end for end in later if end - begin <= longest]
        cuts.append(fitting[-1] if fitting else later[0] if later else 0)
    bounds = [0, *filter(None, cuts), len(text)]
    return [text[begin:end].strip() for begin, end in pairwise(bounds)]
