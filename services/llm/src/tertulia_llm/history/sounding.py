"""Measures how much of a sentence's sound is not silence: words take no time in its pauses. Pure."""

from __future__ import annotations

from typing import Final

from tertulia_shared.entries import SAMPLE_RATE_OUT

FRAME_SAMPLES: Final = SAMPLE_RATE_OUT // 100
STEP: Final = 4
"""One of so many samples is looked at: enough for a peak, and the next turn waits for this."""
QUIET: Final = 100
"""A frame is silent if its peak is at least this factor (40 dB) below the sentence's."""


def sounding_samples(pcm: bytes, played: int) -> tuple[int, int]:
    """Count the samples of a sentence that are not silent.

    Args:
        pcm: the sound of the sentence, signed 16-bit mono.
        played: the length of its beginning that was played, in samples.

    Returns:
        The count in that beginning, and in all of it. If all of it is silent, all samples count.
    """
    samples = memoryview(pcm).cast("h")
    begins = range(0, len(samples), FRAME_SAMPLES)
    peaks = [_peak(samples[begin : begin + FRAME_SAMPLES : STEP]) for begin in begins]
    loudest = max(peaks, default=0)
    if loudest == 0:
        return min(played, len(samples)), len(samples)
    counted = total = 0
    for begin, peak in zip(begins, peaks, strict=True):
        if peak * QUIET > loudest:
            length = min(FRAME_SAMPLES, len(samples) - begin)
            counted += max(0, min(length, played - begin))
            total += length
    return counted, total


def _peak(samples: memoryview[int]) -> int:
    highest, lowest = max(samples), min(samples)
    return max(highest, -lowest)
