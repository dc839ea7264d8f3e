"""The browser's microphone: a file that is read anew each time the page opens the microphone."""

from __future__ import annotations

import wave
from pathlib import Path

from tertulia_shared.entries import SAMPLE_RATE_IN
from tests.fakes.sound import microphone


class Microphone:
    """What it hears is set before the page asks for it; after that it hears silence."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.hears()

    def hears(self, *said: str | float) -> None:
        """Recordings of tests/fixtures by name, and pauses in seconds between them, from the moment it is opened."""
        with wave.open(str(self.path), "wb") as file:
            file.setparams((1, 2, SAMPLE_RATE_IN, 0, "NONE", ""))
            for part in said or (0.1,):
                if isinstance(part, str):
                    file.writeframes(b"".join(microphone(part)))
                else:
                    file.writeframes(bytes(2 * round(SAMPLE_RATE_IN * part)))
