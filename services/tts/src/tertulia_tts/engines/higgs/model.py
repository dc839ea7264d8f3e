"""What the engine needs of the model. The real one is `boson`; tests have a scripted one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tertulia_shared.voice_files import VoiceFiles
from tertulia_tts.engines.higgs.codes import Codes


class OutOfMemory(Exception):
    """The device has no memory left for this; it may have again."""


class DeviceLost(Exception):
    """The device is in a state that only a new process gets it out of."""


@dataclass(frozen=True, slots=True)
class ClonedVoice:
    """A voice as the model is told it: its files, and its clip in codes `(codebooks, frames)`."""

    files: VoiceFiles
    codes: Codes


class SpeechModel(Protocol):
    """Blocking, and of one thread: whoever loaded it calls it."""

    @property
    def codebooks(self) -> int: ...

    @property
    def fingerprint(self) -> str:
        """What of the codec its codes depend on: equal for equal weights."""
        ...

    def encode(self, voice: VoiceFiles) -> Codes:
        """A voice's clip in codes `(codebooks, frames)`."""
        ...

    def generate(
        self, voice: ClonedVoice, text: str, seed: int, max_frames: int, on_column: Callable[[Codes], bool]
    ) -> None:
        """Speak: one column `(codebooks,)` a step, until the end, `max_frames` or `on_column` being false.

        Raises:
            OutOfMemory, DeviceLost: see there.
        """
        ...

    def decode(self, codes: Codes) -> NDArray[np.float32]:
        """Frames `(codebooks, n)` to samples `(n * 960,)` at 24 kHz.

        Raises:
            OutOfMemory, DeviceLost: see there.
        """
        ...

    def free(self) -> None:
        """Give memory back that is only kept for later."""
        ...


Load = Callable[[], SpeechModel]
"""Raises `EngineUnavailable`."""
