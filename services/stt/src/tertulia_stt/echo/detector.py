"""Tells for an utterance whether the microphone has recorded only the characters' voices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from tertulia_shared.bus import Bus
from tertulia_stt.barge_in import SoundSource
from tertulia_stt.echo.bands import FRAME_MS
from tertulia_stt.echo.microphone import FRAME_SAMPLES, MicrophoneSound, Recording
from tertulia_stt.echo.path import EchoPath, Frames, compare
from tertulia_stt.echo.played_sound import PlayedSound

CONTEXT_FRAMES: Final = 400
"""The last four seconds of the microphone are compared."""
MAX_EARLY_MS: Final = 300
"""The echo may come this much before the time that the receipts say: receipts arrive late."""
MAX_LATE_MS: Final = 1_000
"""The echo may come this much later: loudspeakers and microphones have buffers."""
USER_WINDOW: Final = 40
USER_FRAMES: Final = 10
"""The user speaks if so many of `USER_WINDOW` frames have another voice: a short word, but longer than a click."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whose voice an utterance has. `user_from`, `user_until`: the samples between which the user speaks."""

    source: SoundSource
    user_from: int = 0
    user_until: int = 0


UNKNOWN: Final = Verdict(SoundSource.UNKNOWN)


class EchoDetector:
    """Compares the microphone of one session with the sound that its client plays."""

    def __init__(self, bus: Bus, conversation_id: str) -> None:
        self.microphone = MicrophoneSound()
        self.played = PlayedSound(bus, conversation_id)
        self._path: EchoPath | None = None
        self._has_none = False
        """True if the microphone did not record the loudspeaker when both were compared last."""

    async def examine(self, begun: int, until: int) -> Verdict:
        """Examine the utterance between two samples. Call `played.read_receipts` before."""
        recording = self.microphone.until(until, CONTEXT_FRAMES)
        if recording is None:
            return UNKNOWN
        frames = len(recording.powers)
        start_ms = recording.start_ms - MAX_LATE_MS
        count = frames + (MAX_LATE_MS + MAX_EARLY_MS) // FRAME_MS
        await self.played.read_sound(start_ms + count * FRAME_MS)
        compared = compare(recording.powers, self.played.powers(start_ms, count), self._path)
        if compared.path is None:
            self._has_none = self._has_none or not compared.is_early
            return UNKNOWN if self._has_none else Verdict(SoundSource.UNDECIDED)
        self._path, self._has_none = compared.path, False
        return verdict(compared.other, recording, begun)


def verdict(other: Frames, recording: Recording, begun: int) -> Verdict:
    """The verdict about the utterance that began at a sample. `other`: the frames with another voice."""
    first = max(0, (begun - recording.first_sample) // FRAME_SAMPLES)
    voiced = np.flatnonzero(other[first:]) + first
    for start, end in zip(voiced, voiced[USER_FRAMES - 1 :], strict=False):
        if end - start < USER_WINDOW:
            user_from, user_until = (recording.first_sample + int(at) * FRAME_SAMPLES for at in (start, voiced[-1] + 1))
            return Verdict(SoundSource.USER, user_from, user_until)
    return Verdict(SoundSource.ECHO)
