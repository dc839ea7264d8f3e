"""The port of the model. `boson_model` implements it; tests use a scripted model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tertulia_shared.voice_files import VoiceFiles
from tertulia_tts.engines.higgs.delay_pattern import Codes


class OutOfMemory(Exception):
    """The device has no memory left. Another try may succeed later."""


class DeviceLost(Exception):
    """The device is in a state from which only a new process recovers."""


@dataclass(frozen=True, slots=True)
class ClonedVoice:
    """A voice that the model can imitate: its files, and the codes `(codebooks, frames)` of its clip."""

    files: VoiceFiles
    codes: Codes


class SpeechModel(Protocol):
    """A loaded model. Its methods block, and are called on the thread that loaded it."""

    @property
    def codebooks(self) -> int: ...

    @property
    def fingerprint(self) -> str:
        """Identifies the weights of the codec. Codes made with other weights are not valid."""
        ...

    def encode(self, voice: VoiceFiles) -> Codes:
        """Encode a voice's clip to codes `(codebooks, frames)`."""
        ...

    def generate(
        self, voice: ClonedVoice, text: str, seed: int, max_frames: int, on_column: Callable[[Codes], bool]
    ) -> None:
        """Generate speech. `on_column` is called with the column `(codebooks,)` of each step, until the speech ends,
        `max_frames` is reached, or `on_column` returns false.

        Raises:
            OutOfMemory, DeviceLost: the device failed.
        """
        ...

    def decode(self, codes: Codes) -> NDArray[np.float32]:
        """Decode frames `(codebooks, n)` to samples `(n * 960,)` at 24 kHz.

        Raises:
            OutOfMemory, DeviceLost: the device failed.
        """
        ...

    def free(self) -> None:
        """Release cached memory."""
        ...


Load = Callable[[], SpeechModel]
"""Load the model. Raises `EngineUnavailable`."""
