"""Measures how loud a recording of a voice is, and says what is wrong with it. Pure."""

from __future__ import annotations

import math
import sys
from array import array
from dataclasses import dataclass
from operator import mul
from typing import Final

QUIETEST_DBFS, LOUDEST_DBFS = -40.0, -9.0
"""Allowed RMS. A quieter clip makes the engine clone its noise, too; a louder one is overdriven."""
MAX_CLIPPED: Final = 0.001
"""A clip with a larger share of samples at full scale counts as clipped."""
FULL_SCALE: Final = 32_767
SILENT_PEAK: Final = 100
"""A clip whose highest sample is lower than this (-50 dBFS) is silent: the microphone was off, or another one."""
SOUND_DBFS: Final = -45.0
"""RMS above which a window of `WINDOW_MS` counts as sound."""
WINDOW_MS: Final = 20


@dataclass(frozen=True, slots=True)
class Levels:
    """The levels of a clip: its RMS (dBFS), its highest sample, the share at full scale, and the seconds of sound."""

    dbfs: float
    peak: int
    clipped: float
    sound_s: float


def levels_of(pcm: bytes, sample_rate: int) -> Levels:
    """Measure signed 16-bit little-endian mono PCM. A piece at the end that is shorter than a window is left out."""
    samples = array("h", pcm)
    if sys.byteorder == "big":
        samples.byteswap()
    size = sample_rate * WINDOW_MS // 1000
    loud_energy = size * _amplitude(SOUND_DBFS) ** 2
    energy, peak, clipped, loud, count = 0, 0, 0, 0, 0
    for start in range(0, len(samples) - size + 1, size):
        window = samples[start : start + size]
        highest = max(map(abs, window))
        if highest >= FULL_SCALE:
            clipped += sum(1 for sample in window if abs(sample) >= FULL_SCALE)
        window_energy = sum(map(mul, window, window))
        loud += window_energy > loud_energy
        energy += window_energy
        peak = max(peak, highest)
        count += size
    if not count:
        return Levels(-math.inf, 0, 0.0, 0.0)
    rms = math.sqrt(energy / count)
    return Levels(20 * math.log10(rms / 32_768) if rms else -math.inf, peak, clipped / count, loud * WINDOW_MS / 1000)


def level_faults(levels: Levels) -> dict[str, str]:
    """What makes a clip with these levels unusable: ends of sentences that begin with the clip, by the kind of fault:
    "silent", "quiet", "loud", "clipped".
    """
    if levels.peak < SILENT_PEAK:
        advice = "check that the microphone is on, and that it is the right one"
        return {"silent": f"is silent, or too quiet to be heard: {advice}"}
    faults: dict[str, str] = {}
    if levels.dbfs < QUIETEST_DBFS:
        faults["quiet"] = f"is too quiet ({levels.dbfs:.0f} dBFS; at least {QUIETEST_DBFS:g} are needed)"
    if levels.dbfs > LOUDEST_DBFS:
        faults["loud"] = f"is too loud ({levels.dbfs:.0f} dBFS; at most {LOUDEST_DBFS:g} are allowed)"
    if levels.clipped > MAX_CLIPPED:
        faults["clipped"] = f"is clipped ({levels.clipped:.1%} of it at full scale): record it at a lower level"
    return faults


def _amplitude(dbfs: float) -> float:
    return 32_768 * 10 ** (dbfs / 20)
