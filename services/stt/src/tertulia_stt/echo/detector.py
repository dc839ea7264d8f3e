"""Decides whether the sound of an utterance is only the characters' voices, or also the user's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from tertulia_shared.bus import Bus
from tertulia_stt.band_powers import FRAME_MS
from tertulia_stt.barge_in import SoundSource
from tertulia_stt.echo.microphone import FRAME_SAMPLES, MicrophoneSound, Recording
from tertulia_stt.echo.path import Comparison, EchoPath, compare
from tertulia_stt.echo.played_sound import PlayedSound
from tertulia_stt.speech_sound import Sound, sound_of

CONTEXT_FRAMES: Final = 400
"""The last four seconds of the microphone are compared."""
MAX_EARLY_MS: Final = 300
"""The echo may come this much before the time that follows from the receipts, because receipts arrive late."""
MAX_LATE_MS: Final = 1_000
"""The echo may come this much after that time, because loudspeakers and microphones have buffers."""
USER_WINDOW: Final = 40
USER_FRAMES: Final = 10
"""The user speaks if this many of `USER_WINDOW` frames have another voice than the characters'. It is the length of a
short word, longer than a click. Sounds with a pause of `USER_WINDOW` between them are judged separately.
"""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whose voice is in an utterance.

    `user_from`: the sample at which the user begins to speak. `other_ms`: how long another voice than the characters'
    was heard, even if that is too short to count as the user. `sound`: the kind of the user's sound; None if unknown.
    """

    source: SoundSource
    user_from: int = 0
    other_ms: int = 0
    sound: Sound | None = None


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
        """Examine the utterance between two samples. Call `played.read_receipts` first."""
        recording = self.microphone.until(until, CONTEXT_FRAMES)
        if recording is None:
            return UNKNOWN
        frames = len(recording.powers)
        start_ms = recording.start_ms - MAX_LATE_MS
        count = frames + (MAX_LATE_MS + MAX_EARLY_MS) // FRAME_MS
        await self.played.read_sound(start_ms + count * FRAME_MS)
        played = self.played.powers(start_ms, count)
        compared = compare(recording.powers, played, self._path)
        if compared.path is None:
            is_played = bool(played.any())
            self._has_none = self._has_none or (is_played and not compared.is_early)
            is_undecided = is_played and not self._has_none
            sound = sound_of(recording.powers[_first_frame(recording, begun) :])
            return Verdict(SoundSource.UNDECIDED if is_undecided else SoundSource.UNKNOWN, sound=sound)
        self._path, self._has_none = compared.path, False
        return verdict(compared, recording, begun)


def verdict(compared: Comparison, recording: Recording, begun: int) -> Verdict:
    """The verdict about the utterance that began at a sample."""
    first, other = _first_frame(recording, begun), compared.other
    voiced = np.flatnonzero(other[first:]) + first
    other_ms = len(voiced) * FRAME_MS
    sounds = np.split(voiced, np.flatnonzero(np.diff(voiced) >= USER_WINDOW) + 1)
    for frames in reversed(sounds):  # only the last sound counts, because an earlier one may be a cough
        for start, end in zip(frames, frames[USER_FRAMES - 1 :], strict=False):
            if end - start < USER_WINDOW:
                user_from = recording.first_sample + int(start) * FRAME_SAMPLES
                sound = sound_of(compared.rest[start:], other[start:])
                return Verdict(SoundSource.USER, user_from, other_ms, sound)
    return Verdict(SoundSource.ECHO, other_ms=other_ms)


def _first_frame(recording: Recording, sample: int) -> int:
    return max(0, (sample - recording.first_sample) // FRAME_SAMPLES)
