"""Records received speech, and simulates its playback. The caller passes the time; the only I/O is the WAV file."""

from __future__ import annotations

import wave
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tertulia_cli.client.frames import Audio
from tertulia_cli.exit_codes import FAILED, Failure
from tertulia_shared.entries import SAMPLE_RATE_OUT

SAMPLE_BYTES: Final = 2
MAX_RECORDED_BYTES: Final = 512 * 1024 * 1024
"""The bound on recorded speech: three hours."""


class Recording:
    """The received speech, in order of arrival."""

    def __init__(self) -> None:
        self._pcm = bytearray()
        self._rate = SAMPLE_RATE_OUT

    @property
    def seconds(self) -> float:
        """The length of the speech."""
        return len(self._pcm) / SAMPLE_BYTES / self._rate

    def add(self, audio: Audio) -> None:
        """Append a frame."""
        self._rate = audio.sample_rate
        if len(self._pcm) < MAX_RECORDED_BYTES:
            self._pcm += audio.pcm

    def write(self, path: Path) -> None:
        """Write a WAV file (mono, 16 bit).

        Raises:
            Failure: the file cannot be written.
        """
        try:
            with path.open("wb") as file, wave.open(file) as out:
                out.setnchannels(1)
                out.setsampwidth(SAMPLE_BYTES)
                out.setframerate(self._rate)
                out.writeframes(bytes(self._pcm))
        except OSError as error:
            raise Failure(f"{path} cannot be written: {error.strerror}.", FAILED) from error


@dataclass(frozen=True, slots=True)
class Receipt:
    """A playback receipt: the message has been played up to the end of this chunk."""

    message_id: str
    sentence_index: int
    chunk_index: int
    played_ms: int


class Player:
    """Simulates gapless real-time playback; `now` is a monotonic time in seconds."""

    def __init__(self) -> None:
        self._until = 0.0
        """The time at which the last added frame ends."""
        self._waiting: deque[tuple[float, Receipt]] = deque()
        self._length_ms: dict[str, float] = {}

    def add(self, audio: Audio, now: float) -> None:
        """Queue a frame after those already queued."""
        seconds = len(audio.pcm) / SAMPLE_BYTES / audio.sample_rate
        self._until = max(self._until, now) + seconds
        length = self._length_ms.get(audio.message_id, 0.0) + seconds * 1000
        self._length_ms[audio.message_id] = length
        receipt = Receipt(audio.message_id, audio.sentence_index, audio.chunk_index, round(length))
        self._waiting.append((self._until, receipt))

    def flush(self) -> None:
        """Drop the frames that were not played."""
        self._until = 0.0
        self._waiting.clear()

    def played(self, now: float) -> list[Receipt]:
        """The newest receipt of each message played since the last call, in order."""
        newest: dict[str, Receipt] = {}
        while self._waiting and self._waiting[0][0] <= now:
            _, receipt = self._waiting.popleft()
            newest[receipt.message_id] = receipt
        return list(newest.values())

    @property
    def all_reported(self) -> bool:
        """True if `played` has returned receipts for all frames."""
        return not self._waiting

    def remaining(self, now: float) -> float:
        """Seconds of speech left to play."""
        return max(0.0, self._until - now) if self._waiting else 0.0
