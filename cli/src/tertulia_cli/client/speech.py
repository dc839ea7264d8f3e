"""Records received speech, and simulates its playback. The caller passes the time; the only I/O is the WAV file."""

from __future__ import annotations

import wave
from collections import deque
from dataclasses import dataclass, replace
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
    """A playback receipt: the message has been played up to the end of this chunk, and `next_samples` after it."""

    message_id: str
    sentence_index: int
    chunk_index: int
    played_ms: int
    next_samples: int = 0


@dataclass(frozen=True, slots=True)
class _Frame:
    """A frame that is not played yet, and the receipt for it. Times are monotonic, in seconds."""

    begins: float
    ends: float
    sample_rate: int
    receipt: Receipt


class Player:
    """Simulates gapless real-time playback; `now` is a monotonic time in seconds."""

    def __init__(self) -> None:
        self._until = 0.0
        """The time at which the last added frame ends."""
        self._waiting: deque[_Frame] = deque()
        self._length_ms: dict[str, float] = {}
        self._played: Receipt | None = None
        """The receipt of the last frame that was played to its end."""

    def add(self, audio: Audio, now: float) -> None:
        """Queue a frame after those already queued."""
        seconds = len(audio.pcm) / SAMPLE_BYTES / audio.sample_rate
        begins = max(self._until, now)
        self._until = begins + seconds
        length = self._length_ms.get(audio.message_id, 0.0) + seconds * 1000
        self._length_ms[audio.message_id] = length
        receipt = Receipt(audio.message_id, audio.sentence_index, audio.chunk_index, round(length))
        self._waiting.append(_Frame(begins, self._until, audio.sample_rate, receipt))

    def flush(self, now: float) -> list[Receipt]:
        """Drop what was not played. Returns the receipts since the last call of `played`, the last one to the sample
        at which playback stopped.
        """
        receipts = self.played(now)
        frame, last = self._waiting[0] if self._waiting else None, self._played
        if frame is not None and last is not None and last.message_id == frame.receipt.message_id:
            samples = int(max(0.0, now - frame.begins) * frame.sample_rate)
            played_ms = last.played_ms + samples * 1000 // frame.sample_rate
            receipts = [each for each in receipts if each.message_id != last.message_id]
            receipts.append(replace(last, played_ms=played_ms, next_samples=samples))
        self._until = 0.0
        self._waiting.clear()
        return receipts

    def played(self, now: float) -> list[Receipt]:
        """The newest receipt of each message played since the last call, in order."""
        newest: dict[str, Receipt] = {}
        while self._waiting and self._waiting[0].ends <= now:
            self._played = self._waiting.popleft().receipt
            newest[self._played.message_id] = self._played
        return list(newest.values())

    @property
    def all_reported(self) -> bool:
        """True if `played` has returned receipts for all frames."""
        return not self._waiting

    def remaining(self, now: float) -> float:
        """Seconds of speech left to play."""
        return max(0.0, self._until - now) if self._waiting else 0.0
