"""Chooses the frames to decode next. Pure.

The sound of a frame depends on ten frames on both sides. A window that is decoded with this context, and cut to its
middle, equals the same part of the whole utterance decoded at once. So windows join without a crossfade.
"""

from __future__ import annotations

from dataclasses import dataclass

CONTEXT = 10
"""Frames on each side on which a frame's sound depends."""

MAX_WINDOW = 25
"""Maximum frames of a window, without its context: one second."""

GROWTH = 4
"""A window has a quarter as many frames as all windows before it. If synthesis takes up to 4/5 of real time, playback
then has no gap between two windows; and the cost of decoding the context again soon becomes small."""


@dataclass(frozen=True, slots=True)
class Window:
    """Decode the frames `begin` to `end`, and keep the audio of the frames `first` to `last` (half-open ranges).

    The last frame is repeated `padding` times before decoding: otherwise the decoder hisses at the end.
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
        """The window to decode when there are `frames` frames and more may come."""
        count = max(1, min(MAX_WINDOW, self._done // GROWTH))
        if frames < self._done + count + CONTEXT:
            return None
        return self._take(count, self._done + count + CONTEXT, 0)

    def rest(self, frames: int) -> Window | None:
        """The next window after the last frame was added; `None` when all frames are decoded."""
        count = min(MAX_WINDOW, frames - self._done)
        if count <= 0:
            return None
        end = min(frames, self._done + count + CONTEXT)
        return self._take(count, end, self._done + count + CONTEXT - end)

    def _take(self, count: int, end: int, padding: int) -> Window:
        first, self._done = self._done, self._done + count
        return Window(max(0, first - CONTEXT), end, first, self._done, padding)
