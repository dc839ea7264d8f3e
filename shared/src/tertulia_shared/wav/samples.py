"""Decodes the samples of a WAV file to 16 bits, mixes channels to one, and writes WAV files."""

from __future__ import annotations

import io
import sys
import wave
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tertulia_shared.wav.header import Layout, is_chain_of_chunks, read_header

LOWEST, HIGHEST = -32_768, 32_767
CANCELLED: Final = 0.4
"""If the mean of the channels has less than this share of the loudest channel's energy, the channels cancel each other.
Equal channels give 1, independent ones 0.5, one silent channel of two 0.25, opposite phases 0."""
ENERGY_SAMPLES: Final = 200_000
"""Most samples of a channel that its energy is computed from."""


@dataclass(frozen=True, slots=True)
class Sound:
    """The layout and samples of a file; `data` has whole frames."""

    layout: Layout
    data: bytes


def parse(raw: bytes) -> Sound:
    """Parse a whole WAV file.

    Raises:
        ValueError: see `read_header`; or it contains no sound.
    """
    header = read_header(raw)
    if header is None:
        raise ValueError("it contains no sound")
    at, size, rest = header.at, header.size, len(raw) - header.at
    if size is None:
        size = 0 if is_chain_of_chunks(raw, at) else rest
    whole = min(size, rest) // header.layout.frame_bytes * header.layout.frame_bytes
    if not whole:
        raise ValueError("it contains no sound")
    return Sound(header.layout, raw[at : at + whole])


def decoded(layout: Layout, data: bytes) -> array[int]:
    """Samples of 16 bits, channels interleaved. Wider integers lose their lower bits; floats are clipped."""
    if layout.is_float:
        return _from_floats(_from_little_endian("f" if layout.sample_bytes == 4 else "d", data))  # noqa: PLR2004
    match layout.sample_bytes:
        case 1:
            return array("h", ((byte - 128) << 8 for byte in data))
        case 2:
            return _from_little_endian("h", data)
        case width:
            upper = bytearray(len(data) // width * 2)
            upper[0::2], upper[1::2] = data[width - 2 :: width], data[width - 1 :: width]
            return _from_little_endian("h", bytes(upper))


def mono(sound: Sound) -> array[int]:
    """One channel of 16-bit samples: the mean of the channels, or the loudest one if they cancel each other."""
    samples = decoded(sound.layout, sound.data)
    count = sound.layout.channels
    if count == 1:
        return samples
    channels = [samples[channel::count] for channel in range(count)]
    mean = array("h", (sum(frame) // count for frame in zip(*channels, strict=True)))
    loudest = max(channels, key=_energy)
    return loudest if _energy(mean) < CANCELLED * _energy(loudest) else mean


def as_bytes(samples: array[int]) -> bytes:
    """Samples as little-endian bytes."""
    if sys.byteorder == "big":
        samples = samples[:]
        samples.byteswap()
    return samples.tobytes()


def wav_file(pcm: bytes, hz: int) -> bytes:
    """A WAV file of signed 16-bit little-endian mono samples."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setparams((1, 2, hz, 0, "NONE", ""))
        file.writeframes(pcm)
    return out.getvalue()


def wav_stream_header(hz: int) -> bytes:
    """The header of a WAV file whose length is not known yet: its sizes are 0xFFFFFFFF. Samples as in `wav_file`."""
    header = wav_file(b"", hz)
    return header[:4] + _UNKNOWN_SIZE + header[8:-4] + _UNKNOWN_SIZE


_UNKNOWN_SIZE = b"\xff" * 4


def _from_little_endian(kind: str, data: bytes) -> array[int]:
    samples = array(kind, data)
    if sys.byteorder == "big":
        samples.byteswap()
    return samples


def _from_floats(samples: Sequence[float]) -> array[int]:
    return array(
        "h",
        (round(min(max(x * -LOWEST, LOWEST), HIGHEST)) if x == x else 0 for x in samples),  # noqa: PLR0124 - NaN
    )


def _energy(samples: array[int]) -> int:
    step = max(1, len(samples) // ENERGY_SAMPLES)
    return sum(x * x for x in samples[::step])
