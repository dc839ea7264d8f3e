"""Finds a place to cut long speech without pauses. Recognizers need this, because their buffers are bounded.

Pure: takes a level for each 32 ms frame (a speech probability, or a loudness) and says when to cut. A cut between two
words is better than a cut within a word. So the rules become less strict as the speech grows: at first, only a short
pause is a place to cut, later also one of the lowest levels of the last two seconds, and at the maximum length any
frame.
"""

from __future__ import annotations

from collections import deque
from typing import Final

MAX_SPEECH_MS: Final = 28_000
"""Maximum length of speech without a cut. Whisper's window is 30 s."""
SHORT_PAUSE_FRAMES: Final = 3
"""Minimum length of a pause between words: 96 ms, longer than the pause within a consonant."""
_WINDOW_FRAMES: Final = 64
_RANK: Final = 3
"""A frame counts as low if its level is at most the third lowest of the window. Within four seconds of speech, such a
frame is found with a probability of more than 95 % even if the levels are random.
"""


class CutFinder:
    """Decides where to cut stretches of speech, one after the other. `max_frames` is the maximum length of a
    stretch.
    """

    def __init__(self, max_frames: int) -> None:
        self._max_frames = max_frames
        self._pause_from = max_frames * 5 // 7
        self._low_from = max_frames * 6 // 7
        self._levels: deque[float] = deque(maxlen=_WINDOW_FRAMES)

    def begin(self) -> None:
        """Begin another stretch of speech."""
        self._levels.clear()

    def is_cut(self, length: int, quiet: int, level: float) -> bool:
        """True if the speech must be cut after this frame.

        `length`: the length of the stretch with this frame, in frames. `quiet`: how many of its last frames are not
        speech. `level`: the frame's level.
        """
        is_low = len(self._levels) == _WINDOW_FRAMES and level <= sorted(self._levels)[_RANK - 1]
        self._levels.append(level)
        if length < self._pause_from:
            return False
        return quiet >= SHORT_PAUSE_FRAMES or (length >= self._low_from and is_low) or length >= self._max_frames
