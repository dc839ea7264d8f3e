"""Converts a WAV file to microphone PCM: 16 kHz, 16 bit, mono.

It has its own parser, because `wave` of Python 3.11 refuses WAVE_FORMAT_EXTENSIBLE, which many programs write.
"""

from __future__ import annotations

import struct
import sys
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tertulia_cli.client.resampling import resampled
from tertulia_cli.exits import MISUSED, Failure
from tertulia_shared.entries import SAMPLE_RATE_IN

MIC_HZ: Final = SAMPLE_RATE_IN
MAX_FILE_BYTES: Final = 200 * 1024 * 1024
PCM, EXTENSIBLE = 1, 0xFFFE
MAX_CHANNELS: Final = 32
MIN_HZ, MAX_HZ = 4_000, 384_000


@dataclass(frozen=True, slots=True)
class Wav:
    """The format and samples of a file."""

    hz: int
    channels: int
    sample_bytes: int
    data: bytes


def read_speech(path: Path) -> bytes:
    """Read a file's sound as microphone PCM.

    Raises:
        Failure: the file cannot be read, or is not a PCM WAV.
    """
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise Failure(f"{path} is above {MAX_FILE_BYTES >> 20} MiB: cut it into pieces.", MISUSED)
        raw = path.read_bytes()
    except OSError as error:
        raise Failure(f"{path} cannot be read: {error.strerror}.", MISUSED) from error
    try:
        wav = parse(raw)
    except ValueError as error:
        raise Failure(
            f"{path} is not a PCM WAV file ({error}); convert it: "
            f"ffmpeg -i {path} -ac 1 -ar 16000 -c:a pcm_s16le out.wav",
            MISUSED,
        ) from error
    return as_bytes(resampled(mono(wav), wav.hz, MIC_HZ))


def as_bytes(samples: array[int]) -> bytes:
    """Samples as little-endian bytes."""
    if sys.byteorder == "big":
        samples = samples[:]
        samples.byteswap()
    return samples.tobytes()


def parse(raw: bytes) -> Wav:
    """Parse a RIFF/WAVE file.

    Raises:
        ValueError: the file is malformed or has an unsupported format.
    """
    if len(raw) < 12 or raw[:4] != b"RIFF" or raw[8:12] != b"WAVE":  # noqa: PLR2004 - the RIFF header's length
        raise ValueError("no RIFF/WAVE header")
    layout: tuple[int, int, int] | None = None
    for name, body in _chunks(raw):
        if name == b"fmt ":
            layout = _layout(body)
        elif name == b"data":
            if layout is None:
                raise ValueError("the data chunk comes before the format chunk")
            hz, channels, sample_bytes = layout
            whole = len(body) - len(body) % (channels * sample_bytes)
            if not whole:
                raise ValueError("it contains no sound")
            return Wav(hz, channels, sample_bytes, body[:whole])
    raise ValueError("it contains no sound")


def mono(wav: Wav) -> array[int]:
    """Convert to one channel of 16-bit samples: the mean of the channels, the upper 16 bits of each sample."""
    match wav.sample_bytes:
        case 1:
            samples = array("h", ((byte - 128) << 8 for byte in wav.data))  # 8-bit WAV is unsigned
        case 2:
            samples = array("h", wav.data)
            if sys.byteorder == "big":
                samples.byteswap()
        case width:
            upper = bytearray(len(wav.data) // width * 2)
            upper[0::2], upper[1::2] = wav.data[width - 2 :: width], wav.data[width - 1 :: width]
            samples = array("h", bytes(upper))
            if sys.byteorder == "big":
                samples.byteswap()
    if wav.channels == 1:
        return samples
    by_channel = [samples[channel :: wav.channels] for channel in range(wav.channels)]
    return array("h", (sum(frame) // wav.channels for frame in zip(*by_channel, strict=True)))


def _layout(body: bytes) -> tuple[int, int, int]:
    if len(body) < 16:  # noqa: PLR2004 - WAVEFORMAT's length
        raise ValueError("its format chunk is too short")
    tag, channels, hz, _, _, bits = struct.unpack_from("<HHIIHH", body)
    if tag == EXTENSIBLE and len(body) >= 26:  # noqa: PLR2004 - the sub-format begins at 24
        tag = struct.unpack_from("<H", body, 24)[0]
    if tag != PCM:
        raise ValueError(f"its samples have the format {tag}, not plain PCM")
    if bits not in (8, 16, 24, 32):
        raise ValueError(f"its samples have {bits} bits; 8, 16, 24 and 32 are supported")
    if not 1 <= channels <= MAX_CHANNELS or not MIN_HZ <= hz <= MAX_HZ:
        raise ValueError(f"it claims {channels} channels at {hz} Hz")
    return hz, channels, bits // 8


def _chunks(raw: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 12
    while at + 8 <= len(raw):
        size = int.from_bytes(raw[at + 4 : at + 8], "little")
        yield raw[at : at + 4], raw[at + 8 : at + 8 + size]  # if the recorder crashed, the size can exceed the file's
        at += 8 + size + size % 2
