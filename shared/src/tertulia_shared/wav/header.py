"""Reads a WAV file's header: the layout of the samples, and where they are.

Recorders leave headers that are wrong. Accepted are: a data size of 0 or 0xFFFFFFFF (written to a pipe, or the program
crashed), a data size above the file's, an odd chunk without its padding byte, RF64 and BW64 (above 4 GiB).
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from typing import Final

PCM, FLOAT, EXTENSIBLE = 1, 3, 0xFFFE
MAX_CHANNELS: Final = 32
MIN_HZ, MAX_HZ = 4_000, 384_000

_RIFF_BYTES: Final = 12
_HEADS: Final = (b"RIFF", b"RF64", b"BW64")
_UNKNOWN_SIZE: Final = 0xFFFF_FFFF
_ID: Final = re.compile(rb"[ -~]{4}")
_UNPADDED: Final = (b"data", b"fmt ", b"LIST", b"fact", b"bext", b"cue ", b"id3 ", b"ID3 ")
"""Chunks that are recognized directly after an odd chunk whose writer forgot the padding byte."""
_CODECS: Final = {
    0x0002: "ADPCM", 0x0006: "A-law", 0x0007: "µ-law", 0x0011: "IMA ADPCM", 0x0031: "GSM 6.10", 0x0040: "G.721 ADPCM",
    0x0050: "MPEG audio", 0x0055: "MP3", 0x00FF: "AAC", 0x0161: "Windows Media Audio", 0x674F: "Vorbis", 0x704F: "Opus",
    0xF1AC: "FLAC",
}  # fmt: skip
_OTHER_FILES: Final = (
    (rb"fLaC", "FLAC"),
    (rb"OggS", "Ogg"),
    (rb"ID3|\xff[\xe2-\xe7\xf2-\xf7\xfa-\xff]", "MP3"),
    (rb"\xff[\xf0\xf1\xf8\xf9]", "AAC"),
    (rb"....ftyp", "MP4 or M4A"),
    (rb"\x1aE\xdf\xa3", "WebM or Matroska"),
    (rb"FORM....AIF", "AIFF"),
    (rb"caff", "Core Audio"),
    (rb"\.snd", "AU"),
    (rb"RIFX", "big-endian WAV (RIFX)"),
    (rb"riff\x2e\x91", "Wave64"),
    (rb"RIFF....AVI ", "AVI"),
    (rb"\x30\x26\xb2\x75", "Windows Media"),
)


@dataclass(frozen=True, slots=True)
class Layout:
    """How samples are stored: little-endian integers (of one byte: unsigned) or floats, channels interleaved."""

    hz: int
    channels: int
    sample_bytes: int
    is_float: bool = False

    @property
    def frame_bytes(self) -> int:
        """The bytes of one sample of every channel."""
        return self.channels * self.sample_bytes


@dataclass(frozen=True, slots=True)
class Header:
    """A file's header. `at`: offset of the first sample. `size`: bytes of all samples; `None` if the file lacks it."""

    layout: Layout
    at: int
    size: int | None


def file_kind(raw: bytes) -> str:
    """The name of another audio format that these first bytes belong to; "" if they are WAV or unknown."""
    return next((name for magic, name in _OTHER_FILES if re.match(magic, raw, re.DOTALL)), "")


def read_header(raw: bytes) -> Header | None:
    """Read the header at the beginning of `raw`; `None` if `raw` ends before the first sample.

    Raises:
        ValueError: it is no WAV file, is malformed, or its samples have an unsupported format, which is named.
    """
    if raw[:4] not in _HEADS or raw[8:_RIFF_BYTES] != b"WAVE":
        kind = file_kind(raw)
        raise ValueError(f"it is a file of another format: {kind}" if kind else "no RIFF/WAVE header")
    layout: Layout | None = None
    large_size: int | None = None
    at = _RIFF_BYTES
    while at + 8 <= len(raw):
        name, size = struct.unpack_from("<4sI", raw, at)
        at += 8
        if name == b"ds64" and at + 16 <= len(raw):
            large_size = int.from_bytes(raw[at + 8 : at + 16], "little")
        elif name == b"fmt ":
            if at + size > len(raw):
                return None
            layout = _layout(raw[at : at + size])
        elif name == b"data":
            if layout is None:
                raise ValueError("the data chunk comes before the format chunk")
            return Header(layout, at, (large_size if size == _UNKNOWN_SIZE else size) or None)
        at = _after_chunk(raw, at + size, odd=size % 2 == 1)
    return None


def is_chain_of_chunks(raw: bytes, at: int) -> bool:
    """True if whole chunks fill `raw` from `at` to its end."""
    while at + 8 <= len(raw) and _ID.match(raw, at):
        size = int.from_bytes(raw[at + 4 : at + 8], "little")
        at += 8 + size + size % 2
    return at in (len(raw), len(raw) + 1)  # the last padding byte may be missing


def _sample_bytes(frame_bytes: int, channels: int, bits: int) -> int:
    """The bytes of one sample; 0 if they cannot be determined.

    They follow from the frame size if it fits the number of bits (20 bits in 3 bytes, 24 bits in 4 bytes), otherwise
    from the number of bits.
    """
    width, rest = divmod(frame_bytes, channels)
    if not rest and (0 <= width * 8 - bits < 8 or (width == 4 and 16 < bits <= 32)):  # noqa: PLR2004
        return width
    return bits // 8 if bits % 8 == 0 else 0


def _after_chunk(raw: bytes, end: int, *, odd: bool) -> int:
    return end + (odd and raw[end : end + 4] not in _UNPADDED)


def _layout(body: bytes) -> Layout:
    if len(body) < 16:  # noqa: PLR2004 - WAVEFORMAT's length
        raise ValueError("its format chunk is too short")
    tag, channels, hz, _, frame_bytes, bits = struct.unpack_from("<HHIIHH", body)
    if tag == EXTENSIBLE and len(body) >= 26:  # noqa: PLR2004 - the sub-format begins at 24
        tag = struct.unpack_from("<H", body, 24)[0]
    if tag not in (PCM, FLOAT):
        codec = _CODECS.get(tag, f"format {tag}")
        raise ValueError(f"its samples are compressed as {codec}; plain PCM and floating point are supported")
    if not 1 <= channels <= MAX_CHANNELS or not MIN_HZ <= hz <= MAX_HZ:
        raise ValueError(f"it claims {channels} channels at {hz} Hz")
    sample_bytes = _sample_bytes(frame_bytes, channels, bits)
    if sample_bytes not in ((4, 8) if tag == FLOAT else (1, 2, 3, 4)):
        kinds = "floating point has 32 or 64" if tag == FLOAT else "PCM has 8, 16, 24 or 32"
        raise ValueError(f"its samples have {bits} bits; {kinds}")
    return Layout(hz, channels, sample_bytes, tag == FLOAT)
