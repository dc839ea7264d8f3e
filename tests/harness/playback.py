"""Computes when a listener hears nothing although a reply is not over."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from tertulia_shared.entries import SAMPLE_RATE_OUT
from tests.harness.client import TalkClient

BYTES_PER_S = SAMPLE_RATE_OUT * 2


class Playback:
    """A loudspeaker that plays each audio frame of a client at once, or when those before it have been played."""

    def __init__(self, client: TalkClient, clock: Callable[[], float] = time.monotonic) -> None:
        self.silences: list[float] = []
        """Seconds without sound between two frames, in order; each is greater than 0."""
        self.waits: list[float] = []
        """Seconds between the arrivals of two successive frames."""
        self._clock = clock
        self._ends_at: float | None = None
        self._arrived_at = 0.0
        self._feed = client.record.feed
        client.record.feed = self._note

    @property
    def ahead_s(self) -> float:
        """Seconds of sound that have arrived and are not played yet."""
        return 0.0 if self._ends_at is None else max(0.0, self._ends_at - self._clock())

    @property
    def longest_silence_s(self) -> float:
        """The longest silence after the first sound, in seconds."""
        return max(self.silences, default=0.0)

    @property
    def longest_wait_s(self) -> float:
        """The longest time between two frames, in seconds. It does not depend on the sound in hand."""
        return max(self.waits, default=0.0)

    def begin(self) -> None:
        """Forget the sound so far: the time until the next frame is not a silence."""
        self._ends_at = None

    def _note(self, frame: dict[str, Any]) -> None:
        self._feed(frame)
        if frame["type"] != "audio" or not frame.get("pcm"):
            return
        now = self._clock()
        if self._ends_at is not None and now > self._ends_at:
            self.silences.append(now - self._ends_at)
        if self._ends_at is not None:
            self.waits.append(now - self._arrived_at)
        self._arrived_at = now
        begins_at = now if self._ends_at is None else max(now, self._ends_at)
        self._ends_at = begins_at + len(frame["pcm"]) / BYTES_PER_S
