"""Converts arbitrary-rate PCM or WAV chunks to 24 kHz PCM."""

from __future__ import annotations

import struct

import numpy as np
import soxr
from numpy.typing import NDArray

from tertulia_tts.engine import BYTES_PER_SAMPLE, SAMPLE_RATE
from tertulia_tts.silence_trimmer import SilenceTrimmer

MAX_HEADER_BYTES = 4096
"""Maximum length of a WAV header."""

_RIFF_BYTES = 12
_PCM = 1
_OTHERS = {b"ID3": "MP3", b"OggS": "Ogg", b"fLaC": "FLAC"}


class NotPCM(ValueError):
    """The stream is not 16-bit mono PCM; the message names its format."""


class PCMDecoder:
    """Converts signed 16-bit little-endian mono PCM, raw or WAV, to `SAMPLE_RATE`. Replaces its final silence by a gap.

    Some servers send WAV instead of raw PCM. Its header is removed, and the sample rate in it is used.
    """

    def __init__(self, sample_rate: int, gap_ms: int) -> None:
        self._rate = sample_rate
        self._trimmer = SilenceTrimmer(gap_ms)
        self._resampler: soxr.ResampleStream | None = None
        self._head = b""
        self._began = False
        self._odd = b""

    def feed(self, raw: bytes) -> bytes:
        """Convert a piece. Returns the samples that certainly belong to the speech.

        Raises:
            NotPCM: the stream has another format.
        """
        if not self._began:
            self._head += raw
            at = self._header_bytes(self._head)
            if at is None:
                return b""
            self._began = True
            raw, self._head = self._head[at:], b""
        raw = self._odd + raw
        whole = len(raw) - len(raw) % BYTES_PER_SAMPLE
        self._odd = raw[whole:]
        return self._convert(np.frombuffer(raw[:whole], "<i2"), last=False)

    def finish(self) -> bytes:
        """Return the remaining samples, and the gap."""
        rest = b"" if _has_header(self._head) else self._head
        whole = len(rest) - len(rest) % BYTES_PER_SAMPLE
        pcm = self._convert(np.frombuffer(rest[:whole], "<i2"), last=True)
        return pcm + self._trimmer.finish().tobytes()

    def _convert(self, samples: NDArray[np.int16], *, last: bool) -> bytes:
        if self._rate != SAMPLE_RATE:
            if self._resampler is None:
                # Use floats: soxr dithers int16 with a random seed, so results would differ.
                self._resampler = soxr.ResampleStream(self._rate, SAMPLE_RATE, 1, dtype="float32", quality="HQ")
            resampled = self._resampler.resample_chunk(samples.astype(np.float32), last=last)
            samples = np.rint(resampled).clip(-32768, 32767).astype("<i2")
        return self._trimmer.feed(samples).tobytes()

    def _header_bytes(self, head: bytes) -> int | None:
        """The length of the header; `None` while it is incomplete."""
        if len(head) < _RIFF_BYTES:
            return None
        for magic, name in _OTHERS.items():
            if head.startswith(magic):
                raise NotPCM(f"{name} instead of PCM; it must support response_format pcm")
        if not _has_header(head):
            return 0
        at = _RIFF_BYTES
        while at + 8 <= len(head):
            name, size = struct.unpack_from("<4sI", head, at)
            if name == b"data":
                return at + 8
            if name == b"fmt " and at + 24 <= len(head):
                tag, channels, self._rate, _, _, bits = struct.unpack_from("<HHIIHH", head, at + 8)
                if (tag, channels, bits) != (_PCM, 1, 16):
                    raise NotPCM(f"WAV of {channels} channels and {bits} bits instead of 16-bit mono PCM")
            at += 8 + size + size % 2
        if len(head) > MAX_HEADER_BYTES:
            raise NotPCM("a WAV file without sound")
        return None


def _has_header(head: bytes) -> bool:
    return head[:4] == b"RIFF" and head[8:12] == b"WAVE"
