"""Decodes frames of codes to PCM, as soon as later frames cannot change the PCM any more."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from tertulia_tts.engines.higgs.decode_windows import Window, WindowPlan
from tertulia_tts.engines.higgs.delay_pattern import Codes

SAMPLES_A_FRAME = 960

SILENT_RMS = 10 ** (-50 / 20)
"""A frame whose level is lower contains no audible speech: -50 dBFS."""

MAX_PAUSE_FRAMES = 38
"""An utterance is ended after this many frames of silence: 1.5 s, longer than any pause within a sentence."""

MAX_LEAD_FRAMES = 100
"""An utterance is ended after this many frames of silence before its first sound: 4 s."""

Decode = Callable[[Codes], NDArray[np.float32]]
"""Decodes frames `(codebooks, n)` to samples `(n * 960,)`, -1 to 1."""


class FrameDecoder:
    """Decodes the frames of one utterance, one at a time, to signed 16-bit PCM."""

    def __init__(self, decode: Decode) -> None:
        self._decode = decode
        self._plan = WindowPlan()
        self._frames: list[Codes] = []
        self._silent = 0
        self._heard = False

    @property
    def fell_silent(self) -> bool:
        """True if the current silence is so long that no more speech is expected."""
        return self._silent >= (MAX_PAUSE_FRAMES if self._heard else MAX_LEAD_FRAMES)

    def feed(self, frame: Codes) -> NDArray[np.int16]:
        """Add a frame. Returns the PCM that is now final; it is often empty."""
        self._frames.append(frame)
        window = self._plan.after(len(self._frames))
        return np.empty(0, np.int16) if window is None else self._sound(window)

    def finish(self) -> Iterator[NDArray[np.int16]]:
        """Yield the remaining PCM, in pieces of up to a second."""
        while (window := self._plan.rest(len(self._frames))) is not None:
            yield self._sound(window)

    def _sound(self, window: Window) -> NDArray[np.int16]:
        frames = self._frames[window.begin : window.end] + self._frames[-1:] * window.padding
        decoded = self._decode(np.stack(frames, axis=1))
        keep = slice(
            (window.first - window.begin) * SAMPLES_A_FRAME,
            (window.last - window.begin) * SAMPLES_A_FRAME,
        )
        samples = decoded[keep]
        for rms in np.sqrt(np.mean(samples.reshape(-1, SAMPLES_A_FRAME) ** 2, axis=1)):
            if rms < SILENT_RMS:
                self._silent += 1
            else:
                self._heard, self._silent = True, 0
        return np.rint(samples * 32767).clip(-32768, 32767).astype("<i2")
