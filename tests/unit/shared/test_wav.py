"""WAV files of every kind that recorders write."""

from __future__ import annotations

import contextlib
import io
import math
import struct
import wave
from array import array
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertulia_shared.wav import Layout, as_bytes, decoded, mono, parse, read_header

UNKNOWN = 0xFFFF_FFFF
GUID_TAIL = bytes.fromhex("000000001000800000aa00389b71")


def chunk(name: bytes, data: bytes, size: int | None = None) -> bytes:
    size = len(data) if size is None else size
    return name + size.to_bytes(4, "little") + data + b"\0" * (len(data) % 2)


def riff(*chunks: bytes, head: bytes = b"RIFF", size: int | None = None) -> bytes:
    body = b"".join(chunks)
    return head + (4 + len(body) if size is None else size).to_bytes(4, "little") + b"WAVE" + body


def format_of(
    *, hz: int = 16_000, channels: int = 1, bits: int = 16, tag: int = 1, frame_bytes: int | None = None
) -> bytes:
    frame_bytes = channels * bits // 8 if frame_bytes is None else frame_bytes
    return chunk(b"fmt ", struct.pack("<HHIIHH", tag, channels, hz, hz * frame_bytes, frame_bytes, bits))


def extensible(*, bits: int = 16, valid_bits: int = 16, sub_format: int = 1) -> bytes:
    body = struct.pack("<HHIIHHHHIH", 0xFFFE, 1, 16_000, 16_000, bits // 8, bits, 22, valid_bits, 4, sub_format)
    return chunk(b"fmt ", body + GUID_TAIL)


def sine(hz: int, amplitude: float = 10_000, frequency: float = 440, seconds: float = 0.1) -> list[int]:
    return [round(amplitude * math.sin(2 * math.pi * frequency * i / hz)) for i in range(int(hz * seconds))]


def stereo(left: Sequence[int], right: Sequence[int]) -> bytes:
    data = array("h", (x for frame in zip(left, right, strict=True) for x in frame)).tobytes()
    return riff(format_of(channels=2), chunk(b"data", data))


def samples_of(raw: bytes) -> list[int]:
    return list(mono(parse(raw)))


@pytest.mark.parametrize(
    ("form", "data"),
    [
        (format_of(bits=8), b"\x80\xc0\x00"),
        (format_of(bits=16), b"\0\0\0\x40\0\x80"),
        (format_of(bits=24), b"\7\0\0\7\0\x40\7\0\x80"),
        (format_of(bits=32), b"\7\7\0\0\7\7\0\x40\7\7\0\x80"),
        (format_of(bits=12, frame_bytes=2), b"\0\0\0\x40\0\x80"),
        (format_of(bits=20, frame_bytes=3), b"\7\0\0\7\0\x40\7\0\x80"),
        (format_of(bits=24, frame_bytes=4), b"\7\7\0\0\7\7\0\x40\7\7\0\x80"),
        (format_of(bits=16, frame_bytes=0), b"\0\0\0\x40\0\x80"),
        (format_of(bits=32, tag=3), struct.pack("<3f", 0, 0.5, -1)),
        (format_of(bits=64, tag=3), struct.pack("<3d", 0, 0.5, -1)),
        (extensible(), b"\0\0\0\x40\0\x80"),
        (extensible(bits=32, valid_bits=24), b"\7\7\0\0\7\7\0\x40\7\7\0\x80"),
        (extensible(bits=32, valid_bits=32, sub_format=3), struct.pack("<3f", 0, 0.5, -1)),
    ],
)
def test_samples_of_any_width_become_16_bit(form: bytes, data: bytes) -> None:
    assert samples_of(riff(form, chunk(b"data", data))) == [0, 16_384, -32_768]


def test_floats_beyond_full_scale_are_clipped_and_nan_is_silence() -> None:
    data = struct.pack("<5f", 2, -2, math.nan, math.inf, -math.inf)
    assert samples_of(riff(format_of(bits=32, tag=3), chunk(b"data", data))) == [
        32_767, -32_768, 0, 32_767, -32_768,
    ]  # fmt: skip


DATA = struct.pack("<4h", 1, 2, 3, 4)


@pytest.mark.parametrize(
    "raw",
    [
        riff(format_of(), chunk(b"data", DATA, size=0)),
        riff(format_of(), chunk(b"data", DATA, size=UNKNOWN), size=UNKNOWN),
        riff(format_of(), chunk(b"data", DATA, size=0), size=0),
        riff(format_of(), chunk(b"data", DATA, size=5_000)),
        riff(format_of(), chunk(b"LIST", b"INFOISFT\5\0\0\0Lavf\0\0"), chunk(b"data", DATA, size=UNKNOWN)),
        riff(chunk(b"JUNK", b"x" * 28), format_of(), chunk(b"odd ", b"x"), chunk(b"data", DATA)),
        riff(format_of(), b"odd \1\0\0\0x", chunk(b"data", DATA)),
        riff(format_of(), chunk(b"data", DATA), chunk(b"LIST", b"data after the sound")),
        riff(chunk(b"ds64", struct.pack("<QQQI", 0, 8, 4, 0)), format_of(), chunk(b"data", DATA, size=UNKNOWN),
             chunk(b"LIST", b"more"), head=b"RF64", size=UNKNOWN),
        riff(chunk(b"ds64", bytes(28)), format_of(), chunk(b"data", DATA, size=UNKNOWN), head=b"BW64", size=UNKNOWN),
        riff(format_of(), chunk(b"data", DATA)) + b"\0",
        riff(format_of(), chunk(b"data", DATA + b"\5")),
    ],
    ids=[
        "size 0", "size unknown", "all sizes 0", "size above the file's", "LIST before data", "JUNK and an odd chunk",
        "odd chunk without padding", "LIST after data", "RF64", "BW64 without sizes", "a byte too many",
        "half a sample",
    ],
)  # fmt: skip
def test_samples_are_found_despite_wrong_sizes_and_other_chunks(raw: bytes) -> None:
    assert samples_of(raw) == [1, 2, 3, 4]


@pytest.mark.parametrize("length", range(1, 9))
def test_truncated_file_is_read_up_to_its_last_whole_sample(length: int) -> None:
    raw = riff(format_of(), chunk(b"data", DATA))
    if length < 2:
        with pytest.raises(ValueError, match="no sound"):
            parse(raw[: -8 + length])
    else:
        assert samples_of(raw[: len(raw) - 8 + length]) == [1, 2, 3, 4][: length // 2]


def test_equal_channels_are_mixed_without_loss() -> None:
    tone = sine(16_000)
    assert samples_of(stereo(tone, tone)) == tone


@pytest.mark.parametrize("share", [0.99, 0.8, 0.5])
def test_channels_of_opposite_phase_give_the_louder_channel(share: float) -> None:
    left, right = sine(16_000), sine(16_000, -10_000 * share)
    assert samples_of(stereo(left, right)) == left
    assert samples_of(stereo(right, left)) == left


def test_silent_channel_does_not_halve_the_sound() -> None:
    tone = sine(16_000)
    assert samples_of(stereo([0] * len(tone), tone)) == tone


def test_two_different_channels_become_their_mean() -> None:
    left, right = sine(16_000), sine(16_000, frequency=700)
    assert samples_of(stereo(left, right)) == [(a + b) // 2 for a, b in zip(left, right, strict=True)]


def test_six_channels_become_their_mean() -> None:
    data = struct.pack("<12h", 60, 0, 60, 0, 60, 0, -60, -60, -60, -60, -60, -60)
    assert samples_of(riff(format_of(channels=6), chunk(b"data", data))) == [30, -60]


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"", "no RIFF"),
        (b"hello, this is text", "no RIFF"),
        (b"fLaC" + bytes(40), "FLAC"),
        (b"OggS" + bytes(40), "Ogg"),
        (b"ID3\4" + bytes(40), "MP3"),
        (b"\xff\xfb\x90" + bytes(40), "MP3"),
        (b"\0\0\0\x20ftypM4A " + bytes(40), "M4A"),
        (b"\x1aE\xdf\xa3" + bytes(40), "WebM"),
        (b"FORM\0\0\0\x30AIFF" + bytes(40), "AIFF"),
        (b"RIFX\0\0\0\x30WAVE" + bytes(40), "big-endian"),
        (riff(format_of()), "no sound"),
        (riff(format_of())[:-3], "no sound"),
        (riff(chunk(b"data", b"\0\0")), "comes before the format"),
        (riff(format_of(), chunk(b"data", b"")), "no sound"),
        (riff(format_of(), chunk(b"data", b""), chunk(b"LIST", b"nothing but words")), "no sound"),
        (riff(format_of(tag=7, bits=8), chunk(b"data", bytes(8))), "compressed as µ-law"),
        (riff(format_of(tag=6, bits=8), chunk(b"data", bytes(8))), "compressed as A-law"),
        (riff(format_of(tag=2, bits=4, frame_bytes=256), chunk(b"data", bytes(512))), "compressed as ADPCM"),
        (riff(format_of(tag=0x11, bits=4, frame_bytes=256), chunk(b"data", bytes(512))), "IMA ADPCM"),
        (riff(format_of(tag=0x55, bits=0, frame_bytes=1), chunk(b"data", bytes(8))), "MP3"),
        (riff(extensible(bits=8, sub_format=7), chunk(b"data", bytes(8))), "µ-law"),
        (riff(format_of(tag=0x1234), chunk(b"data", bytes(8))), "format 4660"),
        (riff(format_of(bits=12), chunk(b"data", bytes(8))), "12 bits; PCM has 8, 16, 24 or 32"),
        (riff(format_of(bits=16, tag=3), chunk(b"data", bytes(8))), "16 bits; floating point has 32 or 64"),
        (riff(format_of(bits=64), chunk(b"data", bytes(8))), "64 bits"),
        (riff(format_of(hz=0), chunk(b"data", bytes(8))), "1 channels at 0 Hz"),
        (riff(format_of(channels=0), chunk(b"data", bytes(8))), "0 channels"),
        (riff(chunk(b"fmt ", b"\1\0"), chunk(b"data", bytes(8))), "too short"),
    ],
)
def test_unsupported_wav_file_is_refused_with_the_reason(raw: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse(raw)


@pytest.mark.parametrize("end", range(44))
def test_incomplete_wav_header_is_not_parsed(end: int) -> None:
    raw = riff(format_of(), chunk(b"data", DATA))
    if end >= 12:
        assert read_header(raw[:end]) is None
    header = read_header(raw[:44])
    assert header is not None
    assert (header.layout, header.at, header.size) == (Layout(16_000, 1, 2), 44, 8)


@given(st.binary(max_size=200))
def test_arbitrary_bytes_parse_as_wav_or_raise_value_error(body: bytes) -> None:
    for start in (b"RIFF\0\0\0\0WAVE", b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0", b"RF64\0\0\0\0WAVEds64"):
        with contextlib.suppress(ValueError):
            assert mono(parse(start + body))


@given(st.lists(st.integers(-32_768, 32_767), min_size=1), st.integers(1, 3))
def test_samples_of_a_file_written_by_the_wave_module_are_read_unchanged(samples: list[int], channels: int) -> None:
    data = as_bytes(array("h", samples * channels))
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setparams((channels, 2, 44_100, 0, "NONE", ""))
        out.writeframes(data)
    sound = parse(file.getvalue())
    assert sound.layout == Layout(44_100, channels, 2)
    assert as_bytes(decoded(sound.layout, sound.data)) == data
