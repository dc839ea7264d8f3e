"""Reads WAV files of every common kind as 16-bit samples, and writes the simplest kind. Pure.

It is written by hand: `wave` of Python 3.11 refuses WAVE_FORMAT_EXTENSIBLE and floats, and a library (libsndfile) would
need a native package in every image only for this.
"""

from tertulia_shared.wav.header import Header, Layout, read_header
from tertulia_shared.wav.samples import Sound, as_bytes, decoded, mono, parse, wav_file, wav_stream_header

__all__ = [
    "Header",
    "Layout",
    "Sound",
    "as_bytes",
    "decoded",
    "mono",
    "parse",
    "read_header",
    "wav_file",
    "wav_stream_header",
]
