"""Converts a stream of PCM or WAV with any sample rate to 24 kHz PCM."""

from __future__ import annotations

from typing import Final

import numpy as np
import soxr
from numpy.typing import NDArray

from tertulia_shared.wav import Layout, decoded, read_header
from tertulia_shared.wav.header import file_kind
from tertulia_tts.engine import BYTES_PER_SAMPLE, SAMPLE_RATE
from tertulia_tts.silence_trimmer import SilenceTrimmer

MAX_HEADER_BYTES: Final = 65_536
"""Maximum length of a WAV header. Some servers write a long LIST chunk before the samples."""

_RIFF_BYTES = 12


class NotPCM(ValueError):
    """The stream is not PCM. The message names its format."""


class PCMDecoder:
    """Converts signed 16-bit little-endian mono PCM, or WAV, to `SAMPLE_RATE`. Replaces the silence at the end by a gap
    of a fixed length.

    Some servers send WAV instead of raw PCM. Its header gives the sample rate and the sample format; RIFF chunks after
    the samples are dropped. If there are several channels, the first is used, because a speech server sends the same
    voice in each channel.
    """

    def __init__(self, sample_rate: int, gap_ms: int) -> None:
        self._layout = Layout(sample_rate, 1, BYTES_PER_SAMPLE)
        self._trimmer = SilenceTrimmer(gap_ms)
        self._resampler: soxr.ResampleStream | None = None
        self._head = b""
        self._began = False
        self._left: int | None = None
        """How many bytes of samples are still to come. `None`: all bytes up to the end of the stream are samples."""
        self._part = b""
        """The bytes of a frame (one sample per channel) that is not complete yet."""

    def feed(self, raw: bytes) -> bytes:
        """Convert a piece of the stream. Returns the samples that certainly belong to the speech; silence is kept back
        until speech follows.

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
        if self._left is not None:
            raw = raw[: self._left]
            self._left -= len(raw)
        return self._convert(self._samples(raw), last=False)

    def finish(self) -> bytes:
        """Return the remaining samples and the gap."""
        rest = b"" if _has_header(self._head) else self._head
        return self._convert(self._samples(rest), last=True) + self._trimmer.finish().tobytes()

    def _samples(self, raw: bytes) -> NDArray[np.int16]:
        """Return the samples of the first channel. An incomplete frame is kept for the next call."""
        raw = self._part + raw
        whole = len(raw) - len(raw) % self._layout.frame_bytes
        self._part = raw[whole:]
        if (self._layout.sample_bytes, self._layout.is_float) == (BYTES_PER_SAMPLE, False):
            samples = np.frombuffer(raw[:whole], "<i2")
        else:
            samples = np.array(decoded(self._layout, raw[:whole]), np.int16)
        return samples[:: self._layout.channels]

    def _convert(self, samples: NDArray[np.int16], *, last: bool) -> bytes:
        if self._layout.hz != SAMPLE_RATE:
            if self._resampler is None:
                # Use floats, because soxr dithers int16 with a random seed, so that equal input would give different
                # output.
                self._resampler = soxr.ResampleStream(self._layout.hz, SAMPLE_RATE, 1, dtype="float32", quality="HQ")
            resampled = self._resampler.resample_chunk(samples.astype(np.float32), last=last)
            samples = np.rint(resampled).clip(-32768, 32767).astype("<i2")
        return self._trimmer.feed(samples).tobytes()

    def _header_bytes(self, head: bytes) -> int | None:
        """The length of the WAV header; `None` while the header is incomplete."""
        if len(head) < _RIFF_BYTES:
            return None
        if not _has_header(head):
            if kind := _unmistakable_kind(head):
                raise NotPCM(f"{kind} instead of PCM; it must support response_format pcm")
            return 0
        try:
            header = read_header(head)
        except ValueError as error:
            raise NotPCM(f"a WAV file that cannot be used: {error}") from error
        if header is None:
            if len(head) > MAX_HEADER_BYTES:
                raise NotPCM("a WAV file without sound")
            return None
        self._layout, self._left = header.layout, header.size
        return header.at


def _has_header(head: bytes) -> bool:
    return head[:4] in (b"RIFF", b"RF64") and head[8:12] == b"WAVE"


def _unmistakable_kind(head: bytes) -> str:
    """The name of the file format, if the bytes certainly belong to another format than PCM; else "". Only magic words
    are checked, because silent samples can look like MPEG frames.
    """
    return file_kind(head) if head[:1] != b"\xff" else ""
