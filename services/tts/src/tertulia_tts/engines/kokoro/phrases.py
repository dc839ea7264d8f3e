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
REAL_TIME_FACTOR: Final = 0.6
"""How much of the time in which a text is played it takes at most to make it. It is a constant, not what this machine
needs: every worker must cut a sentence in the same way.
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
    """Cut at ends of clauses, so that each phrase is made while the ones before are played, if possible."""
    ends = [end for end in clause_ends(text) if end <= len(text) - MIN_REST_CHARS]
    bounds = [0]
    in_hand = 0.0  # what the listener has not heard yet, in characters
    while True:
        begin = bounds[-1]
        longest = in_hand / REAL_TIME_FACTOR
        later = [end for end in ends if end > begin and (begin or end >= first_chars)]
        if not later or (begin and len(text) - begin <= longest):
            break
        bounds.append(max((end for end in later if end - begin <= longest), default=later[0]))
        made = bounds[-1] - begin
        in_hand = max(0.0, in_hand - REAL_TIME_FACTOR * made) + made
    return [text[begin:end].strip() for begin, end in pairwise([*bounds, len(text)])]
