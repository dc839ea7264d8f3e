"""How long Whisper's window is.

The encoder takes a window of any length. Whisper's own 30 s cost most of the time for a short sentence, so the window
is the length of the speech and some silence. Without that silence, Whisper repeats the sentence.
"""

from __future__ import annotations

from math import ceil
from typing import Final

from tertulia_stt.engine import SAMPLE_RATE

SILENCE_S: Final = 4
"""Silence after the speech in a window."""
MIN_WINDOW_S: Final = 10
"""In a shorter window, single words are repeated: of 48 short utterances, 9 at 4 s more than the speech, none here."""
MIN_PARTIAL_WINDOW_S: Final = 8
"""Partial texts come often, so they bear a few more repetitions, which are removed."""
MAX_WINDOW_S: Final = 30


def window_s(samples: int, shortest_s: int = MIN_WINDOW_S) -> int:
    """The length of the window for that many samples, in seconds."""
    return min(MAX_WINDOW_S, max(shortest_s, ceil(samples / SAMPLE_RATE) + SILENCE_S))
