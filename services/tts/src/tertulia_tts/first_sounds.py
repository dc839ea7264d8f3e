"""Knows which messages of this worker have no sound yet. While one has none, sound that is not needed soon waits.

Writing and sending that sound would take processor time from the steps that lead to the first sound. So it goes out at
the next tick (`ticks`), together with the sound of other messages.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

LEAD_S: Final = 0.25
"""A listener who has so many seconds of sound left does not notice that the next sound comes a tick later."""


class FirstSounds:
    """Knows the messages that wait for their first sound. No I/O, no clock."""

    def __init__(self) -> None:
        self._missing: set[str] = set()

    @contextmanager
    def expected(self, message_id: str) -> Generator[None]:
        """Until `arrived` is called or this context ends, the message waits for its first sound."""
        self._missing.add(message_id)
        try:
            yield
        finally:
            self._missing.discard(message_id)

    def arrived(self, message_id: str) -> None:
        """The message has sound."""
        self._missing.discard(message_id)

    def can_wait(self, lead_s: float) -> bool:
        """True if sound can wait for the next tick. `lead_s`: seconds of published sound that its listener has not
        played yet.
        """
        return bool(self._missing) and lead_s > LEAD_S
