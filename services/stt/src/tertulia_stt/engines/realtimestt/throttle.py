"""When the next piece of audio may be passed on. Pure: time comes in as an argument.

RealtimeSTT goes by the clock on the wall when it looks for the beginning of speech, and at what is being said, so audio
that arrives faster than it was spoken is looked at too late. Audio that waited (a worker took a session over, the
network stalled) is therefore passed on at the pace of speech, a little faster so that the delay shrinks.
"""

from __future__ import annotations

from typing import Final

CATCH_UP: Final = 1.25
"""Audio seconds per second while there is a backlog."""
SLACK_S: Final = 0.06
"""Audio may come this much early: networks deliver unevenly, and clients send frames of up to 100 ms."""


class Throttle:
    """A leaky bucket over audio time."""

    def __init__(self, *, catch_up: float = CATCH_UP, slack_s: float = SLACK_S) -> None:
        self._catch_up = catch_up
        self._slack_s = slack_s
        self._due = float("-inf")

    def wait_s(self, now: float) -> float:
        """Seconds until the next piece may be passed on; 0 if it may be now."""
        return max(0.0, self._due - self._slack_s - now)

    def passed(self, now: float, duration_s: float) -> None:
        """A piece of so many seconds was passed on at `now`."""
        self._due = max(self._due, now) + duration_s / self._catch_up
