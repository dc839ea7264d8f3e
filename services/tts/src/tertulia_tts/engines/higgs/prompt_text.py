"""Prepares text for Higgs Audio, and limits the length of the speech that is generated for it."""

from __future__ import annotations

import re

from tertulia_tts.spoken_text import says_something, segments, speakable

FRAMES_A_CHARACTER = 2.5
SPARE_FRAMES = 50
"""Together they limit the frames for a text. A slow speaker needs about 2 frames (80 ms) per character. The limit ends
speech that does not end by itself.
"""

_MARKS = re.compile(r"<\|\w+\|>|<\||\|>")  # the tokenizer's special tokens, which are removed from the text
_BRACKETS = re.compile(r"[()\[\]{}<>]+")
_END_MARKS = frozenset(".!?…。！？,;:\"'”’")  # noqa: RUF001 - these Unicode marks are intended


def utterances(text: str) -> list[str]:
    """Split `text` into utterances. Returns none if the text has no words."""
    parts = segments(" ".join(_BRACKETS.sub(" ", speakable(_MARKS.sub(" ", text))).split()))
    return [part if part[-1] in _END_MARKS else f"{part}." for part in parts if says_something(part)]


def max_frames(text: str) -> int:
    """The maximum number of frames (40 ms each) for an utterance."""
    return int(len(text) * FRAMES_A_CHARACTER) + SPARE_FRAMES
