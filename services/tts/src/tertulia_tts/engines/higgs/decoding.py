"""From frames of codes, as they come, to PCM, as early as it is final."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from tertulia_tts.engines.higgs.codes import Codes
from tertulia_tts.engines.higgs.windows import Window, WindowPlan

SAMPLES_A_FRAME = 960

SILENT_RMS = 10 ** (-50 / 20)
"""A frame below this has nothing in it that one would hear as speech: -50 dBFS."""

MAX_PAUSE_FRAMES = 38
"""1.5 s: no pause within a sentence is longer. The model is known to run on in silence."""

MAX_LEAD_FRAMES = 100
"""4 s before the first sound."""

Decode = Callable[[Codes], NDArray[np.float32]]
"""Frames `(codebooks, n)` to samples `(n * 960,)`, -1 to 1."""


class FrameDecoder:
    """Takes the frames of one utterance, one at a time, and gives signed 16-bit PCM."""

    def __init__(self, decode: Decode) -> None:
        self._decode = decode
        self._plan = WindowPlan()
        self._frames: list[Codes] = []
        self._silent = 0
        self._heard = False

    @property
    def fell_silent(self) -> bool:
        """Whether there has been silence for so long that nothing is to be expected any more."""
        return self._silent >= (MAX_PAUSE_FRAMES if self._heard else MAX_LEAD_FRAMES)

    def feed(self, frame: Codes) -> NDArray[np.int16]:
        """The PCM that this frame makes certain; often none."""
        self._frames.append(frame)
        window = self._plan.after(len(self._frames))
        return np.empty(0, np.int16) if window is None else self._sound(window)

    def finish(self) -> Iterator[NDArray[np.int16]]:
        """The rest, up to a second at a time."""
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
