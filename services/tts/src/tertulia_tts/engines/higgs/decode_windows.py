"""Chooses which frames are decoded next. Pure.

The sound of a frame depends on ten frames before it and ten after it. A window is decoded together with these frames
(its context), and the sound of the context is dropped. The rest equals the same part of an utterance that is decoded as
a whole. So windows can be joined without a crossfade.
"""

from __future__ import annotations

from dataclasses import dataclass

CONTEXT = 10
"""How many frames before a frame, and how many after it, its sound depends on."""

MAX_WINDOW = 25
"""Maximum number of frames in a window, without its context: one second."""

GROWTH = 4
"""A window has a quarter as many frames as all windows before it together. With this growth, playback has no gap
between two windows if synthesis takes at most 4/5 of real time, and the cost of decoding the context again soon becomes
small.
"""


@dataclass(frozen=True, slots=True)
class Window:
    """Says which frames to decode (`begin` to `end`), and of which frames to keep the audio (`first` to `last`);
    half-open ranges.

    Before decoding, the last frame is repeated `padding` times. Without padding, the decoder's output hisses at the
    end.
    """

    begin: int
    end: int
    first: int
    last: int
    padding: int = 0


class WindowPlan:
    """The windows of one utterance. Call `after` after each frame."""

    def __init__(self) -> None:
        self._done = 0

    def after(self, frames: int) -> Window | None:
        """The window to decode now that there are `frames` frames, while more may come; None if there are too few."""
        count = max(1, min(MAX_WINDOW, self._done // GROWTH))
        if frames < self._done + count + CONTEXT:
            return None
        return self._take(count, self._done + count + CONTEXT, 0)

    def rest(self, frames: int) -> Window | None:
        """The next window to decode after the last frame was added. Returns `None` when all frames are decoded."""
        count = min(MAX_WINDOW, frames - self._done)
        if count <= 0:
            return None
        end = min(frames, self._done + count + CONTEXT)
        return self._take(count, end, self._done + count + CONTEXT - end)

    def _take(self, count: int, end: int, padding: int) -> Window:
        first, self._done = self._done, self._done + count
        return Window(max(0, first - CONTEXT), end, first, self._done, padding)
