"""The path of the sound from the loudspeaker to the microphone. Finds the delay and the gain of the path, and the
frames in which the microphone records another voice. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tertulia_stt.band_powers import Powers

MIN_MATCH: Final = 0.5
"""Minimum correlation of a microphone that records the loudspeaker. Unrelated speech has a correlation of up to
0.35.
"""
MIN_LEAD: Final = 0.12
"""The correlation of the best delay must be higher than that of all other delays by this much."""
MIN_KNOWN_MATCH: Final = 0.25
"""Minimum correlation at the known delay to keep the known path. It is lower, because the user may be speaking."""
DELAY_WIDTH: Final = 8
"""Delays that differ by at most this many frames belong to the same peak of the correlation."""
MIN_FRAMES: Final = 20
"""Minimum number of frames to compare."""
MIN_ACTIVE: Final = 100
"""An unknown path is searched only if the loudspeaker plays speech in at least this many frames."""
MAX_UNEXPLAINED: Final = 0.25
"""The known gain is updated only if at most this share of the frames has another voice."""
LEARNING: Final = 0.3
"""The weight of the newest gain in the average."""
REVERBERATION: Final = 0.7
"""The power of a room's reverberation falls to this share within a frame."""
TOLERANCE: Final = 4.0
"""An echo's power may exceed its estimate by this factor."""
MIN_RANGE: Final = 1e-2
"""A band is compared in the frames in which it has at least this share of its maximum."""
_DYNAMIC_RANGE: Final = 5 * np.log(10)
"""Levels of more than 50 dB below the maximum count as 50 dB below it."""
_TINY: Final = np.float32(1e-12)

Frames = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class EchoPath:
    """How the microphone records the loudspeaker: `delay` in frames, `gain` of the power in each band."""

    delay: int
    gain: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Comparison:
    """`path`: None if the microphone does not record the loudspeaker, or if too little was played to decide
    (`is_early`). `other`: the frames with another voice. `rest`: the powers of the microphone without the echo.
    """

    path: EchoPath | None
    other: Frames
    rest: Powers
    is_early: bool = False


def compare(microphone: Powers, played: Powers, known: EchoPath | None = None) -> Comparison:
    """Compare the microphone with the sound that was played.

    Args:
        microphone: the powers of the microphone.
        played: the powers of the sound that was played. A delay of n frames means that frame n of `played` is in frame
            0 of the microphone, so `played` is longer by the number of the possible delays.
        known: the path of an earlier comparison.
    """
    none = np.zeros(len(microphone), np.bool_)
    loud = played.sum(axis=1)
    surely_played = loud[: (len(microphone) + len(played)) // 2]
    active = int((surely_played > MIN_RANGE * loud.max(initial=0)).sum())
    is_early = 0 < active < MIN_ACTIVE
    if active == 0 or len(microphone) < MIN_FRAMES or (is_early and known is None):
        return Comparison(None, none, microphone, is_early)
    delay = _delay(microphone, played, known, is_early=is_early)
    if delay is None:
        return Comparison(None, none, microphone)
    echo = _reverberant(played[delay : delay + len(microphone)])
    if known is not None and is_early:
        echo *= known.gain
        return Comparison(known, _other_voice(microphone, echo), np.maximum(0, microphone - echo))
    gain = _gain(microphone, echo, echo > MIN_RANGE * echo.max(axis=0))
    if known is not None and abs(known.delay - delay) <= DELAY_WIDTH:
        gain = np.exp((1 - LEARNING) * np.log(known.gain) + LEARNING * np.log(gain)).astype(np.float32)
    other = _other_voice(microphone, echo * gain)
    if known is not None and other.mean() > MAX_UNEXPLAINED:
        gain = known.gain
        other = _other_voice(microphone, echo * gain)
    return Comparison(EchoPath(delay, gain), other, np.maximum(0, microphone - echo * gain))


def _delay(microphone: Powers, played: Powers, known: EchoPath | None, *, is_early: bool) -> int | None:
    """The delay with the best match; None if no delay matches. If `is_early`, only delays near the known delay are
    compared.
    """
    match = _correlation(_levels(microphone), _levels(played))
    best = int(match.argmax())
    far = np.abs(np.arange(len(match)) - best) > DELAY_WIDTH
    is_clear = match[best] >= MIN_MATCH and (not far.any() or match[best] - match[far].max() >= MIN_LEAD)
    if is_clear and not is_early:
        return best
    if known is None:
        return None
    near = slice(max(0, known.delay - DELAY_WIDTH), known.delay + DELAY_WIDTH + 1)
    closest = near.start + int(match[near].argmax())
    return closest if is_early or match[closest] >= MIN_KNOWN_MATCH else None


def _levels(powers: Powers) -> NDArray[np.float32]:
    level = np.log(powers + _TINY)
    return np.maximum(level, np.percentile(level, 99) - np.float32(_DYNAMIC_RANGE))


def _correlation(one: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float32]:
    """The normalized correlation of `one` with each part of `other` that is as long as `one`."""
    count, delays = len(one), len(other) - len(one)
    one, other = one - one.mean(axis=0), other - other.mean(axis=0)
    size = 1 << (len(other) - 1).bit_length()
    product = np.fft.irfft(np.fft.rfft(other, size, axis=0) * np.conj(np.fft.rfft(one, size, axis=0)), size, axis=0)
    shared = product.sum(axis=1)[: delays + 1]
    sums = np.concatenate((np.zeros((1, other.shape[1])), np.cumsum(other, axis=0)))
    squares = np.concatenate(([0.0], np.cumsum((other * other).sum(axis=1))))
    mean_squares = ((sums[count:] - sums[:-count]) ** 2).sum(axis=1) / count
    energy = np.maximum(squares[count:] - squares[:-count] - mean_squares, 0)
    return (shared / np.sqrt((one * one).sum() * energy + 1e-6)).astype(np.float32)


def _reverberant(powers: Powers) -> Powers:
    """The powers with the reverberation of a room. Each frame also has the maximum of its neighbours, because a delay
    is no whole number of frames.
    """
    wide = powers.copy()
    wide[1:] = np.maximum(wide[1:], powers[:-1])
    wide[:-1] = np.maximum(wide[:-1], powers[1:])
    fall = (np.arange(len(wide)) * np.log(REVERBERATION))[:, None]
    return np.exp(np.maximum.accumulate(np.log(wide + _TINY) - fall) + fall).astype(np.float32)


def _gain(microphone: Powers, echo: Powers, active: Frames) -> NDArray[np.float32]:
    """The median of the gain in each band."""
    ratio = np.log(microphone + _TINY) - np.log(echo + _TINY)
    medians = [np.median(ratio[active[:, band], band]) for band in range(ratio.shape[1])]
    return np.exp(medians).astype(np.float32)


def _other_voice(microphone: Powers, echo: Powers) -> Frames:
    """The frames in which most of the power is neither echo nor noise."""
    noise = np.percentile(microphone, 10, axis=0)
    more = np.maximum(0, microphone - TOLERANCE * echo - 3 * noise).sum(axis=1)
    total = microphone.sum(axis=1)
    return (more > total / 2) & (total > 8 * noise.sum())
