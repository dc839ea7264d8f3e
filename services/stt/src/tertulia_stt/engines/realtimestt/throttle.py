"""Decides when the next piece of audio may be fed to the recorder. Pure: the caller passes the time.

RealtimeSTT uses the wall clock to detect speech and to make partial texts, so if audio arrives faster than it was
spoken, speech is detected too late. Delayed audio (a worker took a session over, the network stalled) is therefore fed
in real time, and slightly faster so that the delay shrinks.
"""

from __future__ import annotations

from typing import Final

CATCH_UP: Final = 1.25
"""How many seconds of audio are fed per second while there is a backlog."""
SLACK_S: Final = 0.06
"""How many seconds early audio may be fed, because networks deliver unevenly, and clients send frames of up to 100 ms.
"""


class Throttle:
    """Limits the rate of audio: a leaky bucket whose content is seconds of audio."""

    def __init__(self, *, catch_up: float = CATCH_UP, slack_s: float = SLACK_S) -> None:
        self._catch_up = catch_up
        self._slack_s = slack_s
        self._due = float("-inf")

    def wait_s(self, now: float) -> float:
        """Seconds to wait before the next piece may be fed; 0 if it may be fed now."""
        return max(0.0, self._due - self._slack_s - now)

    def passed(self, now: float, duration_s: float) -> None:
        """Record that a piece of `duration_s` was fed at `now`."""
        self._due = max(self._due, now) + duration_s / self._catch_up
