"""Sound in tests: a WAV in the frames of a microphone; length and loudness of PCM."""

from __future__ import annotations

import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from tertulia_shared.entries import SAMPLE_RATE_IN, SAMPLE_RATE_OUT

FIXTURES = Path(__file__).parent.parent / "fixtures"
FRAME_MS = 100


def microphone(name: str, *, silence_ms: int = 0) -> Iterator[bytes]:
    """The frames of a WAV in tests/fixtures (16 kHz s16le mono, 100 ms each), followed by silence."""
    yield from frames(recording(name) + silence(silence_ms))


def recording(name: str) -> bytes:
    """The PCM of a WAV in tests/fixtures (16 kHz s16le mono)."""
    with wave.open(str(FIXTURES / name)) as file:
        assert (file.getframerate(), file.getsampwidth(), file.getnchannels()) == (SAMPLE_RATE_IN, 2, 1)
        return file.readframes(file.getnframes())


def silence(duration_ms: int) -> bytes:
    """Silent PCM of a microphone with this duration."""
    return bytes(SAMPLE_RATE_IN * duration_ms // 1000 * 2)


def with_pause(pcm: bytes, at_s: float, pause_ms: int) -> bytes:
    """The PCM of a microphone with a silent pause inserted at this time."""
    at = round(at_s * SAMPLE_RATE_IN) * 2
    return pcm[:at] + silence(pause_ms) + pcm[at:]


def frames(pcm: bytes) -> Iterator[bytes]:
    """PCM of a microphone in frames of 100 ms."""
    size = SAMPLE_RATE_IN * FRAME_MS // 1000 * 2
    for at in range(0, len(pcm), size):
        yield pcm[at : at + size]


def seconds(pcm: bytes | bytearray) -> float:
    """The length of PCM (24 kHz s16le mono)."""
    return len(pcm) / 2 / SAMPLE_RATE_OUT


def loudness(pcm: bytes | bytearray) -> float:
    """Root mean square, 0..1."""
    samples = np.frombuffer(bytes(pcm), dtype="<i2").astype(np.float64) / 32768
    return float(np.sqrt(np.mean(samples**2))) if samples.size else 0.0
