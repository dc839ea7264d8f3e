"""Text made fit for Higgs Audio, and how long its speech may be."""

from __future__ import annotations

import re

from tertulia_tts.spoken_text import says_something, segments, speakable

FRAMES_A_CHARACTER = 2.5
SPARE_FRAMES = 50
"""A slow speaker needs about 2 frames (80 ms) a character; the model is known to run on, so a bound is needed."""

_MARKS = re.compile(r"<\|\w+\|>|<\||\|>")  # the tokenizer's special tokens, which text must never become
_BRACKETS = re.compile(r"[()\[\]{}<>]+")
_END_MARKS = frozenset(".!?…。！？,;:\"'”’")  # noqa: RUF001 - the marks themselves are meant


def utterances(text: str) -> list[str]:
    """`text` in parts of one run each; none where there is nothing to say."""
    parts = segments(" ".join(_BRACKETS.sub(" ", speakable(_MARKS.sub(" ", text))).split()))
    return [part if part[-1] in _END_MARKS else f"{part}." for part in parts if says_something(part)]


def max_frames(text: str) -> int:
    """How many frames (of 40 ms) the speech of one such part may have."""
    return int(len(text) * FRAMES_A_CHARACTER) + SPARE_FRAMES
